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
    monkeypatch.setenv("BNVIZ_LIMITS_ASK_MINUTES", "0.02")
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


@pytest.fixture
def on_a_card(monkeypatch):
    monkeypatch.setenv("BNVIZ_DEVICE", "cuda:0")


def tell(run: Run, free: float, at: float = 0.0) -> None:
    """Report the memory of a card of 10 GB."""
    card = {"free": int(free * 1e9), "total": 10**10, "at": at}
    run.write("meta.json", run.meta() | {"card": card})


def test_on_a_card_a_run_starts_when_the_others_have_measured(on_a_card):
    runs = [asked("ann", seed) for seed in range(3)]
    assert chosen(runs, [], 3) == runs[:1]
    assert chosen(runs[1:], runs[:1], 3) == []
    tell(runs[0], free=8)
    assert chosen(runs[1:], runs[:1], 3) == runs[1:2]  # it takes 2 GB, and so will the next


@pytest.mark.parametrize(("free", "starts"), [(5.6, True), (5.3, False)])
def test_as_many_runs_share_a_card_as_its_memory_holds(on_a_card, free, starts):
    first, second = (asked("ann", seed) for seed in range(2))
    tell(first, free)  # the second is expected to take as much as the first, and a fifth more
    assert chosen([second], [first], 3) == [second] * starts


def test_the_newest_measurement_of_a_card_counts(on_a_card):
    runs = [asked("ann", seed) for seed in range(3)]
    tell(runs[0], free=9, at=1)
    tell(runs[1], free=1, at=2)
    assert chosen(runs[2:], runs[:2], 3) == []
    tell(runs[0], free=8, at=3)
    assert chosen(runs[2:], runs[:2], 3) == runs[2:]


def test_a_larger_run_is_expected_to_take_more_of_a_card(on_a_card):
    small = asked("ann", 0)
    large = Store().submit(tiny_spec(batch=4000, width=1.0))
    tell(small, free=8)
    assert chosen([large], [small], 3) == []


def test_runs_on_the_cpu_do_not_wait_for_a_card(on_a_card):
    runs = [asked("ann", seed) for seed in range(3)]
    runs[0].write("meta.json", {"card": None})  # as in double precision on a Mac
    assert chosen(runs[1:], runs[:1], 3) == runs[1:2]
