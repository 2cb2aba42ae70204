"""Answers one run: trains, and puts rows, checkpoints and outcome in its folder while they are made."""

from __future__ import annotations

import _thread
import hashlib
import json
import os
import platform
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import safetensors.torch
import torch
from filelock import Timeout
from safetensors import safe_open

from bnviz.data import DataError
from bnviz.runs import parts
from bnviz.runs.disk import put, reason, when_there_is_room
from bnviz.runs.estimate import refusal
from bnviz.runs.store import Run
from bnviz.spec import SpecError
from bnviz.training.loop import Training
from bnviz.training.probes import Row

FLUSH_S = 0.3  # rows reach the disk this often …
FLUSH_SHARE = (
    1 / 500
)  # … or, in a long run, after this share of it, so that the parts stay few enough to read
FLUSH_AT_MOST_S = 5.0
CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_S = 10.0
STEP_S = 1.0  # how long a cancelled worker may take to end its step …
SAVE_S = 30.0  # … and then to write a checkpoint
CANCEL_S = 0.2  # how often the worker looks for a wish to cancel

Progress = Callable[[int], None]


def device() -> str:
    """The device that jobs run on."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def described(device: str) -> str:
    """The device in words."""
    threads = torch.get_num_threads()
    return (
        torch.cuda.get_device_name()
        if device == "cuda"
        else f"CPU, {threads} thread{'s' * (threads > 1)}"
    )


def answer(run: Run, progress: Progress | None = None) -> None:
    """Train as the run's spec says. Returns when it is done, failed or cancelled, and at once if another process is at it.

    A failure ends up in error.txt: one sentence for the reader, then the traceback.
    """
    if not run.readable:  # taking the lock of a deleted run would make its folder again
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
    """Remove the folder that our lock has made of a run that was deleted just before."""
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
                        recorder.save()  # so that it goes on from here
                        raise KeyboardInterrupt
            when_there_is_room(run.finish, run.folder.parent)
    except (
        KeyboardInterrupt
    ):  # cancelled, or the terminal's Ctrl-C: then the run is taken up again later
        with suppress(OSError):
            if recorder:
                recorder.store()
    except parts.Damaged as problem:  # meanwhile: the next attempt measures it again
        print(problem)
    except Exception as problem:
        with suppress(OSError):
            if recorder:
                recorder.flush()
        told = (
            f"{problem}\n"
            if isinstance(problem, SpecError | DataError)
            else f"{explain(problem)}\n\n{traceback.format_exc()}"
        )
        when_there_is_room(lambda: run.write("error.txt", told), run.folder.parent)


class Recorder:
    """Carries rows from a training into a run's folder, and takes up an interrupted run where it was."""

    def __init__(self, run: Run, stored: int) -> None:
        self.run, self.rows_stored = run, stored
        where = device()
        self.training, checkpoint = resumed(run, where, stored)
        files = run.parts()
        self.next_part = 1 + parts.numbers(files[-1])[1] if files else 0
        self.rows_made = checkpoint.get("rows", 0)
        self.buffer: list[Row] = []
        self.spent = checkpoint.get("seconds", 0.0) - time.monotonic()
        self.flushed_at = self.saved_at = -1e9
        self.meta: dict[str, Any] = {
            "steps": run.spec.steps,
            "device": described(where),
            "threads": torch.get_num_threads(),
            "pid": os.getpid(),
            "started": run.meta().get("started", time.time()),
            "saved": checkpoint.get("step", 0),
            "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
        }

    def record(self) -> Iterator[int]:
        """Train to the end; yields the number of steps made after each."""
        training = self.training
        self.flush()
        self.saved_at = time.monotonic()
        while not training.finished:
            for row in training.advance():
                self.add(row)
            if time.monotonic() - self.saved_at > CHECKPOINT_S:
                self.save()
            yield training.step
        self.flush()

    def add(self, row: Row) -> None:
        """Take a row, unless an earlier attempt had stored it already: going on gives the same rows again."""
        self.rows_made += 1
        if self.rows_made > self.rows_stored:
            self.buffer.append(row)
        if time.monotonic() - self.flushed_at > min(
            max(FLUSH_S, self.seconds * FLUSH_SHARE), FLUSH_AT_MOST_S
        ):
            self.flush()

    @property
    def seconds(self) -> float:
        """Computing time of the run so far, over all attempts."""
        return float(self.spent) + time.monotonic()

    def flush(self) -> None:
        """Bring the rows so far and the progress to the disk, as soon as it has room."""
        when_there_is_room(self.store, self.run.folder.parent)
        self.flushed_at = time.monotonic()

    def store(self) -> None:
        """Write the rows so far and the progress."""
        if self.buffer:
            self.run.write_rows(f"{self.next_part:06}", self.buffer)
            self.rows_stored += len(self.buffer)
            self.next_part, self.buffer = self.next_part + 1, []
        parts.merge(self.run.folder / "rows")
        self.tell()

    def tell(self) -> None:
        """Write the progress."""
        self.run.write(
            "meta.json", self.meta | {"step": self.training.step, "seconds": self.seconds}
        )

    def save(self) -> None:
        """Write a checkpoint: an interrupted run goes on from here to the same bits."""
        self.flush()
        tensors = {name: tensor.contiguous() for name, tensor in self.training.state().items()}
        about = {
            "step": self.training.step,
            "rows": self.rows_made,
            "threads": self.meta["threads"],
            "seconds": self.seconds,
            "digest": digest(tensors),
        }
        content = safetensors.torch.save(tensors, metadata={"run": json.dumps(about)})
        path = self.run.folder / CHECKPOINT
        when_there_is_room(lambda: put(path, content), self.run.folder.parent)
        self.meta["saved"] = self.training.step
        when_there_is_room(self.tell, self.run.folder.parent)
        self.saved_at = time.monotonic()


