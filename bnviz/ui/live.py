"""Show runs while they train: their progress, and figures that are redrawn only for new rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bnviz.analysis.distributions import HISTOGRAM
from bnviz.export.takeaway import Takeaway, rows_of
from bnviz.figures import panel as panels
from bnviz.figures.panel import EACH, Grid, Lacking, Panel, View, regime
from bnviz.papers import reference
from bnviz.recent import Recent
from bnviz.runs import supervisor
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store, gone
from bnviz.spec import RunSpec
from bnviz.training.models import FAMILY
from bnviz.training.norms import NORMS
from bnviz.ui import asking, export
from bnviz.ui.plot import plot
from bnviz.ui.reader import wait
from bnviz.words import duration

EVERY_S = 0.5
PROGRESS_WIDTH = 220  # pixels
HERO_HEIGHT = 400  # pixels
HERO_WIDTHS = (5, 2)  # relative, of the first figure and the prose beside it
ENDED = {"done": "finished", "cancelled": "stopped"}  # state -> word for the reader
IDLE_S = 3.0  # meanwhile another reader may start the same runs
# The rows that a figure was drawn from: of each run its id, and name and time of its newest part.
Stamp = tuple[tuple[str, str, float], ...]
# Draws the button that measures what is missing: (panel, runs, what is missing, first of its kind).
Offer = Callable[[Panel, Sequence[RunSpec], Lacking, bool], None]


@dataclass(frozen=True)
class Choices:
    """What the reader chose besides the runs."""

    step: int
    layers: tuple[str, ...] = ()
    choice: str = ""  # of the page's own switch
    paper: bool = False  # whether to show the papers' curves
    statistic: str = EACH  # how several seeds are drawn


def show(
    specs: list[RunSpec],
    grid: Grid,
    choices: Choices,
    shipped: str = "",
    button: str = "Run",
    too: Offer | None = None,
    beside: tuple[str, str] = ("", ""),
) -> None:
    """Draw the figures of these runs, twice a second while any of them is active.

    `beside` is what stands beside the first figure: the text of the page, and what it does not
    show. `too` offers to measure what these runs have not measured. `shipped` is the label of a
    preset whose finished runs ship with bnviz, and `button` the label of the button that starts
    these runs. An empty page names both.
    """

    def asked() -> list[Run]:
        return [run for run in (Store().run(spec.id) for spec in specs) if run.readable]

    def body() -> None:
        tell_trouble()
        runs = asked()
        waiting = [run for run in runs if run.state in ACTIVE]
        if bool(waiting) != active:  # they started or ended: redraw the buttons above
            st.session_state["ended"] = ending(runs) if active else ""
            st.rerun()
        for run in waiting:
            wait(run)
        if waiting:
            supervisor.ensure(Store())
        if runs:
            troubles(runs)
            draw(runs, grid, choices, too, beside)
        else:
            nothing_yet(shipped, button)
            st.markdown(beside[0])

    if said := st.session_state.pop("ended", ""):
        st.toast(said, icon=":material/done_all:")
    active = any(run.state in ACTIVE for run in asked())
    st.fragment(body, run_every=EVERY_S if active else IDLE_S)()


def tell_trouble() -> None:
    """Say why queued runs do not continue, if they do not."""
    if sentence := supervisor.trouble(Store()):
        st.error(sentence, icon=":material/warning:")


def ending(runs: list[Run]) -> str:
    """Return how the runs ended, such as "2 runs finished, 1 run stopped."."""
    counts = Counter(ENDED.get(run.state, run.state) for run in runs)
    said = [f"{count} {'run' if count == 1 else 'runs'} {how}" for how, count in counts.items()]
    return f"{', '.join(said)}."


def nothing_yet(shipped: str, button: str) -> None:
    """Say what to do on an empty page."""
    instead = f" Or choose **{shipped}**, whose finished runs ship with bnviz." if shipped else ""
    st.info(
        f"Nothing measured yet. Press **{button}**, and the figures fill while the networks train."
        f"{instead}",
        icon=":material/play_circle:",
    )


def overall(specs: Sequence[RunSpec]) -> None:
    """Draw one bar for how far all of these runs are, and how long they still take."""
    runs = [run for run in (Store().run(spec.id) for spec in specs) if run.readable]
    if active := [run for run in runs if run.state in ACTIVE]:
        share = sum(min(done(run), 1.0) for run in runs) / len(specs)
        left = duration(asking.machine().left(active))
        st.progress(share, f"{share:.0%} · about {left} left", width=PROGRESS_WIDTH)


def done(run: Run) -> float:
    """Return the share of a run that is done."""
    return 1.0 if run.state == "done" else float(run.meta().get("step", 0)) / run.spec.steps


def troubles(runs: list[Run]) -> None:
    """Say in a line each which runs failed, are damaged, or stand still."""
    for run in runs:
        name = name_among(run.spec, [run.spec for run in runs])
        if run.state == "failed":
            st.error(f"**{name}** failed. {run.error()}")
        elif run.state == "damaged":
            damaged(run, name)
        elif run.state in ("cancelled", "interrupted") or run.diverged_at is not None:
            st.caption(f"**{name}**: {status(run)}.")


def damaged(run: Run, name: str) -> None:
    """Say what is damaged, and offer to compute the run again or to delete it."""
    st.error(f"**{name}**: {run.error()}")
    if run.folder.parent == Store().root:  # a shipped run must be installed again instead
        with st.container(horizontal=True):
            if st.button("Compute again", icon=":material/replay:", key=f"again-{run.id}"):
                asking.request([run.spec])
                st.rerun()
            if st.button("Delete", icon=":material/delete:", key=f"delete-{run.id}"):
                gone(run)
                st.rerun()


def name_among(spec: RunSpec, others: list[RunSpec]) -> str:
    """Return the settings that distinguish a run from the others of a comparison."""
    words = [NORMS[spec.norm].label]
    words += [f"lr {spec.lr:g}"] if len({other.lr for other in others}) > 1 else []
    words += [f"seed {spec.seed}"] if len({other.seed for other in others}) > 1 else []
    return " · ".join(words)


def status(run: Run) -> str:
    """Return the state of a run as a sentence."""
    meta, state = run.meta(), run.state
    step, seconds, steps = meta.get("step", 0), meta.get("seconds", 0.0), run.spec.steps
    saved = meta.get("saved", 0)  # the step of its checkpoint
    if state == "done":
        ending = (
            f"{steps:,} steps in"
            if run.diverged_at is None
            else f"diverged at step {run.diverged_at}, after"
        )
        return f"{ending} {duration(seconds)} on {meta.get('device', 'an unknown device')}"
    if state == "running" and step:
        return f"{step:,} of {steps:,} steps in {duration(seconds)} · {meta.get('device', '')}"
    resumes = "there" if saved == step else f"step {saved:,}"
    words = {
        "running": "starting …",
        "queued": "waiting for a free slot",
        "interrupted": f"interrupted at step {step:,}; continues by itself",
        "cancelled": f"stopped at step {step:,}; Run continues from {resumes}",
    }
    return words.get(state, state)


def note(panel: Panel, specs: Sequence[RunSpec], theirs: pd.DataFrame | None) -> str:
    """Return what to keep in mind when comparing the papers' curves with ours, or ""."""
    if theirs is None or theirs.empty:
        return ""
    return reference.NOTES.get((FAMILY[specs[0].model], panel.paper), "")


