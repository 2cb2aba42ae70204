"""Which waiting run gets a free slot: one slot a reader while others wait, short questions first, as many as fit into memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bnviz.runs.estimate import ASK_S, Estimate, estimate, memory_for_workers
from bnviz.runs.store import Run


@dataclass(frozen=True)
class Job:
    """A run, and all that decides when it starts."""

    run: Run
    cost: Estimate
    readers: tuple[str, ...]  # who waits for it
    asked_at: int


def job(run: Run) -> Job:
    """What the files of a run say of it; it costs nothing where its question cannot be read."""
    if not run.readable:
        return Job(run, Estimate(0.0, 0, 0, 0), (), 0)
    return Job(run, cost(run), tuple(run.readers()), run.queued_at)


@lru_cache(maxsize=4096)
def cost(run: Run) -> Estimate:
    """What a run costs: always the same, as its id is that of its question."""
    return estimate(run.spec)


def next_job(waiting: Sequence[Job], busy: Sequence[Job], slots: int) -> Job | None:
    """The run to start now, if there is one.

    The reader who has the fewest slots comes first, then the shorter question, then the older. The last slot is kept for questions
    that take less than ten minutes, so that long ones never shut everybody else out.
    """
    if len(busy) >= slots:
        return None
    held = Counter(reader for job in busy for reader in job.readers)
    in_order = sorted(waiting, key=lambda job: (share(job, held), job.cost.seconds, job.asked_at))
    return next((job for job in in_order if fits(job, busy, slots)), None)


def share(job: Job, held: Counter[str]) -> int:
    """How many slots the reader of a run has who has the fewest."""
    return min((held[reader] for reader in job.readers), default=0)


def fits(job: Job, busy: Sequence[Job], slots: int) -> bool:
    """Whether a run may start beside these. Alone it always may: the worker itself refuses what is too large."""
    if not busy:
        return True
    needed = job.cost.memory + sum(other.cost.memory for other in busy)
    last = len(busy) == slots - 1
    return needed <= memory_for_workers() and not (last and job.cost.seconds > ASK_S)
