"""Takes queued and interrupted runs in order, gives each a slot and a worker, and sees that a wish to cancel is heeded."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import shorten

from filelock import FileLock, Timeout

from bnviz.paths import PROJECT
from bnviz.runs import disk, schedule
from bnviz.runs.engines import Engine
from bnviz.runs.store import Run, Store, held

POLL_S = 0.15
KILL_AFTER_S = 1.5  # a cancelled worker that has not stopped by itself by then is killed
ATTEMPTS = 3  # a run whose worker dies this often without a word has failed
START_S = 10.0  # a supervisor that was started has so long to take its lock before another is
IDLE_S = 900.0  # with nothing to do and no page open for so long, the supervisor leaves; the next page starts another


SWEEP_S = 30.0  # how often the supervisor looks for temporaries of writers that were killed
LOG = "supervisor.log"

started_at: dict[Path, float] = {}  # when this process last started one, by cache
processes: dict[Path, subprocess.Popen[bytes]] = {}  # the one it started


def slots() -> int:
    """Runs at once: as many as cores, and at least three, so that three networks can be watched side by side."""
    return max(3, os.cpu_count() or 1)


class Supervisor:
    """One look at the cache after the other; all it must remember is how often it has started each run, and what went wrong."""

    def __init__(self, store: Store, engine: Engine, slots: int) -> None:
        self.store, self.engine, self.slots = store, engine, slots
        self.attempts: Counter[tuple[str, int]] = (
            Counter()
        )  # (run, the step it had reached) -> starts from there
        self.complaints: dict[str, str] = {}  # run -> what went wrong with it at the last look
        self.swept_at = 0.0

    def look(self) -> bool:
        """Start what can be started and stop what should stop; whether anything is going on."""
        alive = self.engine.alive()
        waiting: list[schedule.Job] = []
        busy: list[schedule.Job] = []
        before, self.complaints = self.complaints, {}
        for run in self.store.runs():
            with self._guard(run):
                state = run.state
                if run.id in alive or state == "running":
                    busy.append(schedule.job(run))
                    self._heed_cancel(run)
                elif state in ("queued", "interrupted"):
                    waiting.append(schedule.job(run))
                else:
                    self._forget(run)
        active = bool(busy or waiting)
        while job := schedule.next_job(waiting, busy, self.slots):
            waiting.remove(job)
            with self._guard(job.run):
                if self._start(job.run):  # else the slot is the next one's
                    busy.append(job)
        self._sweep()
        if self.complaints != before:
            complain(self.store, "\n".join(self.complaints.values()))
        return active

    @contextlib.contextmanager
    def _guard(self, run: Run) -> Iterator[None]:
        """What goes wrong with one run stops no other."""
        try:
            yield
        except Exception as problem:
            self.complaints[run.id] = f"Run {run.id} cannot go on: {in_words(problem)}."

    def _start(self, run: Run) -> bool:
        """Whether a worker was started."""
        reached = (run.id, run.meta().get("step", 0))
        if self.attempts[reached] < ATTEMPTS:
            self.engine.start(run)
            self.attempts[reached] += 1
            return True
        run.write(
            "error.txt",
            f"The worker died {ATTEMPTS} times without a word; it may have run out of memory.\n",
        )
        return False

    def _forget(self, run: Run) -> None:
        for reached in [reached for reached in self.attempts if reached[0] == run.id]:
            del self.attempts[reached]

    def _heed_cancel(self, run: Run) -> None:
        cancel = run.folder / "cancel"
        with contextlib.suppress(FileNotFoundError):
            if time.time() - cancel.stat().st_mtime > KILL_AFTER_S:
                self.engine.stop(run)

    def _sweep(self) -> None:
        """Now and then remove the temporaries of writers that were killed."""
        if time.monotonic() - self.swept_at < SWEEP_S:
            return
        self.swept_at = time.monotonic()
        idle = [run.folder for run in self.store.runs() if run.state != "running"]
        for folder in [self.store.root, *idle, *(folder / "rows" for folder in idle)]:
            disk.sweep(folder)


def supervise(store: Store, engine: Callable[[], Engine]) -> bool:
    """Make the engine, and work until there has been nothing to do, and nobody to do it for, for a while. False if another supervisor is at work."""
    store.root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock(store), timeout=1):
            work(store, Supervisor(store, engine(), slots()))
        return True
    except Timeout:
        return False
    except Exception as problem:
        complain(
            store, f"The supervisor has died: {in_words(problem)}.\n\n{traceback.format_exc()}"
        )
        raise


def work(store: Store, supervisor: Supervisor) -> None:
    """Look at the cache until nobody needs it."""
    complain(store, "")
    quiet_since = time.time()
    while time.time() - max(quiet_since, last_seen(store)) < IDLE_S:
        if supervisor.look():
            quiet_since = time.time()
        time.sleep(POLL_S)


def in_words(problem: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(problem, OSError):
        return disk.reason(problem) + (f": {problem.filename}" if problem.filename else "")
    return shorten(f"{type(problem).__name__}: {problem}", 300)


def complain(store: Store, text: str) -> None:
    """Put what is wrong where `trouble` finds it; "" where nothing is."""
    print(text, end="\n" if text else "", file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):
        if text:
            disk.put(complaint(store), f"{text}\n".encode())
        else:
            complaint(store).unlink(missing_ok=True)


def trouble(store: Store) -> str:
    """Why runs do not go on, in one sentence; "" if all is well."""
    there = next(
        path for path in (store.root, *store.root.absolute().parents) if os.path.lexists(path)
    )
    if not there.is_dir() or not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return f"The cache {store.root} cannot be read and written; set BNVIZ_CACHE to a folder of your own."
    if disk.full(store.root):
        return f"The disk of {store.root} is full: runs wait, and go on by themselves once it has room."
    return said(complaint(store)) or ended(store)


def said(path: Path) -> str:
    """The first line of a text file, "" where there is none."""
    try:
        return path.read_text("utf-8", "replace").partition("\n")[0]
    except OSError:
        return ""


def ended(store: Store) -> str:
    """Return that the supervisor which this process started has crashed, if it has."""
    started = processes.get(store.root)
    if started is None or held(lock(store)) or not started.poll():
        return ""
    return f"The supervisor ended with status {started.returncode}; {store.root / LOG} says why."


def ensure(store: Store) -> int | None:
    """See to it that a supervisor works on this cache; it outlives this process. Its process id if it had to be started.

    Where that cannot be, `trouble` says why.
    """
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        seen(store).touch()
        if held(lock(store)) or time.monotonic() - started_at.get(store.root, -START_S) < START_S:
            return None
        started_at[store.root] = time.monotonic()
        processes[store.root] = started = start(store)
    except OSError:
        return None
    return started.pid


def start(store: Store) -> subprocess.Popen[bytes]:
    """A new supervisor."""
    with (store.root / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "bnviz", "work"],
            cwd=PROJECT,
            env=os.environ | {"BNVIZ_CACHE": str(store.root.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def complaint(store: Store) -> Path:
    """Where the supervisor says what is wrong."""
    return store.root / "supervisor.error"


def lock(store: Store) -> Path:
    """Held by the one supervisor of a cache."""
    return store.root / "supervisor.lock"


def seen(store: Store) -> Path:
    """Touched by every page."""
    return store.root / "supervisor.seen"


def last_seen(store: Store) -> float:
    """When a page was last open."""
    try:
        return seen(store).stat().st_mtime
    except OSError:
        return 0.0
