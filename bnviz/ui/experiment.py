"""The drawing of the experiment: network, BatchNorm and noise, and what each probe reads."""

from __future__ import annotations

from importlib.resources import files

import streamlit as st

from bnviz.story.tour import Part
from bnviz.ui.custom import custom

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
_component = custom("experiment", "experiment.js", html=PICTURE, styles="experiment.css")


def experiment(lit: Part) -> None:
    """Draw the experiment, with one of its parts lit up, or none if it is ""."""
    with st.container(key="experiment"):
        _component(key="experiment-drawing", data={"lit": lit})
