"""Apply the zoom, the camera and the legend choices that a reader made in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from bnviz.export.layout import Layout, axes, group, is_log, merged, scenes

# The ends that an axis may have stay within the range of a double.
FARTHEST_EXPONENT, FARTHEST = 300.0, 1e300
FARTHEST_CAMERA = 1e3


def as_seen(figure: go.Figure, look: Mapping[str, Any]) -> go.Figure:
    """Return a copy of a figure as the reader sees it, without the mark of the page's step.

    `look` holds the reader's changes to the original figure:

    - "xaxis.range": [a, b]: the range of an axis and those that match it, in exponents of ten if
      the axis is logarithmic
    - "scene.camera": {...}: the camera of all three-dimensional panels, which turn together
    - "scale": "linear" or "log": the scale of the y axes, for a figure whose reader may switch it
    - "apart": true: each panel has its own axes, for a figure whose reader may choose that
    - "hidden": [...]: the runs (legend groups, or else names of traces) that the legend hides
    - "frame": name: the frame that the player shows; the copy has no other frames

    `look` comes from the browser or the command line and is not trusted: entries that are unknown,
    malformed or not about this figure are ignored.
    """
    data, layout = [trace.to_plotly_json() for trace in figure.data], figure.layout.to_plotly_json()
    frame = next((frame for frame in figure.frames if frame.name == look.get("frame")), None)
    if frame:
        news = [trace.to_plotly_json() for trace in frame.data]
        data[: len(news)] = [merged(*pair) for pair in zip(data, news, strict=False)]
        layout = merged(layout, frame.layout.to_plotly_json() | {"meta": {"frame": frame.name}})
    _separate(layout, look.get("apart"))
    _rescale(layout, look.get("scale"))
    for name, value in look.items():
        part, _, what = str(name).partition(".")
        if what == "range" and part in axes(layout):
            _zoom(layout, part, value)
        elif what == "camera" and part in scenes(layout):
            _turn(layout, value)
    _hide(data, look.get("hidden"))
    return go.Figure(data, layout, () if frame else figure.frames)


def parts(figure: go.Figure) -> list[str]:
    """Return the names of the entries that a look of this figure may have."""
    layout = figure.layout.to_plotly_json()
    return [
        *(f"{name}.range" for name in axes(layout)),
        *(f"{name}.camera" for name in scenes(layout)),
        *(name for name in ("apart", "scale") if name in (layout.get("meta") or {})),
        "hidden",
        "frame",
    ]


def _separate(layout: Layout, apart: Any) -> None:
    """Give each panel its own axes, if the reader chose that and the figure knows them."""
    if apart is True:
        for name, own in ((layout.get("meta") or {}).get("apart") or {}).items():
            layout[name] |= own


def _rescale(layout: Layout, scale: Any) -> None:
    """Give all y axes this scale, if it is valid and the figure's reader may switch it."""
    switch = (layout.get("meta") or {}).get("scale")
    if not switch or scale not in ("linear", "log"):
        return
    other = switch if scale == "log" else {"type": "linear", "tickformat": None}
    for name in axes(layout):
        if name.startswith("y") and is_log(layout[name]) != (scale == "log"):
            layout[name] |= other | {"range": None, "autorange": True}


def _zoom(layout: Layout, name: str, value: Any) -> None:
    """Set the range of an axis and of those that match it, if `value` is a valid range."""
    farthest = FARTHEST_EXPONENT if is_log(layout[name]) else FARTHEST
    numbers = (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(_is_number(end, farthest) for end in value)
    )
    if not numbers or value[0] == value[1]:
        return
    shared = group(layout, name)
    for other in axes(layout):
        if group(layout, other) == shared:
            layout[other] |= {"range": list(value), "autorange": False}


def _turn(layout: Layout, value: Any) -> None:
    """Set the camera of all scenes to the valid parts of `value`."""
    value = value if isinstance(value, dict) else {}
    camera: Layout = {}
    for part in ("eye", "center", "up"):
        where = value.get(part)
        if isinstance(where, dict) and all(
            _is_number(where.get(axis), FARTHEST_CAMERA) for axis in "xyz"
        ):
            camera[part] = {axis: where[axis] for axis in "xyz"}
    kind = value.get("projection")
    if isinstance(kind, dict) and kind.get("type") in ("perspective", "orthographic"):
        camera["projection"] = {"type": kind["type"]}
    for name in scenes(layout):
        layout[name] = merged(layout[name], {"camera": camera})


def _hide(data: list[Layout], names: Any) -> None:
    hidden = (
        {name for name in names if isinstance(name, str)}
        if isinstance(names, list | tuple)
        else set()
    )
    for trace in data:
        if trace.get("legendgroup", trace.get("name")) in hidden:
            trace["visible"] = "legendonly"


def _is_number(value: Any, farthest: float) -> bool:
    # NaN compares false and is refused.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= farthest
