"""Parts of a page that our own scripts draw in the browser."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_HERE = Path(__file__).parent


def together(*names: str) -> str:
    """Return the content of these files of this folder as one text."""
    return "".join((_HERE / name).read_text("utf-8") for name in names)


def custom(name: str, *scripts: str, html: str = "", styles: str = "") -> ComponentRenderer:
    """Return the Streamlit component that draws a part of a page.

    `scripts` and `styles` are files of this folder. The scripts become one module in the browser.
    """
    return st.components.v2.component(
        f"bnviz_{name}",
        html=html or None,
        css=together(styles) if styles else None,
        js=together(*scripts),
        isolate_styles=False,
    )
