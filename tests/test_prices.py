"""The price shown before runs start, and the question that a high price leads to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bnviz.cli import main
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs import estimate, prices
from bnviz.runs.prices import Machine
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.ui import asking
from bnviz.words import duration, in_bytes, three_digits
from tests.conftest import tiny_spec

CHEAP = {"data": "cifar10-sample", "steps": "20"}


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    asking._machine.clear()


def finished(seed: int, factor: float, **facts: object) -> Run:
    """Return a finished run that took `factor` times as long as estimated."""
    run = Store().submit(tiny_spec(seed=seed, steps=1000))
    seconds = estimate.estimate(run.spec).seconds * factor
    run.write("meta.json", {"seconds": seconds, "step": 1000, "steps": 1000} | facts)
    return run


def test_the_fastest_run_gives_the_speed_of_the_machine():
    runs = [finished(0, 5), finished(1, 3), finished(2, 1, imported=True), finished(3, 1, step=10)]
    assert prices.factors(runs) == {"vgg11": pytest.approx(3)}
    assert prices.factors([]) == {}


def test_runs_in_parallel_share_the_cores():
    specs = [tiny_spec(seed=seed, steps=1000) for seed in range(3)]
    one = estimate.estimate(specs[0]).seconds
    assert Machine(3).seconds([]) == 0
    assert Machine(3).seconds(specs[:1]) == pytest.approx(one)
    assert Machine(3).seconds(specs) == pytest.approx(1.5 * one)
    assert Machine(1).seconds(specs) == pytest.approx(3 * one)
    assert Machine(3, {"vgg11": 4.0, "mlp": 9.0}).seconds(specs) == pytest.approx(6 * one)
    # The factor of another network is better than none.
    assert Machine(3, {"mlp": 2.0}).seconds(specs) == pytest.approx(3 * one)


def test_the_remaining_time_is_that_of_the_last_run_to_finish():
    runs = [Store().submit(tiny_spec(seed=seed, steps=1000)) for seed in range(3)]
    for run, seconds in zip(runs, (10.0, 20.0), strict=False):
        run.write("meta.json", {"step": 100, "seconds": seconds})
    with runs[0].lock(), runs[1].lock():
        assert Machine(3).left(runs[:2]) == pytest.approx(180)
        assert Machine(3).left(runs) == pytest.approx(180 + estimate.estimate(runs[2].spec).seconds)


def test_bytes_and_durations_in_words():
    assert in_bytes(380e6) == "380 MB"
    assert in_bytes(6.9e12) == "6.9 TB"
    assert duration(45) == "45 s" and duration(600) == "10 min" and duration(7200) == "2.0 h"


# The command line


@pytest.mark.parametrize("command", ["run", "submit"])
def test_the_command_line_refuses_with_one_sentence(command, capsys):
    with pytest.raises(SystemExit) as exit:
        main([command, "--model", "vgg19", "--width", "64", "--hidden", "8192,8192,8192,8192"])
    assert exit.value.code == 2
    told = capsys.readouterr().err
    assert "TB of memory" in told and "this machine has" in told and len(told.splitlines()) == 1
    assert not Store().runs()


def test_the_command_line_shows_the_price_and_asks_only_at_a_terminal(capsys):
    main(["submit", "--preset", "class", "--data", "cifar10-sample", "--steps", "20000"])
    told = capsys.readouterr()
    assert "3 runs: about" in told.err and "for all 3" in told.err
    assert told.out.count("queued") == 3


@pytest.mark.parametrize(
    ("words", "answer", "queued"), [((), "n", 0), ((), "y", 3), (("--yes",), "n", 3)]
)
def test_the_command_line_asks_at_a_terminal_above_ten_minutes(
    words, answer, queued, monkeypatch, capsys
):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    command = [
        "submit",
        "--preset",
        "class",
        "--data",
        "cifar10-sample",
        "--steps",
        "20000",
        *words,
    ]
    if queued:
        main(command)
    else:
        with pytest.raises(SystemExit) as exit:
            main(command)
        assert exit.value.code == 2
        assert "--yes" in capsys.readouterr().err
    assert len(Store().runs()) == queued


# The pages


def page(name: str, **address: str) -> AppTest:
    opened = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    opened.switch_page(str(Path("pages") / f"{name}.py"))
    for parameter, text in address.items():
        opened.query_params[parameter] = text
    return opened.run()


def test_a_page_asks_before_a_long_computation_and_shows_the_price_once():
    opened = page("paper/training", preset="quick", steps="20000")
    specs = [spec.model_copy(update={"steps": 20000}) for spec in PRESETS["quick"].specs()]
    price = Machine(3).price(specs)
    assert opened.button(key="run").help == f"Takes {price}."
    (said,) = [caption.value for caption in opened.caption if caption.value.startswith("About ")]
    assert price.startswith(said.lower())
    opened.button(key="run").click().run()
    assert not Store().runs()
    assert any(price in text.value for text in opened.markdown)
    opened.button(key="really-start").click().run()
    assert len(Store().runs()) == 3
    assert not [caption.value for caption in opened.caption if caption.value.startswith("About ")]


def test_the_start_page_asks_too_if_the_machine_is_slow(monkeypatch):
    monkeypatch.setattr(prices, "here", lambda store, at_once=0: Machine(3, {"vgg11": 100.0}))
    opened = page("lab/start")
    opened.button(key="run").click().run()
    assert not Store().runs()
    opened.button(key="really-start").click().run()
    (seed,) = {run.spec.seed for run in Store().runs()}
    assert [run.spec for run in Store().runs()] == PRESETS["quick"].specs(seed=seed)


def test_a_page_refuses_a_run_that_does_not_fit_into_memory(monkeypatch):
    opened = page(
        "paper/training", preset="quick", model="vgg19", width="64", hidden="8192,8192,8192,8192"
    )
    assert "TB of memory" in opened.error[0].value and "this machine has" in opened.error[0].value
    assert opened.button(key="run").disabled
    assert not Store().runs()


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.4, "2.40"), (75, "75.0"), (100, "100"), (0, "0"), (-0.5, "−0.500"), (12345.6, "12,346")],
)
def test_a_measured_number_keeps_its_zeros(value: float, text: str) -> None:
    assert three_digits(value) == text
