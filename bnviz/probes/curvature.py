"""Curvature of the loss of one batch: the largest eigenvalue of its Hessian, and the curvature along the gradient.

Effective beta looks along the gradient over finite steps; these are its limits for small ones. Plain gradient descent is stable where
the largest eigenvalue is below 2/lr, and hovers there once it has risen to it (Cohen et al. 2021, "edge of stability").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bnviz.probes import Row

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.train import Moment

LABEL = "Curvature"
INTERVAL = 200
ITERATIONS = 200
TOLERANCE = 1e-4  # relative change of the eigenvalue between two iterations


def measure(moment: Moment) -> Iterator[Row]:
    """hessian_top, the largest eigenvalue of ∇²L(θ), and batch_sharpness gᵀ∇²L(θ)g / ‖g‖² (NaN for a zero gradient)."""
    import torch

    from bnviz.seeds import generator

    product = moment.objective.curvature(moment.theta, moment.batch)
    g = moment.evaluation.gradient
    start = torch.randn(g.shape, generator=generator(moment.spec.seed, "curvature"), dtype=torch.float64).to(g)
    yield Row(moment.step, "hessian_top", None, None, None, largest(product, start))
    yield Row(moment.step, "batch_sharpness", None, None, None, quotient(product(g), g))


def largest(product: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """The largest eigenvalue of a symmetric operator: where that of largest modulus is negative, the spectrum is shifted by it."""
    extreme = power_iteration(product, start)
    if extreme >= 0:
        return extreme
    return extreme + power_iteration(lambda vector: product(vector) - extreme * vector, start)


def power_iteration(product: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """The eigenvalue of largest modulus."""
    vector, value = start / start.norm(), float("nan")
    for _ in range(ITERATIONS):
        image = product(vector)
        before, value = value, quotient(image, vector)
        if abs(value - before) <= TOLERANCE * abs(value) or not image.norm() > 0:
            break
        vector = image / image.norm()
    return value


def quotient(image: Tensor, vector: Tensor) -> float:
    """Rayleigh's: vᵀHv / ‖v‖², summed in float64."""
    length = float(vector.double().square().sum())
    return float(image.double() @ vector.double()) / length if length > 0 else float("nan")