def draw(
    runs: list[Run],
    grid: Grid,
    choices: Choices,
    too: Offer | None = None,
    beside: tuple[str, str] = ("", ""),
) -> None:
    """Draw every panel, with its sentence and its export; the first one larger than the others.

    `too` offers to measure what the runs have not measured, and `beside` is as in `show`.
    """
    stamp = tuple(newest(run) for run in runs)
    specs = [run.spec for run in runs]
    rows = fitting(grid, specs)
    view = view_of(stamp, choices, runs, [panel for row in rows for panel in row])
    takes: list[Takeaway] = []
    offered: list[Lacking] = []

    def one(panel: Panel, words: DeltaGenerator | None = None) -> None:
        if too and (lacking := panel.lacking(specs, choices.choice)) and panel.about(specs):
            too(panel, specs, lacking, lacking not in offered)
            offered.append(lacking)
        elif panel.fits(specs):
            takes.append(draw_panel(panel, stamp, view, choices, runs, words))
        else:
            st.markdown(f"#### {panel.title}\n{panel.hint}")

    with st.container(key="hero"):
        left, right = st.columns(HERO_WIDTHS, gap="large")
        with left:
            one(rows[0][0], right)
        text, limits = beside
        right.markdown(text)
        if limits:
            with right.expander("What this does not show", icon=":material/visibility_off:"):
                st.markdown(limits)
        right.caption(f"Measured on {regime(specs)}.")
    for row in ([*rows[0][1:]], *rows[1:]):
        for column, panel in zip(st.columns(len(row)) if row else (), row, strict=True):
            with column:
                one(panel)
    export.whole_page(takes, " / ".join(take.title for take in takes))


