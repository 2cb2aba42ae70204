"""BatchNorm, taken apart

Five numbers go in, five come out, and you can follow every step between. Drag the numbers through
Algorithm 1 of [Ioffe & Szegedy (2015)](https://arxiv.org/abs/1502.03167), send a gradient back the
same way, compare training with inference, and scale the weights to see what stays the same.
---
Everything is computed in float64 from the numbers on this page, with the paper's formulas. Nothing
is trained, and no curve is sketched by hand. While you move a slider, your browser computes the
figures and tables. When you let go, the server computes them again, and the formulas.

- **Forward**: Algorithm 1 for one unit and a batch of *m* = 5. The variance is the biased one.
- **Backward**: Section 3 of the paper, for the loss ℓ = ½ Σ (yᵢ − tᵢ)². A central difference with
  a step of 10⁻⁴ √(σ² + ε) checks the result.
- **Inference**: Algorithm 2. The other batches are drawn from a normal distribution with mean 1 and
  standard deviation 1.5, rounded to one decimal. E[x] and Var[x] are averages over all batches
  including yours, before your example is put into any of the others.
- **Scale**: Section 3.3. The page differentiates all 15 outputs with respect to all weights or all
  inputs, and shows the norm: the root of the sum of the squared derivatives.
---
The page shows what BatchNorm computes. It does not show that this helps a network to learn.

Five numbers and one unit stand for a layer. Real batches are larger.

That larger weights get smaller gradients is exact but for ε. What follows for training is not
measured here.
"""

from bnviz.ui.anatomy import anatomy_page

anatomy_page(__doc__)
