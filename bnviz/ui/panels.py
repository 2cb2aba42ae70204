"""Panels that several pages show."""

from __future__ import annotations

from pandas import DataFrame

from bnviz import analysis, figures
from bnviz.ui.live import Panel, View

WINDOW = 20  # measurements in a running mean
ALONG: dict[str, analysis.Direction] = {
    "along the gradient": "gradient",
    "along a random direction": "random",
}  # a page's switch -> direction


def bands(view: View) -> DataFrame:
    """The landscape's bands along the direction that the page's switch says, the gradient where it has none."""
    return analysis.landscape_bands(view.rows, ALONG.get(view.choice, "gradient"))


def training_accuracy(title: str, look: str) -> Panel:
    """Accuracy of the current batch and its running mean (2018, Fig. 1a)."""
    return Panel(
        title,
        look,
        lambda view: analysis.smooth(view.rows, "train_accuracy", WINDOW),
        lambda numbers, view: figures.training_accuracy(numbers, view.time),
    )


def loss_range(title: str, look: str) -> Panel:
    """The range of the loss over the step sizes (2018, Fig. 4a)."""
    return Panel(title, look, bands, lambda numbers, view: figures.loss_band(numbers, view.time))


GRADIENT_PREDICTIVENESS = Panel(
    "Gradient predictiveness",
    "A low band means that the gradient still points the right way after a step.",
    bands,
    lambda numbers, view: figures.gradient_predictiveness(numbers, view.time),
)
EFFECTIVE_BETA = Panel(
    "Effective β-smoothness",
    "Lower is smoother; at the dashed line the smallest step already loses the gradient.",
    bands,
    lambda numbers, view: figures.effective_beta(numbers, view.time),
)
