"""Compute each run in its own process on this machine.

The processes are forked from a server that has loaded torch already.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from bnviz.runs import card, devices
from bnviz.runs.estimate import estimate
from bnviz.runs.run import Run

NICENESS = 5  # of a worker, so that the dashboard answers while all cores compute
SPARE = 2  # a worker may use this many times its estimate, which lies above what runs have used
RESERVED = 4 * 10**9  # bytes that a worker may reserve at its start, where we cannot read it
LONGEST_TEMPORARY = 60  # bytes of a folder's name that leave room for a socket's


class Local:
    """An engine whose workers come from a fork server.

    A run starts within hundredths of a second, while importing torch would take seconds.
    """

    def __init__(self) -> None:
        # Windows has no fork server: there each worker imports torch.
        if "forkserver" in multiprocessing.get_all_start_methods():
            from multiprocessing.forkserver import ensure_running

            multiprocessing.set_forkserver_preload(["bnviz.runs.engines.warm"])
            with short_temporaries():
                ensure_running()
            self.process: type[BaseProcess] = multiprocessing.get_context("forkserver").Process
        else:
            self.process = multiprocessing.get_context("spawn").Process
        self.workers: dict[str, BaseProcess] = {}

    def start(self, run: Run) -> None:
        """Fork a worker, which outlives this process."""
        worker = self.process(target=work, args=(run.folder,), name=f"bnviz {run.id}")
        worker.start()
        self.workers[run.id] = worker

    def alive(self) -> set[str]:
        """Return the ids of the runs whose worker is alive; kill what dead workers left running."""
        for id, worker in list(self.workers.items()):
            if not worker.is_alive():
                end_group(worker)
                del self.workers[id]
        return set(self.workers)

    def stop(self, run: Run) -> None:
        """Kill a worker and all that it has started; the files in its run's folder stay."""
        pid = run.meta().get("pid")
        if run.id in self.workers:
            self.workers[run.id].kill()
            end_group(self.workers[run.id])
        elif isinstance(pid, int) and pid > 1 and run.state == "running":
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)


def end_group(worker: BaseProcess) -> None:
    """Kill every process in a worker's group, whose id is the worker's process id."""
    if hasattr(os, "killpg") and worker.pid:  # not on Windows
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)


@contextlib.contextmanager
def short_temporaries() -> Iterator[None]:
    """Use a folder for temporary files whose path is short enough for the fork server's socket.

    The server adds 40 characters, and some systems allow 104 in all.
    """
    before = tempfile.gettempdir()
    short = (
        folder
        for folder in (before, "/tmp", "/var/tmp")
        if len(os.fsencode(folder)) < LONGEST_TEMPORARY
    )
    tempfile.tempdir = next(
        (folder for folder in short if os.access(folder, os.W_OK | os.X_OK)), before
    )
    try:
        yield
    finally:
        tempfile.tempdir = before


def work(folder: Path) -> None:
    """Compute a run in a worker process, whose output goes to the run's log."""
    try:
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except FileNotFoundError:  # the run was deleted just now
        return
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    run = Run(folder)
    confine(run)
    from bnviz.runs.worker import answer

    answer(run)


def reserved() -> int:
    """Return how many bytes this process has reserved: far more than torch uses."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.split("VmData:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):  # not on Linux
        return RESERVED


def confine(run: Run) -> None:
    """Give this worker its own process group and a low priority, and limit its memory.

    On Windows nothing is limited. The memory is not limited where it could be a GPU's, which takes
    addresses for more than it uses.
    """
    if not hasattr(os, "setpgid"):
        return
    os.setpgid(0, 0)
    os.nice(NICENESS)
    if run.readable and devices.chosen() in ("auto", "cpu") and not card.in_use():
        import resource

        most = reserved() + SPARE * estimate(run.spec).memory
        with contextlib.suppress(ValueError, OSError):  # a lower limit holds already
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
