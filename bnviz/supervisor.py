"""Takes queued and interrupted runs in order, gives each a slot and a worker, and sees that a wish to cancel is heeded."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from bnviz.engines import Engine
from bnviz.paths import PROJECT
from bnviz.store import Run, Store, held

POLL_S = 0.15
KILL_AFTER_S = 1.5  # a cancelled worker that has not stopped by itself by then is killed
ATTEMPTS = 3  # a run whose worker dies this often without a word has failed
START_S = 10.0  # a supervisor that was started has so long to take its lock before another is
IDLE_S = 900.0  # with nothing to do and no page open for so long, the supervisor leaves; the next page starts another


started_at: dict[Path, float] = {}  # when this process last started one, by cache


def slots() -> int:
    """Runs at once: as many as cores, and at least three, so that three networks can be watched side by side."""
    return max(3, os.cpu_count() or 1)


class Supervisor:
    """One look at the cache after the other; all it must remember is how often it has started each run."""

    def __init__(self, store: Store, engine: Engine, slots: int) -> None:
        self.store, self.engine, self.slots = store, engine, slots
        self.attempts: Counter[tuple[str, int]] = Counter()  # (run, the step it had reached) -> starts from there

    def look(self) -> bool:
        """Start what can be started and stop what should stop; whether anything is going on."""
        alive = self.engine.alive()
        waiting: list[Run] = []
        busy = 0
        for run in self.store.runs():
            state = run.state
            if run.id in alive or state == "running":
                busy += 1
                self._heed_cancel(run)
            elif state in ("queued", "interrupted"):
                waiting.append(run)
            else:
                self._forget(run)
        for run in waiting[: max(0, self.slots - busy)]:
            self._start(run)
        return bool(busy or waiting)

    def _start(self, run: Run) -> None:
        reached = (run.id, run.meta().get("step", 0))
        self.attempts[reached] += 1
        if self.attempts[reached] > ATTEMPTS:
            run.write("error.txt", f"The worker died {ATTEMPTS} times without a word; it may have run out of memory.\n")
        else:
            self.engine.start(run)

    def _forget(self, run: Run) -> None:
        for reached in [reached for reached in self.attempts if reached[0] == run.id]:
            del self.attempts[reached]

    def _heed_cancel(self, run: Run) -> None:
        cancel = run.folder / "cancel"
        if cancel.exists() and time.time() - cancel.stat().st_mtime > KILL_AFTER_S:
            self.engine.stop(run)


def supervise(store: Store, engine: Callable[[], Engine]) -> bool:
    """Make the engine, and work until there has been nothing to do, and nobody to do it for, for a while. False if another supervisor is at work."""
    store.root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock(store), timeout=1):
            supervisor = Supervisor(store, engine(), slots())
            quiet_since = time.time()
            while time.time() - max(quiet_since, last_seen(store)) < IDLE_S:
                with contextlib.suppress(FileNotFoundError):  # a run was deleted while we looked at it
                    if supervisor.look():
                        quiet_since = time.time()
                time.sleep(POLL_S)
        return True
    except Timeout:
        return False


def ensure(store: Store) -> int | None:
    """See to it that a supervisor works on this cache; it outlives this process. Its process id if it had to be started."""
    store.root.mkdir(parents=True, exist_ok=True)
    seen(store).touch()
    if held(lock(store)) or time.monotonic() - started_at.get(store.root, -START_S) < START_S:
        return None
    started_at[store.root] = time.monotonic()
    with (store.root / "supervisor.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "bnviz", "work"],
            cwd=PROJECT,
            env=os.environ | {"BNVIZ_CACHE": str(store.root.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return started.pid


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
