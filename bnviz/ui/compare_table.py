"""The table on the Compare page: the reader filters all runs and ticks those to compare."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st
from pandas import DataFrame

from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.training.norms import NORMS
from bnviz.ui import link, page
from bnviz.ui.runs import COLUMNS, HEAD, ROW, line
from bnviz.words import shorten

SHIPPED = "deep"  # the preset whose runs are compared at first
MOST_ROWS = 10  # rows before the table scrolls
NAMED = {"seed", "lr", "depth", "momentum"}  # settings that a filter reads with the number after
NUMBER = re.compile(r"^(\w+ )?[\d.]+(e[+-]?\d+)?$")


def choose(runs: list[Run]) -> list[Run]:
    """Draw the filter and the table, and return the chosen runs.

    The URL keeps the selection.
    """
    restore(runs)
    with st.expander("Runs", icon=":material/checklist:", expanded=True):
        found = filtered(runs)
        if found:
            select(found)
        else:
            st.info(
                "No run matches this filter. Remove a word or a pill.",
                icon=":material/filter_alt_off:",
            )
        here = {run.id: run for run in runs}
        chosen = [here[id] for id in st.session_state["chosen"] if id in here]
        hidden = len({run.id for run in chosen} - {run.id for run in found})
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Clear", icon=":material/close:", disabled=not chosen, key="clear"):
                forget()
            besides = f", {hidden} of them hidden by the filter" if hidden else ""
            st.markdown(f"{len(chosen)} of {len(runs)} runs chosen{besides}.")
    st.session_state["runs"] = [run.id[: link.PREFIX] for run in chosen]
    link.keep({"runs": at_first(runs)})
    return chosen


def restore(runs: list[Run]) -> None:
    """Choose the runs in the URL at the first visit, or else the shipped runs.

    Ids in the URL that match no run, or several, are reported in one sentence and left out.
    """
    link.own(["chosen", "listed", "find", "find-norm", "find-task"])
    if "chosen" in st.session_state:
        return
    said = st.query_params.get("runs")
    asked = at_first(runs) if said is None else link.parse(said, [])
    matches = {prefix: [run.id for run in runs if run.id.startswith(prefix)] for prefix in asked}
    lost = [prefix for prefix, ids in matches.items() if len(ids) != 1]
    if lost:
        more = " and others" if len(lost) > 5 else ""
        link.warn(
            f"The link asks for runs that are not here: {', '.join(map(shorten, lost[:5]))}{more}. "
            f"They are left out. A run is named by the first {link.PREFIX} digits of its id."
        )
    st.session_state["chosen"] = [ids[0] for ids in matches.values() if len(ids) == 1]


def at_first(runs: list[Run]) -> list[str]:
    """Return the ids of the shipped runs of all seeds, shortened as in the URL."""
    here, preset = {run.id for run in runs}, PRESETS[SHIPPED]
    asked = [spec.id for seed in preset.ships for spec in preset.specs(seed=seed)]
    return [id[: link.PREFIX] for id in asked if id in here]


def forget() -> None:
    """Clear the selection."""
    st.session_state["chosen"] = []
    st.session_state.pop("listed", None)  # a new table, because Streamlit keeps the old one's ticks
    st.rerun()


def filtered(runs: list[Run]) -> list[Run]:
    """Draw the filter, and return the runs that match it."""
    norms = [norm for norm in NORMS if norm in {run.spec.norm for run in runs}]
    tasks = sorted({task(run) for run in runs})
    with st.container(horizontal=True):
        words = st.text_input(
            "Filter",
            key="find",
            persist_state="session",
            placeholder="batch dln 1e-06",
            help="A run matches if its network, settings and id contain all of these words. "
            "A number after seed, lr, depth or momentum is the value of that setting.",
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


def matches(words: str, text: str) -> bool:
    """Return whether `text` contains all of these words.

    A number only matches a whole number: "1" does not match "0.1". After the name of a setting in
    `NAMED` it only matches that setting: "seed 1" does not match "steps 1". The word "batch" means
    BatchNorm, because every run has a batch size.
    """
    looked_for = re.findall(
        rf"(?:{'|'.join(NAMED)}) [\d.][\w.+-]*|\S+", words.lower().replace(",", "")
    )
    text = re.sub(r"\bbatch (?=\d)", "", text.replace(",", ""))
    return all(
        re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text)
        if NUMBER.search(word)
        else word in text
        for word in looked_for
    )


def pills(label: str, options: list[str], key: str, words: Callable[[str], str]) -> list[str]:
    """Draw pills, and return the chosen options."""
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
    """Return the model and the data of a run, as the filter shows them."""
    return f"{run.spec.model} · {run.spec.data}"


def haystack(run: Run) -> str:
    """Return the text that the filter searches, in lower case."""
    return f"{run.spec.norm} {run.spec.summary()} {run.id}".lower()


def select(found: list[Run]) -> None:
    """Draw the table and choose the runs ticked in it.

    Chosen runs that the filter hides stay chosen.
    """
    before = list(st.session_state["chosen"])
    found, key = listed(found, before)
    ticked = [row for row, run in enumerate(found) if run.id in before]
    event = st.dataframe(
        table(tuple(run.id for run in found), tuple(run.state for run in found), found),
        column_config=COLUMNS,
        hide_index=True,
        placeholder="–",
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
    """Return the rows of the table, chosen runs first, and its widget key.

    Streamlit selects rows by number. So the order stays while the filter finds the same runs, and
    the key changes when it finds others.
    """
    state, by_id = st.session_state, {run.id: run for run in found}
    if set(state.get("listed", ())) != set(by_id):
        state["listed"] = sorted(by_id, key=lambda id: id not in chosen)
        state["tables"] = state.get("tables", 0) + 1
    return [by_id[id] for id in state["listed"]], f"compare-{state['tables']}"


@st.cache_resource(max_entries=16, show_spinner=False)
def table(ids: tuple[str, ...], states: tuple[str, ...], _runs: list[Run]) -> DataFrame:
    """Return the rows of the Runs page, without its links."""
    return DataFrame([line(run) for run in _runs]).drop(columns="Figures")
