"""One network's loss on a plane: its colour scale, and its traces as contours and in 3D."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame
from plotly.colors import sample_colorscale

from bnviz.figures.traces import drawable

Array = NDArray[np.float64]
Templates = list[Any]  # the traces of a network, with everything that stays the same in all frames
Data = list[dict[str, Any]]  # for each of these traces, what changes from frame to frame
# Viridis without its darkest part, which would not be visible on a dark page.
SHADES = sample_colorscale("Viridis", list(np.linspace(0.12, 1, 12)))
PATH, HALO = "#ff5a36", "#ffffff"  # visible on every shade
BANDS = 20  # contours between the ends of the scale
SPREAD = 10  # the scale is logarithmic if the losses span more than this factor
# The scale spans this share of the losses, because the highest are often in one corner only.
REACH = 0.98
LIFT = 0.02  # how far the path is drawn above the surface, as a share of the height of the scene
BEFORE, NOW, NEXT = "earlier steps, projected", "this step", "the next step"
PLACE = (
    "step %{customdata[0]:,d}<br>a %{x:.3g}, b %{y:.3g}<br>"
    "off the plane: %{customdata[1]:.1%}<extra></extra>"
)
LOSS = "a %{x:.3g}, b %{y:.3g}<br>loss %{customdata:.4g}<extra></extra>"


class Plane(NamedTuple):
    """The loss of one network on the plane around its weights at one step.

    Attributes
    ----------
    step : the step
    length : ‖u‖, the distance in parameter space of one unit along a
    ticks : coordinates of the grid along either axis, shape (n,)
    loss : the loss on the grid, shape (n, n), indexed by b, then a
    path : the projected steps of training, one row each, with columns point, a, b and off
    """

    step: int
    length: float
    ticks: Array
    loss: Array
    path: DataFrame


@dataclass(frozen=True)
class Scale:
    """The scale on which losses are drawn, as heights or colours.

    `low` and `high` are its ends; they are logarithms (base 10) if `logarithmic`. Losses above
    `high` get the last colour.
    """

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def over(cls, losses: ArrayLike) -> Scale:
        """Choose a scale for all these losses together."""
        values = np.asarray(losses, dtype=float)
        values = values[np.isfinite(values)]
        low, high = (values.min(), np.quantile(values, REACH)) if values.size else (0.0, 1.0)
        logarithmic = bool(low > 0 and high > SPREAD * low)
        low, high = (np.log10(low), np.log10(high)) if logarithmic else (low, high)
        return cls(float(low), float(high if high > low else low + 1), logarithmic)

    def heights(self, losses: ArrayLike) -> Array:
        """Return losses as positions on the scale; NaN for a loss ≤ 0 on a logarithmic one."""
        values = np.asarray(losses, dtype=float)
        return np.log10(np.where(values > 0, values, np.nan)) if self.logarithmic else values

    def marks(self) -> dict[str, Any]:
        """Return ticks at round losses for an axis or a colour bar; {} leaves them to plotly."""
        if not self.logarithmic:
            return {}
        digits = (1, 2, 5) if self.high - self.low < 3 else (1,)
        decades = np.arange(np.floor(self.low), np.ceil(self.high))
        marks = np.array([digit * 10.0**decade for decade in decades for digit in digits])
        marks = marks[(marks >= 10**self.low) & (marks <= 10**self.high)]
        return {"tickvals": np.log10(marks), "ticktext": [f"{mark:,.6g}" for mark in marks]}


def plane_at(rows: DataFrame, step: int) -> Plane:
    """Return a run's newest plane up to `step`, or its first one if all are later."""
    steps = rows["step"]
    newest = int(steps[steps <= step].max() if (steps <= step).any() else steps.min())
    rows = rows[steps == newest]
    grid, path = (
        rows[rows["point"].isna()],
        rows[rows["point"].notna()].sort_values("point", kind="stable"),
    )
    table = grid.pivot(index="b", columns="a", values="loss")
    return Plane(
        newest, float(rows["length"].iloc[0]), table.columns.to_numpy(), table.to_numpy(), path
    )


def _told(path: DataFrame) -> NDArray[np.float32]:
    """Return what the hover template PLACE shows: the step, and the share off the plane."""
    return drawable(path[["point", "off"]].fillna(0))


