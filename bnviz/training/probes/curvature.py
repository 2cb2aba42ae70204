"""Curvature of the loss of one batch: the largest eigenvalue of its Hessian, and the curvature along the gradient.

Effective beta looks along the gradient over finite steps; these are its limits for small ones. Plain gradient descent is stable where
the largest eigenvalue is below 2/lr, and hovers there once it has risen to it (Cohen et al. 2021, "edge of stability").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bnviz.training.probes import Row

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Curvature"
INTERVAL = 200
ITERATIONS = 200
PRODUCTS = 30  # Hessian-vector products that are usually enough
TENSORS = 10  # the graph of a second derivative
TOLERANCE = 1e-3  # residual over eigenvalue; the eigenvalue itself is nearer, by about the square


def measure(moment: Moment) -> Iterator[Row]:
    """hessian_top, the largest eigenvalue of ∇²L(θ), and batch_sharpness gᵀ∇²L(θ)g / ‖g‖² (NaN for a zero gradient)."""
    import torch

    from bnviz.training.seeds import generator

    product = moment.objective.curvature(moment.theta, moment.batch)
    g = moment.evaluation.gradient
    start = torch.randn(
        g.shape, generator=generator(moment.spec.seed, "curvature"), dtype=torch.float64
    ).to(g)
    yield Row(moment.step, "hessian_top", None, None, None, largest(product, start))
    yield Row(moment.step, "batch_sharpness", None, None, None, quotient(product(g), g))


def largest(product: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """The largest eigenvalue of a symmetric operator, by Lanczos' method; NaN where the operator overflows.

    It takes the same products as power iteration and keeps apart what that confuses: a spectrum whose negative end is the longer one, or
    that comes in pairs of ±λ. Vectors are not orthogonalised again, which repeats eigenvalues but leaves the largest where it is.
    """
    import numpy as np

    vector, before, off = start / start.norm(), start.new_zeros(start.shape), 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(ITERATIONS):
        image = product(vector) - off * before
        diagonal.append(quotient(image, vector))
        image = image - diagonal[-1] * vector
        off = float(image.double().norm())
        if not np.isfinite(off + diagonal[-1]):
            return float("nan")
        values, vectors = np.linalg.eigh(
            np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        )
        if off * abs(vectors[-1, -1]) <= TOLERANCE * abs(values[-1]):  # the residual of the pair
            break
        beside.append(off)
        before, vector = vector, image / off
    return float(values[-1])


def quotient(image: Tensor, vector: Tensor) -> float:
    """Rayleigh's: vᵀHv / ‖v‖², summed in float64."""
    length = float(vector.double().square().sum())
    return float(image.double() @ vector.double()) / length if length > 0 else float("nan")


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * 2


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: one Hessian-vector product takes 2.5 steps."""
    return 2.5 * PRODUCTS * step


def copies(spec: RunSpec, times: int) -> int:
    """Return the number of copies of θ that it holds."""
    return 6
