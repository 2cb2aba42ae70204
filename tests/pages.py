"""Helpers that open a page of the dashboard and read what it shows."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from bnviz.figures.formulas import RAISED
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from tests.conftest import ALL_PROBES

MARK = re.compile(r'<span class="bnviz-term" tabindex="0" data-means="([^"]*)">([^<]*)</span>')
LOWERED = {raised: chr(digit) for digit, raised in RAISED.items()}
TINY: dict[str, Any] = {
    "width": 1 / 32,
    "batch": 16,
    "steps": 6,
    "surface_grid": 3,
    "theory_units": 1,
    # the paper's noise, so that the runs of `quick` are those of other presets too
    "noise_mean": 0.5,
    "noise_mean_spread": 0.1,
    "noise_scale": 1.25,
    "noise_scale_spread": 0.1,
}
TINY_RUNS = PRESETS["quick"].specs(**TINY, probes=ALL_PROBES)
ADDRESSES = {  # the URL parameters that these pages need to show the tiny runs
    "norms": {"networks": "none,batch,noisy"},
    "surface": {"preset": "surface", "norm": "none,batch,noisy"},
    "theory": {
        "preset": "theory-vgg",
        "norm": "none,batch,noisy",
        "init": "he_normal",
        "lr": "0.02",
        "precision": "float32",
    },
}


def page(name: str, **address: str) -> AppTest:
    """Open a page by a link with these URL parameters."""
    opened = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    for parameter, text in address.items():
        opened.query_params[parameter] = text
    return opened.run()


def tiny(name: str, **address: str) -> AppTest:
    """Open a figure page by a link with the settings of the tiny runs."""
    settings = {"preset": "quick"} | {name: str(value) for name, value in TINY.items()}
    return page(
        name,
        **settings
        | {f"every_{probe}": str(every) for probe, every in ALL_PROBES.items()}
        | address,
    )


def drawer(opened: AppTest) -> AppTest:
    """Open the drawer with the settings of a page, until the next run of the page."""
    return opened.button(key="settings-button").click().run()


def text(opened: AppTest) -> str:
    """Return the texts of a page, without the marks of words that the glossary explains."""
    return MARK.sub(r"\2", "\n".join(part.value for part in opened.markdown))


def plots(opened: AppTest) -> list[dict[str, Any]]:
    """Return what the page sends to the browser for each of its figures."""
    return [
        json.loads(component.proto.bytes)
        for component in opened.get("bidi_component")
        if component.proto.bytes
    ]


def cells(markdown: str) -> list[list[str]]:
    """Return the rows of a table in Markdown, without the table's header."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    return [row[2:-2].split(" | ") for row in rows[2:]]


def value(cell: str) -> float | str:
    """Return the number in a cell, or its text if it is not a number."""
    text = cell.strip().replace("−", "-").replace("·10", "e").translate(LOWERED)
    try:
        return float(text)
    except ValueError:
        return text


def sentences(opened: AppTest) -> list[str]:
    """Return the texts of the page's warnings, errors and notes."""
    return [shown.value for shown in [*opened.warning, *opened.error, *opened.info]]


def numbers(array: Any) -> list[float]:
    """Return a plotly array as a list, whether or not it is base64-encoded."""
    return (
        list(np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]))
        if isinstance(array, dict)
        else array
    )
