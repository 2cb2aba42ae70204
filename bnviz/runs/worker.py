"""Compute one run, and write its rows, checkpoints and outcome to its folder as they are made."""

from __future__ import annotations

import _thread
import os
import platform
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from filelock import Timeout

from bnviz.data import DataError
from bnviz.limits import file as limits_file
from bnviz.limits import limits
from bnviz.runs import card, parts, tensors, weights
from bnviz.runs.devices import DeviceError, described_for, device_of
from bnviz.runs.disk import put, reason, when_there_is_room
from bnviz.runs.estimate import refusal
from bnviz.runs.run import Run
from bnviz.spec import SpecError
from bnviz.training.loop import Training
from bnviz.training.probes import Row

# Rows are written every FLUSH_S, or in a long run after this fraction of the time so far, which
# keeps the number of files small.
FLUSH_S = 0.3
FLUSH_SHARE = 1 / 500
FLUSH_AT_MOST_S = 5.0
CHECKPOINT = "checkpoint.safetensors"
STEP_S = 1.0  # how long a cancelled worker may take to end its step …
SAVE_S = 30.0  # … and then to write a checkpoint
CANCEL_S = 0.2  # how often the worker checks whether the run was cancelled

Progress = Callable[[int], None]


def answer(run: Run, progress: Progress | None = None) -> None:
    """Compute a run until it has finished, failed or been cancelled.

    Returns at once if another process is computing it. After a failure, error.txt has one sentence
    for the reader, followed by the traceback. `progress` is called with the number of steps done.
    """
    if not run.readable:  # taking the lock of a deleted run would create its folder again
        return
    try:
        with run.lock():
            if not (run.folder / "spec.json").exists():
                bury(run)
            elif not (run.folder / "done.json").exists() and not run.damage() and not run.error():
                _answer(run, progress or (lambda step: None))
    except Timeout:
        return


def bury(run: Run) -> None:
    """Remove the folder that our lock has created for a run that was just deleted."""
    with suppress(OSError):
        (run.folder / "lock").unlink()
        run.folder.rmdir()


def _answer(run: Run, progress: Progress) -> None:
    recorder = None
    try:
        if problem := refusal(run.spec, run.folder.parent):
            raise SpecError(problem)
        with interrupted_by_cancel(run) as wish:
            stored = parts.keep_readable(run.folder / "rows")
            if not run.complete:
                recorder = Recorder(run, stored)
                for step in recorder.record():
                    progress(step)
                    if wish.heard.is_set():
                        wish.saving.set()
                        recorder.save()  # so that the run can continue from here
                        raise KeyboardInterrupt
                recorder.keep_weights()
            when_there_is_room(run.finish, run.folder.parent)
    except KeyboardInterrupt:
        # Cancelled; or Ctrl-C in a terminal, after which the run is continued later.
        with suppress(OSError):
            if recorder:
                recorder.store()
    except parts.Damaged as problem:  # damaged meanwhile: the next attempt measures it again
        print(problem)
    except Exception as problem:
        with suppress(OSError, RuntimeError):
            if recorder:
                recorder.flush()
        if isinstance(problem, torch.OutOfMemoryError) and not run.meta().get("alone"):
            run.write("meta.json", run.meta() | {"alone": True})  # once more, without others
            return
        told = (
            f"{problem}\n"
            if isinstance(problem, SpecError | DataError | DeviceError)
            else f"{explain(problem)}\n\n{traceback.format_exc()}"
        )
        when_there_is_room(lambda: run.write("error.txt", told), run.folder.parent)


