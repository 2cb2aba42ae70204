"""Draw the loss on planes in parameter space, for several networks side by side.

All networks and steps share one loss scale. A figure has one animation frame per step and shows the
frame that `layout.meta` names. bnviz/ui/plot.js plays the frames.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from pandas import DataFrame
from plotly.subplots import make_subplots

from bnviz.analysis import surface as analysis
from bnviz.figures.axes import axis_of, in_percent, scale_for
from bnviz.figures.charts import line_chart
from bnviz.figures.panel import RELIEF, Panel, View
from bnviz.figures.plane import (
    SHADES,
    Data,
    Plane,
    Scale,
    Templates,
    flat_data,
    flat_templates,
    plane_at,
    solid_data,
    solid_templates,
)
from bnviz.figures.style import Curve, Time, curves
from bnviz.spec import RunSpec
from bnviz.words import rounded

OF_SURFACE = ("surface_loss", "surface_length", *analysis.PLACE)
ACROSS = 3  # networks in a row
IN_SPACE = 6  # networks in 3D: each needs a WebGL context, and browsers allow only a few
CAMERA = {"eye": {"x": 1.3, "y": -1.55, "z": 0.85}, "center": {"x": 0, "y": 0, "z": -0.15}}


def contours(frame: DataFrame, titles: tuple[str, str], selected: int) -> go.Figure:
    """Draw `analysis.planes` as contour plots.

    The figure first shows the newest step up to `selected`. `titles` are those of the axes a and b.
    """
    networks, scale = curves(frame), Scale.over(frame["loss"])
    fig = _panels(networks, "xy", 400, flat_templates(scale))
    reach = frame["a"].where(frame["point"].isna()).max()
    axis = {"range": [-reach, reach], "constrain": "domain"} if len(frame) else {}
    fig.update_xaxes(title_text=titles[0], showticklabels=True, **axis)
    fig.update_yaxes(**axis).update_yaxes(title_text=titles[1], col=1)
    fig.update_layout(yaxis_scaleanchor="x", hovermode="closest")
    # On a narrow page, square panels would leave most of the height empty.
    narrow = {
        "yaxis": {"scaleanchor": False},
        "legend": {"y": 0.93, "yanchor": "top"},
        "margin": {"t": 140},
    }
    return _played(fig, networks, selected, lambda plane: flat_data(plane, scale), scale, narrow)


def reliefs(frame: DataFrame, selected: int) -> go.Figure:
    """Draw `analysis.planes` as 3D surfaces, with the loss as height.

    The figure first shows the newest step up to `selected`. Losses above the scale are cut off.
    """
    networks, scale = curves(frame)[:IN_SPACE], Scale.over(frame["loss"])
    fig = _panels(networks, "scene", 440, solid_templates(scale))
    upwards = {"title": {"text": ""}, "range": [scale.low, scale.high], **scale.marks()}
    across = {"nticks": 5, "title": {"text": "a"}}
    fig.update_scenes(
        xaxis=across, yaxis=across | {"title": {"text": "b"}}, zaxis=upwards, camera=CAMERA
    )
    fig.update_scenes(aspectmode="manual", aspectratio={"x": 1, "y": 1, "z": 0.7})
    fig.update_layout(margin_l=12)
    return _played(
        fig,
        networks,
        selected,
        lambda plane: solid_data(plane, scale),
        scale,
        _abreast(len(networks)),
    )


def _abreast(count: int) -> dict[str, Any]:
    """Return the layout for a narrow page, which shows two 3D scenes in a row."""
    across = 1 if count < 2 else 2
    down = -(-count // across)
    heads, scenes = [], {}
    for place in range(count):
        row, column = divmod(place, across)
        top = 1 - (row + 0.2) / down  # the head is above
        heads.append({"x": (column + 0.5) / across, "y": top})
        sides = [column / across, (column + 1) / across]
        area = {"domain": {"x": sides, "y": [top - 0.8 / down, top]}}
        scenes[f"scene{place + 1 if place else ''}"] = area
    return {
        "legend": {"y": 0.93, "yanchor": "top"},
        "margin": {"t": 120},
        "annotations": heads,
        **scenes,
    }


def _panels(
    networks: list[tuple[Curve, DataFrame]], kind: str, height: int, templates: Templates
) -> go.Figure:
    """Return a figure with one panel per network, up to ACROSS in a row, and its traces.

    Without any network there is one empty panel.
    """
    count = max(1, len(networks))
    across, down = min(count, ACROSS), -(-count // ACROSS)
    specs = [
        [{"type": kind} if row * across + col < count else None for col in range(across)]
        for row in range(down)
    ]
    gaps = {"horizontal_spacing": 0.12 / across, "vertical_spacing": 0.24 / down}
    sharing = {"shared_xaxes": "all", "shared_yaxes": "all"}
    fig = make_subplots(down, across, specs=specs, subplot_titles=[" "] * count, **gaps, **sharing)
    for place in range(len(networks)):
        for template in templates:
            fig.add_trace(template, row=place // across + 1, col=place % across + 1)
            fig.data[-1].showlegend = bool(template.name) and place == 0
    fig.update_annotations(font_size=13)
    fig.update_layout(template="bnviz", height=150 + height * down, margin={"t": 80, "b": 86})
    legend = {
        "y": 1 + 48 / (height * down),
        "yanchor": "bottom",
        "itemclick": False,
        "itemdoubleclick": False,
    }
    return fig.update_layout(legend=legend)


def _played(
    fig: go.Figure,
    networks: list[tuple[Curve, DataFrame]],
    selected: int,
    data: Callable[[Plane], Data],
    scale: Scale,
    narrow: dict[str, Any],
) -> go.Figure:
    """Fill the figure with the planes of the selected step, and add frames and the colour scale."""
    bar = {
        "orientation": "h",
        "thickness": 8,
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "ypad": 6,
    }
    bar |= {
        "title": {"text": f"Loss (last shade: {_highest(scale)} or more)", "side": "bottom"},
        **scale.marks(),
    }
    fig.update_layout(
        coloraxis={"colorscale": SHADES, "cmin": scale.low, "cmax": scale.high, "colorbar": bar}
    )
    steps = sorted({int(step) for _, rows in networks for step in rows["step"].unique()})
    if not steps:
        return _nothing(fig)
    shown = max((step for step in steps if step <= selected), default=steps[0])
    frames = {step: _frame(networks, step, data, fig.data) for step in steps}
    for part, now in (
        (fig.data, frames[shown].data),
        (fig.layout.annotations, frames[shown].layout.annotations),
    ):
        for thing, news in zip(part, now, strict=True):
            thing.update(news.to_plotly_json())
    fig.frames = list(frames.values())
    return fig.update_layout(meta={"frame": str(shown), "narrow": narrow, "player": True})


def _frame(
    networks: list[tuple[Curve, DataFrame]],
    step: int,
    data: Callable[[Plane], Data],
    traces: Templates,
) -> go.Frame:
    """Return the animation frame of a step: each network's newest plane up to then."""
    planes = [plane_at(rows, step) for _, rows in networks]
    parts = [part for plane in planes for part in data(plane)]
    small = "<span style='font-size:11px'>"
    heads = [
        {"text": f"{curve.label}, step {plane.step:,d}<br>{small}‖u‖ = {plane.length:.2g}</span>"}
        for (curve, _), plane in zip(networks, planes, strict=True)
    ]
    moved = [type(trace)(**part) for trace, part in zip(traces, parts, strict=True)]
    return go.Frame(name=str(step), data=moved, layout={"annotations": heads})


