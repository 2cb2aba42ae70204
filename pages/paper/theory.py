"""Theory

The paper proves that BatchNorm makes a gradient smaller, the curvature along it milder, and the next optimum nearer (Santurkar et al.
2018, Sec. 4). Here each statement is put to single units of networks while they train.

**Theorems 4.1 and 4.2 are equalities.** They say what BatchNorm does to a unit's gradient: it takes away the mean and the component along
the normalised values ŷ, and multiplies the rest by γ/σ. **Two statements are wrong as printed in v3.** In Theorem 4.1 the last term has 1/√m,
later corrected to 1/m: it takes away the projection on ŷ, whose length is √m, and anything more than 1/m is too much wherever there is such a
component. In Theorem 4.4 the dimensions do not fit: a squared gradient is to be less than its own square, less squares. Multiply the loss by
ten, and the left side grows a hundredfold, the first term on the right ten thousandfold; so it fails for a small loss and says nothing for a
large one.

**What they do not show** is that the gradient becomes smaller: for that γ/σ < 1 is assumed, a large σ. In our runs γ/σ is above 1 in most
units and little is taken away, so the gradient in front of BatchNorm is mostly the *larger* one. Nor do they compare with the plain
network beside it, but with one that has the same gradient behind BatchNorm.
---
Of a unit behind BatchNorm: y ∈ R^m is what enters, m the batch (for a convolution, batch × height × width), s² = σ² + ε with the biased
variance σ², ŷ = (y − μ)/s, z = γŷ + β. The paper's ∇_y L of a network without BatchNorm is g = ∂L/∂z, its ∇_y L̂ is v = ∂L/∂y. Where it writes
σ, s is taken, since ε > 0. The units are drawn by (seed, layer), the same at every step.

- **Theorem 4.1**: ‖v‖² ≤ γ²/s² (‖g‖² − ⟨1, g⟩²/m − ⟨g, ŷ⟩²/m), an equality with the factor 1 + ε/s² on the last term; v3 prints ⟨g, ŷ⟩²/√m.
- **Theorem 4.2**, first form, all other units held fixed, with a = ⟨ŷ, v⟩, H = ∇²_z L and J = ∂ŷ/∂y:
  vᵀ∇²_y L v = γ² (Jv)ᵀH(Jv) − γ/(ms²) ⟨g, ŷ⟩ (‖v‖² − a²/m) − 2a‖v‖²/(sm). For ε → 0 this is the print, γ²/σ² vᵀHv − γ/(mσ²) ⟨g, ŷ⟩ ‖v‖². Both sides are
  Hessian-vector products, one through BatchNorm and one behind it. The second form, which has gᵀHg, holds only if H "preserves the relative
  norms" of g and v, which the paper defines nowhere, and calls for ⟨ŷ, g⟩ ≥ 0 and a positive semi-definite H; the former is measured.
- **Theorem 4.4**, as its proof gives it: ‖∇_W L̂‖² ≤ γ²/s² λ² (‖g‖² − mμ² − ⟨g, ŷ⟩²/m), μ = ⟨1, g⟩/m and λ = ‖X‖₂ of the layer's input matrix, for a
  convolution that of its patches. Printed is γ²/σ² (G² − mμ² − λ²⟨g, ŷ⟩²) with G = λ²‖g‖².
- **Lemma 4.5**: W₀ are the initial weights, W* those of the step in place of an optimum, k = ⟨W*, W₀⟩/‖W*‖². To BatchNorm kW* is as good as W*,
  and ‖W₀ − kW*‖² = ‖W₀ − W*‖² − (‖W*‖² − ⟨W*, W₀⟩)²/‖W*‖², if ⟨W*, W₀⟩ > 0. Checked for single units, each with a k of its own, and for whole layers, which
  are drawn; in the network without BatchNorm as well, whose optimum the paper begins with.

A deviation is the difference of the sides as a part of the largest terms. A bound counts as exceeded where it is by more than ten times the
largest deviation from Theorem 4.1's equality in the same run, which is rounding. Units without a gradient are no check.
"""

from bnviz.figures.theory import (
    CONDITIONS,
    DEVIATIONS,
    LEMMA_4_5,
    THEOREM_4_1,
    THEOREM_4_2,
    THEOREM_4_4,
)
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [DEVIATIONS],
        [THEOREM_4_1],
        [THEOREM_4_2, THEOREM_4_4],
        [CONDITIONS, LEMMA_4_5],
    ],
    page="theory",
)
