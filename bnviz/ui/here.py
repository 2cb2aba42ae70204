"""Networks that a reader trains on the spot, in the tour or on a slide, and their figure."""

from __future__ import annotations

import streamlit as st

from bnviz.figures import PANELS
from bnviz.story.tour import Live
from bnviz.ui import last, live, page, progress


def train(wanted: Live) -> None:
    """Draw what will be seen, the button that starts the runs, and their figure."""
    st.markdown(wanted.ask)
    with st.container(key="train", horizontal=True, vertical_alignment="bottom", gap="small"):
        lr = None
        if wanted.rates:
            lr = st.select_slider("Learning rate η", wanted.rates, key="rate", width=240)
        specs = wanted.specs(0, lr)
        page.run_bar(specs, progress.states(specs))
    before = last.before(f"here {wanted.preset} {wanted.panel}", specs)
    live.show(specs, [[PANELS[wanted.panel]]], live.Choices(specs[0].steps, before=before))
