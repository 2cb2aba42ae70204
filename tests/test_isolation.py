"""A worker's process group and the limit of its memory."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bnviz.runs.engines.local import SPARE, confine, end_group
from bnviz.runs.estimate import estimate
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.worker import explain
from tests.conftest import tiny_spec, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
SPAWN = multiprocessing.get_context("spawn")


def with_a_child(folder: Path, note: Path) -> None:
    """Be a worker that has started another process."""
    confine(Run(folder))
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note.write_text(str(child.pid), "utf-8")
    child.wait()


def alive(pid: int) -> bool:
    """Return whether a process runs; one that is dead and not yet buried does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_children_of_a_worker_die_with_it(tmp_path: Path) -> None:
    run, note = Store().submit(tiny_spec()), tmp_path / "child"
    worker = SPAWN.Process(target=with_a_child, args=(run.folder, note))
    worker.start()
    wait_for(lambda: note.exists() and note.read_text("utf-8"), "there is no child")
    child = int(note.read_text("utf-8"))
    assert alive(child)
    worker.kill()
    worker.join()
    end_group(worker)
    wait_for(lambda: not alive(child), "the child lives on")
    end_group(worker)  # once more does nothing


def too_much(folder: Path, note: Path) -> None:
    """Be a worker that takes more memory than it may."""
    import torch

    confine(Run(folder))
    most = SPARE * estimate(Run(folder).spec).memory
    torch.ones(most // 16)  # a quarter of the limit
    try:
        torch.ones(most // 4 + 1)
    except (RuntimeError, MemoryError) as problem:
        note.write_text(explain(problem), "utf-8")


def test_a_worker_that_takes_too_much_memory_says_so(tmp_path: Path) -> None:
    run, note = Store().submit(tiny_spec()), tmp_path / "said"
    worker = SPAWN.Process(target=too_much, args=(run.folder, note))
    worker.start()
    worker.join(120)
    assert worker.exitcode == 0
    assert "needs more memory than it may use" in note.read_text("utf-8")
