"""The guided tour: every guess is judged by the shipped runs, and the address keeps progress."""

from __future__ import annotations

import re
from string import Formatter
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bnviz.data import available
from bnviz.export.takeaway import rows_of
from bnviz.papers import algorithm1
from bnviz.presets import PAIR
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.story.questions import QUESTIONS
from bnviz.story.tour import BY_SLUG, STATIONS, Choice, Sketch, Station
from bnviz.training.norms import NORMS
from bnviz.ui import guess
from bnviz.ui.experiment import PARTS, picture
from bnviz.ui.learn import DEFAULTS
from bnviz.ui.votes import POLLS, VOTERS, Votes, box
from tests.pages import page, plots

SLUGS = list(BY_SLUG)


@pytest.fixture(scope="module")
def shipped() -> Store:
    return Store()


def guessed(station: Station) -> str:
    """Return a guess at a station, as the address holds it."""
    return "1" if isinstance(station.guess, Choice) else "10,20,30,40,50,60"


def runs(slug: str) -> list[Run]:
    return BY_SLUG[slug].chapter.finished(Store())


def number(slug: str, name: str, shipped: Store) -> float:
    """Return one number of a station's text, measured on the shipped runs."""
    said = BY_SLUG[slug].chapter.told(runs(slug), f"{{{name}:.6f}}")
    return float(said.replace("−", "-"))


# What the shipped runs say


@pytest.mark.parametrize("station", STATIONS, ids=SLUGS)
def test_a_station_is_measured_on_runs_that_ship(station, shipped):
    assert len(station.chapter.finished(shipped)) == len(station.chapter.specs())
    for text in (station.before, station.chapter.text):
        assert "…" not in station.chapter.told(station.chapter.finished(shipped), text)


def test_every_guess_is_judged_as_the_shipped_runs_judge_it(shipped):
    """The option that counts as measured is the one in whose range the number lies."""
    measured = {
        slug: station.guess.measured
        for slug, station in BY_SLUG.items()
        if isinstance(station.guess, Choice)
    }
    times, shift = (
        number(slug, name, shipped) for slug, name in (("input", "times"), ("shift", "far_early"))
    )
    batch, none = (number("walk", name, shipped) for name in PAIR[::-1])
    norms = [number("norms", name, shipped) for name in ("l1", "l2", "linf")]
    wider = number("open", "batch", shipped) > number("open", "none", shipped)
    faster = number("open", "batch_last", shipped) > number("open", "none_last", shipped)
    x = np.arange(5.0)
    once, raised = (algorithm1.forward(each, 1.5, -1.0, 1e-5).y for each in (x, x + 1))
    assert measured == {
        "input": [times < 1.5, 2 <= times <= 3, times > 10].index(True),
        "batchnorm": [np.allclose(raised, once + 1), np.allclose(raised, once)].index(True),
        "shift": [shift < 0.5, 0.8 < shift < 1.25, shift > 2].index(True),
        "walk": [batch > 1.1 * none, batch > 0.9 * none, batch <= 0.5 * none].index(True),
        "norms": [0, 1, 1, 2][sum(norm > number("norms", "none", shipped) for norm in norms)],
        "open": int(wider and faster),
    }


def test_the_numbers_move_as_the_station_on_five_numbers_says():
    x = np.arange(5.0)
    once, halved = (algorithm1.forward(factor * x, 1.5, -1.0, 1e-5).y for factor in (1, 0.5))
    assert np.abs(once - halved).max() < 1e-4


def test_the_orders_in_the_texts_are_measured(shipped):
    assert number("walk", "batch_early", shipped) > number("walk", "none_early", shipped)
    gap = number("faster", "batch", shipped) - number("faster", "none", shipped)
    at_end = number("faster", "batch_test", shipped) - number("faster", "none_test", shipped)
    assert gap > at_end > 0
    assert number("noise", "noisy", shipped) > number("noise", "none", shipped)


