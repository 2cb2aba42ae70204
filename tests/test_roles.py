"""Readers look, runners run and change their own runs, operators do all."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest, element_tree

from bnviz.cli import housekeeping
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.ui import reader, roles
from tests.conftest import tiny_spec
from tests.pages import page

pytestmark = pytest.mark.usefixtures("no_supervisor")
CLASS, OPERATOR = "hedgehog", "salamander"


@pytest.fixture
def in_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BNVIZ_CLASS_CODE", CLASS)
    monkeypatch.setenv("BNVIZ_OPERATOR_CODE", OPERATOR)


@pytest.fixture(autouse=True)
def sent_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test press a disabled button, because a browser could send that."""
    monkeypatch.setattr(element_tree.Widget, "_assert_can_interact", lambda self: None)


def opened_as(code: str, name: str = "paper/training", **address: str) -> AppTest:
    """Open a page with the role of a code; "" for a reader."""
    opened = page(name, **address)
    if code:
        opened.session_state[roles.COOKIE] = roles.token(code)
    return opened.run()


def started_by(who: str, seed: int = 0) -> Run:
    """Return a queued run that another browser has started."""
    run = Store().submit(tiny_spec(seed=seed))
    (run.folder / reader.OWNER).write_text(who, "utf-8")
    return run


def test_one_person_on_a_machine_may_do_everything() -> None:
    opened = page("paper/training", preset="quick")
    opened.button(key="run").click().run()
    assert len(Store().runs()) == 3
    assert not opened.button(key="stop").disabled
    assert "reset-all" in [button.key for button in page("lab/runs").button]


def asking_for_a_run() -> None:
    """Ask for a run. Streamlit runs this function's source."""
    from bnviz.ui import asking
    from tests.conftest import tiny_spec

    asking.request([tiny_spec()])


@pytest.mark.usefixtures("in_class")
def test_a_reader_may_look_and_start_nothing() -> None:
    opened = opened_as("", preset="quick")
    run = opened.button(key="run")
    assert run.disabled and run.help == roles.NEEDED
    run.click().run()
    assert not Store().runs() and not opened.exception
    asked = AppTest.from_function(asking_for_a_run).run()  # wherever the wish comes from
    assert [toast.value for toast in asked.toast] == [roles.NEEDED]
    assert not Store().runs()


@pytest.mark.usefixtures("in_class")
def test_a_runner_may_run_and_stop_what_is_theirs() -> None:
    opened = opened_as(CLASS, preset="quick")
    opened.button(key="run").click().run()
    runs = Store().runs()
    assert [run.state for run in runs] == ["queued"] * 3
    assert all((run.folder / reader.OWNER).exists() for run in runs)
    opened.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 3


@pytest.mark.usefixtures("in_class")
@pytest.mark.parametrize("code", ["", CLASS])
def test_nobody_but_the_operator_stops_the_runs_of_others(code: str) -> None:
    other = opened_as(CLASS, preset="quick")
    other.button(key="run").click().run()
    opened = opened_as(code, preset="quick")
    stop = opened.button(key="stop")
    assert stop.disabled and stop.help == roles.NOT_YOURS
    stop.click().run()
    assert [run.state for run in Store().runs()] == ["queued"] * 3


@pytest.mark.usefixtures("in_class")
@pytest.mark.parametrize(("code", "may"), [("", False), (CLASS, False), (OPERATOR, True)])
def test_runs_of_others_are_changed_by_the_operator_alone(
    code: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started_by("somebody else")
    monkeypatch.setattr("bnviz.ui.runs.table", lambda runs: [0])
    opened = opened_as(code, "lab/runs")
    cancel = next(button for button in opened.button if button.label == "Cancel")
    assert cancel.disabled is not may
    said = [caption.value for caption in opened.caption]
    assert ("Only the operator may cancel and delete runs of other readers." in said) is not may
    assert ("reset-all" in [button.key for button in opened.button]) is may
    cancel.click().run()
    assert run.state == ("cancelled" if may else "queued")


def test_the_first_who_starts_a_run_owns_it() -> None:
    def owning() -> None:
        import streamlit as st

        from bnviz.runs.store import Store
        from bnviz.ui import reader

        (run,) = Store().runs()
        reader.own(run)
        st.session_state["owns"] = reader.owns(run)

    run = Store().submit(tiny_spec())
    first = AppTest.from_function(owning).run()
    second = AppTest.from_function(owning).run()
    assert first.session_state["owns"] and not second.session_state["owns"]
    (run.folder / reader.OWNER).write_bytes(b"\xff")
    assert not first.run().session_state["owns"]


def signing() -> None:
    """Draw the field for the code. Streamlit runs this function's source."""
    import streamlit as st

    from bnviz.ui import roles

    roles.remember()
    roles.sign_in()
    st.session_state["role"] = roles.role()


@pytest.mark.usefixtures("in_class")
@pytest.mark.parametrize(("code", "role"), [(CLASS, "runner"), (f" {OPERATOR}", "operator")])
def test_a_code_gives_its_role(code: str, role: str) -> None:
    opened = AppTest.from_function(signing).run()
    assert opened.session_state["role"] == "reader"
    opened.text_input(key="code").set_value(code).run()
    assert opened.session_state["role"] == role and not opened.text_input
    assert opened.caption[0].value == roles.SAYS[role]


@pytest.mark.usefixtures("in_class")
def test_a_wrong_code_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "WRONG_S", 0.0)
    opened = AppTest.from_function(signing).run()
    opened.text_input(key="code").set_value("öhm").run()
    assert opened.session_state["role"] == "reader" and not opened.exception
    assert opened.caption[0].value == "This is not the class code."


def test_without_codes_there_is_no_field() -> None:
    opened = AppTest.from_function(signing).run()
    assert opened.session_state["role"] == "operator"
    assert not opened.text_input and not opened.caption


@pytest.mark.usefixtures("in_class")
def test_a_cookie_that_is_no_code_gives_no_role() -> None:
    for cookie in ("", "x", "ü", "0" * 64):
        opened = AppTest.from_function(signing)
        opened.session_state[roles.COOKIE] = cookie
        assert opened.run().session_state["role"] == "reader"


def test_a_class_gets_codes_and_keeps_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BNVIZ_CLASS_CODE", CLASS)
    monkeypatch.setenv("BNVIZ_OPERATOR_CODE", "")
    housekeeping.open_to_a_class()
    said = capsys.readouterr().out
    assert f"The class may run after entering {CLASS} " in said
    made = housekeeping.os.environ["BNVIZ_OPERATOR_CODE"]
    assert len(made) == 12 and set(made) <= set(housekeeping.EASY) and made in said


def test_opening_a_page_starts_no_run(own_cache: Path) -> None:
    """A link may name any settings; only a click starts them."""
    for name in ("paper/training", "paper/landscape", "lab/sweep", "classics/learning_rates"):
        opened = page(name)
        assert not opened.exception
    assert not Store().runs()
