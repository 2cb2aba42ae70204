"""Distributions of activations (Figs. 1c, 2, 6, 8 and 9; 2015, Fig. 1b-c)."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis import distributions as analysis
from bnviz.analysis.rows import layers
from bnviz.analysis.thinning import drawn
from bnviz.figures.axes import (
    INSIDE,
    empty_axes,
    layer_title,
    named_once,
    over_time,
    separable,
    tell_layers,
    tell_page,
)
from bnviz.figures.charts import facet_chart
from bnviz.figures.panel import ALL, Panel, View
from bnviz.figures.papers import layers_numbered, ours_in_sight, their_columns, their_legend
from bnviz.figures.style import LEVEL, Curve, Time, curves, groups
from bnviz.figures.traces import NO_HOVER, band_traces, cross_trace, drawable, line_trace
from bnviz.figures.unchecked import axes, scatter, set_axes, set_layout, traces

OF_HISTOGRAMS = ("activation_quantile", analysis.HISTOGRAM)
OF_MOMENTS = ("activation_mean", "activation_variance")
CHANGE = {
    "mean": "|μ<sub>t+1</sub> − μ<sub>t</sub>|",
    "variance": "|σ²<sub>t+1</sub> − σ²<sub>t</sub>|",
}
DRIFT = {"mean": "μ<sub>t</sub> − μ<sub>0</sub>", "variance": "σ²<sub>t</sub> − σ²<sub>0</sub>"}


def _networks(frame: DataFrame, x_title: str, y_title: str, **sharing: Any) -> go.Figure:
    """Return empty axes with one row per layer and one column per run."""
    titles = [f"{y_title}<br>{layer_title(name)}" for name in layers(frame)] or [y_title]
    columns = [curve.label for curve, _ in curves(frame)]
    fig = empty_axes(frame, x_title, titles, columns, shared_yaxes=True, **sharing)
    return set_layout(tell_layers(fig, layers(frame), rows=True), showlegend=False)


def quantile_bands(
    frame: DataFrame, time: Time, paper: DataFrame | None = None, of: str = "Activation"
) -> go.Figure:
    """Draw `analysis.quantile_bands`: the median with bands from 15 to 85% and from 5 to 95%.

    Fig. 1b-c of the 2015 paper shows the same without the band from 5 to 95%.
    """
    fig, names = _networks(frame, "Steps", of, shared_xaxes="all"), layers(frame)
    for column, (curve, run) in enumerate(curves(frame), 1):
        for name, rows in groups(run, "layer"):
            step, median = rows["step"], rows["q50"]
            outer = band_traces(curve, step, rows["q05"], rows["q95"], hover=False)
            inner = band_traces(curve, step, rows["q15"], rows["q85"], hover=False)
            traces = [
                *outer,
                *inner,
                line_trace(curve, step, median),
                *cross_trace(curve, step, median, time, words=False),
            ]
            fig.add_traces(traces, rows=names.index(name) + 1, cols=column)
    for column, curve, rows in their_columns(paper, frame):
        for place in layers_numbered(names, rows["layer"].iloc[0]):
            band = band_traces(curve, rows["step"], rows["low"], rows["high"], hover=False)
            fig.add_traces(
                [*band, line_trace(curve, rows["step"], rows["value"])], rows=place, cols=column
            )
    return separable(ours_in_sight(over_time(time, their_legend(fig)), time))


def singular_values(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.jacobian_bands` as `quantile_bands`, with a line at 1."""
    return quantile_bands(frame, time, of="Singular value").add_hline(1, **LEVEL)


