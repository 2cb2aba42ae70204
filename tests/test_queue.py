"""Places in the queue, and how fairly readers share the slots."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnviz.cli import main
from bnviz.runs.prices import here
from bnviz.runs.queue import Place, done, forecast, places
from bnviz.runs.run import Run
from bnviz.runs.schedule import Job, job
from bnviz.runs.store import Store
from tests.conftest import tiny_spec

SLOTS = 3


def asked(reader: str, seed: int, steps: int = 4) -> Run:
    run = Store().submit(tiny_spec(seed=seed, steps=steps))
    run.wait(reader, seconds=1e6)
    return run


def seconds(one: Job) -> float:
    return one.cost.seconds


def ends(jobs: list[Job], busy: list[Job], found: dict[str, Place]) -> float:
    """Return when the last of these jobs ends."""
    return max(found[one.run.id].seconds + seconds(one) for one in jobs)


@pytest.mark.parametrize("long", [3_000, 1_000_000])
def test_a_reader_with_many_long_runs_does_not_hold_up_nine_with_one_short_run(long: int) -> None:
    many = [job(asked("ann", seed, steps=long)) for seed in range(20)]
    short = [job(asked(f"reader {nth}", 100 + nth, steps=50)) for nth in range(9)]
    alone = ends(short, [], forecast(short, [], SLOTS, seconds))
    busy = forecast(many, [], SLOTS, seconds)
    started = [one for one in many if busy[one.run.id].seconds == 0]
    waiting = [one for one in many if one not in started] + short
    found = forecast(waiting, started, SLOTS, seconds)
    in_progress = max(map(seconds, started))
    assert ends(short, started, found) <= 3 * alone + in_progress
    assert max(found[one.run.id].seconds for one in short) <= min(
        found[one.run.id].seconds for one in waiting if one not in short
    )


@settings(max_examples=20)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.integers(1, 3))
def test_every_waiting_run_has_one_place(readers: list[str], slots: int) -> None:
    waiting = [job(asked(reader, seed)) for seed, reader in enumerate(readers)]
    found = forecast(waiting, [], slots, seconds)
    assert sorted(place.number for place in found.values()) == [*range(1, len(waiting) + 1)]
    by_number = sorted(found.values())
    assert [place.seconds for place in by_number] == sorted(place.seconds for place in by_number)
    assert by_number[min(slots, len(waiting)) - 1].seconds == 0


def test_a_queued_run_says_its_place_on_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [asked("ann", seed, steps=1000) for seed in range(5)]
    assert {*places(Store(), here(Store()))} == {run.id for run in runs}
    main(["runs"])
    lines = capsys.readouterr().out.splitlines()
    assert sum("place 1 in the queue, starts in about" in line for line in lines) == 1
    assert sum("in the queue" in line for line in lines) == 5


def test_what_a_run_has_done_does_not_count_again() -> None:
    run = asked("ann", 0, steps=100)
    assert done(run) == 0
    run.write("meta.json", {"step": 75})
    assert done(run) == 0.75
