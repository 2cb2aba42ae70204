"""Which waiting run gets the next slot."""

from __future__ import annotations

import pytest

from bnviz.runs import estimate, schedule
from bnviz.runs.run import Run
from bnviz.runs.schedule import job
from bnviz.runs.store import Store
from tests.conftest import tiny_spec


def asked(reader: str, seed: int, steps: int = 10) -> Run:
    run = Store().submit(tiny_spec(seed=seed, steps=steps))
    run.wait(reader)
    return run


def chosen(waiting: list[Run], busy: list[Run], slots: int) -> list[Run]:
    """Return the runs in the order in which they start."""
    left, at_work = [job(run) for run in waiting], [job(run) for run in busy]
    while found := schedule.next_job(left, at_work, slots):
        left.remove(found)
        at_work.append(found)
    return [started.run for started in at_work[len(busy) :]]


def test_a_reader_alone_takes_every_slot():
    runs = [asked("ann", seed) for seed in range(4)]
    assert chosen(runs, [], 3) == runs[:3]


def test_each_reader_gets_one_slot_while_others_wait():
    ann = [asked("ann", seed) for seed in range(3)]
    bob = asked("bob", 3)
    assert chosen([*ann, bob], [], 3) == [ann[0], bob, ann[1]]
    assert chosen([ann[2], bob], ann[:2], 3) == [bob]


def test_short_runs_start_before_long_ones():
    long, short = asked("ann", 0, steps=1000), asked("bob", 1, steps=10)
    assert chosen([long, short], [], 1) == [short]


def test_long_runs_never_take_the_last_slot(monkeypatch):
    monkeypatch.setattr(schedule, "ASK_S", 1.0)
    long = [asked("ann", seed, steps=1_000_000) for seed in range(3)]
    assert chosen(long, [], 3) == long[:2]
    short = asked("ann", 3, steps=1)
    assert chosen([long[2], short], long[:2], 3) == [short]


def test_only_as_many_start_as_fit_into_memory(monkeypatch):
    runs = [asked("ann", seed) for seed in range(3)]
    one = estimate.estimate(runs[0].spec).memory
    monkeypatch.setattr(schedule, "memory_for_workers", lambda: 2.5 * one)
    assert chosen(runs, [], 3) == runs[:2]
    monkeypatch.setattr(schedule, "memory_for_workers", lambda: 0.5 * one)
    assert chosen(runs, [], 3) == runs[:1]  # a single run may start: its worker reports the problem


@pytest.mark.parametrize("slots", [1, 2])
def test_no_more_runs_start_than_there_are_slots(slots):
    runs = [asked("ann", seed) for seed in range(3)]
    assert chosen(runs, [], slots) == runs[:slots]
    assert chosen(runs[1:], runs[:1], 1) == []
