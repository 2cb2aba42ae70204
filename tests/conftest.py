"""What every test gets: a cache folder of its own, one thread, and tiny questions."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bnviz.spec import RunSpec

# A busy machine may take long over any example; how long is not what a property says.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LOCKS = Path("/proc/locks")
ALL_PROBES = {
    "accuracy": 1,
    "activations": 2,
    "covariate_shift": 2,
    "curvature": 2,
    "evaluation": 2,
    "landscape": 2,
    "surface": 2,
    "theory": 2,
}


def tiny_spec(**knobs: Any) -> RunSpec:
    """A question that is answered in a fraction of a second: real images, a vgg11 with 2 to 16 channels."""
    tiny: dict[str, Any] = {
        "model": "vgg11",
        "width": 1 / 32,
        "data": "cifar10-sample",
        "batch": 16,
        "steps": 4,
        "hidden": (512,),
        "surface_grid": 3,
        "theory_units": 1,
    }
    return RunSpec.of(**(tiny | knobs))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No test sees or touches the reader's cache, and none leaves a supervisor behind."""
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    end_supervisor(tmp_path / "cache")


def end_supervisor(cache: Path) -> None:
    """End the supervisor that a page may have started: it would wait fifteen minutes for more to do."""
    file = cache / "supervisor.lock"
    if LOCKS.exists() and file.exists() and (process := holder(file)) not in (None, os.getpid()):
        os.kill(process, signal.SIGTERM)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As every CPU job runs."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caches of tests need not outlive a power cut, and waiting for a disk takes a hundredth of a second a file."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def wait_for(holds: Callable[[], object], complaint: str, seconds: float = 180.0) -> float:
    """Wait until something holds; how long it took, in seconds."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, complaint
        time.sleep(0.02)
    return time.monotonic() - begun


def holder(lock: Path) -> int | None:
    """The process that holds a lock file, as Linux knows it."""
    inode = f":{lock.stat().st_ino} "
    return next(
        (int(line.split()[4]) for line in LOCKS.read_text("utf-8").splitlines() if inode in line),
        None,
    )


def connects(address: str) -> bool:
    """Whether a server answers there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(address.rsplit(":", 1)[1]))) == 0
