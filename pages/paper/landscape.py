"""Landscape

Take one training step at a time and look along the gradient, at *θ − ηg* for a few step sizes *η*.
How much does the loss vary over that range, and how much does the gradient change? The paper calls
a landscape smooth where both are small. It claims that **BatchNorm makes the landscape smoother**
(Santurkar et al. 2018, Fig. 4 and 11).
---
At step *t*, with the gradient *g* = ∇L(θ), the loss of the same batch is evaluated at θ − ηg for
every step size η. Training then continues from θ. BatchNorm uses batch statistics, and noisy
BatchNorm keeps the noise of that step. Click a figure over the steps to choose the one that the
figures of a single step show; the arrow keys go on to the next.

- **Width of the loss range**: the maximum minus the minimum over η of L(θ − ηg). On a logarithmic
  axis the width of a band is ln(maximum / minimum) instead. The two can disagree, because the same
  difference looks wider where the loss is lower. An L2 penalty in the loss adds to both edges.
- **Gradient predictiveness**: the minimum and the maximum over η of ‖∇L(θ − ηg) − g‖₂. A distance
  near ‖g‖ can mean two things: the gradient turned, or it got shorter. **Direction of the
  gradient** is the cosine between ∇L(θ − ηg) and g.
- **Effective β-smoothness**: the maximum over η of ‖∇L(θ − ηg) − g‖₂ / (η‖g‖₂). It depends on the
  smallest η: with finer step sizes the order of two networks can change. Its plateau at 1/η of
  that η is a property of the grid of step sizes: there the smallest step already changes the
  gradient by its own length. In the deep linear network, trained on the full batch, the plateau is
  a different one: 2/lr, the edge of stability.
- **Without the scale of the weights**: ‖∇L(θ − ηg) − g‖ / ‖g‖ at η = lr, and β‖W‖² with the norm of
  all weights. If the weights in front of BatchNorm are multiplied by c, the network stays the same,
  its gradient is divided by c and β by c², so β alone can be given any value (Dinh et al. 2017).
- **Curvature**, with H = ∇²L(θ) on the same batch: the largest eigenvalue of H, found by Lanczos'
  method; gᵀHg / ‖g‖², the curvature along the gradient; and ‖Hg‖ / ‖g‖, the limit of β for small
  steps, which is at least as large in absolute value.

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

from bnviz.figures.gradients import (
    BETA_BY_SMALLEST,
    EFFECTIVE_BETA,
    GRADIENT_COSINE,
    GRADIENT_PREDICTIVENESS,
    SCALE_FREE,
    STEP_SIZES,
)
from bnviz.figures.landscape import (
    CURVATURE,
    GRADIENT_NORM,
    LANDSCAPE,
    LOSS_SLICE,
    LOSS_WIDTH,
)
from bnviz.figures.panel import ALONG
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [LOSS_WIDTH, LANDSCAPE],
        [GRADIENT_PREDICTIVENESS, GRADIENT_COSINE],
        [EFFECTIVE_BETA, BETA_BY_SMALLEST],
        [LOSS_SLICE, STEP_SIZES],
        [SCALE_FREE, CURVATURE],
        [GRADIENT_NORM],
    ],
    page="landscape",
    choices=list(ALONG),
)
