"""Show runs while they train: their progress, and figures that are redrawn only for new rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bnviz.analysis.distributions import HISTOGRAM
from bnviz.export.takeaway import Takeaway, line_options, lines_of, rows_of
from bnviz.figures import panel as panels
from bnviz.figures import precision
from bnviz.figures.lines import STEPS, beneath
from bnviz.figures.panel import EACH, Grid, Lacking, Panel, View, regime
from bnviz.recent import Recent
from bnviz.runs import supervisor
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui import export, progress, terms
from bnviz.ui.plot import plot, text_of
from bnviz.ui.reader import wait

EVERY_S = 0.5
HERO_HEIGHT = 400  # pixels
HERO_WIDTHS = (5, 2)  # relative, of the first figure and the prose beside it
STRETCHED = "The axis is longer than without the paper's curve, so that you see both."
IDLE_S = 3.0  # meanwhile another reader may start the same runs
# The rows that a figure was drawn from: of each run its id, and name and time of its newest part.
Stamp = tuple[tuple[str, str, float], ...]
# Draws the button that measures what is missing: (panel, runs, what is missing, first of its kind).
Offer = Callable[[Panel, Sequence[RunSpec], Lacking, bool], None]


class Prose(NamedTuple):
    """What is said around the first figure of a page.

    Attributes
    ----------
    text : what the page is about
    runs : what the runs are
    limits : what the figures do not show
    """

    text: str = ""
    runs: str = ""
    limits: str = ""


NO_PROSE = Prose()


@dataclass(frozen=True)
class Choices:
    """What the reader chose besides the runs."""

    step: int
    layers: tuple[str, ...] = ()
    choice: str = ""  # of the page's own switch
    paper: bool = False  # whether to show the papers' curves
    statistic: str = EACH  # how several seeds are drawn
    unit: str = STEPS  # of the x axis of figures over steps
    smoothing: float = 0.0  # of figures over steps
    before: tuple[str, ...] = ()  # ids of the runs whose lines stay beneath, see `ui.last`

    def runs_before(self) -> list[Run]:
        """Return the runs whose lines stay beneath."""
        return [Store().run(id) for id in self.before]


def show(
    specs: list[RunSpec],
    grid: Grid,
    choices: Choices,
    shipped: str = "",
    button: str = "",
    too: Offer | None = None,
    beside: Prose = NO_PROSE,
) -> None:
    """Draw the figures of these runs, twice a second while any of them is active.

    `beside` is said around the first figure. `too` offers to measure what these runs have not
    measured. `shipped` is the label of a preset whose finished runs ship with bnviz, and `button`
    that of the button that starts these runs, if not the usual one. An empty page names both.
    """

    def body() -> None:
        progress.tell_trouble()
        runs = progress.existing(specs)
        waiting = [run for run in runs if run.state in ACTIVE]
        if bool(waiting) != active:  # they started or ended: redraw the buttons above
            st.session_state["ended"] = progress.ending(runs) if active else ""
            st.rerun()
        for run in waiting:
            wait(run)
        if waiting:
            supervisor.ensure(Store())
        if runs:
            progress.troubles(runs)
            progress.waiting(waiting)
            draw(runs, grid, choices, too, beside)
        else:
            draw_nothing(specs, grid, choices, shipped, button, beside)

    if said := st.session_state.pop("ended", ""):
        st.toast(said, icon=":material/done_all:")
    active = any(run.state in ACTIVE for run in progress.existing(specs))
    st.fragment(body, run_every=EVERY_S if active else IDLE_S)()


def draw_nothing(
    specs: list[RunSpec], grid: Grid, choices: Choices, shipped: str, button: str, beside: Prose
) -> None:
    """Say how to start these runs, above the result before the reader's change, if any."""
    if choices.before:
        progress.not_yet(specs, button)
        with st.container(key="before"):
            draw(choices.runs_before(), grid, replace(choices, before=()), None, beside)
    else:
        progress.nothing_yet(shipped, specs, button)
        terms.markdown(beside.text, "page")
        terms.markdown(beside.runs, "runs")
        fold_limits(beside.limits)


def draw(
    runs: list[Run],
    grid: Grid,
    choices: Choices,
    too: Offer | None = None,
    beside: Prose = NO_PROSE,
) -> None:
    """Draw every panel, with its sentence and its export; the first one larger than the others.

    Prose stands beside the first row, whose other panels are beneath the first. If there are none,
    what the runs are stands there. `too` offers to measure what the runs have not measured, and
    `beside` is as in `show`.
    """
    stamp, specs = stamp_of(runs), [run.spec for run in runs]
    rows = fitting(grid, specs)
    view = view_of(stamp, choices, runs, [panel for row in rows for panel in row])
    drawing = Drawing(stamp, view, choices, runs, too)
    left, right = hero_columns()
    with left:
        drawing.one(rows[0][0], right)
        for panel in rows[0][1:]:
            drawing.one(panel)
    terms.markdown(beside.text, "page", right)
    with left if len(rows[0]) == 1 else right:
        terms.markdown(beside.runs, "runs")
        st.caption(f"Measured on {regime(specs)}.")
    with right:
        fold_limits(beside.limits)
    for row in rows[1:]:
        for column, panel in zip(st.columns(len(row)), row, strict=True):
            with column:
                drawing.one(panel)
    export.whole_page(drawing.takes, " / ".join(take.title for take in drawing.takes))


def hero_columns() -> Sequence[DeltaGenerator]:
    """Return the column of a page's first figure, and the one of the prose beside it."""
    return st.container(key="hero").columns(HERO_WIDTHS, gap="large")


