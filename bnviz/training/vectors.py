"""Arithmetic on flat vectors (θ, gradients), summed in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def length(vector: Tensor) -> float:
    """Return ‖v‖₂."""
    return float(vector.double().norm())


def distance(g: Tensor, h: Tensor) -> float:
    """Return ‖g − h‖₂ of two tensors of one shape."""
    return length(g.double() - h.double())


def cosine(g: Tensor, h: Tensor) -> float:
    """Return cos ∠(g, h) of two tensors of one shape; NaN if one of them is zero."""
    g, h = g.double().flatten(), h.double().flatten()
    lengths = float(g.norm() * h.norm())
    return float(g @ h) / lengths if lengths > 0 else float("nan")


def quotient(image: Tensor, vector: Tensor) -> float:
    """Return the Rayleigh quotient vᵀHv / ‖v‖² of an image Hv; NaN for v = 0."""
    squared = float(vector.double().square().sum())
    return float(image.double() @ vector.double()) / squared if squared > 0 else float("nan")


def stretch(image: Tensor, vector: Tensor) -> float:
    """Return ‖Hv‖ / ‖v‖ of an image Hv; NaN for v = 0."""
    before = length(vector)
    return length(image) / before if before > 0 else float("nan")
