"""Before runs start: estimate their cost, refuse what does not fit, and confirm long runs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bnviz.limits import limits
from bnviz.runs import estimate, prices, supervisor
from bnviz.runs.disk import reason
from bnviz.runs.prices import Machine
from bnviz.runs.queue import Place, places
from bnviz.runs.run import ACTIVE
from bnviz.runs.store import Store
from bnviz.spec import RunSpec, SpecError
from bnviz.ui import roles
from bnviz.ui.reader import own, reader, wait
from bnviz.words import duration

LONG = "long-runs"  # session key of the runs that wait for the reader's confirmation
FRESH_S = 10  # how long a description of the machine is kept
RECENT_S = 2  # how long the places in the queue are kept


def machine() -> Machine:
    """Return this machine, with its speed as measured on its finished runs."""
    return _machine(str(Store().root))


@st.cache_resource(ttl=FRESH_S, show_spinner=False)
def _machine(root: str) -> Machine:
    return prices.here(Store())


def queue() -> dict[str, Place]:
    """Return the places of the waiting runs in the queue, by id."""
    return _queue(str(Store().root))


@st.cache_resource(ttl=RECENT_S, show_spinner=False)
def _queue(root: str) -> dict[str, Place]:
    return places(Store(), machine())


def unfinished(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Return the runs that are not finished."""
    return prices.unfinished(Store(), specs)


def price(specs: Sequence[RunSpec]) -> str:
    """Return the cost of the runs that are not finished yet, in words."""
    return machine().price(unfinished(specs))


def time(specs: Sequence[RunSpec]) -> str:
    """Return how long the runs that are not finished yet take, in words."""
    return duration(machine().seconds(unfinished(specs)))


def whole_time(specs: Sequence[RunSpec]) -> str:
    """Return how long all these runs take, finished or not, in words."""
    return duration(machine().seconds(specs))


def refused(specs: Sequence[RunSpec]) -> str:
    """Return a sentence about the first run that this machine cannot compute, or ""."""
    problems = (estimate.refusal(spec, Store().root) for spec in unfinished(specs))
    problem = next(filter(None, problems), "")
    return f"{problem[0].upper()}{problem[1:]}." if problem else ""


def request(specs: Sequence[RunSpec]) -> None:
    """Start these runs. If they take long, let `confirm` ask first."""
    if roles.may_run() and not refused(specs) and machine().long(unfinished(specs)):
        st.session_state[LONG] = list(specs)
    else:
        start(specs)


def confirm() -> None:
    """Ask for confirmation if the reader has just requested long runs."""
    if specs := st.session_state.pop(LONG, []):
        _confirm(specs)


@st.dialog("Start a long computation?")
def _confirm(specs: list[RunSpec]) -> None:
    # Ask, because others share this machine and would have to wait.
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


def too_many(specs: Sequence[RunSpec]) -> str:
    """Return a sentence if this reader would have too many runs, else ""."""
    ids, most = {spec.id for spec in specs}, limits().waiting
    own = {run.id for run in Store().runs() if run.state in ACTIVE and reader() in run.readers()}
    if len(own | ids) <= most:
        return ""
    return (
        f"You have {len(own)} runs that wait or are computed, and a reader may have {most} here. "
        "Stop some, or wait until they are done."
    )


def start(specs: Sequence[RunSpec]) -> None:
    """Queue these runs, and make sure that a supervisor is running."""
    if problem := too_many(unfinished(specs)) if roles.may_run() else roles.NEEDED:
        st.toast(problem, icon=":material/error:")
        return
    try:
        for run in [Store().submit(spec) for spec in specs]:
            if run.state in ACTIVE:
                wait(run)
                own(run)
    # A full disk, a folder of another account, or a run too large for this machine.
    except (OSError, SpecError) as problem:
        why = reason(problem) if isinstance(problem, OSError) else problem
        st.toast(f"The run could not be started: {why}.", icon=":material/error:")
    supervisor.ensure(Store())
