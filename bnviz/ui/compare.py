"""Any runs side by side: a table to choose them in, one metric of theirs, differences to a baseline, small multiples, final values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from pandas import DataFrame, concat

from bnviz import export, paths
from bnviz.analysis.seeds import STATISTICS
from bnviz.figures import comparison, knobs, metrics
from bnviz.figures.metrics import METRICS
from bnviz.figures.panel import EACH, View
from bnviz.presets import PRESETS
from bnviz.runs.store import ACTIVE, Run, Store
from bnviz.spec import RunSpec
from bnviz.training.norms import NORMS
from bnviz.ui import link, live, page
from bnviz.ui.controls import MOST_RUNS
from bnviz.ui.export import offer, whole_page
from bnviz.ui.live import Choices, Stamp
from bnviz.words import shorten

PARAMETERS = ("runs", "metric", "layer", "baseline", "facet", "over")
SHIPPED = "class"  # the preset whose runs are compared at first
NONE = "none"  # no small multiples
ROW, HEAD, MOST_ROWS = 35, 40, 7  # of the table: pixels, and lines before it scrolls


def compare_page(doc: str | None) -> None:
    """The whole page."""
    page.text(doc)
    link.warn_of_unknown(PARAMETERS)
    runs = [run for run in Store().all_runs()[::-1] if run.readable]
    if not runs:
        st.info(
            "No runs yet. The figure pages and `python -m bnviz run` make them.",
            icon=":material/inbox:",
        )
        return
    chosen = choose(runs)
    if len(chosen) > MOST_RUNS:
        st.error(f"{len(chosen)} runs are chosen; compare at most {MOST_RUNS} at a time.")
    elif chosen:
        side_by_side(chosen)
    else:
        st.info(
            "Choose runs in the table above: two or more, to see what differs.",
            icon=":material/checklist:",
        )


# Which runs


def choose(runs: list[Run]) -> list[Run]:
    """Filter, table and selection; the address says what is selected."""
    restore(runs)
    with st.expander("Runs", icon=":material/checklist:", expanded=True):
        found = filtered(runs)
        if found:
            select(found)
        else:
            st.info(
                "No run fits this filter: take out a word or a pill.",
                icon=":material/filter_alt_off:",
            )
        here = {run.id: run for run in runs}
        chosen = [here[id] for id in st.session_state["chosen"] if id in here]
        hidden = len({run.id for run in chosen} - {run.id for run in found})
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Clear", icon=":material/close:", disabled=not chosen, key="clear"):
                forget()
            besides = f", {hidden} of them not in this list" if hidden else ""
            st.markdown(f"{len(chosen)} of {len(runs)} runs chosen{besides}.")
    st.session_state["runs"] = [run.id[: link.PREFIX] for run in chosen]
    link.keep({"runs": at_first(runs)})
    return chosen


def restore(runs: list[Run]) -> None:
    """What is chosen at first: what the address says, else the shipped runs. An id that is no run's costs one sentence."""
    link.own(["chosen", "listed", "find", "find-norm", "find-task"])
    if "chosen" in st.session_state:
        return
    said = st.query_params.get("runs")
    asked = at_first(runs) if said is None else link.parse(said, [])
    matches = {prefix: [run.id for run in runs if run.id.startswith(prefix)] for prefix in asked}
    lost = [prefix for prefix, ids in matches.items() if len(ids) != 1]
    if lost:
        link.warn(
            f"The link asks for runs that are not here: {', '.join(map(shorten, lost[:5]))}{' and others' * (len(lost) > 5)}. "
            f"They are left out; a run is named by the first {link.PREFIX} digits of its id."
        )
    st.session_state["chosen"] = [ids[0] for ids in matches.values() if len(ids) == 1]


def at_first(runs: list[Run]) -> list[str]:
    """The shipped runs of the first comparison, as far as they are here, as the address has them."""
    here = {run.id for run in runs}
    return [spec.id[: link.PREFIX] for spec in PRESETS[SHIPPED].specs() if spec.id in here]


def forget() -> None:
    """Choose nothing, in a table that knows of no selection."""
    st.session_state["chosen"] = []
    st.session_state.pop("listed", None)
    st.rerun()


def filtered(runs: list[Run]) -> list[Run]:
    """Those that the reader looks for."""
    norms = [norm for norm in NORMS if norm in {run.spec.norm for run in runs}]
    tasks = sorted({task(run) for run in runs})
    with st.container(horizontal=True):
        words = st.text_input(
            "Filter",
            key="find",
            persist_state="session",
            placeholder="batch dln 1e-06",
            help="All of these words, in the question or the id.",
            width=page.LAYERS_WIDTH,
        )
        nets = pills("Normalisation", norms, "find-norm", lambda norm: NORMS[norm].label)
        about = pills("Model and data", tasks, "find-task", str)
    return [
        run
        for run in runs
        if (not nets or run.spec.norm in nets)
        and (not about or task(run) in about)
        and matches(words, haystack(run))
    ]


