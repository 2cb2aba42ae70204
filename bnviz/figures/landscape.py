"""Draw the loss landscape along the gradient (Figs. 4, 10-13) and its curvature."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import cycle
from math import isfinite

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from pandas import DataFrame

from bnviz.analysis import landscape as analysis
from bnviz.analysis.thinning import drawn
from bnviz.figures.axes import (
    LOG,
    axis_of,
    empty_axes,
    over_time,
    positive_only,
    scale_for,
    separable,
    switchable,
)
from bnviz.figures.charts import line_chart, note, with_and_without, with_guessing
from bnviz.figures.panel import ALONG, RANDOM, Panel, View
from bnviz.figures.papers import ours_in_sight, papers
from bnviz.figures.style import DASHED, Curve, Time, curves, groups
from bnviz.figures.traces import (
    NO_HOVER,
    NUMBER,
    band_traces,
    cross_trace,
    interval_bars,
    interval_legend,
    line_trace,
)
from bnviz.figures.unchecked import scatter, set_axes, traces
from bnviz.words import rounded, three_digits

OF_LANDSCAPE = (
    "train_loss",
    "gradient_norm",
    "weight_norm",
    *(
        f"{name}{along}"
        for name in ("loss_along", "gradient_distance", "gradient_cosine")
        for along in ("", "_random")
    ),
)
STEP_SIZE = "Step size η"
TOGETHER = 3  # bands in one panel, at most
CURVATURES = dict(
    zip(
        analysis.CURVATURES,
        ("λ<sub>max</sub>(∇²L)", "gᵀ∇²L g / ‖g‖²", "‖∇²L g‖ / ‖g‖"),
        strict=True,
    )
)
# So that several level lines in one figure can be told apart.
DASHES = ("dash", "longdashdot", "8px,2px,2px,2px,2px,2px", "16px,4px")


def band_chart(
    frame: DataFrame, name: str, title: str, time: Time, paper: DataFrame | None, log: bool
) -> go.Figure:
    """Draw a band between the columns <name>_low and <name>_high for each run.

    More than TOGETHER bands get a panel each, because they would hide each other. If seeds are
    averaged, the edges are the means of both columns.
    """
    bands = curves(frame)
    columns = own_columns(len(bands))
    apart = len(set(columns)) > 1
    heads = [curve.label for curve, _ in bands] if apart else []
    fig = empty_axes(frame, "Steps", [title], heads, shared_yaxes=True)
    for place, (curve, rows) in enumerate(bands):
        step, low, high = rows["step"], rows[f"{name}_low"], rows[f"{name}_high"]
        around = [
            t
            for end in ("low", "high")
            for t in interval_bars(curve, rows, f"{name}_{end}", place, log)
        ]
        drawn = [*band_traces(curve, step, low, high), *around]
        drawn += cross_trace(curve, step, high, time, words=not apart)
        if apart:  # the head of the panel names the run
            for trace in drawn:
                trace["showlegend"] = False
        fig.add_traces(drawn, rows=1, cols=columns[place])
    by_norm = {rows["norm"].iloc[0]: columns[place] for place, (_, rows) in enumerate(bands)}
    for curve, rows in papers(paper, frame):
        drawn = band_traces(curve, rows["step"], rows["low"], rows["high"])
        fig.add_traces(drawn, rows=1, cols=by_norm.get(rows["norm"].iloc[0], 1))
    fig.add_traces(interval_legend(frame, whiskers=True))
    return separable(over_time(time, fig))


def own_columns(count: int) -> list[int]:
    """Return the column of each run's panel: the same, or its own if they are over TOGETHER."""
    return [place if count > TOGETHER else 1 for place in range(1, count + 1)]


