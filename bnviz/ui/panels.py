"""Panels that several pages show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz import analysis, figures
from bnviz.data import SOURCES
from bnviz.spec import RunSpec
from bnviz.ui.live import Panel, View

Numbers = Callable[[View], DataFrame]
Draw = Callable[[DataFrame, figures.Time, DataFrame | None], go.Figure]

WINDOW = 20  # measurements in a running mean
RANDOM = "along a random direction"  # of which the papers show nothing
ALONG: dict[str, analysis.Direction] = {
    "along the gradient": "gradient",
    RANDOM: "random",
}  # a page's switch -> direction


def bands(view: View) -> DataFrame:
    """The landscape's bands along the direction that the page's switch says, the gradient where it has none."""
    return analysis.landscape_bands(view.rows, ALONG.get(view.choice, "gradient"))


def smooth(metric: str) -> Numbers:
    """A metric of the current batch, and its running mean."""
    return lambda view: analysis.smooth(view.rows, metric, WINDOW)


def test_curve(view: View) -> DataFrame:
    """Accuracy on the test set."""
    return analysis.test_curve(view.rows)


def classifies(spec: RunSpec) -> bool:
    """Whether there is an accuracy."""
    return bool(SOURCES[spec.data].classes)


def regresses(spec: RunSpec) -> bool:
    """Whether there is none."""
    return not classifies(spec)


def over_training(title: str, look: str, numbers: Numbers, draw: Draw, paper: str, **more: Any) -> Panel:
    """A figure over the steps, with the papers' curves under it."""
    return Panel(title, look, numbers, lambda frame, view: draw(frame, view.time, view.paper), paper=paper, **more)


def training_accuracy(title: str, look: str) -> Panel:
    """Accuracy of the current batch and its running mean (2018, Fig. 1a)."""
    return over_training(
        title, look, smooth("train_accuracy"), figures.training_accuracy, "training_accuracy", when=classifies
    )


def test_accuracy(title: str, look: str) -> Panel:
    """Accuracy on the test set (2018, Fig. 1b; 2015, Fig. 1a)."""
    return over_training(title, look, test_curve, figures.test_accuracy, "test_accuracy", when=classifies)


def test_error(look: str) -> Panel:
    """What is missing to all test examples right, on a logarithmic axis: where the last percent is seen."""
    return over_training("Test error", look, test_curve, figures.test_error, "test_accuracy", when=classifies)


def training_loss(title: str, look: str, when: Callable[[RunSpec], bool] = lambda spec: True) -> Panel:
    """Loss of the current batch and its running mean (2018, Figs. 3b, 5b)."""
    return over_training(title, look, smooth("train_loss"), figures.training_loss, "training_loss", when=when)


def loss_range(title: str, look: str) -> Panel:
    """The range of the loss over the step sizes (2018, Fig. 4a)."""
    return over_training(title, look, bands, figures.loss_band, "loss_band", without=RANDOM)


GRADIENT_PREDICTIVENESS = over_training(
    "Gradient predictiveness",
    "A low band means that the gradient still points the right way after a step.",
    bands,
    figures.gradient_predictiveness,
    "gradient_predictiveness",
    without=RANDOM,
)
EFFECTIVE_BETA = over_training(
    "Effective β-smoothness",
    "Lower is smoother. At 1/η_min the smallest step already loses the gradient; at 2/lr a full batch trains at the edge of stability.",
    bands,
    figures.effective_beta,
    "effective_beta",
    without=RANDOM,
)
CURVATURE = Panel(
    "Curvature",
    "The largest eigenvalue of the Hessian and the curvature along the gradient. The dashed line is 2/lr, where plain gradient descent "
    "becomes unstable: a network that hovers there trains at the *edge of stability*, and its β settles there too.",
    lambda view: analysis.curvature(view.rows),
    lambda numbers, view: figures.curvature(numbers, view.time),
    when=lambda spec: "curvature" in spec.probes,
    hint="Not measured here: under *Knobs*, *Measured every … steps*, set *Curvature* (each takes some tens of passes).",
)
