"""Draw accuracy and loss over training (Figs. 1, 2 and 5; 2015, Fig. 1a)."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis import training as analysis
from bnviz.analysis.thinning import drawn
from bnviz.figures.axes import LOG, empty_axes, in_percent, over_time, positive_only
from bnviz.figures.charts import line_chart, note, with_and_without, with_guessing
from bnviz.figures.panel import Panel, classifies
from bnviz.figures.papers import ours_in_sight, their_lines
from bnviz.figures.style import Time, curves
from bnviz.figures.traces import (
    band_traces,
    cross_trace,
    interval_legend,
    interval_traces,
    line_trace,
)
from bnviz.words import per_cent

WINDOW = 20  # number of measurements in a running mean


def _smoothed(
    frame: DataFrame, title: str, time: Time, paper: DataFrame | None, log: bool = False
) -> go.Figure:
    """Draw the running mean of each run in front of the range of its raw values.

    If seeds are averaged, draw their mean and its interval instead.
    """
    fig = empty_axes(frame, "Steps", [title])
    for curve, rows in curves(frame):
        if "low" in rows:
            raw = band_traces(curve, rows["step"], rows["low"], rows["high"], hover=False)
            fig.add_traces([edge.update(showlegend=False, opacity=0.5) for edge in raw])
        fig.add_traces(interval_traces(curve, rows, "mean", log))
        fig.add_trace(line_trace(curve, rows["step"], rows["mean"]))
        fig.add_traces(cross_trace(curve, rows["step"], rows["mean"], time))
    fig.add_traces([*their_lines(paper, frame), *interval_legend(frame)])
    return over_time(time, fig)


def training_accuracy(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.with_overall` of the smoothed training accuracy (Figs. 1a, 2 and 5a)."""
    fig = in_percent(_smoothed(frame, "Training accuracy", time, paper))
    batch, none = with_and_without(frame, "overall_mean")
    if isfinite(batch - none):
        ahead = f"{100 * (batch - none):+.1f} points"
        note(fig, f"BatchNorm <b>{ahead}</b>, averaged over training", bottom=True)
    return fig


def say_overall(frame: DataFrame) -> str:
    """Say how accurate the networks with and without BatchNorm are on average over training."""
    batch, none = with_and_without(frame, "overall_mean")
    if not isfinite(batch - none):
        return ""
    return f"On average over training it is {batch:.1%} with BatchNorm and {none:.1%} without."


def training_loss(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.smooth` of the training loss on a logarithmic axis (Figs. 3b and 5b)."""
    frame = positive_only(frame, "mean", "low", "high")
    return ours_in_sight(
        _smoothed(frame, "Training loss", time, paper, log=True).update_yaxes(**LOG), time
    )


def test_accuracy(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:  # noqa: PT028
    """Draw `analysis.test_curve`, the test accuracy (Fig. 1b; 2015, Fig. 1a)."""
    fig = in_percent(line_chart(frame, "value", "Test accuracy", time, paper))
    _note_ends(fig, frame, bottom=True)
    return fig


def _note_ends(fig: go.Figure, frame: DataFrame, bottom: bool = False) -> None:
    """Write the newest values with and without BatchNorm into a corner, if there are both."""
    step = frame["step"].max()
    batch, none = with_and_without(frame[frame["step"] == step], "value")
    if isfinite(batch - none):
        said = f"<b>{per_cent(batch)}</b> with BatchNorm, {per_cent(none)} without"
        note(fig, f"Step {step:,}: {said}", bottom=bottom)


def test_error(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:  # noqa: PT028
    """Draw `analysis.test_error` on a logarithmic axis; `paper` holds accuracies."""
    theirs = None if paper is None else paper.assign(value=1 - paper["value"])
    fig = line_chart(positive_only(frame, "value"), "value", "Test error", time, theirs, log=True)
    _note_ends(fig, frame)
    return ours_in_sight(
        in_percent(fig, **LOG | {"range": None, "autorange": True, "tickformat": "~%"}), time
    )


TRAINING_ACCURACY = Panel(
    "Training accuracy",
    "How early does each network rise above chance, and which one stays behind? The line is a "
    "running mean; the pale band reaches over single batches.",
    lambda view: analysis.with_overall(analysis.smooth(view.rows, "train_accuracy", WINDOW)),
    lambda numbers, view: training_accuracy(numbers, view.time, view.paper),
    paper="training_accuracy",
    when=classifies,
    say=say_overall,
    averages=dict.fromkeys(("mean", "overall_mean"), "train_accuracy"),
    fewer=drawn,
    probe="accuracy",
    metrics=("train_accuracy",),
    slug="training-accuracy",
    number=".1%",
)
TRAINING_LOSS = Panel(
    "Training loss",
    "The running mean of the loss over batches, with its L2 penalty if there is one, on a "
    "logarithmic axis. The pale band reaches over single batches.",
    lambda view: analysis.smooth(view.rows, "train_loss", WINDOW),
    lambda numbers, view: with_guessing(training_loss(numbers, view.time, view.paper), view),
    paper="training_loss",
    averages={"mean": "train_loss"},
    fewer=drawn,
    probe="accuracy",
    metrics=("train_loss",),
    slug="training-loss",
)
TEST_ACCURACY = Panel(
    "Test accuracy",
    "Which network is ahead after the same number of steps?",
    lambda view: analysis.test_curve(view.rows),
    lambda numbers, view: test_accuracy(numbers, view.time, view.paper),
    paper="test_accuracy",
    when=classifies,
    averages={"value": "test_accuracy"},
    fewer=drawn,
    probe="evaluation",
    metrics=("test_accuracy",),
    slug="test-accuracy",
    number=".1%",
)
TEST_ERROR = replace(
    TEST_ACCURACY,
    title="Test error",
    reading="The share of test images that are misclassified. On a logarithmic axis, differences "
    "in the last per cent are visible.",
    numbers=lambda view: analysis.test_error(view.rows),
    draw=lambda numbers, view: test_error(numbers, view.time, view.paper),
    averages={"value": "test_error"},
    slug="test-error",
    number=".2%",
)
