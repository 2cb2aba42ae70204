"""Norms

Is BatchNorm the only way to a smoother landscape? The paper also divides by the average L1, L2 or L∞ norm of a batch. That does not fix
the variance, so the distributions shift as they like, and yet **the networks train as well as with BatchNorm** (Santurkar et al. 2018,
Sec. 3.3, Fig. 5, 6, 12).
---
The paper gives no formula: "schemes that fix the first order moment of the activations, as BatchNorm does, and then normalizes them by the
average of their lp-norm (before shifting the mean)". Read here, for each channel over the batch:

ŷ = (y − μ) / N_p(y), with N₁ = mean |y|, N₂ = √(mean y²), N_∞ = max |y| of the *un-centred* y; then γŷ + β. The gradient flows through μ and
N_p. The knob *Centred lp scale* takes N_p of y − μ instead; L2 is then BatchNorm.
"""

from pandas import DataFrame

from bnviz import analysis, figures
from bnviz.ui.live import Panel, View
from bnviz.ui.page import figure_page


def bands(view: View) -> DataFrame:
    return analysis.landscape_bands(view.rows)


figure_page(
    __doc__,
    [
        [
            Panel(
                "Training accuracy",
                "Do all normalised networks leave the plain one behind, and by how much do they differ among themselves?",
                lambda view: analysis.smooth(view.rows, "train_accuracy", 20),
                lambda numbers, view: figures.training_accuracy(numbers, view.time),
            )
        ],
        [
            Panel(
                "Histograms over training",
                "L1 and L∞ keep another scale than BatchNorm, and no variance is fixed: look at the widths.",
                lambda view: analysis.histograms(view.rows, view.layers, False),
                lambda numbers, view: figures.ridges(numbers, view.time),
            )
        ],
        [
            Panel(
                "Loss range",
                "How far the loss ranges along the gradient: are the other norms' bands as narrow as BatchNorm's?",
                bands,
                lambda numbers, view: figures.loss_band(numbers, view.time),
            )
        ],
        [
            Panel(
                "Gradient predictiveness",
                "A low band means that the gradient still points the right way after a step.",
                bands,
                lambda numbers, view: figures.gradient_predictiveness(numbers, view.time),
            ),
            Panel(
                "Effective β-smoothness",
                "Lower is smoother; at the dashed line the smallest step already loses the gradient.",
                bands,
                lambda numbers, view: figures.effective_beta(numbers, view.time),
            ),
        ],
    ],
    layers=lambda block: block.activation is not None,
    networks=("none", "batch", "l1", "l2", "linf"),
)
