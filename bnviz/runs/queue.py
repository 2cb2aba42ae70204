"""Where each waiting run stands in the queue, and when it will start."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bnviz.runs import schedule
from bnviz.runs.prices import Machine
from bnviz.runs.run import Run
from bnviz.runs.schedule import Job
from bnviz.runs.store import Store
from bnviz.words import duration


class Place(NamedTuple):
    """The place of a run in the queue, from 1, and about how many seconds it will wait."""

    number: int
    seconds: float

    @property
    def words(self) -> str:
        """The place and the wait in words."""
        return f"place {self.number} in the queue, starts in about {duration(self.seconds)}"


def places(store: Store, machine: Machine) -> dict[str, Place]:
    """Return the place of every waiting run of a cache on this machine, by id."""
    waiting, busy = list[Job](), list[Job]()
    for run in store.runs():
        state = run.state
        if state == "running":
            busy.append(schedule.job(run))
        elif state in ("queued", "interrupted") and run.readable:
            waiting.append(schedule.job(run))
    if not waiting:
        return {}
    shared = max(1.0, machine.slots / (os.cpu_count() or 1))  # each of them gets a part of a core

    def left(job: Job) -> float:
        return shared * job.cost.seconds * machine.factor(job.run.spec) * (1 - done(job.run))

    return forecast(waiting, busy, machine.slots, left)


def done(run: Run) -> float:
    """Return the share of a run's steps that it has made."""
    return min(1.0, float(run.meta().get("step", 0)) / run.spec.steps)


def forecast(
    waiting: Sequence[Job], busy: Sequence[Job], slots: int, left: Callable[[Job], float]
) -> dict[str, Place]:
    """Return the place of each waiting run if nobody asks for more, by id.

    It plays the schedule through, where a run ends after `left` seconds.
    """
    now, queue = 0.0, list(waiting)
    ends = {job.run.id: left(job) for job in busy}
    running, found = list(busy), dict[str, Place]()
    while queue:
        if job := schedule.next_job(queue, running, slots):
            queue.remove(job)
            running.append(job)
            ends[job.run.id] = now + left(job)
            found[job.run.id] = Place(len(found) + 1, now)
        elif running:
            first = min(running, key=lambda job: ends[job.run.id])
            running.remove(first)
            now = max(now, ends[first.run.id])
        else:
            break
    return found