NAMED = {"seed", "lr", "depth", "momentum"}  # a number after these is theirs


def matches(words: str, text: str) -> bool:
    """Whether a text has all of these words; a number is a whole one, and one after a setting's name is that setting's."""
    looked_for = re.findall(
        rf"(?:{'|'.join(NAMED)}) [\d.][\w.+-]*|\S+", words.lower().replace(",", "")
    )
    text = text.replace(",", "")
    return all(
        re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text)
        if NUMBER.search(word)
        else word in text
        for word in looked_for
    )


NUMBER = re.compile(r"^(\w+ )?[\d.]+(e[+-]?\d+)?$")


def pills(label: str, options: list[str], key: str, words: Callable[[str], str]) -> list[str]:
    """Some of a few."""
    chosen = st.pills(
        label,
        options,
        selection_mode="multi",
        format_func=words,
        key=key,
        persist_state="session",
        wrap=True,
    )
    return list(chosen)


def task(run: Run) -> str:
    """Model and data."""
    return f"{run.spec.model} · {run.spec.data}"


def haystack(run: Run) -> str:
    """What a filter looks in."""
    return f"{run.spec.norm} {run.spec.summary()} {run.id}".lower()


def select(found: list[Run]) -> None:
    """The table; what is ticked in it is chosen, and what is chosen but not in it stays so."""
    before = list(st.session_state["chosen"])
    found, key = listed(found, before)
    ticked = [row for row, run in enumerate(found) if run.id in before]
    event = st.dataframe(
        table(tuple(run.id for run in found), tuple(run.state for run in found), found),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": ticked}},
        height=HEAD + ROW * min(len(found), MOST_ROWS),
        key=key,
    )
    now = [found[row].id for row in event["selection"]["rows"] if row < len(found)]
    unseen = set(before) - {run.id for run in found}
    kept = [id for id in before if id in unseen or id in now]
    st.session_state["chosen"] = kept + [id for id in now if id not in before]


def listed(found: list[Run], chosen: list[str]) -> tuple[list[Run], str]:
    """The lines of the table, chosen runs first, and its key.

    Lines are selected by number: as long as the same runs are found their order stays, and other runs are another table.
    """
    state, by_id = st.session_state, {run.id: run for run in found}
    if set(state.get("listed", ())) != set(by_id):
        state["listed"] = sorted(by_id, key=lambda id: id not in chosen)
        state["tables"] = state.get("tables", 0) + 1
    return [by_id[id] for id in state["listed"]], f"compare-{state['tables']}"


@st.cache_resource(max_entries=16, show_spinner=False)
def table(ids: tuple[str, ...], states: tuple[str, ...], _runs: list[Run]) -> DataFrame:
    """One line a run: what varies between them, how each stands and where it is from."""
    specs = [run.spec for run in _runs]
    columns = {
        "Seed": [spec.seed for spec in specs],
        "Steps": [spec.steps for spec in specs],
        "State": states,
    }
    columns |= {
        "Source": ["shipped" if run.folder.parent == paths.GALLERY else "yours" for run in _runs],
        "Id": ids,
    }
    varying = [knob for knob in knobs.differing(specs, knobs.TRAINING) if knob != "steps"]
    return DataFrame({knobs.title(knob): cells(specs, knob) for knob in varying} | columns)


def cells(specs: list[RunSpec], knob: str) -> list[Any]:
    """A knob in the table: numbers are sorted as such."""
    values = [knobs.value(spec, knob) for spec in specs]
    return (
        values if isinstance(values[0], int | float) else [knobs.text(spec, knob) for spec in specs]
    )


# What of them


def side_by_side(runs: list[Run]) -> None:
    """The choices, the figures and the final values; twice a second while one of the runs is at work."""
    specs = [run.spec for run in runs]
    there = measured(runs)
    names = metrics.offered(there)
    if not names:
        st.info(
            "Nothing measured yet in these runs; this page fills when they begin.",
            icon=":material/hourglass:",
        )
        return
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        metric = one_of("metric", "Metric", names, {name: METRICS[name].label for name in names})
        layers = METRICS[metric].layers(there)
        layer = one_of("layer", "Layer", layers, middle=True) if layers else ""
        base = baseline(runs)
        several = knobs.facets(specs)
        words = {knob: knobs.title(knob) for knob in several}
        facet = one_of("facet", "Small multiples", [NONE, *several], words) if several else NONE
        over = page.over_seeds(specs)
        link.copy_button()
    choices = partial(
        Choices, max(spec.steps for spec in specs), (layer,) if layer else (), statistic=over
    )
    for sentence in knobs.cautions(specs):
        st.caption(sentence)

    def body() -> None:
        live.tell_trouble()
        if any(run.state in ACTIVE for run in runs) != active:
            st.rerun()
        draw(runs, metric, base, facet, choices)

    active = any(run.state in ACTIVE for run in runs)
    st.fragment(body, run_every=live.EVERY_S if active else None)()


