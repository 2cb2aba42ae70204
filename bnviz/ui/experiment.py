"""Drawings of the experiments: network, BatchNorm and noise, and what each probe reads."""

from __future__ import annotations

from importlib.resources import files

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from bnviz.story.tour import Part
from bnviz.ui.custom import custom

# What each page is about: a part of the experiment, or all of it.
PARTS: dict[str, Part] = {
    "training": "end",
    "distributions": "distributions",
    "covariate_shift": "shift",
    "landscape": "walk",
    "norms": "batchnorm",
    "surface": "walk",
    "theory": "batchnorm",
    "mnist": "distributions",
    "lenet": "end",
    "claims": "",
    "compare": "",
    "sweep": "",
}
OF_ITS_OWN = ("mnist", "lenet")  # pages whose networks are not VGGs


def picture(page: str) -> str:
    """Return the drawing of a page's experiment as SVG."""
    return (files("bnviz.story") / f"{name_of(page)}.svg").read_text("utf-8")


def name_of(page: str) -> str:
    """Return the name of a page's drawing. Most pages show the VGG of the 2018 paper."""
    return f"experiment_{page}" if page in OF_ITS_OWN else "experiment"


_DRAWINGS: dict[str, ComponentRenderer] = {
    name_of(page): custom(
        name_of(page), "experiment.js", html=picture(page), styles="experiment.css"
    )
    for page in ("", *OF_ITS_OWN)
}


def experiment(lit: Part, page: str = "") -> None:
    """Draw the experiment of a page, with one of its parts lit up, or none if it is ""."""
    with st.container(key="experiment"):
        _DRAWINGS[name_of(page)](key="experiment-drawing", data={"lit": lit})
