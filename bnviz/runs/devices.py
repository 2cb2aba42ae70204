"""The device that runs are computed on. It is a setting of the machine, and not part of a run.

The module imports without torch, so that the command line can read it.
"""

from __future__ import annotations

import os
import re

from bnviz.spec import RunSpec

VARIABLE = "BNVIZ_DEVICE"
NAMES = re.compile(r"auto|cpu|mps|cuda:\d+")
GIB = 2**30


class DeviceError(ValueError):
    """The chosen device is not on this machine."""


def choose(name: str) -> None:
    """Use this device in this process and in those it starts; DeviceError if it is unknown.

    Whether it is on this machine shows when a run starts.
    """
    if not NAMES.fullmatch(name):
        raise DeviceError(f"device must be auto, cpu, cuda:N or mps, got {name}")
    os.environ[VARIABLE] = name


def chosen() -> str:
    """Return the name of the device that the reader chose: auto, cpu, cuda:N or mps."""
    return os.environ.get(VARIABLE) or "auto"


def here() -> list[str]:
    """Return the names of the devices of this machine."""
    import torch

    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return ["cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else [])]


def device() -> str:
    """Return the name of the device to compute on: the one chosen, else a CUDA GPU, else the CPU.

    DeviceError if it is not here. MPS is never chosen by itself, because bnviz has not run there.
    """
    name, found = chosen(), here()
    if name == "auto":
        return next((one for one in found if one.startswith("cuda")), "cpu")
    if name not in found:
        raise DeviceError(f"device must be one of auto, {', '.join(found)} here, got {name}")
    return name


def device_of(spec: RunSpec) -> str:
    """Return the device to compute a run on: the CPU if the chosen one lacks its float64."""
    name = device()
    return "cpu" if without_float64(spec, name) else name


def without_float64(spec: RunSpec, name: str) -> bool:
    """Return whether a run needs float64 on a device that has none."""
    return name == "mps" and spec.precision == "float64"


def described(name: str) -> str:
    """Return the device in words: a GPU with its memory, or the number of CPU threads."""
    import torch

    if name.startswith("cuda"):
        memory = torch.cuda.get_device_properties(name).total_memory
        return f"{torch.cuda.get_device_name(name)}, {memory / GIB:.0f} GiB"
    if name == "mps":
        return "the GPU of this Mac"
    threads = torch.get_num_threads()
    return "CPU, 1 thread" if threads == 1 else f"CPU, {threads} threads"


def described_for(spec: RunSpec) -> str:
    """Return the device of a run in words, and why it is the CPU if another one was chosen."""
    why = " (MPS has no float64)" if without_float64(spec, device()) else ""
    return described(device_of(spec)) + why
