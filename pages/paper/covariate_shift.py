"""Covariate shift

If BatchNorm helped by reducing *internal covariate shift*, then the update of the layers below should disturb a layer's gradient
less. So measure just that: a layer's gradient before and after the preceding layers move. The paper finds **no less shift with
BatchNorm, often more** (Santurkar et al. 2018, Fig. 3). In our small network this is so at first and in the early layers; later, in the
deep ones, BatchNorm's gradients turn *less* than the plain network's. In the deep linear network (Fig. 3b) the plain network's hardly
turn at all at learning rate 10⁻⁷; at 10⁻⁶ they turn round as BatchNorm's do.
---
Definition 2.1, on one batch, for layer *i* of *k*:

- G = ∇ L with respect to W_i at (W_1, …, W_k) of step *t*,
- G′ = the same, with W_1 … W_{i−1} as the optimiser leaves them at step *t* + 1 and W_i … W_k as they were.

Shown are ‖G − G′‖₂ (ideal 0) and cos ∠(G, G′) (ideal 1). Biases, γ and β move with the layer they follow. The first layer has no
preceding layers and comes out at 0 and 1; a zero gradient has no angle and leaves a gap.
"""

from bnviz.figures.covariate_shift import COVARIATE_SHIFT, COVARIATE_SHIFT_AT_STEP
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [[COVARIATE_SHIFT], [COVARIATE_SHIFT_AT_STEP]],
    page="covariate_shift",
    layers="all",
)
