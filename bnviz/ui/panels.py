"""Panels that several pages show."""

from __future__ import annotations

from collections.abc import Callable

from pandas import DataFrame

from bnviz import analysis, figures
from bnviz.data import SOURCES
from bnviz.spec import RunSpec
from bnviz.ui.live import Panel, View

WINDOW = 20  # measurements in a running mean
RANDOM = "along a random direction"  # of which the papers show nothing
ALONG: dict[str, analysis.Direction] = {
    "along the gradient": "gradient",
    RANDOM: "random",
}  # a page's switch -> direction


def bands(view: View) -> DataFrame:
    """The landscape's bands along the direction that the page's switch says, the gradient where it has none."""
    return analysis.landscape_bands(view.rows, ALONG.get(view.choice, "gradient"))


def classifies(spec: RunSpec) -> bool:
    """Whether there is an accuracy."""
    return bool(SOURCES[spec.data].classes)


def regresses(spec: RunSpec) -> bool:
    """Whether there is none."""
    return not classifies(spec)


def training_accuracy(title: str, look: str) -> Panel:
    """Accuracy of the current batch and its running mean (2018, Fig. 1a)."""
    return Panel(
        title,
        look,
        lambda view: analysis.smooth(view.rows, "train_accuracy", WINDOW),
        lambda numbers, view: figures.training_accuracy(numbers, view.time, view.paper),
        paper="training_accuracy",
        when=classifies,
    )


def test_accuracy(title: str, look: str) -> Panel:
    """Accuracy on the test set (2018, Fig. 1b; 2015, Fig. 1a)."""
    return Panel(
        title,
        look,
        lambda view: analysis.test_curve(view.rows),
        lambda numbers, view: figures.test_accuracy(numbers, view.time, view.paper),
        paper="test_accuracy",
        when=classifies,
    )


def test_error(look: str) -> Panel:
    """What is missing to all test examples right, on a logarithmic axis: where the last percent is seen."""
    return Panel(
        "Test error",
        look,
        lambda view: analysis.test_curve(view.rows),
        lambda numbers, view: figures.test_error(numbers, view.time, view.paper),
        paper="test_accuracy",
        when=classifies,
    )


def training_loss(title: str, look: str, when: Callable[[RunSpec], bool] = lambda spec: True) -> Panel:
    """Loss of the current batch and its running mean (2018, Figs. 3b, 5b)."""
    return Panel(
        title,
        look,
        lambda view: analysis.smooth(view.rows, "train_loss", WINDOW),
        lambda numbers, view: figures.training_loss(numbers, view.time, view.paper),
        paper="training_loss",
        when=when,
    )


def loss_range(title: str, look: str) -> Panel:
    """The range of the loss over the step sizes (2018, Fig. 4a)."""
    return Panel(
        title,
        look,
        bands,
        lambda numbers, view: figures.loss_band(numbers, view.time, view.paper),
        paper="loss_band",
        without=RANDOM,
    )


GRADIENT_PREDICTIVENESS = Panel(
    "Gradient predictiveness",
    "A low band means that the gradient still points the right way after a step.",
    bands,
    lambda numbers, view: figures.gradient_predictiveness(numbers, view.time, view.paper),
    paper="gradient_predictiveness",
    without=RANDOM,
)
EFFECTIVE_BETA = Panel(
    "Effective β-smoothness",
    "Lower is smoother. At 1/η_min the smallest step already loses the gradient; at 2/lr a full batch trains at the edge of stability.",
    bands,
    lambda numbers, view: figures.effective_beta(numbers, view.time, view.paper),
    paper="effective_beta",
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
