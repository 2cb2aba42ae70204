"""The conditions of Section 4 (2018) in three networks, computed once for all readers."""

from __future__ import annotations

import streamlit as st

from bnviz.runs.store import Store
from bnviz.story import theorems
from bnviz.ui import live
from bnviz.ui.live import Stamp


def networks() -> str:
    """Return the table of conditions as Markdown, from the runs that are finished now."""
    return made(live.stamp_of(theorems.runs(Store())))


@st.cache_resource(max_entries=8, show_spinner=False)
def made(stamp: Stamp) -> str:
    """Return the table of conditions, cached until its runs (`stamp`) change."""
    return theorems.table(theorems.conditions(Store()))