def loss_band(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw the loss range of `analysis.landscape_bands` (Figs. 4a and 10a)."""
    scale = unless_huge(frame["loss_high"])
    fig = band_chart(frame, "loss", "Loss", time, paper, scale == "log")
    return switchable(ours_in_sight(set_axes(fig, "y", **axis_of(scale)), time))


def unless_huge(values: ArrayLike) -> str:
    """Choose a linear scale, and a logarithmic one if the values span four decades."""
    return scale_for(values, 1e4)


def loss_width(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.widths` with a line at each run's mean and the mean written on it.

    `paper` holds the papers' loss bands, as for `loss_band`.
    """
    scale = unless_huge(frame["value"])
    theirs = None if paper is None else paper.assign(value=paper["high"] - paper["low"])
    fig = line_chart(frame, "value", "Highest − lowest loss", time, theirs, log=scale == "log")
    for curve, rows in curves(frame):
        _mark_mean(fig, curve, rows["mean"].iloc[0], time)
    _note_ratio(fig, frame)
    return switchable(ours_in_sight(set_axes(fig, "y", **axis_of(scale)), time))


def _mark_mean(fig: go.Figure, curve: Curve, mean: float, time: Time) -> None:
    """Draw a thin line at a run's mean and write the mean into its legend entry."""
    if not isfinite(mean):
        return
    named = {"name": f"{curve.label}, mean {three_digits(mean)}"}
    named["hovertemplate"] = f"{NUMBER}<extra>{curve.label}</extra>"
    for trace in traces(fig):
        if (trace.get("legendgroup"), trace.get("mode")) == (curve.run, "lines+markers"):
            trace.update(named)
    thin = curve.line | {"width": 1}
    at_mean = {"line": thin, "showlegend": False, **NO_HOVER}
    fig.add_trace(line_trace(curve, [0, time.steps], [mean, mean], **at_mean))


def _note_ratio(fig: go.Figure, frame: DataFrame) -> None:
    """Write how much narrower the loss band is with BatchNorm, or how much wider."""
    batch, none = with_and_without(frame, "mean")
    ratio = float(np.divide(none, batch))
    if isfinite(ratio) and ratio > 0:
        than = (
            f"{rounded(ratio, 2)} × narrower" if ratio >= 1 else f"{rounded(1 / ratio, 2)} × wider"
        )
        note(fig, f"With BatchNorm <b>{than}</b> on average")
        room = {"include": 1.15 * frame["value"].max()}  # above the lines
        set_axes(fig, "y", autorangeoptions=room)


def say_widths(frame: DataFrame) -> str:
    """Put the mean widths into words, on a linear and on a logarithmic axis."""
    means = frame.groupby("norm")[["mean", "log_mean"]].mean()
    if not {"none", "batch"} <= set(means.index) or not np.isfinite(means.to_numpy()).all():
        return ""
    (linear, log), (batch, log_batch) = means.loc[["none", "batch"]].to_numpy().tolist()
    ratio, log_ratio = rounded(linear / batch, 2), rounded(log / log_batch, 2)
    linear, batch, log, log_batch = map(three_digits, (linear, batch, log, log_batch))
    return (
        f"On average it is {linear} without BatchNorm and {batch} with it, a ratio of {ratio}. On "
        f"a logarithmic axis, as ln(highest / lowest), it is {log} and {log_batch}, a ratio of "
        f"{log_ratio}."
    )


def levels(names: Mapping[float, str], time: Time) -> list[go.Scatter]:
    """Return a level line for each value, with its own dash pattern."""
    return [
        scatter(
            x=[0, time.steps],
            y=[value, value],
            name=name,
            **DASHED | {"line": DASHED["line"] | {"dash": dash}},
        )
        for (value, name), dash in zip(names.items(), cycle(DASHES))
    ]


def gradient_norm(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.gradient_norms` on a logarithmic axis."""
    positive = positive_only(frame, "value")
    return set_axes(line_chart(positive, "value", "‖g‖₂", time, log=True), "y", **LOG)


def loss_slice(frame: DataFrame) -> go.Figure:
    """Draw `analysis.loss_slice`: the loss along the gradient at one step, including η = 0."""
    fig = empty_axes(frame, STEP_SIZE, ["L(θ−ηg)"])
    for curve, rows in curves(frame):
        fig.add_trace(line_trace(curve, rows["eta"], rows["loss"], **curve.dots(7)))
    set_axes(fig, "x", unifiedhovertitle={"text": "η = %{x:.3g}"})
    return set_axes(fig, "y", **axis_of(scale_for(frame["loss"], 100)))


def measured(frame: DataFrame, titles: Mapping[str, str]) -> Mapping[str, str]:
    """Return the titles of the metrics that some run has, or all of them if there is none."""
    there = set(frame["metric"])
    return {metric: title for metric, title in titles.items() if metric in there} or titles


def curvature(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.curvature`: one row for each of CURVATURES that some run has measured.

    Dashed lines mark 2/lr, where gradient descent gets unstable.
    """
    shown = measured(frame, CURVATURES)
    fig = empty_axes(frame, "Steps", shown.values(), shared_xaxes=True)
    positive = positive_only(frame, "value")
    for curve, run in curves(positive):
        for metric, rows in groups(run, "metric"):
            fig.add_trace(
                line_trace(curve, rows["step"], rows["value"], **curve.dots(4)),
                row=list(shown).index(metric) + 1,
                col=1,
            )
    for edge in levels({2 / lr: f"2/lr = {2 / lr:.3g}" for lr in frame["lr"].unique()}, time):
        for row, _ in enumerate(shown, 1):
            own = go.Scatter(edge, legendgroup=edge.name, _validate=False)
            fig.add_trace(own, row=row, col=1)
    scale = scale_for(positive["value"].dropna(), 30)
    return set_axes(over_time(time, fig), "y", **axis_of(scale))


def random_direction(choice: str) -> str:
    """Return the setting that the page's switch requires: "random_direction", or "" if none."""
    return "random_direction" if choice == RANDOM else ""


def direction(view: View) -> analysis.Direction:
    """Return the direction of the page's switch, by default the gradient."""
    return ALONG.get(view.choice, "gradient")


def bands(view: View) -> DataFrame:
    """Return the bands along the direction of the page's switch."""
    return analysis.landscape_bands(view.rows, direction(view))


def loss_widths(view: View) -> DataFrame:
    """Return how wide the loss band is along the direction of the page's switch."""
    return analysis.widths(bands(view))


of_probe = partial(Panel, probe="landscape", metrics=OF_LANDSCAPE)
over_steps = partial(of_probe, needs=random_direction, fewer=drawn)

LOSS_WIDTH = over_steps(
    "Width of the loss range",
    "How much the loss varies over the step sizes: the highest minus the lowest at each probe.",
    loss_widths,
    lambda numbers, view: loss_width(numbers, view.time, view.paper),
    paper="loss_band",
    without=RANDOM,
    say=say_widths,
    averages=dict.fromkeys(("value", "mean", "log_mean"), "loss_band"),
    slug="loss-width",
)
LANDSCAPE = over_steps(
    "Loss range",
    "From the lowest to the highest loss over the step sizes. Which band is narrower, and from "
    "which step on?",
    bands,
    lambda numbers, view: with_guessing(loss_band(numbers, view.time, view.paper), view),
    paper="loss_band",
    without=RANDOM,
    averages={"loss_low": "loss", "loss_high": "loss"},
    slug="landscape",
)
CURVATURE = Panel(
    "Curvature",
    "The largest eigenvalue of the Hessian H, the curvature gᵀHg / ‖g‖² along the gradient, and "
    "‖Hg‖ / ‖g‖, the limit of effective β for small steps. The dashed line is 2/lr, where plain "
    "gradient descent becomes unstable. Which networks stay near it?",
    lambda view: analysis.curvature(view.rows),
    lambda numbers, view: curvature(numbers, view.time),
    fewer=drawn,
    probe="curvature",
    metrics=tuple(CURVATURES),
    slug="curvature",
)
GRADIENT_NORM = Panel(
    "Length of the gradient",
    "Each step is η times the gradient. The longer the gradient, the farther the same step sizes "
    "reach into the landscape.",
    lambda view: analysis.gradient_norms(view.rows),
    lambda numbers, view: gradient_norm(numbers, view.time),
    averages={"value": "gradient_norm"},
    fewer=drawn,
    probe="landscape",
    metrics=("gradient_norm",),
    slug="gradient-norm",
)
LOSS_SLICE = of_probe(
    "Loss at one step",
    "The losses behind the band at this step: where a plain gradient step of each size would lead.",
    lambda view: analysis.loss_slice(view.rows),
    lambda numbers, view: loss_slice(numbers),
    slug="loss-slice",
    moment=True,
)
