"""A figure page: its text, the settings, Run and Stop, and the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st
from pandas import DataFrame

from bnviz import presets
from bnviz.analysis.rows import default_layers, layer_number
from bnviz.analysis.scales import STATISTICS
from bnviz.figures import lines
from bnviz.figures import panel as panels
from bnviz.figures.panel import Grid
from bnviz.presets import PRESETS
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui import asking, controls, download, last, link, live, measure, progress, roles
from bnviz.ui.about import About, heading
from bnviz.ui.controls import Asked
from bnviz.ui.plot import step_control
from bnviz.ui.reader import reader

MOST_LAYERS = 4
LAYERS_WIDTH = 320  # pixels; on a narrow screen the field gets a row of its own


def figure_page(
    doc: str | None,
    grid: Grid,
    *,
    page: str,
    layers: Literal["all", "hidden"] | None = None,
    choices: Sequence[str] = (),
    networks: Sequence[str] = (),
) -> None:
    """Draw a figure page from the docstring of its file (see `About`) and its panels.

    `page` is its name in `bnviz.presets`. `layers` are those the reader may choose from: "hidden"
    leaves out the last. `choices` are the options of a switch that only this page has. `networks`
    are compared at first if they are not the preset's.
    """
    words = About.of(doc)
    heading(words, page)
    asked = controls.ask(
        page, networks, lambda asked: run_bar(asked.specs, progress.states(asked.specs))
    )
    if asked.problem:
        return
    for name in absent(asked.specs):
        download.offer(name, sample=True)
    chosen = choose(page, asked, grid, layers, choices)
    before = last.before(f"{page} {asked.preset.name}", asked.specs)
    if st.session_state["last"]:
        chosen = replace(chosen, before=before)
    shipped = [PRESETS[name].label for name in presets.offered(page) if PRESETS[name].ships]
    live.show(
        asked.specs,
        grid,
        chosen,
        next(iter(shipped), ""),
        too=measure.offer,
        beside=live.Prose(words.text, asked.words, words.limits),
    )


def choose(
    page: str,
    asked: Asked,
    grid: Grid,
    layers: Literal["all", "hidden"] | None,
    choices: Sequence[str],
) -> live.Choices:
    """Draw the row of choices about the figures, and return what the reader chose."""
    with st.container(key="view-row", horizontal=True, gap="medium", vertical_alignment="bottom"):
        chosen = pick_layers(page, asked, all_of_them=layers == "all") if layers else ()
        choice = pick(choices) if choices else ""
        at = step_in_address(asked.specs)
        if any(panel.moment for row in grid for panel in row):
            step_control()
        paper = lay_under(asked.specs, grid)
        statistic = over_seeds(asked.specs)
        unit, smoothing = pick_lines()
    return live.Choices(at, chosen, choice, paper, statistic, unit, smoothing)


def all_done(found: list[str]) -> bool:
    """Return whether all runs are finished."""
    return all(state == "done" for state in found)


def absent(specs: list[RunSpec]) -> list[str]:
    """Return the data sets that these runs still need and that are not here."""
    names = presets.missing(specs)
    return [] if names and all_done(progress.states(specs)) else names


def run_bar(specs: list[RunSpec], found: list[str]) -> None:
    """Draw one button, which runs or stops these runs. `found` are their states."""
    if any(state in ACTIVE for state in found):
        stop_button(specs)
    else:
        run_button(specs, found)


def run_button(
    specs: list[RunSpec],
    found: list[str],
    label: str = "",
    about: str = "About",
    start: Callable[[Sequence[RunSpec]], None] = asking.request,
) -> None:
    """Draw the button that starts these runs, under the time that they take.

    `label` names it while none of them is finished, `about` stands before the time, and `start`
    starts them.
    """
    done = all_done(found)
    problem = "" if done else asking.refused(specs)
    help = "These runs are finished and kept. Change a setting to run something else."
    if not done:
        help = f"Takes {asking.price(specs)}." if roles.may_run() else roles.NEEDED
    with st.container(width="content", gap=None):
        if not (done or problem):
            st.caption(f"{about} {asking.time(specs)}")
        pressed = st.button(
            "Finished" if done else progress.to_run(found, label),
            type="primary",
            icon=":material/check:" if done else ":material/play_arrow:",
            disabled=done or bool(problem or absent(specs)) or not roles.may_run(),
            key="run",
            help=help,
        )
    if pressed:
        start(specs)
        st.rerun()
    if problem:
        st.error(problem)


def stop_button(specs: list[RunSpec]) -> None:
    """Draw the button that stops these runs, and their progress beside it."""
    may = any(roles.may_change(run) for run in under_way(specs))
    help = None if may else roles.NOT_YOURS
    if st.button("Stop", icon=":material/stop:", key="stop", disabled=not may, help=help):
        stop(specs)
        st.rerun()
    st.fragment(partial(progress.overall, specs), run_every=live.EVERY_S)()


def under_way(specs: list[RunSpec]) -> list[Run]:
    """Return those of these runs that wait or are computed."""
    return [run for run in (Store().run(spec.id) for spec in specs) if run.state in ACTIVE]


def stop(specs: list[RunSpec]) -> None:
    """Stop waiting for these runs. A run that somebody else waits for continues."""
    runs = [run for run in under_way(specs) if roles.may_change(run)]
    stayed = [run for run in runs if not run.leave(reader())]
    if stayed:
        st.toast(
            "Another reader is waiting for these runs, so they continue. You can still stop them "
            "on the Runs page."
        )


def pick_layers(page: str, asked: Asked, all_of_them: bool) -> tuple[str, ...]:
    """Let the reader choose layers, and return them from first to last.

    At first they are the layers of the figure that the preset repeats, or of the page's first
    figure of the same network. The last layer is offered only if `all_of_them` is true.
    """
    blocks = asked.specs[0].blocks()
    names = [block.name for block in (blocks if all_of_them else blocks[:-1])]
    numbers = asked.preset.layers or presets.layers(page, asked.specs[0].model)
    shown = [name for name in names if layer_number(name) in numbers]
    default = shown or default_layers(names)
    known = [name for name in st.session_state.get("layers", []) if name in names]
    if "layers" in st.session_state:
        st.session_state["layers"] = known or default
    link.restore({"layers": default}, lambda _, text: unknown_layer(text, names))
    st.multiselect(
        "Layers",
        names,
        key="layers",
        persist_state="session",
        max_selections=MOST_LAYERS,
        width=LAYERS_WIDTH,
    )
    link.keep({"layers": default})
    return tuple(sorted(st.session_state["layers"] or default, key=names.index))


def unknown_layer(text: str, names: list[str]) -> str:
    """Return what is wrong with a list of layers in the URL, or ""."""
    chosen = [part.strip() for part in text.split(",")]
    fits = set(chosen) <= set(names) and len(chosen) <= MOST_LAYERS
    return "" if fits else f"it takes up to {MOST_LAYERS} of {', '.join(names)}"


def pick(choices: Sequence[str]) -> str:
    """Draw the page's own switch, and return the choice."""
    if st.session_state.get("view") not in (None, *choices):
        del st.session_state["view"]
    link.restore({"view": choices[0]}, link.one_of(choices))
    st.segmented_control("Show", choices, required=True, key="view", persist_state="session")
    link.keep({"view": choices[0]})
    return str(st.session_state["view"])


