"""The Compare page: one metric of any runs, differences from a baseline, and final values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from pandas import DataFrame, concat

from bnviz import export
from bnviz.analysis.scales import PLAIN, scale_of
from bnviz.export.takeaway import Takeaway
from bnviz.figures import comparison, knobs, metrics
from bnviz.figures.metrics import METRICS, Metric
from bnviz.figures.panel import EACH, View
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store
from bnviz.ui import compare_table, link, live, page, progress, terms
from bnviz.ui.about import About, heading
from bnviz.ui.controls import MOST_RUNS
from bnviz.ui.export import offer, whole_page
from bnviz.ui.live import Choices, Stamp

PARAMETERS = ("runs", "metric", "layer", "baseline", "facet", "over")
NONE = "none"  # no small multiples


def compare_page(doc: str | None) -> None:
    """Draw the page: figures of the chosen runs, the table to choose from, and final values.

    What grows with every chosen run stands below the table, which then stays where it is.
    """
    words = About.of(doc)
    heading(words, "compare")
    link.warn_of_unknown(PARAMETERS)
    runs = [run for run in Store().all_runs()[::-1] if run.readable]
    if not runs:
        st.info(
            "No runs yet. The figure pages and `python -m bnviz run` make them.",
            icon=":material/inbox:",
        )
        return
    figures, finals_of = st.container(key="compared"), nothing
    chosen = compare_table.choose(runs)
    with figures:
        if len(chosen) > MOST_RUNS:
            st.error(f"{len(chosen)} runs are chosen; compare at most {MOST_RUNS} at a time.")
        elif chosen:
            finals_of = side_by_side(chosen)
        else:
            st.info(
                "Choose runs in the table below. With two or more you see what differs.",
                icon=":material/checklist:",
            )
    finals_of()
    terms.markdown(words.text, "page")


def side_by_side(runs: list[Run]) -> Callable[[], None]:
    """Draw the choices and the figures, and return a function that draws the final values.

    All are redrawn twice a second while one of the runs is active.
    """
    specs = [run.spec for run in runs]
    there = measured(runs)
    names = metrics.offered(there)
    if not names:
        st.info(
            "These runs have measured nothing yet. The figures appear when they start.",
            icon=":material/hourglass:",
        )
        return nothing
    with st.container(key="view-row", horizontal=True, gap="medium", vertical_alignment="bottom"):
        metric = one_of("metric", "Metric", names, {name: METRICS[name].label for name in names})
        layers = METRICS[metric].layers(there)
        layer = one_of("layer", "Layer", layers, middle=True) if layers else ""
        base = baseline(runs)
        several = knobs.facets(specs)
        words = {knob: knobs.title(knob) for knob in several}
        facet = one_of("facet", "Small multiples", [NONE, *several], words) if several else NONE
        over = page.over_seeds(specs)
    choices = partial(
        Choices, max(spec.steps for spec in specs), (layer,) if layer else (), statistic=over
    )
    for sentence in knobs.cautions(specs):
        st.caption(sentence)

    def body() -> None:
        progress.tell_trouble()
        if any(run.state in ACTIVE for run in runs) != active:
            st.rerun()
        draw(runs, metric, base, facet, choices)

    active = any(run.state in ACTIVE for run in runs)
    every = live.EVERY_S if active else None
    st.fragment(body, run_every=every)()
    last = partial(final_values, metric, choices(choice=base), runs)
    return st.fragment(last, run_every=every)


def nothing() -> None:
    """Draw nothing."""


def one_of(
    name: str,
    label: str,
    options: Sequence[str],
    words: dict[str, str] | None = None,
    middle: bool = False,
) -> str:
    """Draw a choice that the URL keeps, and return it.

    The default is the first option, or the middle one if `middle` is true. `words` are the labels
    of the options.
    """
    default, said = options[len(options) // 2 if middle else 0], words or {}
    if st.session_state.get(name) not in (None, *options):  # these runs do not have it
        st.session_state[name] = default
    link.restore({name: default}, link.one_of(options))
    st.selectbox(
        label,
        options,
        format_func=lambda option: said.get(option, option),
        key=name,
        persist_state="session",
        width=page.LAYERS_WIDTH * 2 // 3,
    )
    link.keep({name: default})
    return str(st.session_state[name])


def baseline(runs: list[Run]) -> str:
    """Let the reader choose a baseline, and return its id, shortened as in the URL.

    Return "" if all runs have the same label.
    """
    named = knobs.labels([run.spec for run in runs])
    firsts: dict[str, str] = {}
    for id, label in named.items():
        firsts.setdefault(label, id[: link.PREFIX])
    asked = st.session_state.get("baseline", st.query_params.get("baseline", ""))
    of = next((label for id, label in named.items() if asked and id.startswith(asked)), None)
    if of and asked != firsts[of]:  # a link may name any of its seeds
        st.session_state["baseline"] = firsts[of]
    if len(firsts) < 2:
        return ""
    return one_of(
        "baseline", "Baseline", list(firsts.values()), {id: label for label, id in firsts.items()}
    )


def measured(runs: list[Run]) -> DataFrame:
    """Return the pairs of metric and layer that these runs have measured."""
    return concat([run.measured() for run in runs]).drop_duplicates()


def draw(runs: list[Run], metric: str, base: str, facet: str, choices: partial[Choices]) -> None:
    """Draw the figures of the comparison and the downloads."""
    stamp, specs = live.stamp_of(runs), [run.spec for run in runs]
    shown = [("overlay", choices())]
    lost = comparison.unpaired(specs, base) if base else []
    if base and len(lost) < len(specs):
        shown.append(("difference", choices(choice=base)))
    takes: list[Takeaway] = []
    for column, (kind, chosen) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            takes.append(panel(f"{kind}-{metric}", stamp, chosen, runs))
    if lost:
        st.info(
            f"The baseline has no run with the same seed as {', '.join(lost)}, so no difference is "
            "drawn there."
        )
    if facet != NONE:
        chosen = choices(choice=facet, **({"statistic": EACH} if facet == "seed" else {}))
        takes.append(panel(f"multiples-{metric}", stamp, chosen, runs))
    whole_page(takes, f"Comparison of {METRICS[metric].label.lower()}")


def panel(name: str, stamp: Stamp, choices: Choices, runs: list[Run]) -> Takeaway:
    """Draw one figure, and return what can be exported of it."""
    view = view_of(stamp, name.partition("-")[2], runs)
    return live.draw_panel(
        comparison.COMPARISONS[name], stamp, chosen_in(view, choices), choices, runs
    )


def view_of(stamp: Stamp, metric: str, runs: list[Run]) -> View:
    """Return the view with the rows that a metric needs."""
    choices = Choices(max(run.spec.steps for run in runs))
    return live.view_of(stamp, choices, runs, [comparison.COMPARISONS[f"overlay-{metric}"]])


def chosen_in(view: View, choices: Choices) -> View:
    """Return the view with the reader's choices."""
    return replace(view, layers=choices.layers, choice=choices.choice, statistic=choices.statistic)


