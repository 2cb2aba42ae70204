"""The first page: the question, told on finished runs, and one button that trains three networks before the reader's eyes."""

from __future__ import annotations

import streamlit as st

from bnviz import analysis, figures
from bnviz.presets import PRESETS
from bnviz.ui import link, live, page
from bnviz.ui.live import Panel, View

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


def middle(view: View) -> list[str]:
    """One layer stands for all on this page."""
    return list(view.layers)


GRID = [
    [
        Panel(
            "It trains faster",
            "BatchNorm leaves chance early, and noisy BatchNorm with it.",
            lambda view: analysis.smooth(view.rows, "train_accuracy", 20),
            lambda numbers, view: figures.training_accuracy(numbers, view.time),
        ),
        Panel(
            "But not by stable distributions",
            "What enters one ReLU: noise makes the quantiles jump at every step, and training hardly minds.",
            lambda view: analysis.quantile_bands(view.rows, middle(view), pooled=False),
            lambda numbers, view: figures.quantile_bands(numbers, view.time),
        ),
    ],
    [
        Panel(
            "Nor by less covariate shift",
            "How much the layers below disturb a layer's gradient: BatchNorm is no nearer to the ideal, cosine 1 and distance 0.",
            lambda view: analysis.covariate_shift(view.rows, middle(view)),
            lambda numbers, view: figures.covariate_shift(numbers, view.time),
        ),
        Panel(
            "Is the landscape smoother?",
            "How far the loss ranges along the gradient, from half a step to four: look for the narrower band.",
            lambda view: analysis.landscape_bands(view.rows),
            lambda numbers, view: figures.loss_band(numbers, view.time),
        ),
    ],
]