def lay_under(specs: list[RunSpec], grid: Grid) -> bool:
    """Let the reader show the papers' curves, and return whether to show them.

    Without such curves for these runs the switch is disabled, and its help says why. A page that
    no paper has a figure for has no switch.
    """
    comparable = [panel for row in grid for panel in row if panel.paper]
    theirs = [curves for panel in comparable if len(curves := panel.counterpart(specs))]
    link.restore({"paper": False}, lambda _, text: "")
    if comparable:
        st.toggle(
            "Show the paper's curve",
            key="paper",
            persist_state="session",
            disabled=not theirs,
            help=where_from(theirs) if theirs else panels.no_counterpart(comparable, specs),
        )
    link.keep({"paper": False})
    return bool(theirs) and bool(st.session_state["paper"])


def where_from(theirs: list[DataFrame]) -> str:
    """Return which of the papers' figures these curves were read off, and how they are drawn."""
    figures = dict.fromkeys(name for curves in theirs for name in figures_of(curves))
    return (
        "Dotted, for the same normalisation and learning rate, read off "
        f"{'; '.join(figures)}. It continues beyond our last step; zoom out to see it."
    )


def over_seeds(specs: list[RunSpec]) -> str:
    """Let the reader choose how several seeds are drawn, and return the choice.

    Several seeds are drawn as their mean with an interval, or one by one.
    """
    words = STATISTICS | {panels.EACH: "each seed"}
    link.restore({"over": "t"}, link.one_of(words))
    if len({spec.seed for spec in specs}) == 1:
        return panels.EACH
    st.selectbox(
        "Seeds",
        list(words),
        format_func=words.__getitem__,
        key="over",
        persist_state="session",
        help="Draw several seeds as their mean with a hatched interval, or one by one.",
        width=LAYERS_WIDTH // 2 + 40,
    )
    link.keep({"over": "t"})
    return str(st.session_state["over"])


