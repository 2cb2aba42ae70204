"""The Sweeps page: train every network at several values of one setting, and draw the results."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from bnviz import sweeps
from bnviz.analysis.ends import End, telling
from bnviz.figures import panel as panels
from bnviz.figures.panel import Panel, View, regime
from bnviz.figures.sweep import SWEEP, SWEEP_MAP
from bnviz.runs import supervisor
from bnviz.runs.parts import EMPTY
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec, SpecError
from bnviz.sweeps import ENDS, SWEEPS, Sweep
from bnviz.ui import controls, download, link, live, page, progress, terms
from bnviz.ui.about import About, heading
from bnviz.ui.live import Choices, Stamp
from bnviz.ui.reader import wait
from bnviz.ui.results import STATES

LINES, MAP = "lines", "heat map"
VIEWS = {LINES: SWEEP, MAP: SWEEP_MAP}
WIDTH = 240  # pixels of a field


def sweep_page(doc: str | None) -> None:
    """Draw the page."""
    words = About.of(doc)
    heading(words, "sweep")
    link.restore({"sweep": "lr"}, link.one_of(SWEEPS))
    asked = controls.ask("sweep", without=st.session_state["sweep"])
    if asked.problem:
        return
    with st.container(key="view-row", horizontal=True, gap="medium", vertical_alignment="bottom"):
        sweep = pick_knob()
        values = pick_values(sweep, asked.specs)
        specs = specs_at(sweep, values, asked.specs)
        if specs:
            end = pick_end(specs)
            view = page.pick((LINES, MAP))
            statistic = page.over_seeds(specs)
    if specs:
        choices = Choices(max(spec.steps for spec in specs), choice=end, statistic=statistic)
        panel = VIEWS[view].told(f"{ENDS[end]}, by {sweep.label.lower()}", VIEWS[view].reading)
        parts = [partial(bar, specs), partial(show, specs, panel, choices)]
        for part in reversed(parts) if page.all_done(progress.states(specs)) else parts:
            part()
    terms.markdown(words.text, "page")


def specs_at(sweep: Sweep, values: str, specs: list[RunSpec]) -> list[RunSpec]:
    """Return the settings of the runs at these values; say so if there are none, and return []."""
    try:
        return one_knob(sweep.specs(specs, values), sweep)
    except SpecError as problem:
        st.error(controls.complaint(problem))
        return []


def bar(specs: list[RunSpec]) -> None:
    """Draw the buttons that run and stop the sweep, and how many of its runs are finished."""
    found = progress.states(specs)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        page.run_bar(specs, found)
        st.markdown(counted(specs, found), width="content")
    for name in page.absent(specs):
        download.offer(name, sample=True)


def pick_knob() -> Sweep:
    """Let the reader choose the setting to sweep."""
    st.selectbox(
        "Setting",
        list(SWEEPS),
        format_func=lambda name: SWEEPS[name].label,
        key="sweep",
        persist_state="session",
        width=WIDTH * 3 // 4,
    )
    link.keep({"sweep": "lr"})
    return SWEEPS[str(st.session_state["sweep"])]


def pick_values(sweep: Sweep, specs: list[RunSpec]) -> str:
    """Let the reader enter the values of the setting, and return the text.

    The values suggested at first lie around the one in the settings. They are suggested anew when
    the reader chooses another setting to sweep, or other runs.
    """
    suggested = ", ".join(link.number(float(value)) for value in sweep.suggested(specs[0]))
    if st.session_state.setdefault("values_suggested", suggested) != suggested:
        st.session_state.update({"values_suggested": suggested, "values": suggested})
    link.restore({"values": suggested}, partial(problem_with, sweep, specs))
    st.text_input(
        f"Values of {sweep.label.lower()}",
        key="values",
        persist_state="session",
        help="Several values, separated by commas.",
        width=WIDTH * 3 // 4,
    )
    link.keep({"values": suggested})
    return str(st.session_state["values"])


def problem_with(sweep: Sweep, specs: list[RunSpec], _: str, text: str) -> str:
    """Return what is wrong with the values in the URL, or ""."""
    try:
        sweep.specs(specs, text)
    except SpecError as problem:
        return str(problem)
    return ""


def one_knob(specs: list[RunSpec], sweep: Sweep) -> list[RunSpec]:
    """Return the same runs.

    Raises SpecError if they differ in more than the swept setting, the network and the seed.
    """
    if sweeps.turned(specs) != sweep:
        raise SpecError(
            "a sweep changes one setting: choose one learning rate under Settings to sweep "
            f"{sweep.name}"
        )
    return specs


def pick_end(specs: list[RunSpec]) -> End:
    """Let the reader choose what is measured at the end of each run."""
    there = sweeps.ends(specs)
    if st.session_state.get("metric") not in (None, *there):
        del st.session_state["metric"]
    link.restore({"metric": there[0]}, link.one_of(there))
    st.selectbox(
        "Measured",
        there,
        format_func=ENDS.__getitem__,
        key="metric",
        persist_state="session",
        width=WIDTH,
    )
    link.keep({"metric": there[0]})
    return sweeps.end_of(specs, str(st.session_state["metric"]))


def counted(specs: list[RunSpec], found: list[str]) -> str:
    """Return how many runs the sweep has and how many are finished, as Markdown."""
    if any(state in ACTIVE for state in found):
        return f"**{len(specs)} runs**, training."
    done = found.count("done")
    if done == len(specs):
        return f"**{len(specs)} runs**, all finished."
    return f"**{len(specs)} runs**, {done} of them finished." if done else f"**{len(specs)} runs**."


def show(specs: list[RunSpec], panel: Panel, choices: Choices) -> None:
    """Draw the progress and the figure, twice a second while any run is active."""

    def body() -> None:
        progress.tell_trouble()
        runs = [run for run in asked() if run.readable]
        waiting = [run for run in runs if run.state in ACTIVE]
        if bool(waiting) != active:  # they started or ended: redraw the buttons above
            st.rerun()
        for run in waiting:
            wait(run)
        if waiting:
            supervisor.ensure(Store())
        if runs:
            if any(run.state != "done" for run in runs) or len(runs) < len(specs):
                how_far(runs, len(specs))
            stamp = live.stamp_of(asked())
            live.draw_panel(panel, stamp, view_of(stamp, choices, specs), choices, runs)
            st.caption(f"Measured on {regime([run.spec for run in runs])}.")
        else:
            st.info(
                f"Nothing measured yet. {progress.press(specs)}. Each run adds its value when it "
                "ends.",
                icon=":material/play_circle:",
            )

    def asked() -> list[Run]:
        return [Store().run(spec.id) for spec in specs]

    active = any(run.state in ACTIVE for run in asked() if run.readable)
    st.fragment(body, run_every=live.EVERY_S if active else live.IDLE_S)()


def how_far(runs: list[Run], count: int) -> None:
    """Draw one progress bar for all runs, and an error for each that failed or is damaged."""
    states = [run.state for run in runs]
    share = (
        sum(
            1.0 if run.state == "done" else run.meta().get("step", 0) / run.spec.steps
            for run in runs
        )
        / count
    )
    words = [f"{states.count('done')} of {count} finished"] + [
        f"{states.count(state)} {said}"
        for state, said in STATES.items()
        if state in states and state != "done"
    ]
    st.progress(min(1.0, share), f"**{' · '.join(words)}**")
    for run in runs:
        if run.state == "failed":
            st.error(f"**{run.spec.summary()}** failed. {run.error()}")
        elif run.state == "damaged":
            progress.damaged(run, run.spec.summary())


@st.cache_resource(max_entries=16, show_spinner=False)
def view_of(stamp: Stamp, choices: Choices, _specs: Sequence[RunSpec]) -> View:
    """Return the view that the figure is drawn from. All readers share it."""
    return panels.view(rows_of(stamp), _specs, choice=choices.choice, statistic=choices.statistic)


@st.cache_resource(max_entries=8, show_spinner=False)
def rows_of(stamp: Stamp) -> pd.DataFrame:
    """Return the rows that a sweep needs, of all runs in one frame."""
    parts = [ends_of(*part) for part in stamp if part[1]]
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else EMPTY.to_pandas().assign(run="", norm="", lr=0.0, seed=0)
    )


@st.cache_resource(max_entries=256, show_spinner=False)
def ends_of(id: str, part: str, time: float) -> pd.DataFrame:
    """Return the rows of one run that a sweep needs."""
    # Cached for each run, and few, so that the rows of sixty runs are joined quickly.
    run = Store().run(id)
    return telling(run.labelled_rows(panels.metrics_of([SWEEP])), {id: run.spec.steps})
