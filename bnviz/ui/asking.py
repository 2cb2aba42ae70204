"""Before runs start: what they cost, whether they fit this machine, and a confirmation for long ones."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bnviz.runs import estimate, prices, supervisor
from bnviz.runs.disk import reason
from bnviz.runs.prices import Machine
from bnviz.runs.store import ACTIVE, Store
from bnviz.spec import RunSpec, SpecError
from bnviz.ui.reader import wait

LONG = "long-runs"  # in the session: runs that start once the reader says so
FRESH_S = 10  # for so long the machine counts as it was


def machine() -> Machine:
    """Return this machine, with its speed as measured on its finished runs."""
    return _machine(str(Store().root))


@st.cache_resource(ttl=FRESH_S, show_spinner=False)
def _machine(root: str) -> Machine:
    return prices.here(Store())


def unfinished(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Return the runs that are not finished."""
    return prices.unfinished(Store(), specs)


def price(specs: Sequence[RunSpec]) -> str:
    """Return the cost of those runs that are not finished, in words."""
    return machine().price(unfinished(specs))


def refused(specs: Sequence[RunSpec]) -> str:
    """Return why this machine cannot compute one of these runs, as a sentence; "" if it can compute all."""
    problems = (estimate.refusal(spec, Store().root) for spec in unfinished(specs))
    problem = next(filter(None, problems), "")
    return f"{problem[0].upper()}{problem[1:]}." if problem else ""


def request(specs: Sequence[RunSpec]) -> None:
    """Start these runs; where they take long, `confirm` asks first."""
    if not refused(specs) and machine().long(unfinished(specs)):
        st.session_state[LONG] = list(specs)
    else:
        start(specs)


def confirm() -> None:
    """Ask about the long runs that the reader has just requested, if there are any."""
    if specs := st.session_state.pop(LONG, []):
        _confirm(specs)


@st.dialog("Start a long computation?")
def _confirm(specs: list[RunSpec]) -> None:
    """Others share this machine, so ask before it is busy for long."""
    left = unfinished(specs)
    if not left:
        st.rerun()
    runs = "One run" if len(left) == 1 else f"{len(left)} runs"
    st.markdown(f"{runs}: {machine().price(left)}. Other readers share this machine.")
    if st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key="really-start",
        on_click=start,
        args=(specs,),
    ):
        st.rerun()


def start(specs: Sequence[RunSpec]) -> None:
    """Queue these runs, and make sure that a supervisor works."""
    try:
        for run in [Store().submit(spec) for spec in specs]:
            if run.state in ACTIVE:
                wait(run)
    except (
        OSError,
        SpecError,
    ) as problem:  # a full disk, another account's folder, or more than this machine has
        why = reason(problem) if isinstance(problem, OSError) else problem
        st.toast(f"The run could not be started: {why}.", icon=":material/error:")
    supervisor.ensure(Store())
