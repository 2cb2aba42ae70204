"""BatchNorm, taken apart

Five numbers go in, five come out, and nothing stays hidden in between. Drag them through Algorithm 1 of
[Ioffe & Szegedy (2015)](https://arxiv.org/abs/1502.03167), send a gradient back the same way, see what is different at inference, and why
the length of the weights does not matter.
---
Everything is computed in float64 from the numbers on the page, by the formulas of the paper; nothing is trained and nothing is drawn by hand.

- **Forward**: Algorithm 1 for one unit and a batch of *m* = 5. The variance is the biased one.
- **Backward**: Section 3 of the paper with the loss ℓ = ½ Σ (yᵢ − tᵢ)². The check is a central difference with a step of 10⁻⁴ √(σ² + ε).
- **Inference**: Algorithm 2. The other batches are drawn from a normal distribution with mean 1 and standard deviation 1.5, to one
  decimal. E[x] and Var[x] are averages over all batches, yours included, before anybody visits another batch.
- **Scale**: Section 3.3. The derivatives are those of all 15 outputs by all weights or all inputs, and their norm is the root of
  the sum of squares.
"""

from bnviz.ui.anatomy import anatomy_page

anatomy_page(__doc__)
