"""The loss on planes through the parameters, one network beside the other.

All networks and all steps share one scale of the loss. A figure has a frame for every step and shows the one that `layout.meta`
names; bnviz/ui/plot.js plays them.
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
    Looks,
    Plane,
    Scale,
    flat_data,
    flat_looks,
    plane_at,
    solid_data,
    solid_looks,
)
from bnviz.figures.style import Curve, Time, curves
from bnviz.spec import RunSpec

OF_SURFACE = ("surface_loss", "surface_length", *analysis.PLACE)
ACROSS = 3  # networks side by side
IN_SPACE = 6  # networks at once: each takes a WebGL context, and browsers have few
CAMERA = {"eye": {"x": 1.3, "y": -1.55, "z": 0.85}, "center": {"x": 0, "y": 0, "z": -0.15}}


def contours(frame: DataFrame, titles: tuple[str, str], selected: int) -> go.Figure:
    """`analysis.planes` from above, at the newest step up to the selected one; `titles` are those of a and b."""
    networks, scale = curves(frame), Scale.over(frame["loss"])
    fig = _panels(networks, "xy", 400, flat_looks(scale))
    reach = frame["a"].where(frame["point"].isna()).max()
    axis = {"range": [-reach, reach], "constrain": "domain"} if len(frame) else {}
    fig.update_xaxes(title_text=titles[0], showticklabels=True, **axis)
    fig.update_yaxes(**axis).update_yaxes(title_text=titles[1], col=1)
    fig.update_layout(yaxis_scaleanchor="x", hovermode="closest")
    # On a narrow page squares would leave most of the height empty.
    narrow = {
        "yaxis": {"scaleanchor": False},
        "legend": {"y": 0.93, "yanchor": "top"},
        "margin": {"t": 140},
    }
    return _played(fig, networks, selected, lambda plane: flat_data(plane, scale), scale, narrow)


def reliefs(frame: DataFrame, selected: int) -> go.Figure:
    """`analysis.planes` in space, with the loss upwards; what stands above the scale is cut off."""
    networks, scale = curves(frame)[:IN_SPACE], Scale.over(frame["loss"])
    fig = _panels(networks, "scene", 440, solid_looks(scale))
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
        _stacked(len(networks)),
    )


def _stacked(count: int) -> dict[str, Any]:
    """Scenes one below the other for a narrow page, where side by side they would be cut off."""
    tops = [1 - (place + 0.15) / count for place in range(count)]
    heads = [{"x": 0.5, "y": top} for top in tops]
    scenes = {
        f"scene{place + 1 if place else ''}": {
            "domain": {"x": [0, 1], "y": [top - 0.85 / count, top]}
        }
        for place, top in enumerate(tops)
    }
    return {
        "legend": {"y": 0.93, "yanchor": "top"},
        "margin": {"t": 120},
        "annotations": heads,
        **scenes,
    }


def _panels(
    networks: list[tuple[Curve, DataFrame]], kind: str, height: int, looks: Looks
) -> go.Figure:
    """A panel for each network, up to ACROSS in a row, with its traces; an empty one where there is no network."""
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
        for look in looks:
            fig.add_trace(look, row=place // across + 1, col=place % across + 1)
            fig.data[-1].showlegend = bool(look.name) and place == 0
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
    """The selected planes in the traces that the figure has, a frame for every step, and the common shades."""
    bar = {
        "orientation": "h",
        "thickness": 8,
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "ypad": 6,
    }
    bar |= {
        "title": {"text": f"Loss; the last shade: {_highest(scale)} and more", "side": "bottom"},
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
    return fig.update_layout(meta={"frame": str(shown), "narrow": narrow})


def _frame(
    networks: list[tuple[Curve, DataFrame]], step: int, data: Callable[[Plane], Data], traces: Looks
) -> go.Frame:
    """What every network has at the newest of its planes up to a step."""
    planes = [plane_at(rows, step) for _, rows in networks]
    parts = [part for plane in planes for part in data(plane)]
    heads = [
        {
            "text": f"{curve.label}, step {plane.step:,d}<br><span style='font-size:11px'>‖u‖ = {plane.length:.2g}</span>"
        }
        for (curve, _), plane in zip(networks, planes, strict=True)
    ]
    moved = [type(trace)(**part) for trace, part in zip(traces, parts, strict=True)]
    return go.Frame(name=str(step), data=moved, layout={"annotations": heads})


def _highest(scale: Scale) -> str:
    """The loss at the end of a scale, to three digits."""
    return f"{float(f'{10**scale.high if scale.logarithmic else scale.high:.3g}'):,.6g}"


def _nothing(fig: go.Figure) -> go.Figure:
    """Say that nothing is measured yet, with an empty trace: plotly.js draws no axes without one."""
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    fig.add_annotation(text="nothing measured yet", showarrow=False, **place)
    return fig.add_trace(go.Scatter(x=[], y=[], showlegend=False))


def surface_rise(frame: DataFrame, time: Time) -> go.Figure:
    """`analysis.rise`: how much the loss changes over each plane."""
    fig = line_chart(frame, "value", "Highest − lowest", time)
    return fig.update_yaxes(**axis_of(scale_for(frame["value"], 30)), rangemode="tozero")


def path_share(frame: DataFrame, time: Time) -> go.Figure:
    """`analysis.path_share`: how much of the way to a plane lies in it."""
    return in_percent(line_chart(frame, "value", "Share of the way", time))


def relief_or_contours(numbers: DataFrame, view: View) -> go.Figure:
    """Contours or a surface in space, as the page's switch says."""
    if view.choice == RELIEF:
        return reliefs(numbers, view.step)
    return contours(numbers, axes_of_surface(view.specs[0]), view.step)


def axes_of_surface(spec: RunSpec) -> tuple[str, str]:
    """The titles of the axes a and b."""
    along = "along −g" if spec.surface_along == "gradient" else "random"
    if spec.surface_scaled:
        return f"a ({along},<br>filter-normalised)", "b (random, filter-normalised)"
    return f"a ({along},<br>in steps of training)", "b (random)"


SURFACE = Panel(
    "Surface of the loss",
    "The network stands in the middle: how far to the right does it go downhill, and how steep are the walls?",
    lambda view: analysis.planes(view.rows),
    relief_or_contours,
    probe="surface",
    metrics=OF_SURFACE,
    slug="surface",
)
SURFACE_RISE = Panel(
    "Rise over the plane",
    "The highest loss minus the lowest: low is flat, and steady is a landscape without surprises.",
    lambda view: analysis.rise(view.rows),
    lambda numbers, view: surface_rise(numbers, view.time),
    probe="surface",
    metrics=("surface_loss",),
    slug="surface-rise",
)
PATH_SHARE = Panel(
    "How much of the path the plane shows",
    "Of the squared distance from the plane before: near 0 %, training came from elsewhere than the path suggests.",
    lambda view: analysis.path_share(view.rows),
    lambda numbers, view: path_share(numbers, view.time),
    probe="surface",
    metrics=OF_SURFACE,
    slug="path-share",
)