def test_the_spread_of_an_input_is_that_of_its_quantiles(shipped):
    rows = next(run for run in runs("input") if run.spec.seed == 0).rows({"activation_quantile"})
    layer = rows[(rows["layer"] == "conv5") & rows["unit"].notna()]
    ends = layer[layer["step"].isin([layer["step"].min(), layer["step"].max()])]
    levels = ends.assign(at=ends["at"].round(4)).pivot(index="step", columns="at", values="value")
    spread = (levels[0.95] - levels[0.05]).tolist()
    told = [number("input", name, shipped) for name in ("first", "last", "times")]
    assert told == pytest.approx([*spread, spread[1] / spread[0]], rel=1e-5)


def test_the_ten_questions_have_a_station_each():
    assert len(QUESTIONS) == 10
    assert {question.station for question in QUESTIONS} == set(SLUGS)
    assert all(station.checks for station in STATIONS)


@pytest.mark.parametrize("station", STATIONS, ids=SLUGS)
def test_every_name_in_a_text_is_a_number_of_its_chapter(station):
    for text in (station.before, station.chapter.text):
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert names <= set(station.chapter.numbers)


def test_two_live_steps_need_no_download():
    live = [station.live for station in STATIONS if station.live]
    specs = [spec for each in live for lr in (each.rates or (None,)) for spec in each.specs(0, lr)]
    assert len(live) == 2
    assert {spec.norm for spec in specs} == set(PAIR)
    assert all(available(spec.data) for spec in specs)


@pytest.mark.parametrize("station", STATIONS, ids=SLUGS)
def test_the_drawing_has_the_part_of_each_station(station):
    assert not station.part or f'class="{station.part}"' in picture("")


@pytest.mark.parametrize("name", PARTS)
def test_the_drawing_of_a_page_has_the_part_that_the_page_is_about(name):
    assert not PARTS[name] or f'class="{PARTS[name]}"' in picture(name)


# Guesses


def test_a_guess_in_the_address_is_checked():
    choice, sketch = BY_SLUG["input"].guess, BY_SLUG["faster"].guess
    assert guess.problem(choice, "3") == ""
    assert guess.problem(choice, "4") == "it must be a whole number from 1 to 3"
    assert guess.problem(sketch, "10,20,30,40,50,100") == ""
    for wrong in ("10,20", "10,20,30,40,50,101", "10,20,30,40,50,x", ""):
        assert guess.problem(sketch, wrong) == "it must be 6 whole numbers from 0 to 100"


def test_a_sketch_is_compared_with_the_measured_curve(shipped):
    station = BY_SLUG["faster"]
    assert isinstance(station.guess, Sketch)
    panel = station.chapter.figure
    view = station.chapter.view(runs("faster"), rows_of([panel], runs("faster")))
    numbers = panel.measure(view)
    curve = numbers[numbers["norm"] == "batch"].set_index("step")["value"]
    exact = ",".join(str(round(100 * curve[step])) for step in station.guess.steps)
    off = ",".join(str(round(100 * curve[step]) - 10) for step in station.guess.steps)
    assert "0 points" in guess.compared(station.guess, exact, numbers)
    assert "10 points" in guess.compared(station.guess, off, numbers)


# Votes


def test_a_reader_has_one_vote_at_each_station():
    votes = Votes()
    votes.cast("a", "input", "reader 1", "1")
    votes.cast("a", "input", "reader 2", "1")
    votes.cast("a", "input", "reader 1", "3")
    votes.cast("a", "noise", "reader 1", "2")
    votes.cast("b", "input", "reader 1", "2")
    assert votes.of("a", "input") == ["3", "1"]
    assert votes.of("c", "input") == []


