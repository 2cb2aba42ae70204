"""The first page: the question, told on finished runs, and one button that trains three networks before the reader's eyes."""

from __future__ import annotations

import streamlit as st

from bnviz import analysis, figures
from bnviz.presets import PRESETS
from bnviz.ui import link, live, page, panels
from bnviz.ui.live import Panel

SHIPPED, QUICK = "class", "quick"
LABELS = {SHIPPED: "Finished runs on all of CIFAR-10", QUICK: "The quick comparison"}


def start_page(doc: str | None) -> None:
    """Finished runs at first; the quick comparison, live, once it is asked for."""
    page.text(doc)
    link.restore(
        {"show": SHIPPED}, lambda _, text: "" if text in (SHIPPED, QUICK) else f"it must be {SHIPPED} or {QUICK}"
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        st.button(
            "Train three networks now", type="primary", icon=":material/play_arrow:", on_click=run_quick, key="quick"
        )
        st.segmented_control(
            "Show",
            [SHIPPED, QUICK],
            required=True,
            key="show",
            persist_state="session",
            format_func=LABELS.__getitem__,
        )
    link.keep({"show": SHIPPED})
    preset = PRESETS[st.session_state["show"]]
    st.markdown(f"{preset.summary}")
    specs = preset.specs()
    live.show(
        specs, GRID, specs[0].steps, tuple(analysis.default_layers([b.name for b in specs[0].blocks()[:-1]])[1:2])
    )


def run_quick() -> None:
    """Ask for the quick comparison, and look at it."""
    page.start(PRESETS[QUICK].specs())
    st.session_state["show"] = QUICK


GRID = [
    [
        panels.training_accuracy("It trains faster", "BatchNorm leaves chance (10 %) first and stays ahead."),
        Panel(
            "Because its distributions are stable?",
            "What enters one ReLU. BatchNorm holds it level; noise makes it the least steady of all, and that network still "
            "learns faster than the plain one.",
            lambda view: analysis.quantile_bands(view.rows, view.layers, pooled=False),
            lambda numbers, view: figures.quantile_bands(numbers, view.time),
        ),
    ],
    [
        Panel(
            "Because of less covariate shift?",
            "How far the layers below turn one layer's gradient; ideal are distance 0 and cosine 1. In the beginning BatchNorm's "
            "is moved farther than the plain network's, not less.",
            lambda view: analysis.covariate_shift(view.rows, view.layers),
            lambda numbers, view: figures.covariate_shift(numbers, view.time),
        ),
        panels.loss_range(
            "Because its landscape is smoother?",
            "How far the loss ranges along the gradient, from half a step to four. Once the plain network moves at all, its "
            "band is several times as wide.",
        ),
    ],
]
