"""Landscape

Take one training step at a time and look along the gradient, at *θ − ηg* for a few step sizes *η*.
How much does the loss vary over that range, and how much does the gradient change? The paper calls
a landscape smooth where both are small. It claims that **BatchNorm makes the landscape smoother**
(Santurkar et al. 2018, Fig. 4 and 11).
---
At step *t*, with the gradient *g* = ∇L(θ), the loss of the same batch is evaluated at θ − ηg for
every step size η. Training then continues from θ. BatchNorm uses batch statistics, and noisy
BatchNorm keeps the noise of that step.

- **Loss along the gradient**: the minimum and the maximum over η of L(θ − ηg).
- **Gradient predictiveness**: the minimum and the maximum over η of ‖∇L(θ − ηg) − g‖₂.
- **Effective β-smoothness**: the maximum over η of ‖∇L(θ − ηg) − g‖₂ / (η‖g‖₂). Its plateau at
  1/η_min is a property of the grid of step sizes: there the smallest step already changes the
  gradient by its own length. In the deep linear network, trained on the full batch, the plateau is
  a different one: 2/lr, the edge of stability.
- **Curvature**, with H = ∇²L(θ) on the same batch: the largest eigenvalue of H, found by Lanczos'
  method; gᵀHg / ‖g‖², the curvature along the gradient; and ‖Hg‖ / ‖g‖, the limit of β for small
  steps, which is at least as large in absolute value. Runs that were made before bnviz recorded
  the last of the three have no row for it.

The random direction is as long as the gradient. It is measured if the setting *Random direction* is
on.

The band covers the step sizes at one step of one run. It is *not* the range over runs at several
learning rates, which is often shown under this name.
---
A narrow band alone does not show a smooth landscape. A network that has not begun to learn has a
narrow band too.

The networks stand at different places in parameter space, and their gradients differ in length. The
same step size reaches farther where the gradient is longer.

Narrower bands may go together with faster training. That would not show that one causes the other.
"""

from bnviz.figures.landscape import (
    CURVATURE,
    EFFECTIVE_BETA,
    GRADIENT_NORM,
    GRADIENT_PREDICTIVENESS,
    LANDSCAPE,
    LOSS_SLICE,
    STEP_SIZES,
)
from bnviz.figures.panel import ALONG
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            LANDSCAPE.told(
                "Loss range",
                "How much the loss varies over the step sizes. Which band is narrower, and from "
                "which step on?",
            )
        ],
        [
            GRADIENT_PREDICTIVENESS.told(
                "Gradient predictiveness",
                "How far the gradient changes over the step sizes. Which band is lower?",
            ),
            EFFECTIVE_BETA,
        ],
        [LOSS_SLICE, STEP_SIZES],
        [GRADIENT_NORM, CURVATURE],
    ],
    page="landscape",
    choices=list(ALONG),
)