def draw_panel(
    panel: Panel,
    stamp: Stamp,
    view: View,
    choices: Choices,
    runs: list[Run],
    words: DeltaGenerator | None = None,
) -> Takeaway:
    """Draw one figure under its title, and return what can be exported of it.

    What to look for and what was measured are said in `words`, by default under the figure.
    """
    specs = view.specs
    drawn = numbers_of(panel.name, stamp, choices, panel, view)
    theirs = panel.counterpart(specs, choices.choice) if choices.paper and len(drawn) else None
    shown, key = replace(view, paper=theirs), digest(drawn, theirs)
    figure = (
        played(panel, stamp, choices, shown)
        if panel.moment and still(runs)
        else picture(panel.name, key, repr(view.time), choices, panel, drawn, shown)
    )
    st.markdown(f"#### {panel.title}")
    take = Takeaway(
        panel.name,
        panel.title,
        regime(specs),
        figure,
        drawn,
        partial(panel.measure, view),
        tuple(runs),
        options(choices),
    )
    plot(
        figure,
        key=f"figure-{panel.name}",
        revision=revision(runs),
        alt=f"{panel.title}. {panel.reading}",
        filename=f"bnviz-{panel.name}",
        on_export=lambda look: export.ask(replace(take, look=look)),
        height=HERO_HEIGHT if words else None,
        step=choices.step,
    )
    one = (
        "Only the first of several seeds is drawn." if view.averaged and not panel.averages else ""
    )
    told = [panel.reading, panel.say(drawn), one, note(panel, specs, theirs)]
    (words or st).markdown("\n\n".join(filter(None, told)))
    return take


def options(choices: Choices) -> dict[str, Any]:
    """Return the options of `python -m bnviz export` that draw the same figure."""
    return {
        "step": choices.step,
        "layers": ",".join(choices.layers),
        "view": choices.choice,
        "over": choices.statistic,
        "paper": choices.paper,
    }


def fitting(grid: Grid, specs: Sequence[RunSpec]) -> list[list[Panel]]:
    """Return the panels that apply to any of these runs, or that say what is missing."""
    rows = [[panel for panel in row if panel.hint or panel.about(specs)] for row in grid]
    return [row for row in rows if row]


def newest(run: Run) -> tuple[str, str, float]:
    """Return the id of a run, and the name and time of its newest part."""
    parts = run.parts()
    try:
        return (run.id, parts[-1].name, parts[-1].stat().st_mtime) if parts else (run.id, "", 0.0)
    except FileNotFoundError:  # the parts have just been merged into one file
        return run.id, "all.parquet", 0.0


def revision(runs: list[Run]) -> str:
    """Return a key for the reader's zoom, which stays while the runs are the same."""
    return "-".join(run.id for run in runs)


def view_of(stamp: Stamp, choices: Choices, runs: list[Run], shown: Sequence[Panel]) -> View:
    """Return what these panels are drawn from: the rows so far and the reader's choices.

    All readers share the frame with the rows.
    """
    metrics = panels.metrics_of(shown)
    # Histograms are many, so only those of these layers are read, and while runs are under way,
    # only those at the steps shown.
    histograms = bool(metrics and HISTOGRAM in metrics)
    drawn = (choices.step, choices.layers, still(runs)) if histograms else ()
    return panels.view(
        frames.get((stamp, metrics, drawn), lambda: rows_of(shown, runs, *drawn)),
        [run.spec for run in runs],
        step=choices.step,
        layers=choices.layers,
        choice=choices.choice,
        statistic=choices.statistic,
    )


def numbers_of(name: str, stamp: Stamp, choices: Choices, panel: Panel, view: View) -> pd.DataFrame:
    """Return the numbers of a panel as drawn, cached until the runs or choices change."""
    return numbers.get((name, stamp, choices), lambda: panel.fewer(panel.measure(view)))


def picture(
    name: str, key: str, time: str, choices: Choices, panel: Panel, drawn: pd.DataFrame, view: View
) -> go.Figure:
    """Return the figure of a panel, cached until its numbers change."""
    return pictures.get((name, key, time, choices), lambda: panel.draw(drawn, view))


def played(panel: Panel, stamp: Stamp, choices: Choices, view: View) -> go.Figure:
    """Return the figure of a moment with a frame for every step, cached like `picture`."""
    last = replace(view, step=view.time.steps)
    return pictures.get(
        (panel.name, stamp, replace(choices, step=last.step)), lambda: panel.played(last)
    )


def still(runs: Sequence[Run]) -> bool:
    """Return whether none of these runs is under way, so that its figures stay as they are."""
    return not any(run.state in ACTIVE for run in runs)


def bytes_of(table: pd.DataFrame) -> int:
    """Return the memory of a frame, in bytes."""
    return int(table.memory_usage(deep=True).sum())


def bytes_of_figure(figure: go.Figure) -> int:
    """Return the approximate memory of a figure, in bytes."""
    # As measured: 40 kB for an empty figure, and up to 10 bytes for each character of its JSON.
    return 40_000 + 10 * len(figure.to_json(validate=False))


frames: Recent[pd.DataFrame] = Recent(32 * 2**20, bytes_of)
numbers: Recent[pd.DataFrame] = Recent(8 * 2**20, bytes_of)
pictures: Recent[go.Figure] = Recent(24 * 2**20, bytes_of_figure)


def digest(*tables: pd.DataFrame | None) -> str:
    """Return a hash of the content of these tables."""
    rows = [
        pd.util.hash_pandas_object(table).to_numpy().tobytes()
        for table in tables
        if table is not None
    ]
    return hashlib.blake2b(b"".join(rows), digest_size=16).hexdigest()
