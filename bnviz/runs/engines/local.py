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

from bnviz.runs.run import Run

NICENESS = 5  # of a worker, so that the dashboard answers while all cores compute
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
        """Return the ids of the runs whose worker is alive."""
        self.workers = {id: worker for id, worker in self.workers.items() if worker.is_alive()}
        return set(self.workers)

    def stop(self, run: Run) -> None:
        """Kill a worker; the files in its run's folder stay."""
        pid = run.meta().get("pid")
        if run.id in self.workers:
            self.workers[run.id].kill()
        elif isinstance(pid, int) and pid > 1 and run.state == "running":
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)


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
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICENESS)
    from bnviz.runs.worker import answer

    answer(Run(folder))
