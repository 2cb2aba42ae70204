"""Read the panels and axes of a plotly figure.

A `Layout` is the dictionary that `figure.layout.to_plotly_json()` returns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

Array = NDArray[np.float64]
Layout = dict[str, Any]
Span = tuple[float, float]

SCENE = re.compile(r"scene\d*")
WHOLE: Span = (0.0, 1.0)


class Panel(NamedTuple):
    """The axes and the place of a panel, as fractions of the figure."""

    axes: tuple[str, ...]  # plotly's names: ("xaxis2", "yaxis2") or ("scene2",)
    across: Span
    up: Span


def panels(layout: Layout, traces: Iterable[Any]) -> list[Panel]:
    """Return all panels, the empty ones included, row by row from the top."""
    anchored = [
        (name, str(layout[name].get("anchor", "y")).replace("y", "yaxis"))
        for name in axes(layout, "x")
    ]
    names = {*map(place, traces), *anchored, *((name,) for name in scenes(layout))}
    found = []
    for axis in names:
        if len(axis) == 2:
            across, up = (layout.get(name, {}).get("domain", WHOLE) for name in axis)
        else:
            across, up = (
                layout.get(axis[0], {}).get("domain", {}).get(letter, WHOLE) for letter in "xy"
            )
        found.append(Panel(axis, tuple(across), tuple(up)))
    return sorted(found, key=lambda panel: (-panel.up[1], panel.across)) or [
        Panel(("xaxis", "yaxis"), WHOLE, WHOLE)
    ]


def place(trace: Any) -> tuple[str, ...]:
    """Return the axes of a trace, by the names that its panel has."""
    if "scene" in trace:
        return (trace.scene or "scene",)
    return tuple(
        (trace[f"{letter}axis"] or letter).replace(letter, f"{letter}axis") for letter in "xy"
    )


def axes(layout: Layout, letters: str = "xy") -> list[str]:
    """Return the names of the axes of all two-dimensional panels."""
    return [name for name in layout if re.fullmatch(rf"[{letters}]axis\d*", name)]


def scenes(layout: Layout) -> list[str]:
    """Return the names of the three-dimensional panels."""
    return [name for name in layout if SCENE.fullmatch(name)]


def group(layout: Layout, name: str) -> str:
    """Return the axis whose range this one shares; its own name if it shares none."""
    return str(layout.get(name, {}).get("matches") or name.replace("axis", ""))


def is_log(axis: Layout) -> bool:
    """Return whether an axis is logarithmic; its range is then given in exponents of ten."""
    return axis.get("type") == "log"


def head(layout: Layout, panel: Panel) -> Layout:
    """Return the annotation that is a panel's title; {} if it has none."""
    (left, right), top = panel.across, panel.up[1]
    notes: list[Layout] = layout.get("annotations") or []
    for note in notes:
        above = (
            note.get("yref") == "paper"
            and note.get("yanchor") == "bottom"
            and abs(note["y"] - top) < 0.02
        )
        if above and left <= note["x"] <= right:
            return note
    return {}


def span(figure: go.Figure, name: str) -> Span:
    """Return the range that an axis and those that match it show, without plotly's margins.

    The range of a logarithmic axis is in exponents of ten.
    """
    layout, letter = figure.layout.to_plotly_json(), name[0]
    axis = layout.get(name, {})
    if fixed(axis):
        return min(axis["range"]), max(axis["range"])
    shown = [
        trace for trace in figure.data if trace.visible in (None, True) and len(place(trace)) == 2
    ]
    mine = [
        trace
        for trace in shown
        if group(layout, place(trace)["xy".index(letter)]) == group(layout, name)
    ]
    values = np.concatenate(
        [np.zeros(0), *(end for trace in mine for end in _reach(trace, letter))]
    )
    limits = axis.get("autorangeoptions", {})
    values = values.clip(limits.get("clipmin"), limits.get("clipmax"))
    if axis.get("rangemode") == "tozero":
        values = np.append(values, 0.0)
    if is_log(axis):
        values = np.log10(values[values > 0])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else WHOLE


def numbers(values: Any) -> Array:
    """Return the values of a trace along an axis, flat; an empty array if they are names."""
    try:
        return np.asarray([] if values is None else values, dtype=float).ravel()
    except ValueError:
        return np.zeros(0)


def _reach(trace: Any, letter: str) -> list[Array]:
    """Return the values of a trace along an axis, and the ends of its error bars."""
    values = numbers(trace[letter])
    errors = getattr(trace, f"error_{letter}", None)
    if errors is None or errors.array is None:
        return [values]
    down = errors.array if errors.arrayminus is None else errors.arrayminus
    return [values, values + numbers(errors.array), values - numbers(down)]


def fixed(axis: Layout) -> bool:
    """Return whether an axis has a range of its own."""
    return bool(axis.get("range")) and not axis.get("autorange")


def merged(base: Any, news: Any) -> Any:
    """Return `base` updated with `news`, recursively in dictionaries.

    Two lists of dictionaries are merged one by one if they are of equal length. bnviz/ui/plot.js
    merges a frame into a figure by the same rules.
    """
    if isinstance(base, dict) and isinstance(news, dict):
        return base | {key: merged(base.get(key), value) for key, value in news.items()}
    lists = all(
        isinstance(x, list | tuple) and all(isinstance(each, dict) for each in x)
        for x in (base, news)
    )
    if lists and len(base) == len(news):
        return [merged(*pair) for pair in zip(base, news, strict=True)]
    return news
