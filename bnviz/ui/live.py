"""Runs on the screen while they are made: progress, rows, and figures that are drawn again only when there is something new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bnviz import analysis, reference, supervisor
from bnviz.figures import Time
from bnviz.norms import NORMS
from bnviz.presets import duration
from bnviz.spec import RunSpec
from bnviz.store import ACTIVE, Run, Store
from bnviz.ui.plot import plot

EVERY_S = 0.5
IDLE_S = 3.0  # another reader may ask the same question meanwhile
Stamp = tuple[tuple[str, str, float], ...]  # of each run its id and its newest part: what a figure was drawn from


@dataclass(frozen=True)
class View:
    """What the figures of a page are drawn from: rows of all runs, and what the reader chose."""

    rows: pd.DataFrame
    time: Time
    step: int
    layers: tuple[str, ...]
    choice: str = ""  # the page's own switch
    paper: pd.DataFrame | None = None  # the papers' curves under a panel, if they are shown and there are any
    specs: tuple[RunSpec, ...] = ()  # the questions


@dataclass(frozen=True)
class Panel:
    """One figure: its numbers, its picture, and in one sentence what to look for.

    `paper` is what `bnviz.reference` calls the papers' curves that belong under it; at the position `without` of the page's
    switch there are none. A panel is left out where no question fits `when`; a `hint` then stands in its place. `say` puts the
    numbers into words.
    """

    title: str
    look: str
    numbers: Callable[[View], pd.DataFrame]
    draw: Callable[[pd.DataFrame, View], go.Figure]
    paper: str = ""
    without: str | None = None
    when: Callable[[RunSpec], bool] = lambda spec: True
    hint: str = ""
    say: Callable[[pd.DataFrame], str] = lambda numbers: ""

    def fits(self, specs: Sequence[RunSpec]) -> bool:
        """Whether it is about any of these questions."""
        return any(map(self.when, specs))

    @property
    def name(self) -> str:
        """For file names and keys."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower()).strip("-")


Grid = Sequence[Sequence[Panel]]  # figures side by side, row under row


def show(
    specs: list[RunSpec],
    grid: Grid,
    step: int,
    layers: tuple[str, ...] = (),
    choice: str = "",
    paper: bool = False,
    shipped: str = "",
) -> None:
    """Progress and figures of these questions; twice a second while any of them is at work.

    `paper` lays the papers' curves under ours, `shipped` is the label of a preset whose finished runs come with bnviz.
    """

    def asked() -> list[Run]:
        return [run for run in (Store().run(spec.id) for spec in specs) if run.readable]

    def body() -> None:
        runs = asked()
        waiting = [run for run in runs if run.state in ACTIVE]
        if bool(waiting) != active:  # they began or ended: the buttons above must know
            st.rerun()
        for run in waiting:
            run.wait(reader())
        if waiting:
            supervisor.ensure(Store())
        if runs:
            progress(runs)
            draw(runs, grid, step, layers, choice, paper)
        else:
            nothing_yet(shipped)

    active = any(run.state in ACTIVE for run in asked())
    st.fragment(body, run_every=EVERY_S if active else IDLE_S)()


def nothing_yet(shipped: str) -> None:
    """What to do on an empty page."""
    instead = f" Or choose **{shipped}**: its finished runs ship with bnviz." if shipped else ""
    st.info(
        f"Nothing measured yet. Press **Run**: the figures fill while the networks train.{instead}",
        icon=":material/play_circle:",
    )


def progress(runs: list[Run]) -> None:
    """A line for every run: what it does, how far it is, how long it will take."""
    for start in range(0, len(runs), 3):
        for column, run in zip(st.columns(3), runs[start : start + 3], strict=False):
            with column:
                name = name_among(run.spec, [run.spec for run in runs])
                if run.state == "failed":
                    st.error(f"**{name}** failed. {run.error()}")
                else:
                    step, steps = run.meta().get("step", 0), run.spec.steps
                    st.progress(min(1.0, step / steps), f"**{name}**  \n{status(run)}")


def name_among(spec: RunSpec, others: list[RunSpec]) -> str:
    """What tells a run from the others of a comparison."""
    words = [NORMS[spec.norm].label]
    words += [f"lr {spec.lr:g}"] if len({other.lr for other in others}) > 1 else []
    words += [f"seed {spec.seed}"] if len({other.seed for other in others}) > 1 else []
    return " · ".join(words)


def status(run: Run) -> str:
    """How a run stands, in words."""
    meta, state = run.meta(), run.state
    step, seconds, steps = meta.get("step", 0), meta.get("seconds", 0.0), run.spec.steps
    if state == "done":
        ending = f"{steps:,} steps in" if run.diverged_at is None else f"diverged at step {run.diverged_at}, after"
        return f"{ending} {duration(seconds)} on {meta.get('device', 'an unknown device')}"
    if state == "running" and step:
        left = duration(seconds / step * (steps - step))
        return f"{step:,} of {steps:,} steps · {duration(seconds)}, about {left} left · {meta.get('device', '')}"
    words = {
        "running": "starts …",
        "queued": "waits for a free slot",
        "interrupted": f"was interrupted at step {step:,} and goes on by itself",
        "cancelled": f"stopped at step {step:,}; Run goes on from there",
    }
    return words.get(state, state)


