"""Build the traces of figures: lines, bands, intervals over seeds, crosses for diverged runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series

from bnviz.figures.style import MARK, Curve, Time
from bnviz.figures.unchecked import scatter

OVER_SEEDS = " over seeds"
WHISKERS = 12  # the largest number of error bars on a curve
# The hatching of intervals over seeds.
HATCH: dict[str, Any] = {"shape": "/", "size": 5, "solidity": 0.25, "fillmode": "overlay"}
NO_HOVER = {"hoverinfo": "skip", "hovertemplate": None}
NUMBER = "%{y:.3g}"  # how a hover writes a height


def drawable(values: ArrayLike) -> NDArray[np.float32]:
    """Return numbers as float32, which halves what is sent to the browser.

    Numbers that are too large for float32 become infinite, which is drawn as a gap.
    """
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float32)


def line_trace(curve: Curve, x: ArrayLike, y: ArrayLike, **properties: Any) -> go.Scatter:
    """Return a line of a run; `properties` adds to or replaces its properties."""
    properties = {
        "mode": "lines",
        "line": curve.line,
        "hovertemplate": NUMBER,
        **curve.place,
        **properties,
    }
    return scatter(
        x=drawable(x), y=drawable(y), name=curve.label, legendgroup=curve.run, **properties
    )


def band_traces(
    curve: Curve, x: Series[Any], low: Series[Any], high: Series[Any], hover: bool = True
) -> list[go.Scatter]:
    """Return a band: two thin edges and the area between them.

    All parts belong to one legend entry, so that a click there hides the whole band.
    """
    edge = {"color": curve.faded(0.9 if curve.paper else 0.6), "dash": curve.dash, "width": 1}
    area = {"line": edge, "fill": "tonexty", "fillcolor": curve.faded(0.08 if curve.paper else 0.3)}
    traces: list[go.Scatter] = []
    for at, bottom, top in _pieces(x, low, high):
        text = {"customdata": bottom, "hovertemplate": "%{customdata:.3g} … %{y:.3g}"}
        traces.append(line_trace(curve, at, bottom, line=edge, showlegend=False, **NO_HOVER))
        traces.append(line_trace(curve, at, top, **area, **(text if hover else NO_HOVER)))
    return traces


def _pieces(x: Series[Any], low: Series[Any], high: Series[Any]) -> list[NDArray[np.float32]]:
    """Split a band at its gaps, which plotly would otherwise fill.

    Return one array of shape (3, n) per part, with x, low and high.
    """
    band = np.stack([drawable(x), drawable(low), drawable(high)])
    whole = np.isfinite(band).all(axis=0)
    turns = np.flatnonzero(np.diff(whole, prepend=False, append=False))
    return [band[:, start:stop] for start, stop in zip(turns[::2], turns[1::2], strict=True)]


def interval_traces(
    curve: Curve, rows: DataFrame, name: str, log: bool = False
) -> list[go.Scatter]:
    """Return the interval over seeds around the column `name`, or [] if there is none.

    It is hatched and has no edges, to set it apart from a band. If `log`, it has a gap where an end
    is zero or less.
    """
    if f"{name}_from" not in rows:
        return []
    low, high = rows[f"{name}_from"], rows[f"{name}_to"]
    low = low.where(low > 0) if log else low
    properties: dict[str, Any] = {"line": {"width": 0}, "showlegend": False, **NO_HOVER}
    traces: list[go.Scatter] = []
    for at, bottom, top in _pieces(rows["step"], low, high):
        hatch = {
            "fill": "tonexty",
            "fillcolor": curve.faded(0.12),
            "fillpattern": HATCH | {"fgcolor": curve.colour},
        }
        traces.append(line_trace(curve, at, bottom, **properties))
        traces.append(line_trace(curve, at, top, **properties, **hatch))
    return traces


def error_bars(rows: DataFrame, name: str, log: bool = False) -> dict[str, Any]:
    """Return the interval over seeds as error bars, for a curve with few points.

    If `log`, there is no bar where an end is zero or less.
    """
    if f"{name}_from" not in rows:
        return {}
    low, value = rows[f"{name}_from"], rows[name]
    middle = value.where(low > 0) if log else value
    up, down = drawable(rows[f"{name}_to"] - middle), drawable(middle - low)
    return {
        "error_y": {"type": "data", "array": up, "arrayminus": down, "width": 3, "thickness": 1}
    }


def interval_bars(
    curve: Curve, rows: DataFrame, name: str, place: int, log: bool
) -> list[go.Scatter]:
    """Return the interval over seeds around the edge of a band, as error bars.

    Hatching would hide the bands. There are at most WHISKERS bars. They are shifted by the `place`
    of the network among the others, so that bars of different networks do not overlap.
    """
    if f"{name}_from" not in rows:
        return []
    apart = -(-len(rows) // WHISKERS)
    some = rows.iloc[place * apart // 4 :: apart]
    properties: dict[str, Any] = {
        "mode": "markers",
        "marker": {"size": 3, "color": curve.colour},
        "showlegend": False,
        **NO_HOVER,
    }
    return [
        line_trace(curve, some["step"], some[name], **properties, **error_bars(some, name, log))
    ]


def interval_legend(frame: DataFrame, whiskers: bool = False) -> list[go.Scatter]:
    """Return a legend entry for each kind of interval over seeds in a frame.

    It shows error bars if `whiskers`, else hatching.
    """
    names = list(frame["interval"].unique()) if "interval" in frame else []
    if whiskers:
        bar: dict[str, Any] = {
            "mode": "markers",
            "marker": {"symbol": "line-ns-open", "size": 12, "color": MARK},
        }
        return [
            scatter(x=[None], y=[None], name=f"{name}{OVER_SEEDS}", legendgroup=name, **bar)
            for name in names
        ]
    properties: dict[str, Any] = {
        "x": [None],
        "y": [None],
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
    }
    pattern = {"fillcolor": "rgba(136, 136, 136, 0.12)", "fillpattern": HATCH | {"fgcolor": MARK}}
    return [
        scatter(name=f"{name}{OVER_SEEDS}", legendgroup=name, **properties, **pattern, **NO_HOVER)
        for name in names
    ]


def cross_trace(
    curve: Curve, x: Series[Any], y: Series[Any], time: Time, words: bool = True
) -> list[go.Scatter]:
    """Return a cross at the last point of a run that diverged, or [] for any other run.

    If `words`, the step is written beside it.
    """
    step = time.diverged.get(curve.run, -1)
    end = y[x <= step].last_valid_index()
    if end is None:
        return []
    note, side = f"diverged at step {step}", "left" if x[end] > time.steps / 2 else "right"
    properties: dict[str, Any] = {"showlegend": False, "cliponaxis": False, "hovertemplate": note}
    properties |= {"mode": "markers", "marker": {"symbol": "x", "size": 10, "color": curve.colour}}
    properties |= (
        {"mode": "markers+text", "text": [note], "textposition": f"top {side}"} if words else {}
    )
    return [line_trace(curve, [x[end]], [y[end]], **properties)]
