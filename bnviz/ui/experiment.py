"""The drawing of the experiment: network, BatchNorm and noise, and what each probe reads."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import streamlit as st

from bnviz.story.tour import Part

# What each page on the 2018 paper is about.
PARTS: dict[str, Part] = {
    "training": "end",
    "distributions": "distributions",
    "covariate_shift": "shift",
    "landscape": "walk",
    "norms": "batchnorm",
    "surface": "walk",
    "theory": "batchnorm",
}
PICTURE = (files("bnviz.story") / "experiment.svg").read_text("utf-8")
_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "bnviz_experiment",
    html=PICTURE,
    css=(_HERE / "experiment.css").read_text("utf-8"),
    js=(_HERE / "experiment.js").read_text("utf-8"),
    isolate_styles=False,
)


def experiment(lit: Part) -> None:
    """Draw the experiment, with one of its parts lit up, or none if it is ""."""
    with st.container(key="experiment"):
        _component(key="experiment-drawing", data={"lit": lit})
