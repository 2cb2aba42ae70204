"""Answers each run in a process of its own on this machine, forked from a server that has torch loaded already."""

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

from bnviz.runs.store import Run

LONGEST_TEMPORARY = 60  # bytes


class Local:
    """Processes from a fork server: a job starts in hundredths of a second, where a cold import of torch takes seconds."""

    def __init__(self) -> None:
        # Windows has no fork server; there each worker imports torch anew.
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
        """Fork a worker. It outlives this process."""
        worker = self.process(target=work, args=(run.folder,), name=f"bnviz {run.id}")
        worker.start()
        self.workers[run.id] = worker

    def alive(self) -> set[str]:
        """Ids of the runs whose worker lives."""
        self.workers = {id: worker for id, worker in self.workers.items() if worker.is_alive()}
        return set(self.workers)

    def stop(self, run: Run) -> None:
        """Kill a worker; what it has put in its folder stays."""
        pid = run.meta().get("pid")
        if run.id in self.workers:
            self.workers[run.id].kill()
        elif isinstance(pid, int) and pid > 1 and run.state == "running":
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def short_temporaries() -> Iterator[None]:
    """A folder for temporaries in whose name a socket fits: the fork server's has 40 letters, and a system takes 104."""
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
    """A worker's life: what it prints goes to the run's log."""
    try:
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except FileNotFoundError:  # the run was deleted just now
        return
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    from bnviz.runs.worker import answer

    answer(Run(folder))