def one_of(
    name: str,
    label: str,
    options: Sequence[str],
    words: dict[str, str] | None = None,
    middle: bool = False,
) -> str:
    """A choice that is in the address: at first the first of the options, or the middle one."""
    default, said = options[len(options) // 2 if middle else 0], words or {}
    if st.session_state.get(name) not in (None, *options):  # chosen among other runs
        st.session_state[name] = default
    link.restore(
        {name: default},
        lambda _, text: "" if text in options else f"it must be one of {', '.join(options)}",
    )
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
    """The run, as the address has it, whose label the others are compared with; "" where there is no other."""
    named = knobs.labels([run.spec for run in runs])
    firsts: dict[str, str] = {}
    for id, label in named.items():
        firsts.setdefault(label, id[: link.PREFIX])
    asked = st.session_state.get("baseline", st.query_params.get("baseline", ""))
    of = next((label for id, label in named.items() if asked and id.startswith(asked)), None)
    if of and asked != firsts[of]:  # another seed of the same
        st.session_state["baseline"] = firsts[of]
    if len(firsts) < 2:
        return ""
    return one_of(
        "baseline", "Baseline", list(firsts.values()), {id: label for label, id in firsts.items()}
    )


def measured(runs: list[Run]) -> DataFrame:
    """The pairs of metric and layer that these runs have rows of."""
    return concat([run.measured() for run in runs]).drop_duplicates()


def stamp_of(runs: list[Run]) -> Stamp:
    """What their figures are drawn from."""
    return tuple(live.newest(run) for run in runs)


# Figures and final values


def draw(runs: list[Run], metric: str, base: str, facet: str, choices: partial[Choices]) -> None:
    """Every figure of the comparison, and its table."""
    stamp, specs = stamp_of(runs), [run.spec for run in runs]
    shown = [("overlay", choices())]
    lost = comparison.unpaired(specs, base) if base else []
    if base and len(lost) < len(specs):
        shown.append(("difference", choices(choice=base)))
    takes = []
    for column, (kind, chosen) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            takes.append(panel(f"{kind}-{metric}", stamp, chosen, runs))
    if lost:
        st.info(
            f"The baseline has no run of the same seed for {', '.join(lost)}: no difference there."
        )
    if facet != NONE:
        chosen = choices(choice=facet, **({"statistic": EACH} if facet == "seed" else {}))
        takes.append(panel(f"multiples-{metric}", stamp, chosen, runs))
    final_values(metric, stamp, choices(choice=base), runs)
    whole_page(takes, f"Comparison of {METRICS[metric].label.lower()}")


def panel(name: str, stamp: Stamp, choices: Choices, runs: list[Run]) -> Any:
    """One figure; what there is to take along of it."""
    view = view_of(stamp, name.partition("-")[2], runs)
    return live.draw_panel(
        comparison.COMPARISONS[name], stamp, chosen_in(view, choices), choices, runs
    )


def view_of(stamp: Stamp, metric: str, runs: list[Run]) -> View:
    """The rows of these runs that a metric needs."""
    choices = Choices(max(run.spec.steps for run in runs))
    return live.view_of(stamp, choices, runs, [comparison.COMPARISONS[f"overlay-{metric}"]])


def chosen_in(view: View, choices: Choices) -> View:
    """The view with what the reader chose."""
    return replace(view, layers=choices.layers, choice=choices.choice, statistic=choices.statistic)


def final_values(metric: str, stamp: Stamp, choices: Choices, runs: list[Run]) -> None:
    """The table of final values, and its CSV."""
    view = chosen_in(view_of(stamp, metric, runs), choices)
    numbers = finals(metric, stamp, choices, view)
    about = METRICS[metric].label + (f", {choices.layers[0]}" if choices.layers else "")
    interval = (
        f" The interval is the {STATISTICS[view.statistic]} over seeds." if view.averaged else ""
    )
    st.markdown(f"#### Final values\n{about}: mean of the last tenth of the steps.{interval}")
    shown, written = (
        readable(numbers, view, METRICS[metric].percent),
        formats(METRICS[metric].percent),
    )
    st.dataframe(shown, hide_index=True, column_config=written, placeholder="–", key="final-values")
    offer("Final values, CSV", f"final-{metric}", "csv", lambda: export.table(numbers, "csv"))


@st.cache_resource(max_entries=64, show_spinner=False)
def finals(metric: str, stamp: Stamp, choices: Choices, _view: View) -> DataFrame:
    """The final values of these runs."""
    return comparison.finals(_view, METRICS[metric])


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
    """The columns that say something, as the reader sees them; differences of percentages are points."""
    silent = {"seed" if view.averaged else "n"} | (
        set() if numbers["diverged"].any() else {"diverged"}
    )
    shown = numbers[[name for name in NAMES if name in numbers and name not in silent]]
    if percent:
        shown = shown.assign(**{name: 100 * shown[name] for name in DIFFERENCES if name in shown})
    return shown.rename(columns=NAMES)


def formats(percent: bool) -> dict[str, Any]:
    """How numbers are written."""
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
