"""The chart of the Claims page: a row for each claim, which a click or the keyboard opens.

The rows are buttons in a list and not a plotly figure, so that sentences wrap at any width and the
keyboard reaches every row. `claims_chart.js` draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from bnviz.claims import chart
from bnviz.claims.chart import Axis
from bnviz.claims.judging import FAILS, HOLDS, UNDECIDED, UNMEASURED, Verdict
from bnviz.ui.custom import custom

LOOKS = {  # verdict -> its name in claims_chart.js and .css, which give it a shape and a colour
    HOLDS: "holds",
    FAILS: "fails",
    UNDECIDED: "undecided",
    UNMEASURED: "unmeasured",
}
_component = custom(
    "claims",
    "claims_chart.js",
    html='<div class="bnviz-claims"></div>',
    styles="claims_chart.css",
)


def rows_of_claims(
    verdicts: Sequence[Verdict],
    axis: Axis,
    title: str,
    key: str,
    opened: str,
    on_open: Callable[[str], None],
) -> None:
    """Draw a row for each of these claims under their axis.

    `opened` is the name of the claim that is open; `on_open` is called with the name of the claim
    whose row the reader presses.
    """
    _component(
        key=key,
        data={
            "title": title,
            "ticks": [{"at": axis.place(at), "text": chart.tick(at)} for at in axis.ticks()],
            "rows": [
                row(verdict, axis) | {"open": verdict.claim.name == opened} for verdict in verdicts
            ],
        },
        on_open_change=lambda: on_open(str(st.session_state[key]["open"])),
    )


def row(verdict: Verdict, axis: Axis) -> dict[str, Any]:
    """Return a row as claims_chart.js draws it; places are shares of the width of the axis."""
    claim, (low, high) = verdict.claim, verdict.interval
    return {
        "name": claim.name,
        "says": claim.says,
        "source": claim.source,
        "look": LOOKS[verdict.words],
        "verdict": verdict.said,
        "spoken": spoken(verdict),
        "region": [axis.place(claim.low), axis.place(claim.high)],
        "interval": [] if np.isnan([low, high]).any() else [axis.place(low), axis.place(high)],
        "ours": mark(verdict.mean, chart.ours(verdict), axis),
        "theirs": mark(claim.value, chart.theirs(claim), axis),
    }


def mark(value: float | None, text: str, axis: Axis) -> dict[str, Any] | None:
    """Return where a number lies and its text, None if there is no number.

    A number beyond the axis says so, and lies at the end that an arrow is drawn at.
    """
    if value is None or not text:
        return None
    at = 1.0 if np.isnan(value) else axis.place(value)  # NaN: it overflowed
    if axis.beyond(value):
        return {"at": at, "text": f"{text}, off the axis", "look": "left" if at < 0.5 else "right"}
    return {"at": at, "text": text}


def spoken(verdict: Verdict) -> str:
    """Return what the marks of a row show, for those who do not see them."""
    claim = verdict.claim
    theirs = f"The paper: {claim.theirs}. " if claim.theirs else ""
    return f"Ours: {verdict.ours or 'nothing yet'}. {theirs}It holds if {claim.region}."
