"""Curvature of one batch's loss: the Hessian's largest eigenvalue, and the gradient's direction.

Effective β-smoothness compares gradients over finite steps along the gradient. As the steps get
small it tends to ‖Hg‖ / ‖g‖, where H is the Hessian ∇²L(θ). The curvature along the gradient,
gᵀHg / ‖g‖², is at most that, and at most the largest eigenvalue. Plain gradient descent is stable
while the largest eigenvalue is below 2/lr. Once the eigenvalue has risen to that value it hovers
there (Cohen et al. 2021, "edge of stability").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING

from bnviz.training.probes import Row
from bnviz.training.vectors import length, quotient, stretch

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Curvature"
INTERVAL = 200
VERSION = 2  # 1 had no gradient_curvature
ITERATIONS = 200
PRODUCTS = 30  # Hessian-vector products that are usually enough
TENSORS = 10  # the graph of a second derivative
# Largest residual relative to the eigenvalue. The error of the eigenvalue itself is smaller, about
# the square of that.
TOLERANCE = 1e-3


def measure(moment: Moment) -> Iterator[Row]:
    """Yield hessian_top, batch_sharpness and gradient_curvature.

    hessian_top is the largest eigenvalue of H = ∇²L(θ), batch_sharpness is gᵀHg / ‖g‖² and
    gradient_curvature ‖Hg‖ / ‖g‖. The last two are NaN if the gradient g is zero.
    """
    import torch

    from bnviz.training.seeds import generator

    product = moment.objective.curvature(moment.theta, moment.batch)
    g = moment.evaluation.gradient
    start = torch.randn(
        g.shape, generator=generator(moment.spec.seed, "curvature"), dtype=torch.float64
    ).to(g)
    yield Row(moment.step, "hessian_top", None, None, None, largest(product, start))
    turned = product(g)
    yield Row(moment.step, "batch_sharpness", None, None, None, quotient(turned, g))
    yield Row(moment.step, "gradient_curvature", None, None, None, stretch(turned, g))


def largest(product: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """Return the largest eigenvalue of a symmetric operator, by Lanczos' method.

    The result is NaN if the operator overflows. The method takes the same products as power
    iteration, but also converges where that fails: if the most negative eigenvalue is the larger in
    absolute value, or if eigenvalues come in pairs ±λ. Vectors are not re-orthogonalised. This
    repeats eigenvalues, but does not move the largest.
    """
    from scipy.linalg import eigh_tridiagonal  # takes most of a second to import

    vector, before, off = start / start.norm(), start.new_zeros(start.shape), 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(ITERATIONS):
        image = product(vector) - off * before
        diagonal.append(quotient(image, vector))
        image = image - diagonal[-1] * vector
        off = length(image)
        if not isfinite(off + diagonal[-1]):
            return float("nan")
        values, vectors = eigh_tridiagonal(diagonal, beside)
        if off * abs(vectors[-1, -1]) <= TOLERANCE * abs(values[-1]):  # the residual of the pair
            break
        beside.append(off)
        before, vector = vector, image / off
    return float(values[-1])


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * 3


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: one Hessian-vector product takes 2.5 steps."""
    return 2.5 * PRODUCTS * step


def copies(spec: RunSpec, times: int) -> int:
    """Return the number of copies of θ that it holds."""
    return 6
