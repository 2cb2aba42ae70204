"""Fixtures for every test: a cache folder of its own, one thread and tiny run settings."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bnviz.spec import RunSpec

# The property tests say nothing about speed, and a busy machine may be slow on any example.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LOCKS = Path("/proc/locks")
ALL_PROBES = {
    "accuracy": 1,
    "activations": 2,
    "covariate_shift": 2,
    "curvature": 2,
    "evaluation": 2,
    "jacobian": 2,
    "landscape": 2,
    "surface": 2,
    "theory": 2,
}


def tiny_spec(**changed: Any) -> RunSpec:
    """Return settings that train in a fraction of a second: a vgg11 with 2 to 16 channels.

    Without `probes`, it has those of the default but the evaluation, which takes most time.
    """
    tiny: dict[str, Any] = {
        "model": "vgg11",
        "width": 1 / 32,
        "data": "cifar10-sample",
        "batch": 16,
        "steps": 4,
        "hidden": (512,),
        "surface_grid": 3,
        "theory_units": 1,
        "probes": {name: every for name, every in RunSpec().probes.items() if name != "evaluation"},
    }
    return RunSpec.of(**(tiny | changed))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test an empty cache, and end any supervisor that it started."""
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    end_supervisor(tmp_path / "cache")


def end_supervisor(cache: Path) -> None:
    """End the supervisor that a page has started for this cache, and its workers.

    Left alone it waits fifteen minutes for work, and its workers compute for hours beside the other
    tests. It may be so young that it holds no lock yet, but its environment names the cache.
    """
    if not LOCKS.exists() or not (cache / "supervisor.log").exists():
        return
    name = f"\0BNVIZ_CACHE={cache.resolve()}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if name in b"\0" + (process / "environ").read_bytes() + b"\0":
                os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture(autouse=True, scope="session")
def one_scan() -> None:
    """Let streamlit look through the installed packages once, not for every AppTest."""
    from streamlit.components.v2 import manifest_scanner

    scan = cache(manifest_scanner.scan_component_manifests)
    manifest_scanner.scan_component_manifests = scan


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Limit torch to one thread, as in every CPU worker."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip fsync, which takes a hundredth of a second for each file.

    A test's cache need not survive a power cut.
    """
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def no_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pages from starting a supervisor process and hide the shipped runs."""
    from bnviz.paths import PROJECT
    from bnviz.runs import supervisor

    monkeypatch.setattr(supervisor, "ensure", lambda store: None)
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "no gallery")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with three finished tiny runs. Tests copy it and leave it unchanged."""
    from bnviz.runs.engines.inline import Inline
    from bnviz.runs.store import Store
    from tests.pages import TINY_RUNS

    store = Store(tmp_path_factory.mktemp("finished"))
    for spec in TINY_RUNS:
        Inline().start(store.submit(spec))
    return store.root


@pytest.fixture
def filled(finished: Path, own_cache: Path) -> list[str]:
    """Copy three finished tiny runs into this test's cache and return their ids."""
    from tests.pages import TINY_RUNS

    shutil.copytree(finished, own_cache, dirs_exist_ok=True)
    return [spec.id for spec in TINY_RUNS]


def wait_for(holds: Callable[[], object], complaint: str, seconds: float = 180.0) -> None:
    """Wait until `holds()` is true, and fail with the complaint if that takes too long."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, complaint
        time.sleep(0.02)


def holder(lock: Path) -> int | None:
    """Return the id of the process that holds a lock file, from Linux's list of locks."""
    inode = f":{lock.stat().st_ino} "
    return next(
        (int(line.split()[4]) for line in LOCKS.read_text("utf-8").splitlines() if inode in line),
        None,
    )


def connects(address: str) -> bool:
    """Return whether a server accepts connections at this address."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(address.rsplit(":", 1)[1]))) == 0