def pick_lines() -> tuple[str, float]:
    """Let the reader choose how figures over steps are drawn; return the unit and the smoothing."""
    link.restore({"unit": lines.STEPS}, link.one_of(lines.UNITS))
    link.restore(
        {"smoothing": 0.0},
        lambda _, text: f"it {must}" if (must := lines.wrong_smoothing(text)) else "",
    )
    link.restore({"last": True}, lambda _, text: "")
    with st.popover("Lines", icon=":material/show_chart:", key="lines"):
        st.segmented_control(
            "Horizontal axis",
            list(lines.UNITS),
            required=True,
            key="unit",
            persist_state="session",
            help="Epochs are passes through the training set. Seconds include the measurements, "
            "on the machine that computed the run. The papers' curves are over steps only.",
        )
        st.slider(
            "Smoothing",
            0.0,
            lines.MOST_SMOOTHING,
            step=0.01,
            key="smoothing",
            persist_state="session",
            help="The weight of the past in an exponential moving average of every line, corrected "
            "for its start, as in TensorBoard. A smoothed line lags behind the measured one, which "
            "stays faint behind it. Bands are not smoothed.",
        )
        st.toggle(
            "Keep the last result",
            key="last",
            persist_state="session",
            help="When you change a setting, the old lines stay in the figure, thin and grey.",
        )
    link.keep({"unit": lines.STEPS, "smoothing": 0.0, "last": True})
    return str(st.session_state["unit"]), float(st.session_state["smoothing"])


def figures_of(curves: DataFrame) -> list[str]:
    """Return the names of the papers' figures that these curves come from, with their layers."""
    layers = curves.groupby("figure", sort=False)["layer"].unique()
    return [
        f"{figure} (layers {', '.join(f'{number:g}' for number in numbers)})"
        if numbers[0] > 0
        else str(figure)
        for figure, numbers in layers.items()
    ]


def last_step(specs: list[RunSpec]) -> int:
    """Return the last step of the longest of these runs."""
    return max(spec.steps for spec in specs)


def no_step(text: str, last: int) -> str:
    """Return what is wrong with a step in the URL, or ""."""
    fits = text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= last
    return "" if fits else f"the steps are 0 to {last}"


def step_in_address(specs: list[RunSpec]) -> int:
    """Return the step that the figures show, which plot.js writes into the URL.

    At first it is the last step. Only the link that opens the page can cause a warning.
    """
    last = last_step(specs)
    link.restore({"step": last}, lambda _, text: no_step(text, last))
    written = st.query_params.get("step", "")
    step = last if no_step(written, last) else int(written)
    if step == last:
        st.query_params.pop("step", None)
    return step
