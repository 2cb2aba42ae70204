"""The page Learning rates: which of the paper's networks to train, and their figures."""

from __future__ import annotations

import streamlit as st

from bnviz.figures.panel import EACH, Grid
from bnviz.figures.rates import RATES_ACCURACY, SPEED_UP
from bnviz.presets import PRESETS, shipped
from bnviz.presets.ioffe_2015 import RATES, SCALE
from bnviz.spec import RunSpec, SpecError
from bnviz.ui import controls, download, ensembles, link, live, measure, page, progress, widgets
from bnviz.ui.about import About, heading

GRID: Grid = [[RATES_ACCURACY], [SPEED_UP]]
LABELS = {preset.name: preset.label for preset in RATES}
AT_FIRST = {"seed": "0", "keep_weights": False}
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
    if not st.session_state["rates"]:
        st.info("Choose at least one network.", icon=":material/arrow_upward:")
    if not specs:
        return
    for name in page.absent(specs):
        download.offer(name)
    several = len({spec.seed for spec in specs}) > 1
    chosen = live.Choices(max(spec.steps for spec in specs), statistic="t" if several else EACH)
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
    """Let the reader choose networks and seeds, and return the settings of their runs.

    The page opens with the networks `at_first`. Whether the runs keep their weights is chosen in
    `ensembles.section`. If these cannot be run, a sentence says why, and nothing is returned.
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
    widgets.knob("seed", width=widgets.ROW["seed"])
    link.keep({"rates": at_first} | AT_FIRST)
    names = [name for name in LABELS if name in st.session_state["rates"]]
    seeds, kept = controls.value_of("seed"), st.session_state["keep_weights"]
    if excess := controls.too_many(len(names) * len(seeds)):
        st.error(excess)
        return []
    try:
        return [
            spec
            for name in names
            for seed in seeds
            for spec in PRESETS[name].specs(seed=seed, keep_weights=kept)
        ]
    except SpecError as problem:
        st.error(controls.complaint(problem))
        return []


def unknown(text: str) -> str:
    """Return what is wrong with the networks in the URL, or ""."""
    fits = {part.strip() for part in text.split(",")} <= set(LABELS)
    return "" if fits else f"it takes some of {', '.join(LABELS)}"