def fold_limits(limits: str) -> None:
    """Fold away what the figures of a page do not show, if it says so."""
    if limits:
        with st.expander("What this does not show", icon=":material/visibility_off:"):
            st.markdown(limits)


@dataclass
class Drawing:
    """The panels of a page while they are drawn: what they share, and what was drawn so far."""

    stamp: Stamp
    view: View
    choices: Choices
    runs: list[Run]
    too: Offer | None
    takes: list[Takeaway] = field(default_factory=list)
    offered: list[Lacking] = field(default_factory=list)

    def one(self, panel: Panel, words: DeltaGenerator | None = None) -> None:
        """Draw a panel, or say what it lacks. `words` is as in `draw_panel`."""
        specs = self.view.specs
        lacking = panel.lacking(specs, self.choices.choice)
        if self.too and lacking and panel.about(specs):
            self.too(panel, specs, lacking, lacking not in self.offered)
            self.offered.append(lacking)
        elif panel.fits(specs):
            drawn = draw_panel(panel, self.stamp, self.view, self.choices, self.runs, words)
            self.takes.append(drawn)
        else:
            st.markdown(f"#### {panel.title}\n{panel.hint}")


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
    st.markdown(f"#### {panel.title}")
    take, theirs = made(panel, stamp, view, choices, runs)
    plot(
        take.figure,
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
    stretched = (take.figure.layout.meta or {}).get("stretched", False)
    told = [panel.reading, panel.say(take.numbers), one, panel.note(view.specs, theirs)]
    told += [STRETCHED if stretched else "", precision.said(panel, view.specs)]
    terms.markdown("\n\n".join(filter(None, told)), panel.name, words)
    return take


def made(
    panel: Panel, stamp: Stamp, view: View, choices: Choices, runs: list[Run]
) -> tuple[Takeaway, pd.DataFrame | None]:
    """Return a figure with what can be exported of it, and the papers' curves in it, if any."""
    drawn = numbers_of(panel.name, stamp, choices, panel, view)
    theirs = None
    if choices.paper and len(drawn):
        theirs = panel.counterpart(view.specs, choices.choice, choices.unit)
    shown = replace(view, paper=theirs)
    if panel.moment and still(runs):
        figure = played(panel, stamp, choices, shown)
    else:
        key = digest(drawn, theirs), stamp_of(choices.runs_before())
        figure = picture(panel.name, key, repr(view.time), choices, panel, drawn, shown)
    take = Takeaway(
        panel.name,
        panel.title,
        regime(view.specs),
        figure,
        drawn,
        partial(panel.measure, view),
        tuple(runs),
        options(choices),
    )
    return take, theirs


def earlier_figure(panel: Panel, choices: Choices) -> go.Figure:
    """Return the same figure of the runs that were shown before, cached until they change."""
    runs = choices.runs_before()
    stamp, plain = stamp_of(runs), replace(choices, before=(), paper=False)

    def make() -> go.Figure:
        return made(panel, stamp, view_of(stamp, plain, runs, [panel]), plain, runs)[0].figure

    return pictures.get(("earlier", panel.name, stamp, plain), make)


def options(choices: Choices) -> dict[str, Any]:
    """Return the options of `python -m bnviz export` that draw the same figure."""
    return {
        "step": choices.step,
        "layers": ",".join(choices.layers),
        "view": choices.choice,
        "over": choices.statistic,
        "paper": choices.paper,
    } | line_options(choices.unit, choices.smoothing)


def fitting(grid: Grid, specs: Sequence[RunSpec]) -> list[list[Panel]]:
    """Return the panels that apply to any of these runs, or that say what is missing."""
    rows = [[panel for panel in row if panel.hint or panel.about(specs)] for row in grid]
    return [row for row in rows if row]


def stamp_of(runs: Iterable[Run]) -> Stamp:
    """Return the newest part of each run, which their figures are drawn from."""
    return tuple(map(newest, runs))


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
        lines=lines_of(runs, choices.unit, choices.smoothing),
    )


def numbers_of(name: str, stamp: Stamp, choices: Choices, panel: Panel, view: View) -> pd.DataFrame:
    """Return the numbers of a panel as drawn, cached until the runs or choices change."""
    return numbers.get((name, stamp, choices), lambda: panel.fewer(panel.measure(view)))


def picture(
    name: str,
    key: Hashable,
    time: str,
    choices: Choices,
    panel: Panel,
    drawn: pd.DataFrame,
    view: View,
) -> go.Figure:
    """Return the figure of a panel with the last result beneath, cached until either changes."""

    def make() -> go.Figure:
        figure = panel.picture(drawn, view)
        if not choices.before or panel.moment:
            return figure
        return beneath(figure, earlier_figure(panel, choices), choices.before)

    return pictures.get((name, key, time, choices), make)


def played(panel: Panel, stamp: Stamp, choices: Choices, view: View) -> go.Figure:
    """Return the figure of a moment with a frame for every step, cached whatever the step."""
    whatever = replace(choices, step=view.time.steps)
    return pictures.get((panel.name, stamp, whatever), lambda: panel.played(view))


def still(runs: Sequence[Run]) -> bool:
    """Return whether none of these runs is under way, so that its figures stay as they are."""
    return not any(run.state in ACTIVE for run in runs)


def bytes_of(table: pd.DataFrame) -> int:
    """Return the memory of a frame, in bytes."""
    return int(table.memory_usage(deep=True).sum())


def bytes_of_figure(figure: go.Figure) -> int:
    """Return the approximate memory of a figure, in bytes."""
    # As measured: 40 kB for an empty figure, and up to 10 bytes for each character of its JSON.
    return 40_000 + 10 * len(text_of(figure))


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
