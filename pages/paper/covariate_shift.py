"""Covariate shift

If BatchNorm helped by reducing *internal covariate shift*, then updating the layers below a layer
should disturb its gradient less. This page measures exactly that: a layer's gradient before and
after the preceding layers are updated. The paper finds **no less shift with BatchNorm, often more**
(Santurkar et al. 2018, Fig. 3).

In our network (preset *Deep*) the distance ‖G − G′‖ in layers 5 and 10 is larger with BatchNorm
before step 2,000. Three seeds do not settle which network's cosine is nearer to 1.

In the deep linear network (Fig. 3b) the standard network's gradients hardly turn at learning rate
10⁻⁷. At 10⁻⁶ they turn, as they do with BatchNorm.
---
Definition 2.1, on one batch, for layer *i* of *k*:

- G = ∇ L with respect to W_i at (W_1, …, W_k) of step *t*,
- G′ = the same gradient, with W_1 … W_{i−1} as the optimiser leaves them at step *t* + 1 and
  W_i … W_k unchanged.

The figures show ‖G − G′‖₂ and cos ∠(G, G′). With no shift they would be 0 and 1. Biases, γ and β
are updated together with the layer they follow. The first layer has no preceding layers, so its
values are 0 and 1. A zero gradient has no angle and leaves a gap.
---
This is one definition of covariate shift, on gradients. The 2015 paper means the distributions of
the activations; those are on the page *Distributions*.

Less shift does not show that training gets easier, and more shift does not show that it gets
harder. The figures compare no speed.

The distance ‖G − G′‖ grows with the length of G, which differs between networks. The cosine does
not depend on it.
"""

from bnviz.figures.covariate_shift import COVARIATE_SHIFT, COVARIATE_SHIFT_AT_STEP
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [[COVARIATE_SHIFT], [COVARIATE_SHIFT_AT_STEP]],
    page="covariate_shift",
    layers="all",
)
