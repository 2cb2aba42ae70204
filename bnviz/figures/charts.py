"""Two kinds of chart that several subjects use: one line per run, and one panel per layer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis.rows import layers
from bnviz.data import SOURCES
from bnviz.figures.axes import empty_axes, layer_title, over_time, tell_layers
from bnviz.figures.panel import View
from bnviz.figures.papers import layers_numbered, papers, their_lines
from bnviz.figures.style import MARK, Time, curves, groups
from bnviz.figures.traces import cross_trace, interval_legend, interval_traces, line_trace
from bnviz.figures.unchecked import scatter


def line_chart(
    frame: DataFrame,
    column: str,
    title: str,
    time: Time,
    paper: DataFrame | None = None,
    log: bool = False,
) -> go.Figure:
    """Draw one column over training: a line per run, with a marker at every measurement.

    `paper` holds the papers' curves to draw beneath. Set `log` if the y axis will be logarithmic.
    """
    fig = empty_axes(frame, "Steps", [title])
    for curve, rows in curves(frame):
        fig.add_traces(interval_traces(curve, rows, column, log))
        fig.add_trace(line_trace(curve, rows["step"], rows[column], **curve.dots(4)))
        fig.add_traces(cross_trace(curve, rows["step"], rows[column], time))
    fig.add_traces([*their_lines(paper, frame), *interval_legend(frame)])
    return over_time(time, fig)


def facet_chart(
    frame: DataFrame,
    kind: str,
    titles: Mapping[str, str],
    time: Time,
    paper: DataFrame | None = None,
) -> go.Figure:
    """Draw all runs in a grid of panels: a column per layer, a row per value of the column `kind`.

    `titles` maps those values to the titles of the y axes. A paper's layer is drawn in the panel of
    our layer with the same number.
    """
    names, kinds = layers(frame), list(titles)
    sharing = {"shared_xaxes": "all", "shared_yaxes": True}
    fig = empty_axes(frame, "Steps", titles.values(), map(layer_title, names), **sharing)
    for curve, run in curves(frame):
        for (name, which), rows in groups(run, ["layer", kind]):
            step, value = rows["step"], rows["value"]
            interval = interval_traces(curve, rows, "value", log=which == "ics_l2")
            traces = [
                *interval,
                line_trace(curve, step, value),
                *cross_trace(curve, step, value, time, words=False),
            ]
            fig.add_traces(traces, rows=kinds.index(which) + 1, cols=names.index(name) + 1)
    for curve, run in papers(paper, frame):
        for (number, which), rows in groups(run, ["layer", "kind"]):
            for place in layers_numbered(names, number):
                fig.add_trace(
                    line_trace(curve, rows["step"], rows["value"]),
                    row=kinds.index(which) + 1,
                    col=place,
                )
    fig.add_traces(interval_legend(frame))
    return over_time(time, tell_layers(fig, names, rows=False))


def note(
    fig: go.Figure, text: str, *, axes: str = "", bottom: bool = False, size: int = 15
) -> None:
    """Write a number into the upper or, if `bottom`, the lower right corner of a panel.

    `axes` is the number of its axes in plotly's names, "" for the first.
    """
    corner = {"xref": f"x{axes} domain", "yref": f"y{axes} domain", "x": 1, "xanchor": "right"}
    edge = {"y": 0, "yanchor": "bottom"} if bottom else {"y": 1, "yanchor": "top"}
    fig.add_annotation(text=text, showarrow=False, font_size=size, **corner, **edge)


def with_and_without(frame: DataFrame, column: str) -> tuple[float, float]:
    """Return the mean of a column with BatchNorm and of the standard network; NaN if missing."""
    means = frame.groupby("norm")[column].mean().reindex(["batch", "none"])
    return float(means["batch"]), float(means["none"])


def with_guessing(fig: go.Figure, view: View) -> go.Figure:
    """Draw a dotted line at the loss of guessing, the logarithm of the number of classes.

    Its dots are far apart, so that nobody takes it for a paper's curve.
    """
    counts = {len(SOURCES[spec.data].classes) for spec in view.specs}
    if len(counts) == 1 and (count := counts.pop()):
        loss, line = math.log(count), {"color": MARK, "dash": "1.5px,6px", "width": 1.5}
        for x, y in sorted({(trace.xaxis or "x", trace.yaxis or "y") for trace in fig.data}):
            ends = {"x0": 0, "x1": 1, "y0": loss, "y1": loss}
            fig.add_shape(type="line", xref=f"{x} domain", yref=y, line=line, **ends)
        name = f"ln {count} = {loss:.2f}, guessing"
        fig.add_trace(scatter(x=[None], y=[None], name=name, mode="lines", line=line))
    return fig