def _highest(scale: Scale) -> str:
    """Write the loss at the upper end of the scale, rounded to three digits."""
    highest = 10**scale.high if scale.logarithmic else scale.high
    return rounded(highest, 3)


def _nothing(fig: go.Figure) -> go.Figure:
    """Say that nothing is measured yet. plotly.js draws axes only if there is a trace."""
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    fig.add_annotation(text="nothing measured yet", showarrow=False, **place)
    return fig.add_trace(go.Scatter(x=[], y=[], showlegend=False))


def surface_rise(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.rise`: highest minus lowest loss on each plane, over training."""
    fig = line_chart(frame, "value", "Highest − lowest", time)
    return fig.update_yaxes(**axis_of(scale_for(frame["value"], 30)), rangemode="tozero")


def path_share(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.path_share`: how much of the way from the previous plane lies in a plane."""
    return in_percent(line_chart(frame, "value", "Share of the way", time))


def relief_or_contours(numbers: DataFrame, view: View) -> go.Figure:
    """Draw contours or 3D surfaces, depending on the page's switch."""
    if view.choice == RELIEF:
        return reliefs(numbers, view.step)
    return contours(numbers, axes_of_surface(view.specs[0]), view.step)


def axes_of_surface(spec: RunSpec) -> tuple[str, str]:
    """Return the titles of the axes a and b, which depend on how the plane was chosen."""
    along = "along −g" if spec.surface_along == "gradient" else "random"
    if spec.surface_scaled:
        return f"a ({along},<br>filter-normalised)", "b (random, filter-normalised)"
    return f"a ({along},<br>in steps of training)", "b (random)"


SURFACE = Panel(
    "Surface of the loss",
    "The network is at the centre. How far to the right does the loss fall, and how steeply does "
    "it rise elsewhere?",
    lambda view: analysis.planes(view.rows),
    relief_or_contours,
    probe="surface",
    metrics=OF_SURFACE,
    slug="surface",
)
SURFACE_RISE = Panel(
    "Rise over the plane",
    "The highest loss minus the lowest on the plane. Which network's rise is lower, and does it "
    "change during training?",
    lambda view: analysis.rise(view.rows),
    lambda numbers, view: surface_rise(numbers, view.time),
    probe="surface",
    metrics=("surface_loss",),
    slug="surface-rise",
)
PATH_SHARE = Panel(
    "How much of the path the plane shows",
    "The share of the squared distance from the previous plane that lies in this one. Near 0%, "
    "the drawn path shows almost nothing of how training got here.",
    lambda view: analysis.path_share(view.rows),
    lambda numbers, view: path_share(numbers, view.time),
    probe="surface",
    metrics=OF_SURFACE,
    slug="path-share",
)
