"""plotly's own figures and traces without its checks, which take most of the time of drawing.

plotly checks a trace when it is made and once more when it joins a figure. What we draw is checked in full by
tests/test_every_panel.py instead.
"""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import Any

import plotly.graph_objects as go


def scatter(**properties: Any) -> go.Scatter:
    """A trace as it is given. It shares no dictionary with other traces, so that each may be changed by itself."""
    own = {
        name: deepcopy(value) if isinstance(value, dict) else value
        for name, value in properties.items()
    }
    return go.Scatter(_validate=False, **own)


def figure(axes: go.Figure) -> go.Figure:
    """A figure of its own on the axes of a figure without traces; it takes traces and changes as they are."""
    plain = {"layout": axes._layout, "_grid_ref": axes._grid_ref, "_grid_str": axes._grid_str}
    made = go.Figure(deepcopy(plain), _validate=False)
    made._data_validator.validate_coerce = partial(
        made._data_validator.validate_coerce, _validate=False
    )
    return made


def traces(drawn: go.Figure) -> list[dict[str, Any]]:
    """The traces of a figure as dictionaries, which may be changed in place."""
    found: list[dict[str, Any]] = drawn._data
    return found
