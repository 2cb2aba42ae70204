"""Decide which waiting run gets a free slot.

Readers share the slots, short runs come first, and all running ones have to fit into memory, and
onto the card if there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bnviz.runs import card
from bnviz.runs.estimate import Estimate, ask_seconds, estimate, memory_for_workers
from bnviz.runs.facts import Card
from bnviz.runs.run import Run


@dataclass(frozen=True)
class Job:
    """A run, and everything that decides when it starts."""

    run: Run
    cost: Estimate
    readers: tuple[str, ...]  # the readers who wait for it
    asked_at: int  # when it was queued
    alone: bool = False  # whether it ran out of memory beside others
    told: bool = False  # whether it has measured the memory of its device since it started
    card: Card | None = None  # what it has measured, if it is on a card


def job(run: Run) -> Job:
    """Return the job of a run; if its settings cannot be read, it costs nothing."""
    if not run.readable:
        return Job(run, Estimate(0.0, 0, 0, 0), (), 0)
    meta = run.meta()
    return Job(
        run,
        cost(run),
        tuple(run.readers()),
        run.queued_at,
        alone=bool(meta.get("alone")),
        told="card" in meta,
        card=Card(**meta["card"]) if meta.get("card") else None,
    )


@lru_cache(maxsize=4096)
def cost(run: Run) -> Estimate:
    """Return the estimated cost of a run, which depends only on its settings and so on its id."""
    return estimate(run.spec)


def next_job(waiting: Sequence[Job], busy: Sequence[Job], slots: int) -> Job | None:
    """Return the run to start now; None if there is none.

    The reader with the fewest slots comes first, then the shorter run, then the older one. The last
    slot is kept for short runs, which start without a question, so that long runs never block
    everybody else.
    """
    if len(busy) >= slots:
        return None
    held = Counter(reader for job in busy for reader in job.readers)
    in_order = sorted(waiting, key=lambda job: (share(job, held), job.cost.seconds, job.asked_at))
    if not busy:  # alone any run may start: the worker itself refuses one that is too large
        return next(iter(in_order), None)
    memory, ask_s = memory_for_workers(), ask_seconds()
    return next((job for job in in_order if fits(job, busy, slots, memory, ask_s)), None)


def share(job: Job, held: Counter[str]) -> int:
    """Return the smallest number of slots that a reader of the run holds."""
    return min((held[reader] for reader in job.readers), default=0)


def fits(job: Job, busy: Sequence[Job], slots: int, memory: int, ask_s: float) -> bool:
    """Return whether a run may start beside these.

    All together may use `memory` bytes. A run that takes longer than `ask_s` seconds does not get
    the last slot.
    """
    if job.alone or any(other.alone for other in busy):
        return False
    if card.in_use() and not has_room(job, busy):
        return False
    needed = job.cost.memory + sum(other.cost.memory for other in busy)
    last = len(busy) == slots - 1
    return needed <= memory and not (last and job.cost.seconds > ask_s)


def has_room(job: Job, busy: Sequence[Job]) -> bool:
    """Return whether a run fits on the card beside these, all of which have measured it."""
    told = [(other.cost.memory, other.card) for other in busy]
    return all(other.told for other in busy) and card.has_room(job.cost.memory, told)