def ridges(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.histograms` as a ridge plot, with the first step at the back (Fig. 1c).

    All histograms are scaled to the same height, so a ridge shows where the activations are and how
    widely they spread, but not their density. The networks share the axis of a layer.
    """
    fig = _networks(frame, "Activation", "Steps", shared_xaxes="rows")
    names, height, own = layers(frame), time.steps / 6, dict[str, list[float]]()
    share = frame["density"] / frame.groupby(["run", "layer", "step"])["density"].transform("max")
    frame = frame.assign(height=height * share)
    seen = frame[share > 0.01]  # so that a lone outlier does not stretch the axis
    for column, (curve, run) in enumerate(curves(frame), 1):
        for name, rows in groups(run.dropna(), "layer"):
            row, there = names.index(name) + 1, seen["layer"] == name
            fig.add_traces(_ridges(curve, rows), row, column)
            axis = f"xaxis{traces(fig)[-1]['xaxis'][1:]}"
            axes(fig, "x")[axis]["range"] = _ends(seen[there])
            own[axis] = _ends(seen[there & (seen["run"] == curve.run)])
    set_axes(fig, "y", range=[time.steps, -1.1 * height], tickformat="~s", nticks=5)
    tell_page(fig, narrow={name: {"nticks": 3} for name in axes(fig, "x")})
    return separable(set_layout(set_axes(fig, "x", nticks=5), hovermode=False), "x", own)


def _ends(bins: DataFrame) -> list[float]:
    """Return the left end of the first bin and the right end of the last."""
    return [float(bins["left"].min()), float(bins["right"].max())]


def _ridges(curve: Curve, rows: DataFrame) -> list[go.Scatter]:
    """Return one outline per histogram, standing on its step.

    The y axis points down, so a height is subtracted from the step.
    """
    left, right, height = (rows[name].to_numpy() for name in ("left", "right", "height"))
    line = {"color": "rgba(255, 255, 255, 0.8)", "width": 1}
    properties = {
        "mode": "lines",
        "line": line,
        "fill": "toself",
        "fillcolor": curve.faded(0.9),
        "hoverinfo": "skip",
    }
    traces = []
    for step, at in sorted(rows.groupby("step").indices.items()):
        x = drawable([left[at[0]], *(left[at] + right[at]) / 2, right[at[-1]]])
        traces.append(
            scatter(
                x=x, y=drawable([step, *step - height[at], step]), name=curve.label, **properties
            )
        )
    return traces


def histogram(frame: DataFrame) -> go.Figure:
    """Draw `analysis.histogram_at`: the histograms of all runs overlaid, one panel per layer."""
    names = layers(frame)
    fig = empty_axes(frame, "Activation", ["Density"], map(layer_title, names))
    for curve, run in curves(frame):
        for name, bins in groups(run.dropna(), "layer"):
            x = [bins["left"].iloc[0], *bins["left"], bins["right"].iloc[-1]]
            area = {
                "fill": "tozeroy",
                "fillcolor": curve.faded(0.3),
                "line": {**curve.line, "shape": "hv"},
            }
            outline = line_trace(curve, x, [0, *bins["density"], 0], **area, **NO_HOVER)
            fig.add_trace(outline, row=1, col=names.index(name) + 1)
    tell_layers(fig, names, rows=False)
    return set_axes(named_once(fig), "y", **INSIDE)  # each panel has its own scale


def moment_changes(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.moment_changes` (Fig. 8a)."""
    return ours_in_sight(facet_chart(frame, "moment", CHANGE, time, paper), time)


def moment_drift(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.moment_drift` (Fig. 8b)."""
    return facet_chart(frame, "moment", DRIFT, time)


def pooled(view: View) -> bool:
    """Return whether the page's switch asks for all units of a layer rather than one."""
    return view.choice == ALL


def histogram_steps(view: View) -> set[int]:
    """Return the steps whose histograms the panels need, for all seeds or for the first only."""
    return set[int]().union(
        *(analysis.histogram_steps(seen.rows, view.step) for seen in (view, view.of_first_seed()))
    )


QUANTILES = Panel(
    "Quantiles over training",
    "Median, 15–85% and 5–95%. If the distribution is stable, all lines are level.",
    lambda view: analysis.quantile_bands(view.rows, view.layers, pooled(view)),
    lambda numbers, view: quantile_bands(numbers, view.time, view.paper),
    paper="quantile_bands",
    without=ALL,
    fewer=drawn,
    probe="activations",
    metrics=("activation_quantile",),
    slug="quantiles",
)
HISTOGRAMS = Panel(
    "Histograms over training",
    "One histogram per measurement, the earliest at the back. Does the shape stay the same?",
    lambda view: analysis.histograms(view.rows, view.layers, pooled(view)),
    lambda numbers, view: ridges(numbers, view.time),
    probe="activations",
    metrics=OF_HISTOGRAMS,
    slug="histograms",
)
HISTOGRAMS_AT_STEP = Panel(
    "Histograms at one step",
    "All networks on the same axes.",
    lambda view: analysis.densities(view.rows, view.layers, pooled(view)),
    lambda numbers, view: histogram(numbers),
    probe="activations",
    metrics=OF_HISTOGRAMS,
    slug="histograms-at-step",
    moment=True,
)
MOMENT_CHANGES = Panel(
    "Change from step to step",
    "Fig. 8a: from step to step, do mean and variance move more with noise than in the standard "
    "network, and less with BatchNorm?",
    lambda view: analysis.moment_changes(view.rows, view.layers),
    lambda numbers, view: moment_changes(numbers, view.time, view.paper),
    paper="moment_changes",
    averages={"value": "moment_change"},
    fewer=drawn,
    probe="activations",
    metrics=OF_MOMENTS,
    slug="moment-changes",
)
MOMENT_DRIFT = Panel(
    "Drift since the start",
    "Fig. 8b: how far have mean and variance moved since the first step?",
    lambda view: analysis.moment_drift(view.rows, view.layers),
    lambda numbers, view: moment_drift(numbers, view.time),
    fewer=drawn,  # not averaged over seeds, because each seed samples a different unit
    probe="activations",
    metrics=OF_MOMENTS,
    slug="moment-drift",
)
JACOBIANS = Panel(
    "Singular values of layer Jacobians",
    "How much a layer stretches a small change of its input: median, 15–85% and 5–95% of the "
    "singular values of ∂ẑ/∂x̂, from one normalised input to the next. At 1, marked by dots, a "
    "change keeps its length. The 2015 paper conjectures that BatchNorm brings them close to 1 "
    "(Sec. 3.3).",
    lambda view: analysis.jacobian_bands(view.rows),
    lambda numbers, view: singular_values(numbers, view.time),
    when=lambda spec: "jacobian" in spec.probes,
    without=ALL,
    fewer=drawn,
    probe="jacobian",
    metrics=("jacobian_quantile",),
    slug="jacobians",
)
