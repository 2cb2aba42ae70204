"""The last result: its lines stay faint beneath the new ones when the reader changes a setting."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui.progress import existing


def before(place: str, specs: Sequence[RunSpec]) -> tuple[str, ...]:
    """Return the ids of the runs that were shown before the last change of a setting.

    Only those of the networks asked for now count, and none that is shown now. `place` names the
    page and the preset: another preset is another question, which nothing precedes.
    """
    asked, shown = tuple(spec.id for spec in specs), st.session_state.setdefault("shown", {})
    now, earlier = shown.get(place, ((), ()))
    if asked != now:
        now, earlier = asked, now
        if existing(specs):
            shown[place] = now, earlier
    networks = {spec.norm for spec in specs}
    runs = [Store().run(id) for id in earlier if id not in asked]
    return tuple(run.id for run in runs if run.readable and run.spec.norm in networks)
