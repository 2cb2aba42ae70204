"""Start a worker for each queued or interrupted run in turn, and stop workers that are cancelled.

One supervisor serves one cache.
"""

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

from bnviz import limits
from bnviz.paths import PROJECT
from bnviz.runs import disk, schedule
from bnviz.runs.engines import Engine
from bnviz.runs.run import Run, held
from bnviz.runs.store import Store

POLL_S = 0.15
KILL_AFTER_S = 1.5  # a cancelled worker is killed if it has not stopped by itself after this time
ATTEMPTS = 3  # a run fails if its worker dies this often without an error message
START_S = 10.0  # how long a new supervisor may take to get its lock before another is started
IDLE_S = 900.0  # a supervisor ends after this time without runs or open pages
SWEEP_S = 30.0  # how often the supervisor looks for temporary files of killed writers
LOG = "supervisor.log"

started_at: dict[Path, float] = {}  # cache -> when this process last started a supervisor for it
processes: dict[Path, subprocess.Popen[bytes]] = {}  # cache -> that supervisor


def slots() -> int:
    """Return how many runs are computed at once: one per core, and at least three.

    With three, a reader can watch three networks side by side on any machine.
    """
    return max(3, os.cpu_count() or 1)


class Supervisor:
    """The loop that starts and stops workers.

    All other state is in the cache. A supervisor only remembers how often it has started each run,
    and what went wrong.
    """

    def __init__(self, store: Store, engine: Engine, slots: int) -> None:
        self.store, self.engine, self.slots = store, engine, slots
        # (run, the step that it had reached) -> how often it was started there
        self.attempts: Counter[tuple[str, int]] = Counter()
        self.complaints: dict[str, str] = {}  # run -> what went wrong with it at the last look
        self.swept_at = 0.0

    def tick(self) -> bool:
        """Check all runs once: start those that can start, and stop those that should.

        Returns whether any run is waiting or running.
        """
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
                if self._start(job.run):  # if not, the next run gets the slot
                    busy.append(job)
        self._sweep()
        if self.complaints != before:
            complain(self.store, "\n".join(self.complaints.values()))
        return active

    @contextlib.contextmanager
    def _guard(self, run: Run) -> Iterator[None]:
        """Record an error of one run, so that it does not stop the others."""
        try:
            yield
        except Exception as problem:
            self.complaints[run.id] = f"Run {run.id} cannot continue: {in_words(problem)}."

    def _start(self, run: Run) -> bool:
        """Start a worker, unless too many have died on this run; return whether it started."""
        reached = (run.id, run.meta().get("step", 0))
        if self.attempts[reached] < ATTEMPTS:
            self.engine.start(run)
            self.attempts[reached] += 1
            return True
        run.write(
            "error.txt",
            f"The worker died {ATTEMPTS} times without an error message; "
            "it may have run out of memory.\n",
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
        """Remove the temporary files of killed writers, every SWEEP_S."""
        if time.monotonic() - self.swept_at < SWEEP_S:
            return
        self.swept_at = time.monotonic()
        self.store.sweep()


def supervise(store: Store, engine: Callable[[], Engine]) -> bool:
    """Supervise a cache until there has been no run and no open page for IDLE_S.

    Returns False, at once, if the cache has another supervisor. `engine` makes the engine.
    """
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
    """Check the cache again and again, until there has been nothing to do for IDLE_S."""
    complain(store, "")
    quiet_since = time.time()
    while time.time() - max(quiet_since, last_seen(store)) < IDLE_S:
        if supervisor.tick():
            quiet_since = time.time()
        time.sleep(POLL_S)


def in_words(problem: Exception) -> str:
    """Return one line about an error."""
    if isinstance(problem, OSError):
        return disk.reason(problem) + (f": {problem.filename}" if problem.filename else "")
    return shorten(f"{type(problem).__name__}: {problem}", 300)


def complain(store: Store, text: str) -> None:
    """Write what is wrong to the file that `trouble` reads; "" removes it."""
    print(text, end="\n" if text else "", file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):
        if text:
            disk.put(complaint(store), f"{text}\n".encode())
        else:
            complaint(store).unlink(missing_ok=True)


def trouble(store: Store) -> str:
    """Say in one sentence why runs do not start or continue; "" if all is well."""
    there = next(
        path for path in (store.root, *store.root.absolute().parents) if os.path.lexists(path)
    )
    if not there.is_dir() or not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return (
            f"The cache {store.root} cannot be read and written; "
            "set BNVIZ_CACHE to a folder of your own."
        )
    if disk.full(store.root):
        return (
            f"The disk of {store.root} is full: runs wait, and continue by themselves "
            "once there is room."
        )
    return limits.problem() or said(complaint(store)) or ended(store)


def said(path: Path) -> str:
    """Return the first line of a text file; "" if there is no file."""
    try:
        return path.read_text("utf-8", "replace").partition("\n")[0]
    except OSError:
        return ""


def ended(store: Store) -> str:
    """Say that the supervisor started by this process has crashed; "" if it has not."""
    started = processes.get(store.root)
    if started is None or held(lock(store)) or not started.poll():
        return ""
    return f"The supervisor ended with status {started.returncode}; {store.root / LOG} says why."


def ensure(store: Store) -> int | None:
    """Start a supervisor for this cache if it has none, and return its process id, else None.

    The supervisor outlives this process. If it cannot be started, `trouble` says why.
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
    """Start a supervisor, whose output goes to the log in the cache."""
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
    """Return the path of the file in which the supervisor says what is wrong."""
    return store.root / "supervisor.error"


def lock(store: Store) -> Path:
    """Return the path of the lock that the one supervisor of a cache holds."""
    return store.root / "supervisor.lock"


def seen(store: Store) -> Path:
    """Return the path of the file that every open page touches."""
    return store.root / "supervisor.seen"


def last_seen(store: Store) -> float:
    """Return the time when a page was last open, in seconds since the epoch; 0 if never."""
    try:
        return seen(store).stat().st_mtime
    except OSError:
        return 0.0