def counterpart(panel: Panel, specs: Sequence[RunSpec]) -> pd.DataFrame:
    """The papers' curves that belong under a panel of these questions, which are about one model; they are all of SGD."""
    networks = frozenset((spec.norm, spec.lr) for spec in specs if spec.optimizer == "sgd")
    return reference.counterpart(panel.paper, reference.family(specs[0].model), networks)


def note(panel: Panel, specs: Sequence[RunSpec], theirs: pd.DataFrame | None) -> str:
    """What to keep in mind when the papers' curves are compared with ours; "" where there are none."""
    if theirs is None or theirs.empty:
        return ""
    return reference.NOTES.get((reference.family(specs[0].model), panel.paper), "")


def draw(runs: list[Run], grid: Grid, step: int, layers: tuple[str, ...], choice: str, paper: bool = False) -> None:
    """Every panel, with its sentence, its regime and its data to take away."""
    stamp = tuple(newest(run) for run in runs)
    view, specs = view_of(stamp, step, layers, choice, runs), [run.spec for run in runs]
    regime = " / ".join(dict.fromkeys(f"{spec.regime()} · seed {spec.seed}" for spec in specs))
    for row in fitting(grid, specs):
        for column, panel in zip(st.columns(len(row)), row, strict=True):
            with column:
                if not panel.fits(specs):
                    st.markdown(f"#### {panel.title}\n{panel.hint}")
                    continue
                numbers = numbers_of(panel.title, stamp, step, layers, choice, panel, view)
                theirs = counterpart(panel, specs) if paper and choice != panel.without and len(numbers) else None
                shown, key = replace(view, paper=theirs), digest(numbers, theirs)
                figure = picture(panel.title, key, repr(view.time), choice, panel, numbers, shown)
                st.markdown(f"#### {panel.title}\n{panel.look}\n\n{panel.say(numbers)}")
                plot(
                    figure,
                    key=panel.name,
                    revision=revision(runs),
                    alt=f"{panel.title}. {panel.look}",
                    filename=f"bnviz-{panel.name}",
                )
                with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                    st.caption(f"Measured on {regime}. {note(panel, specs, theirs)}", width="stretch")
                    st.download_button(
                        "CSV",
                        partial(csv, numbers),
                        f"bnviz-{panel.name}.csv",
                        "text/csv",
                        key=f"csv-{panel.name}",
                        help="The numbers as drawn.",
                        icon=":material/download:",
                        type="tertiary",
                        on_click="ignore",
                    )


def fitting(grid: Grid, specs: Sequence[RunSpec]) -> list[list[Panel]]:
    """The panels that fit any of these questions, or that say what is missing."""
    rows = [[panel for panel in row if panel.hint or panel.fits(specs)] for row in grid]
    return [row for row in rows if row]


def newest(run: Run) -> tuple[str, str, float]:
    """The id of a run, and the name and time of the newest of its parts."""
    parts = run.parts()
    try:
        return (run.id, parts[-1].name, parts[-1].stat().st_mtime) if parts else (run.id, "", 0.0)
    except FileNotFoundError:  # the parts became one file just now
        return run.id, "all.parquet", 0.0


def csv(numbers: pd.DataFrame) -> bytes:
    """What is drawn, as a file."""
    return numbers.to_csv(index=False).encode()


def revision(runs: list[Run]) -> str:
    """What a zoom belongs to: as long as the runs are the same, it stays."""
    return "-".join(run.id for run in runs)


@st.cache_resource(max_entries=16, show_spinner=False)
def view_of(stamp: Stamp, step: int, layers: tuple[str, ...], choice: str, _runs: list[Run]) -> View:
    """The rows of these runs so far in one frame, shared by all who look."""
    rows = frame(stamp, _runs)
    time = Time(max(run.spec.steps for run in _runs), step, analysis.diverged(rows))
    return View(rows, time, step, layers, choice, specs=tuple(run.spec for run in _runs))


@st.cache_resource(max_entries=8, show_spinner=False)
def frame(stamp: Stamp, _runs: list[Run]) -> pd.DataFrame:
    """Rows of several runs with what tells the runs apart."""
    joined: pd.DataFrame = pd.concat([run.labelled_rows() for run in _runs], ignore_index=True)
    return joined


@st.cache_resource(max_entries=64, show_spinner=False)
def numbers_of(
    title: str, stamp: Stamp, step: int, layers: tuple[str, ...], choice: str, _panel: Panel, _view: View
) -> pd.DataFrame:
    """The numbers of a panel."""
    return _panel.numbers(_view)


@st.cache_resource(max_entries=256, show_spinner=False)
def picture(
    title: str, numbers: str, time: str, choice: str, _panel: Panel, _numbers: pd.DataFrame, _view: View
) -> go.Figure:
    """The picture of a panel: drawn anew only for new numbers, and rows of one probe are news to few panels."""
    return _panel.draw(_numbers, _view)


def digest(*tables: pd.DataFrame | None) -> str:
    """What tells tables from others."""
    rows = [pd.util.hash_pandas_object(table).to_numpy().tobytes() for table in tables if table is not None]
    return hashlib.blake2b(b"".join(rows), digest_size=16).hexdigest()


def reader() -> str:
    """Who looks: this browser session."""
    return str(st.session_state.setdefault("reader", uuid4().hex))
