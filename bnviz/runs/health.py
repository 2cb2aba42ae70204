"""The state of a cache in numbers, and its repair."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bnviz.runs import disk
from bnviz.runs.estimate import free_disk
from bnviz.runs.parts import count
from bnviz.runs.run import Run, held
from bnviz.runs.store import Store
from bnviz.runs.supervisor import lock, trouble

STATES = ("queued", "running", "interrupted", "done", "failed", "cancelled", "damaged")


class Health(NamedTuple):
    """The state of a cache."""

    runs: dict[str, int]  # by state
    seconds: float  # of computing, over all runs
    rows: int
    bytes: int
    free_bytes: int  # on the disk of the cache
    supervisor: bool  # whether one is running
    trouble: str  # why runs do not start or continue, "" if all is well


def health(store: Store) -> Health:
    """Return the state of a cache."""
    runs = store.runs()
    states = Counter[str](run.state for run in runs)
    return Health(
        runs={state: states[state] for state in STATES},
        seconds=sum(float(run.meta().get("seconds", 0.0)) for run in runs),
        rows=sum(count(run.folder / "rows") for run in runs),
        bytes=sum(size(run.folder) for run in runs),
        free_bytes=free_disk(store.root),
        supervisor=held(lock(store)),
        trouble=trouble(store),
    )


def size(folder: Path) -> int:
    """Return the bytes of the files in a folder; a file that disappears meanwhile counts as 0."""
    total = 0
    with suppress(OSError):
        for path in folder.rglob("*"):
            with suppress(OSError):
                total += path.lstat().st_size
    return total


def repair(store: Store) -> list[str]:
    """Repair what can be repaired, and return a sentence for each repair.

    A damaged run loses the files that cannot be used and is queued again. Temporary files of
    killed writers are removed. A run that is being computed is left alone.
    """
    told = [mended(run) for run in store.runs() if run.state == "damaged"]
    return told + [f"removed {path}" for path in store.sweep()]


def mended(run: Run) -> str:
    """Repair one damaged run, and return what was done in a sentence."""
    if not run.readable:
        return f"run {run.id}: its settings are lost; delete it on the page Runs"
    named = ", ".join(path.name for path in run.damage())
    try:
        run.mend(run.spec)
    except OSError as problem:
        return f"run {run.id} cannot be mended: {disk.reason(problem)}"
    return f"run {run.id}: removed {named}; the run is queued again"