def _parts(path: DataFrame, step: int) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Split the path into up to this step, this step alone, and from this step to the next."""
    return path[path["point"] <= step], path[path["point"] == step], path[path["point"] >= step]


def flat_templates(scale: Scale) -> Templates:
    """Return the traces of a contour plot.

    They are the contours, a halo beneath the path, the path so far, an arrow to the next step, and
    the current step.
    """
    levels = {"start": scale.low, "end": scale.high, "size": (scale.high - scale.low) / BANDS}
    path = {"mode": "lines+markers", "line": {"color": PATH, "width": 2}, "hovertemplate": PLACE}
    arrow = {
        "symbol": "arrow",
        "angleref": "previous",
        "color": PATH,
        "opacity": 1,
        "line": {"color": HALO, "width": 1},
    }
    dot = {"color": PATH, "size": 10, "line": {"color": HALO, "width": 1.5}}
    return [
        go.Contour(
            coloraxis="coloraxis",
            contours=levels,
            autocontour=False,
            line={"width": 0.5, "color": "rgba(255, 255, 255, 0.5)"},
            hovertemplate=LOSS,
        ),
        go.Scatter(mode="lines", line={"color": HALO, "width": 5}, hoverinfo="skip"),
        go.Scatter(name=BEFORE, marker={"color": PATH, "size": 6}, **path),
        go.Scatter(name=NEXT, legendrank=1001, marker=arrow, **path),
        go.Scatter(name=NOW, mode="markers", marker=dot, hovertemplate=PLACE),
    ]


def flat_data(plane: Plane, scale: Scale) -> Data:
    """Return what the traces of `flat_templates` show for a plane, in the same order."""
    ticks, heights = drawable(plane.ticks), drawable(scale.heights(plane.loss))
    before, now, after = (
        {"x": drawable(part["a"]), "y": drawable(part["b"]), "customdata": _told(part)}
        for part in _parts(plane.path, plane.step)
    )
    return [
        {"x": ticks, "y": ticks, "z": heights, "customdata": drawable(plane.loss)},
        {"x": before["x"], "y": before["y"]},
        before,
        # The arrow head is at the next step, if there is one; this step has no marker here.
        after | {"marker": {"size": [0, 18][: len(after["x"])]}},
        now,
    ]


def solid_templates(scale: Scale) -> Templates:
    """Return the traces of a 3D surface: surface, path, next step and current step."""
    lines = {"start": scale.low, "end": scale.high, "size": (scale.high - scale.low) / BANDS}
    levels = {"show": True, "color": "rgba(255, 255, 255, 0.5)", "width": 1, **lines}
    rim = {"color": HALO, "width": 1}
    return [
        go.Surface(
            coloraxis="coloraxis",
            contours={"z": levels},
            lighting={"ambient": 0.75, "diffuse": 0.6, "specular": 0.05},
            hovertemplate=LOSS,
        ),
        go.Scatter3d(name=BEFORE, mode="lines", line={"color": PATH, "width": 6}, hoverinfo="skip"),
        go.Scatter3d(
            name=NEXT,
            legendrank=1001,
            mode="markers",
            marker={"symbol": "diamond", "color": PATH, "size": 5, "line": rim},
            hovertemplate=PLACE,
        ),
        go.Scatter3d(
            name=NOW,
            mode="markers",
            marker={"color": PATH, "size": 7, "line": rim},
            hovertemplate=PLACE,
        ),
    ]


def solid_data(plane: Plane, scale: Scale) -> Data:
    """Return what the traces of `solid_templates` show for a plane, in the same order."""
    ticks, heights = plane.ticks, scale.heights(plane.loss)
    lift = LIFT * (scale.high - scale.low)

    def on_the_surface(points: Array) -> dict[str, Any]:
        above = _interpolated(ticks, heights, points) + lift
        return {"x": drawable(points[:, 0]), "y": drawable(points[:, 1]), "z": drawable(above)}

    _, now, after = _parts(plane.path, plane.step)
    line = _clipped(plane.path[["a", "b"]].to_numpy(), ticks[-1])
    return [
        {
            "x": drawable(ticks),
            "y": drawable(ticks),
            "z": drawable(heights),
            "customdata": drawable(plane.loss),
        },
        on_the_surface(line),
        *(
            on_the_surface(part[["a", "b"]].to_numpy()) | {"customdata": _told(part)}
            for part in (after.iloc[1:], now)
        ),
    ]


def _clipped(points: Array, reach: float) -> Array:
    """Clip a line through points (n, 2) to the square |a|, |b| ≤ reach, and subdivide it.

    The short pieces let the line follow a surface. NaN separates the segments.
    """
    pieces = [np.full((1, 2), np.nan)]
    for start, end in pairwise(points):
        with np.errstate(divide="ignore", invalid="ignore"):
            borders = np.stack([(-reach - start) / (end - start), (reach - start) / (end - start)])
        first, last = max(0.0, borders.min(axis=0).max()), min(1.0, borders.max(axis=0).min())
        if first < last:
            share = np.linspace(first, last, 16)[:, None]
            pieces += [start + share * (end - start), np.full((1, 2), np.nan)]
    return np.concatenate(pieces)


def _interpolated(ticks: Array, heights: Array, points: Array) -> Array:
    """Interpolate heights (indexed by b, then a) bilinearly at points (n, 2); NaN outside."""
    places = [
        np.interp(points[:, axis], ticks, np.arange(len(ticks)), np.nan, np.nan) for axis in (0, 1)
    ]
    outside = np.isnan(places[0]) | np.isnan(places[1])
    (a, b), last = np.nan_to_num(places), len(ticks) - 2
    i, j = np.minimum(a.astype(int), last), np.minimum(b.astype(int), last)
    s, t = a - i, b - j
    lower = heights[j, i] * (1 - s) + heights[j, i + 1] * s
    upper = heights[j + 1, i] * (1 - s) + heights[j + 1, i + 1] * s
    return np.where(outside, np.nan, lower * (1 - t) + upper * t)
