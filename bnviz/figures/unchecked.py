"""Create plotly figures and traces without validation, which takes most of the drawing time.

plotly validates a trace when it is created and again when it is added to a figure. Instead,
tests/test_every_panel.py validates everything that we draw.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import plotly.graph_objects as go


def scatter(**properties: Any) -> go.Scatter:
    """Return a trace with these properties, not validated.

    Dictionaries are copied, so that traces made from the same one can be changed independently.
    """
    own = {
        name: deepcopy(value) if isinstance(value, dict) else value
        for name, value in properties.items()
    }
    return go.Scatter(_validate=False, **own)


def figure(axes: go.Figure) -> go.Figure:
    """Return a copy of a figure that has axes but no traces.

    The copy takes traces as they are, so each of them must be new, and accepts updates without
    validation.
    """
    plain = {"layout": axes._layout, "_grid_ref": axes._grid_ref, "_grid_str": axes._grid_str}
    made = go.Figure(deepcopy(plain), _validate=False)
    made._data_validator.validate_coerce = list
    panels = grid(made)

    def place(trace: go.Scatter, row: int, col: int, _: bool | None = None) -> None:
        trace._props.update(panels[row - 1][col - 1])

    made._set_trace_grid_position = place
    return made


def redrawn(drawn: go.Figure, data: list[dict[str, Any]]) -> go.Figure:
    """Return a new figure with these traces and the same layout."""
    return go.Figure({"data": data, "layout": deepcopy(drawn._layout)}, _validate=False)


def grid(drawn: go.Figure) -> list[list[dict[str, str]]]:
    """Return the axes of each panel, by row and column, under the names that traces use.

    An empty place has none.
    """
    return [[panel[0].trace_kwargs if panel else {} for panel in row] for row in drawn._grid_ref]


def traces(drawn: go.Figure) -> list[dict[str, Any]]:
    """Return the traces of a figure as dictionaries, which may be changed in place."""
    found: list[dict[str, Any]] = drawn._data
    return found


def axes(drawn: go.Figure, letter: str) -> dict[str, dict[str, Any]]:
    """Return the x or y axes of a figure by name, as dictionaries which may be changed in place."""
    return {name: axis for name, axis in drawn._layout.items() if name.startswith(f"{letter}axis")}


def set_axes(drawn: go.Figure, letter: str, **properties: Any) -> go.Figure:
    """Set these properties of all x or y axes; plotly's own updates take far longer."""
    for axis in axes(drawn, letter).values():
        axis.update(deepcopy(properties))
    return drawn


def set_layout(drawn: go.Figure, **properties: Any) -> go.Figure:
    """Set these properties of the layout."""
    drawn._layout.update(properties)
    return drawn
