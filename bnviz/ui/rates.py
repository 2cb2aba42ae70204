"""The page Learning rates: which of the paper's networks to train, and their figures."""

from __future__ import annotations

import streamlit as st

from bnviz.figures.panel import Grid
from bnviz.figures.rates import RATES_ACCURACY, SPEED_UP
from bnviz.presets import PRESETS, shipped
from bnviz.presets.ioffe_2015 import RATES, SCALE
from bnviz.spec import RunSpec
from bnviz.ui import controls, download, ensembles, link, live, measure, page, progress
from bnviz.ui.about import About, heading

GRID: Grid = [[RATES_ACCURACY], [SPEED_UP]]
LABELS = {preset.name: preset.label for preset in RATES}
AT_FIRST = {"seed": 0, "keep_weights": False}
HIGHEST_SEED = 2**31 - 1
PARAMETERS = ("rates", "seed", "keep_weights")


def rates_page(doc: str | None) -> None:
    """Draw the page."""
    words = About.of(doc)
    heading(words, "learning_rates")
    link.warn_of_unknown(PARAMETERS)
    ready = [preset.name for preset in RATES if shipped(preset)]
    with st.container(key="controls", horizontal=True, gap="medium", vertical_alignment="bottom"):
        specs = pick_networks(ready or list(LABELS))
        if specs:
            page.run_bar(specs, progress.states(specs))
    if not specs:
        st.info("Choose at least one network.", icon=":material/arrow_upward:")
        return
    for name in page.absent(specs):
        download.offer(name)
    chosen = live.Choices(max(spec.steps for spec in specs))
    live.show(
        specs,
        GRID,
        chosen,
        ", ".join(LABELS[name] for name in ready),
        too=measure.offer,
        beside=live.Prose(words.text, SCALE, words.limits),
    )
    ensembles.section(specs)


def pick_networks(at_first: list[str]) -> list[RunSpec]:
    """Let the reader choose networks and the seed, and return the settings of their runs.

    The page opens with the networks `at_first`. Whether the runs keep their weights is chosen in
    `ensembles.section`.
    """
    link.restore({"rates": at_first}, lambda _, text: unknown(text))
    st.pills(
        "Networks",
        list(LABELS),
        selection_mode="multi",
        format_func=LABELS.__getitem__,
        key="rates",
        persist_state="session",
    )
    link.restore(AT_FIRST, controls.problem_with)
    st.number_input("Seed", 0, HIGHEST_SEED, step=1, key="seed", persist_state="session", width=100)
    link.keep({"rates": at_first} | AT_FIRST)
    names = [name for name in LABELS if name in st.session_state["rates"]]
    changed = {
        "seed": int(st.session_state["seed"]),
        "keep_weights": st.session_state["keep_weights"],
    }
    return [spec for name in names for spec in PRESETS[name].specs(**changed)]


def unknown(text: str) -> str:
    """Return what is wrong with the networks in the URL, or ""."""
    fits = {part.strip() for part in text.split(",")} <= set(LABELS)
    return "" if fits else f"it takes some of {', '.join(LABELS)}"
