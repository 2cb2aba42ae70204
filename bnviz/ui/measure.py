"""A button that trains the same networks again and measures what was not measured before."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bnviz import presets
from bnviz.figures.panel import Lacking, Panel
from bnviz.spec import RunSpec
from bnviz.ui import asking, widgets
from bnviz.words import duration


def offer(panel: Panel, specs: Sequence[RunSpec], lacking: Lacking, first: bool) -> None:
    """Say in place of a figure that its numbers were not measured.

    The first of several such figures gets the button that measures them.
    """
    st.markdown(f"#### {panel.title}\n{panel.reading}")
    if not first:
        st.info(
            "These runs have not measured this either. The button above measures both.",
            icon=":material/straighten:",
        )
        return
    st.info("These runs have not measured this.", icon=":material/straighten:")
    with_it = [asked(spec, lacking) for spec in specs]
    seconds = asking.machine().seconds(asking.unfinished(with_it))
    pressed = st.button(
        f"Measure it too (about {duration(seconds)})",
        icon=":material/play_arrow:",
        key=f"measure-{panel.name}",
        on_click=turn_on,
        args=(lacking, with_it),
        help="Trains the same networks again, from the same weights on the same batches, and "
        "measures this as well.",
    )
    if pressed:
        st.rerun()  # the whole page: its settings have changed


def asked(spec: RunSpec, lacking: Lacking) -> RunSpec:
    """Return the same run with the missing probes and settings added."""
    probes = spec.probes | lacking.probes
    return RunSpec.of(**spec.model_dump() | lacking.settings | {"probes": probes})


def turn_on(lacking: Lacking, specs: list[RunSpec]) -> None:
    """Change the page's settings, and start the runs.

    If their data are missing nothing starts, and the page says how to get them.
    """
    st.session_state.update(lacking.settings)
    st.session_state.update(
        {widgets.INTERVAL + name: every for name, every in lacking.probes.items()}
    )
    if not presets.missing(specs):
        asking.request(specs)
