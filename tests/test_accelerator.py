"""Steps on a pretend accelerator (tests/pretend.py), and reads counted on the CPU."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bnviz.paths import PROJECT
from bnviz.training import objective, seeds, task
from bnviz.training.loop import Training
from bnviz.training.probes import landscape
from tests.conftest import ALL_PROBES, tiny_spec


@pytest.mark.parametrize(
    "networks", ["lenet", "mlp:batch dln:batch vgg11:noisy", "inception:batch resnet20:none"]
)
def test_no_step_mixes_devices_or_reads_from_the_accelerator(networks: str) -> None:
    done = pretend(*networks.split())
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) >= len(networks.split())


def test_a_mix_of_devices_and_a_read_are_noticed() -> None:
    done = pretend()
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [
        "a tensor of the CPU is found",
        "item() is found",
        "cpu() is found",
        "float64 is found",
    ]


def pretend(*networks: str) -> subprocess.CompletedProcess[str]:
    """Train these networks on the pretend accelerator; without any, plant faults."""
    command = [sys.executable, "-m", "tests.pretend", *networks]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=False)


class Reads(TorchDispatchMode):
    """Count how often a number is read from a tensor."""

    count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        self.count += func.__name__.startswith("_local_scalar_dense")
        return func(*args, **(kwargs or {}))


def reads(training: Training) -> int:
    """Return the number of reads in three steps and the flush after them.

    The first step is not counted: the host draws there which unit of each layer is measured.
    """
    training.advance()
    with Reads() as counted:
        for _ in range(3):
            training.advance()
        assert training.fetch()
    return counted.count


@pytest.mark.parametrize("norm", ["none", "batch", "noisy"])
def test_steps_and_probes_read_nothing(norm: str) -> None:
    every = dict.fromkeys(ALL_PROBES, 1)
    del every["curvature"]  # it has to know when it has converged
    assert reads(Training(tiny_spec(norm=norm, probes=every))) == 0


def test_a_planted_read_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tiny_spec(probes={"landscape": 1})
    norms = landscape.norms

    def planted(parts: Any, *rest: Any) -> Any:
        parts = list(parts)
        value: Tensor = parts[0][1].sum()
        value.item()
        return norms(parts, *rest)

    monkeypatch.setattr(landscape, "norms", planted)
    assert reads(Training(spec)) == 3 * (2 + len(spec.step_sizes))


def test_only_the_noise_is_drawn_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else is drawn on the CPU, and so is the same on every device."""
    drawn: dict[str, set[bool]] = {}
    own = seeds.generator

    def generator(seed: int, *purpose: str | int, device: Any = None) -> torch.Generator:
        drawn.setdefault(str(purpose[0]), set()).add(device is not None)
        return own(seed, *purpose, device=device or "cpu")

    for module in (objective, task, seeds):
        monkeypatch.setattr(module, "generator", generator)
    every = dict.fromkeys(ALL_PROBES, 1)
    spec = tiny_spec(norm="noisy", augment=True, random_direction=True, probes=every, steps=1)
    Training(spec).advance()
    assert drawn.pop("noise") == {True}
    assert {"weights", "batches", "augment", "direction", "surface", "curvature"} <= set(drawn)
    assert all(places == {False} for places in drawn.values())
