"""Landscape

Take one training step at a time and look along the gradient: at *θ − ηg* for a few step sizes *η*. If the landscape is smooth,
the loss changes little over that range and the gradient stays what it was. The paper's claim: **BatchNorm makes it smoother**
(Santurkar et al. 2018, Fig. 4 and 11).
---
At step *t*, with gradient *g* = ∇L(θ), the same batch is evaluated at θ − ηg for every step size η; training itself goes on from θ.
BatchNorm uses batch statistics, noisy BatchNorm keeps the noise of that step.

- **Loss along the gradient**: from min to max over η of L(θ − ηg).
- **Gradient predictiveness**: from min to max over η of ‖∇L(θ − ηg) − g‖₂.
- **Effective β-smoothness**: max over η of ‖∇L(θ − ηg) − g‖₂ / (η‖g‖₂). Its plateau at 1/η_min is a property of the grid of step sizes:
  there the smallest step already wipes out the gradient.

The random direction is measured where the knob *Random direction* is on; it is as long as the gradient.

The band is over step sizes at one step of one run. It is *not* the range over runs at several learning rates that is often shown
under this name.
"""

from pandas import DataFrame

from bnviz import analysis, figures
from bnviz.ui.live import Panel, View
from bnviz.ui.page import figure_page

ALONG = {"along the gradient": "gradient", "along a random direction": "random"}


def bands(view: View) -> DataFrame:
    return analysis.landscape_bands(view.rows, ALONG[view.choice])


figure_page(
    __doc__,
    [
        [
            Panel(
                "Loss range",
                "A narrow band means that the loss barely changes over the step sizes: a smoother landscape.",
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
        [
            Panel(
                "Loss at one step",
                "The slice behind the band: steep walls are what a learning rate must avoid.",
                lambda view: analysis.loss_slice(view.rows, view.step),
                lambda numbers, view: figures.loss_slice(numbers),
            ),
            Panel(
                "Distance against step size",
                "One curve a step, blue early and red late: flat curves mean a gradient that can be trusted far away.",
                lambda view: analysis.step_sizes(view.rows),
                lambda numbers, view: figures.step_sizes(numbers, view.time),
            ),
        ],
    ],
    choices=list(ALONG),
)