def test_votes_take_bounded_memory():
    votes = Votes()
    for place in range(POLLS + 1):
        votes.cast(f"room-{place}", "input", "reader", "1")
    assert votes.of("room-0", "input") == [] and votes.of("room-1", "input") == ["1"]
    votes.answer("room-1", "noise")
    assert votes.of("room-1", "input") == [] and votes.answered("room-1", "noise")
    for place in range(VOTERS + 1):
        votes.cast("full", "input", f"reader {place}", "1")
    assert len(votes.of("full", "input")) == VOTERS


# The page


def learn(**address: str) -> AppTest:
    opened = page("learn/learn", **address)
    assert not opened.exception
    return opened


def said(opened: AppTest) -> str:
    return "\n".join(part.value for part in opened.markdown)


@pytest.mark.parametrize("station", STATIONS, ids=SLUGS)
def test_a_station_asks_before_it_shows(station, no_training):
    asked = learn(station=station.slug)
    assert f"## {station.question}" in said(asked) and station.guess.ask in said(asked)
    assert not plots(asked) and "Can you answer this?" not in said(asked)
    shown = learn(station=station.slug, **{f"guess-{station.slug}": guessed(station)})
    assert len(plots(shown)) == 1
    boxes = ["The question again", "What you should see", *(q.question for q in station.checks)]
    assert [box.label for box in shown.expander] == boxes
    names = [trace.get("name") for trace in plots(shown)[0]["figure"]["data"]]
    assert (guess.YOURS in names) == isinstance(station.guess, Sketch)


def test_a_choice_is_kept_in_the_address_and_taken_back(no_training):
    opened = learn(station="shift")
    opened.radio[0].set_value(1).run()
    opened.button(key="ask-shift-show").click().run()
    assert opened.query_params["guess-shift"] == "1"
    assert "You said: *less than half the standard network's*" in said(opened)
    opened.button(key="again").click().run()
    assert "guess-shift" not in opened.query_params and not plots(opened)


def test_the_tour_leads_from_the_first_to_the_last_station(no_training):
    address = {f"guess-{slug}": guessed(station) for slug, station in BY_SLUG.items()}
    opened = learn(**address)
    for station in STATIONS[1:]:
        opened.button(key="next").click().run()
        assert f"## {station.question}" in said(opened)
    assert "next" not in [button.key for button in opened.button]
    assert opened.success


@pytest.mark.parametrize("station", STATIONS, ids=SLUGS)
def test_a_station_says_what_should_be_seen_where_it_sends_the_reader(station, no_training):
    opened = learn(station=station.slug, **{f"guess-{station.slug}": guessed(station)})
    (seen,) = [part for part in opened.expander if part.label == "What you should see"]
    assert re.sub("<[^>]*>", "", seen.markdown[0].value) == station.seen
    summed = "What was measured" in said(opened)
    assert summed == (station is STATIONS[-1])


def test_a_wrong_address_is_explained(no_training):
    opened = learn(station="nowhere", room="NO ROOM", **{"guess-input": "9"})
    sentences = "\n".join(warning.value for warning in opened.warning)
    assert f"it must be one of {', '.join(SLUGS)}" in sentences
    assert "up to 24 small letters" in sentences and "from 1 to 3" in sentences
    assert f"## {STATIONS[0].question}" in said(opened)


def test_a_guess_in_a_room_is_a_vote_and_trains_nothing(no_training):
    box.clear()
    voter = learn(station="walk", room="blue", **{"guess-walk": "3"})
    assert "run" not in [button.key for button in voter.button]
    assert box().of("blue", "walk") == ["3"]
    projected = learn(station="walk", room="blue", projector="true")
    assert "1 guess in room **blue**" in said(projected)
    (bars,) = [part.body for part in projected.get("html") if "<ul" in part.body]
    assert bars.count(">0</b>") == 2 and bars.count(">1</b>") == 1
    assert "measured" not in bars and not plots(projected)
    assert not plots(voter) and "The answer comes" in voter.info[0].value
    assert f"You said: *{BY_SLUG['walk'].guess.options[2].lower()}*" in voter.info[0].value
    projected.toggle(key="revealed-walk").set_value(True).run()
    assert len(plots(projected)) == 1
    assert len(plots(voter.run())) == 1, "the answer does not follow the projector"
    projected.segmented_control(key="station").set_value("7").run()
    assert f"# {BY_SLUG['norms'].question}" in said(projected)
    assert not plots(projected), "the next station shows its answer at once"