class Recorder:
    """Write the rows of a training to the run's folder.

    An interrupted run continues from its checkpoint. `stored` is the number of rows on the disk.
    """

    def __init__(self, run: Run, stored: int) -> None:
        self.run, self.rows_stored = run, stored
        self.where = device_of(run.spec)
        self.training, checkpoint = resumed(run, self.where, stored)
        self.began = self.training.step
        files = run.parts()
        self.next_part = 1 + parts.numbers(files[-1])[1] if files else 0
        self.rows_made = checkpoint.get("rows", 0)
        self.buffer: list[Row] = []
        self.spent = checkpoint.get("seconds", 0.0) - time.monotonic()
        self.flushed_at = self.saved_at = -1e9
        self.limits = limits()
        self.meta: dict[str, Any] = {
            "steps": run.spec.steps,
            "device": described_for(run.spec),
            "threads": torch.get_num_threads(),
            "pid": os.getpid(),
            "started": run.meta().get("started", time.time()),
            "saved": checkpoint.get("step", 0),
            "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        }
        if run.meta().get("alone"):
            self.meta["alone"] = True

    def record(self) -> Iterator[int]:
        """Train to the end, and yield the number of steps done after each step."""
        training = self.training
        self.flush()
        self.saved_at = time.monotonic()
        while not training.finished:
            training.advance()
            every = min(max(FLUSH_S, self.seconds * FLUSH_SHARE), FLUSH_AT_MOST_S)
            if time.monotonic() - self.flushed_at > every:
                self.flush()
            if time.monotonic() - self.saved_at > self.limits.checkpoint_seconds:
                self.save()
                self.heed_the_clock()
            yield training.step
        self.flush()

    def heed_the_clock(self) -> None:
        """Raise SpecError if the run has used up its computing time."""
        hours = self.limits.wall_hours
        if self.seconds > 3600 * hours:
            raise SpecError(
                f"The run has computed for {hours:g} h, and a run may not take longer here. Its "
                f"rows stay, and with a higher wall_hours in {limits_file()} it continues."
            )

    def fetch(self) -> None:
        """Take the rows measured since the last call, except those that are on the disk already.

        A continued run repeats the rows since its checkpoint, with the same values.
        """
        rows = self.training.fetch()
        there = max(0, self.rows_stored - self.rows_made)
        self.rows_made += len(rows)
        self.buffer += rows[there:]

    @property
    def seconds(self) -> float:
        """Computing time of the run so far in seconds, over all attempts."""
        return float(self.spent) + time.monotonic()

    def flush(self) -> None:
        """Write the rows so far and the progress, and wait while the disk is full."""
        self.fetch()
        when_there_is_room(self.store, self.run.folder.parent)
        self.flushed_at = time.monotonic()

    def store(self) -> None:
        """Write the rows so far and the progress; OSError if the disk is full."""
        if self.buffer:
            self.run.write_rows(f"{self.next_part:06}", self.buffer)
            self.rows_stored += len(self.buffer)
            self.next_part, self.buffer = self.next_part + 1, []
        parts.merge(self.run.folder / "rows")
        self.tell()

    def tell(self) -> None:
        """Write the progress to meta.json."""
        now: dict[str, Any] = {"step": self.training.step, "seconds": self.seconds}
        if self.training.step > self.began:
            now["card"] = memory.model_dump() if (memory := card.measured(self.where)) else None
        objective = self.training.objective
        if objective.replay:
            now["graphs"] = objective.replay.problem or "CUDA graphs"
            now["at_once"] = objective.evaluations.at_once
        self.run.write("meta.json", self.meta | now)

    def save(self) -> None:
        """Write a checkpoint, from which an interrupted run continues with the same numbers."""
        self.flush()
        if self.training.diverged:
            return
        about = {
            "step": self.training.step,
            "rows": self.rows_made,
            "threads": self.meta["threads"],
            "seconds": self.seconds,
        }
        self.put(CHECKPOINT, tensors.packed(self.training.state(), about))
        self.meta["saved"] = self.training.step
        when_there_is_room(self.tell, self.run.folder.parent)
        self.saved_at = time.monotonic()

    def keep_weights(self) -> None:
        """Write the final weights if the run keeps them and did not diverge."""
        if self.run.spec.keep_weights and not self.training.diverged:
            training = self.training
            self.put(weights.FILE, weights.packed(training.objective, training.theta))

    def put(self, name: str, content: bytes) -> None:
        """Write a file of the run, and wait while the disk is full."""
        path = self.run.folder / name
        when_there_is_room(lambda: put(path, content), self.run.folder.parent)


def resumed(run: Run, where: str, stored: int) -> tuple[Training, dict[str, Any]]:
    """Return the training, continued from its checkpoint, and the checkpoint's facts.

    If there is no usable checkpoint, the training starts at step 0 and there are no facts.
    """
    try:
        path = run.folder / CHECKPOINT
        checkpoint, state = tensors.unpacked(path) if path.exists() else ({}, {})
        if checkpoint.get("rows", 0) > stored:
            raise ValueError("some of the rows before it are lost")
        # The number of threads changes the last bits of a result, so the run keeps it.
        torch.set_num_threads(checkpoint.get("threads", 1))
        training = Training(run.spec, where)
        if checkpoint:
            training.restore(state, checkpoint["step"])
        return training, checkpoint
    except (SpecError, DataError, DeviceError, torch.OutOfMemoryError):
        raise
    except Exception as problem:  # libraries raise many kinds of errors for a damaged file
        print(f"The checkpoint cannot be used ({explain(problem)}): the run starts again.")
    torch.set_num_threads(1)
    return Training(run.spec, where), {}


class Wish:
    """The cancellation of a run: its worker first ends the step, then saves a checkpoint."""

    def __init__(self, run: Run) -> None:
        self.file = run.folder / "cancel"
        self.heard, self.saving, self.over = threading.Event(), threading.Event(), threading.Event()

    def watch(self) -> None:
        """Wait for the cancellation.

        After it, a step that takes longer than STEP_S is ended by a KeyboardInterrupt, and so is a
        checkpoint that takes longer than SAVE_S.
        """
        heard_at = 0.0
        while not self.over.wait(CANCEL_S):
            if not self.file.exists():
                continue
            if not self.heard.is_set():
                heard_at = time.monotonic()
                self.heard.set()
            if time.monotonic() - heard_at > (SAVE_S if self.saving.is_set() else STEP_S):
                _thread.interrupt_main()
                break
            if self.saving.is_set():
                with suppress(OSError):  # the file is gone: the reader has changed their mind
                    os.utime(self.file)  # the supervisor kills the worker when this file is old


@contextmanager
def interrupted_by_cancel(run: Run) -> Iterator[Wish]:
    """Watch from a thread for the cancellation of a run."""
    wish = Wish(run)
    watcher = threading.Thread(target=wish.watch, daemon=True)
    main = threading.current_thread() is threading.main_thread()
    # A process that a shell starts in the background ignores interrupts: it could not be cancelled.
    before = signal.signal(signal.SIGINT, signal.default_int_handler) if main else None
    watcher.start()
    try:
        yield wish
    finally:
        wish.over.set()
        watcher.join()
        if main:
            signal.signal(signal.SIGINT, before)


def explain(problem: Exception) -> str:
    """Return one sentence about an error, for the reader."""
    if isinstance(problem, torch.OutOfMemoryError):
        return "The device ran out of memory: choose a smaller width or batch."
    if isinstance(problem, MemoryError) or "DefaultCPUAllocator" in str(problem):
        return (
            "The run needs more memory than it may use on this machine: choose a smaller width or "
            "batch."
        )
    if isinstance(problem, OSError):
        return f"The run could not be written: {reason(problem)}."
    first = (str(problem).splitlines() or ["no message"])[0]
    return f"{type(problem).__name__}: {first}"
