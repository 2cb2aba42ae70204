"""Theory

The paper proves bounds on the gradient in front of BatchNorm, on the curvature along it, and on the
distance to the next optimum (Santurkar et al. 2018, Sec. 4). This page tests each statement on
single units of networks while they train.

**Theorems 4.1 and 4.2 are equalities.** They say what BatchNorm does to a unit's gradient: it
removes the mean and the component along the normalised values ŷ, and multiplies the rest by γ/σ.

**Two statements are wrong as printed in v3.** In Theorem 4.1 the last term has the factor 1/√m,
later corrected to 1/m. This term removes the projection on ŷ, whose length is √m, so any factor
above 1/m removes too much wherever the gradient has such a component. In Theorem 4.4 the dimensions
do not match: the bound on a squared gradient contains the square of a squared gradient. Multiply
the loss by ten, and the left side grows a hundredfold, but the first term on the right ten
thousandfold. So the bound fails for a small loss and says nothing for a large one.

**Two conditions are left to measure.** Theorem 4.1 promises a shorter gradient if γ/σ < 1.
Theorem 4.2 promises a lower curvature only if ⟨ŷ, g⟩ ≥ 0. Each line below is one network with
BatchNorm: the median of γ/σ over its units, the share of units with ⟨ŷ, g⟩ ≥ 0, and the share whose
gradient is shorter in front of BatchNorm than behind it. They are means over training and over the
finished seeds of its preset.

{networks}
---
Consider a unit with BatchNorm. Its input is y ∈ R^m, where m is the batch size (for a convolution,
batch × height × width). s² = σ² + ε with the biased variance σ², ŷ = (y − μ)/s and z = γŷ + β. The
paper's ∇_y L of a network without BatchNorm is g = ∂L/∂z, and its ∇_y L̂ is v = ∂L/∂y. Where the
paper writes σ we use s, because ε > 0. The units are drawn by (seed, layer) and are the same at
every step.

- **Theorem 4.1**: ‖v‖² ≤ γ²/s² (‖g‖² − ⟨1, g⟩²/m − ⟨g, ŷ⟩²/m). With the factor 1 + ε/s² on the
  last term it is an equality. v3 prints ⟨g, ŷ⟩²/√m.
- **Theorem 4.2**, first form, with all other units held fixed, a = ⟨ŷ, v⟩, H = ∇²_z L and
  J = ∂ŷ/∂y: vᵀ∇²_y L v = γ² (Jv)ᵀH(Jv) − γ/(ms²) ⟨g, ŷ⟩ (‖v‖² − a²/m) − 2a‖v‖²/(sm). For ε → 0
  this is the printed γ²/σ² vᵀHv − γ/(mσ²) ⟨g, ŷ⟩ ‖v‖². Both sides are Hessian-vector products, one
  through BatchNorm and one after it. The second form, with gᵀHg, is not measured. It holds only if
  H "preserves the relative norms" of g and v, which the paper does not define, and it needs
  ⟨ŷ, g⟩ ≥ 0 and a positive semi-definite H.
- **Theorem 4.4**, as its proof gives it: ‖∇_W L̂‖² ≤ γ²/s² λ² (‖g‖² − mμ² − ⟨g, ŷ⟩²/m). Here
  μ = ⟨1, g⟩/m and λ = ‖X‖₂ of the layer's input matrix (for a convolution, of its patches). The
  paper prints γ²/σ² (G² − mμ² − λ²⟨g, ŷ⟩²) with G = λ²‖g‖².
- **Lemma 4.5**: W₀ are the initial weights, W* the weights of the step in place of an optimum, and
  k = ⟨W*, W₀⟩/‖W*‖². With BatchNorm, kW* is as good as W*, and
  ‖W₀ − kW*‖² = ‖W₀ − W*‖² − (‖W*‖² − ⟨W*, W₀⟩)²/‖W*‖² if ⟨W*, W₀⟩ > 0. It is checked for single
  units, each with its own k, and for whole layers, which the figure shows. It is also checked in
  the network without BatchNorm, whose optimum is where the paper starts.

A deviation is the difference between the two sides, divided by the largest terms. A bound counts as
exceeded if it is exceeded by more than ten times the largest deviation from Theorem 4.1's equality
in the same run, which is rounding error. Units without a gradient are not checked.

Two more statements are not measured. **Observation 4.3** says that some γ and β give BatchNorm the
activations of the standard network; a test of bnviz checks this, no run does. **Theorem C.1** is
about the largest value over all inputs X, and we know no way to measure that in a network.
---
The theorems compare BatchNorm with a network that has the same gradient behind it. They do not
compare it with the standard network that trains beside it.

They are about one layer at one step. They do not say that training gets faster, and neither do
these figures.

Three networks are few, and one seed is one draw. The VGG sees 4,000 images for 200 steps. Another
network, or the same one later, may meet the conditions.
"""

from bnviz.figures.theory import (
    CONDITIONS,
    DEVIATIONS,
    LEMMA_4_5,
    THEOREM_4_1,
    THEOREM_4_2,
    THEOREM_4_4,
)
from bnviz.ui import theorems
from bnviz.ui.page import figure_page

figure_page(
    (__doc__ or "").replace("{networks}", theorems.networks()),
    [
        [DEVIATIONS, THEOREM_4_1, THEOREM_4_2],
        [THEOREM_4_4, LEMMA_4_5],
        [CONDITIONS],
    ],
    page="theory",
)
