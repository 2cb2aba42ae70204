"""The limits of what runs may cost: where they are set, and that every entrance heeds them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bnviz import cli, limits
from bnviz.limits import Limits
from bnviz.paths import PROJECT
from bnviz.runs import estimate, supervisor
from bnviz.runs.store import Store
from bnviz.runs.worker import answer
from bnviz.spec import SpecError
from tests.conftest import tiny_spec
from tests.pages import page


def write(text: str) -> Path:
    path = limits.file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, ns=(0, hash(text) % 10**9))  # as if it was written at another time
    return path


def test_the_file_counts_and_the_environment_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.limits() == Limits.model_construct() and not limits.problem()
    write("steps = 7\nhours = 2\n")
    assert (limits.limits().steps, limits.limits().hours) == (7, 2)
    monkeypatch.setenv("BNVIZ_LIMITS_STEPS", "9")
    assert (limits.limits().steps, limits.limits().hours) == (9, 2)
    write("hours = 3\n")
    assert limits.limits().hours == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hours = -1", "the limit hours in "),
        ("hours = 'many'", "the limit hours in "),
        ("hurs = 1", "hurs is no limit; choose among steps, rows"),
        ("hours =", "a line of it is like hours = 12"),
        ("\0", "a line of it is like hours = 12"),
    ],
)
def test_wrong_limits_get_a_sentence_and_nothing_starts(text: str, said: str) -> None:
    write(text)
    assert said in limits.problem() and "\n" not in limits.problem()
    assert limits.limits() == Limits.model_construct()
    assert supervisor.trouble(Store()) == limits.problem()
    with pytest.raises(SpecError, match="limit"):
        Store().submit(tiny_spec())
    opened = page("paper/training")
    assert not opened.exception and said in opened.error[0].value


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("steps = 3", "this run has 4 steps, and a run may have at most 3 here"),
        ("rows = 3", "a run may have at most 3; measure less often"),
        ("hours = 1e-9", "of one core, and a run may take at most 1e-09 h here"),
        ("memory_share = 1e-6", "of memory, and this machine has"),
        ("disk_gigabytes = 1e-9", "a run may write at most 1e-09 GB here"),
    ],
)
def test_a_run_above_a_limit_is_refused_with_the_number(
    limit: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(limit)
    with pytest.raises(SpecError, match="this run") as refused:
        Store().submit(tiny_spec())
    assert said in str(refused.value)
    for command in ("run", "submit"):
        with pytest.raises(SystemExit):
            cli.main([command, "--width", "0.03125", "--steps", "4", "--batch", "16", "--yes"])
        assert "this run" in capsys.readouterr().err
    assert not Store().runs()


def test_a_spec_file_above_a_limit_is_not_computed() -> None:
    """Somebody may write a spec.json by hand, or lower a limit after a run was queued."""
    run = Store().submit(tiny_spec())
    write("steps = 3")
    answer(run)
    assert run.state == "failed" and "at most 3 here" in run.error()


def test_a_run_stops_when_it_has_computed_for_long_enough() -> None:
    write("wall_hours = 1e-9\ncheckpoint_seconds = 0\n")
    run = Store().submit(tiny_spec())
    answer(run)
    assert run.state == "failed" and "The run has computed for 1e-09 h" in run.error()
    made = len(run.rows())
    assert made
    write("wall_hours = 1\n")
    Store().submit(run.spec)
    answer(run)
    assert run.state == "done" and len(run.rows()) > made


def test_long_runs_are_confirmed_above_a_limit() -> None:
    write("ask_minutes = 3")
    assert estimate.ask_seconds() == 180


def test_a_reader_may_not_queue_more_runs_than_the_limit() -> None:
    write("waiting = 2")
    opened = page("paper/training", preset="quick", steps="3")
    next(button for button in opened.button if button.label.startswith("Run")).click().run()
    assert not opened.exception and not Store().runs()
    assert "a reader may have 2 here" in opened.toast[0].value


def test_the_docs_name_every_limit_and_its_default() -> None:
    text = (PROJECT / "docs" / "OPERATIONS.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d.,]+) \|", text, re.MULTILINE))
    fields = Limits.model_fields
    assert {name: float(value.replace(",", "")) for name, value in told.items()} == {
        name: field.default for name, field in fields.items()
    }