def resumed(run: Run, where: str, stored: int) -> tuple[Training, dict[str, Any]]:
    """The training as its checkpoint has it, and what that says; from the start where it cannot be used."""
    try:
        checkpoint, tensors = load_checkpoint(run)
        if checkpoint.get("rows", 0) > stored:
            raise ValueError("some of the rows before it are lost")
        torch.set_num_threads(
            checkpoint.get("threads", 1)
        )  # it changes the last bits, so it stays with the run
        training = Training(run.spec, where)
        if checkpoint:
            training.restore(tensors, checkpoint["step"])
        return training, checkpoint
    except (SpecError, DataError):
        raise
    except Exception as problem:  # whatever a damaged file makes of the libraries that read it
        print(f"The checkpoint cannot be used ({explain(problem)}): the run begins anew.")
    torch.set_num_threads(1)
    return Training(run.spec, where), {}


def load_checkpoint(run: Run) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What `save` wrote: the facts and the tensors, both empty where there is none. Any exception where it is damaged."""
    path = run.folder / CHECKPOINT
    if not path.exists():
        return {}, {}
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["run"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if about.get("digest", whole := digest(tensors)) != whole:  # earlier versions wrote none
        raise ValueError("its numbers have changed")
    return about, tensors


def digest(tensors: dict[str, torch.Tensor]) -> str:
    """What tells these numbers from any others."""
    told = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        told.update(tensors[name].cpu().reshape(-1).view(torch.uint8).numpy().data)
    return told.hexdigest()


class Wish:
    """The wish to cancel a run, as its worker heeds it: first it ends its step, then it saves what it has."""

    def __init__(self, run: Run) -> None:
        self.file = run.folder / "cancel"
        self.heard, self.saving, self.over = threading.Event(), threading.Event(), threading.Event()

    def watch(self) -> None:
        """Hear the wish. A step that goes on for long after it ends with a KeyboardInterrupt, and so does a checkpoint."""
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
                with suppress(OSError):  # the reader changed their mind
                    os.utime(self.file)  # the supervisor kills a worker when this is old


@contextmanager
def interrupted_by_cancel(run: Run) -> Iterator[Wish]:
    """Watch for the wish to cancel a run, from a thread."""
    wish = Wish(run)
    watcher = threading.Thread(target=wish.watch, daemon=True)
    main = threading.current_thread() is threading.main_thread()
    # What a shell starts in the background inherits that interrupts are ignored, and could never be cancelled.
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
    """What went wrong, in one sentence."""
    if isinstance(problem, torch.OutOfMemoryError):
        return "The device ran out of memory: choose a smaller width or batch, or let fewer runs go at once."
    if isinstance(problem, OSError):
        return f"The run could not be written: {reason(problem)}."
    first = (str(problem).splitlines() or ["no message"])[0]
    return f"{type(problem).__name__}: {first}"