def final_values(metric: str, choices: Choices, runs: list[Run]) -> None:
    """Draw the table of final values and its CSV download."""
    stamp = live.stamp_of(runs)
    view = chosen_in(view_of(stamp, metric, runs), choices)
    numbers = finals(metric, stamp, choices, view)
    about = METRICS[metric].label + (f", {choices.layers[0]}" if choices.layers else "")
    interval = over(METRICS[metric], view.statistic) if view.averaged else ""
    st.markdown(f"#### Final values\n{about}: mean over the last tenth of the steps.{interval}")
    shown, written = (
        readable(numbers, view, METRICS[metric].percent),
        formats(METRICS[metric].percent),
    )
    st.dataframe(shown, hide_index=True, column_config=written, placeholder="–", key="final-values")
    offer("Final values, CSV", f"final-{metric}", "csv", lambda: export.table(numbers, "csv"))


@st.cache_resource(max_entries=64, show_spinner=False)
def finals(metric: str, stamp: Stamp, choices: Choices, _view: View) -> DataFrame:
    """Return the final values of these runs, cached until the runs change."""
    return comparison.finals(_view, METRICS[metric])


def over(metric: Metric, statistic: str) -> str:
    """Say how the seeds are summed up: the values of a metric, and differences if otherwise."""
    own, plain = scale_of(metric.quantity).interval(statistic), PLAIN.interval(statistic)
    return f" Over seeds: {own}" + (f"; of differences, {plain}." if own != plain else ".")


NAMES = {
    "label": "Run",
    "seed": "Seed",
    "n": "n",
    "value": "Mean",
    "value_from": "from",
    "value_to": "to",
    "difference": "Minus baseline",
    "difference_from": "from ",
    "difference_to": "to ",
    "diverged": "Diverged",
}


DIFFERENCES = ("difference", "difference_from", "difference_to")


def readable(numbers: DataFrame, view: View, percent: bool) -> DataFrame:
    """Return the informative columns as shown, with differences of percentages in points."""
    silent = {"seed" if view.averaged else "n"} | (
        set() if numbers["diverged"].any() else {"diverged"}
    )
    shown = numbers[[name for name in NAMES if name in numbers and name not in silent]]
    if percent:
        shown = shown.assign(**{name: 100 * shown[name] for name in DIFFERENCES if name in shown})
    return shown.rename(columns=NAMES)


def formats(percent: bool) -> dict[str, Any]:
    """Return the number format of each column."""
    kinds = (
        {"value": "percent", "difference": "%+.1f points"}
        if percent
        else {"value": "%.4g", "difference": "%+.4g"}
    )
    return {
        NAMES[name]: st.column_config.NumberColumn(format=format)
        for kind, format in kinds.items()
        for name in NAMES
        if name.startswith(kind)
    }