@pytest.mark.parametrize("name", [s.slug for s in STATIONS if isinstance(s.guess, Sketch)])
def test_the_projector_tells_nothing_of_a_curve_before_the_answer(name, no_training):
    box.clear()
    sketch = BY_SLUG[name].guess
    learn(station=name, room="blue", **{f"guess-{name}": guessed(BY_SLUG[name])})
    projected = learn(station=name, room="blue", projector="true")
    (before,) = plots(projected)
    named = f"{NORMS[sketch.drawn].label} · n"
    assert "The class" in str(before) and named not in str(before)
    assert not before["figure"]["layout"].get("annotations")
    projected.toggle(key=f"revealed-{name}").set_value(True).run()
    (after,) = plots(projected)
    assert named in str(after) and after["figure"]["layout"]["annotations"]


def test_a_voter_need_not_wait_and_who_opens_a_room_never_does(no_training):
    box.clear()
    voter = learn(station="walk", room="blue", **{"guess-walk": "3"})
    voter.button(key="early").click().run()
    assert len(plots(voter)) == 1
    teacher = learn(station="walk")
    teacher.button(key="open-room").click().run()
    teacher.radio[0].set_value(1).run()
    teacher.button(key="ask-walk-show").click().run()
    assert len(plots(teacher)) == 1 and box().of(teacher.session_state["room"], "walk") == []


@pytest.mark.parametrize(("host", "codes"), [("127.0.0.1", 0), ("lab.example.org", 1)])
def test_the_projector_shows_a_code_to_scan_where_others_can_open_it(
    host, codes, no_training, monkeypatch
):
    where = SimpleNamespace(url=f"http://{host}:8501/learn", cookies={}, theme=None)
    monkeypatch.setattr(st, "context", where)
    projected = learn(station="walk", room="blue", projector="true")
    assert f"http://{host}:8501/learn?station=walk" in said(projected).replace("\\", "")
    assert len([part for part in projected.get("html") if "QR code" in part.body]) == codes


def test_the_projector_hides_the_answer_to_a_sketch_until_it_is_shown(no_training):
    box.clear()
    learn(station="noise", room="red", **{"guess-noise": "10,20,30,40,50,60"})
    projected = learn(station="noise", room="red", projector="true")
    names = [trace.get("name", "") for trace in plots(projected)[0]["figure"]["data"]]
    assert "The class" in names and not any("Noisy" in name for name in names)
    projected.toggle(key="revealed-noise").set_value(True).run()
    names = [trace.get("name", "") for trace in plots(projected)[0]["figure"]["data"]]
    assert any("Noisy" in name for name in names)


@pytest.mark.parametrize("slug", [each.slug for each in STATIONS if each.live])
def test_a_live_step_shows_its_figure_while_it_trains(slug, no_training):
    live = BY_SLUG[slug].live
    assert live
    for spec in live.specs(0, *live.rates[:1]):
        Store().submit(spec)
    opened = learn(station=slug, **{f"guess-{slug}": guessed(BY_SLUG[slug])})
    assert len(plots(opened)) == 2 and opened.button(key="stop")


def test_every_station_has_its_guess_in_the_address():
    assert {name for name in DEFAULTS if name.startswith("guess-")} == {f"guess-{s}" for s in SLUGS}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pages from starting a supervisor, but show the shipped runs."""
    from bnviz.runs import supervisor

    monkeypatch.setattr(supervisor, "ensure", lambda store: None)
