"""Curvature of one batch's loss: the Hessian's largest eigenvalue, and the gradient's direction.

Effective β-smoothness compares gradients over finite steps along the gradient. As the steps get
small it tends to ‖Hg‖ / ‖g‖, where H is the Hessian ∇²L(θ). The curvature along the gradient,
gᵀHg / ‖g‖², is at most that, and at most the largest eigenvalue. Plain gradient descent is stable
while the largest eigenvalue is below 2/lr. Once the eigenvalue has risen to that value it hovers
there (Cohen et al. 2021, "edge of stability").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING

from bnviz.training.probes import Reading, bring, one
from bnviz.training.vectors import length, quotient, stretch, widest

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Curvature"
INTERVAL = 200
VERSION = 2  # 1 had no gradient_curvature
ITERATIONS = 200
READ_EVERY = 10  # products
PRODUCTS = 30  # Hessian-vector products that are usually enough
TENSORS = 10  # the graph of a second derivative
# Largest residual relative to the eigenvalue. The error of the eigenvalue itself is smaller, about
# the square of that.
TOLERANCE = 1e-3


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield hessian_top, batch_sharpness and gradient_curvature.

    hessian_top is the largest eigenvalue of H = ∇²L(θ), batch_sharpness is gᵀHg / ‖g‖² and
    gradient_curvature ‖Hg‖ / ‖g‖. The last two are NaN if the gradient g is zero.
    """
    from bnviz.training.seeds import drawn

    product = moment.objective.curvature(moment.theta, moment.batch)
    g = moment.evaluation.gradient
    start = drawn(g, moment.spec.seed, "curvature").to(g)
    top = g.new_full((), largest(product, start), dtype=widest(g.device))
    yield one(moment.step, "hessian_top", None, None, None, top)
    turned = product(g)
    yield one(moment.step, "batch_sharpness", None, None, None, quotient(turned, g))
    yield one(moment.step, "gradient_curvature", None, None, None, stretch(turned, g))


def largest(product: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """Return the largest eigenvalue of a symmetric operator, by Lanczos' method.

    The result is NaN if the operator overflows. The method takes the same products as power
    iteration, but also converges where that fails: if the most negative eigenvalue is the larger in
    absolute value, or if eigenvalues come in pairs ±λ. Vectors are not re-orthogonalised. This
    repeats eigenvalues, but does not move the largest.

    Only the host can tell whether it has converged. A GPU would wait for that, so the numbers of
    READ_EVERY products are read together there. This is the only probe that reads any.
    """
    import torch
    from scipy.linalg import eigh_tridiagonal  # takes most of a second to import

    steps, every = lanczos(product, start), 1 if start.device.type == "cpu" else READ_EVERY
    top, diagonal, beside = float("nan"), list[float](), list[float]()
    for _ in range(0, ITERATIONS, every):
        for on, off in bring([torch.stack(pair) for pair in islice(steps, every)]):
            if not isfinite(on + off):
                return float("nan")
            diagonal.append(on)
            values, vectors = eigh_tridiagonal(diagonal, beside)
            top = float(values[-1])
            if off * abs(vectors[-1, -1]) <= TOLERANCE * abs(top):  # the residual of the pair
                return top
            beside.append(off)
    return top


def lanczos(product: Callable[[Tensor], Tensor], start: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the entries of Lanczos' tridiagonal matrix: on its diagonal, and beside it."""
    vector, before, off = start / start.norm(), start.new_zeros(start.shape), start.new_zeros(())
    while True:
        image = product(vector) - off * before
        on = quotient(image, vector)
        image = image - on * vector
        off = length(image)
        yield on, off
        before, vector = vector, image / off


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * 3


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: one Hessian-vector product takes 2.5 steps."""
    return 2.5 * PRODUCTS * step


def copies(spec: RunSpec, times: int) -> int:
    """Return the number of copies of θ that it holds."""
    return 6
