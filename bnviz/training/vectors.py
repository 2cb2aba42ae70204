"""Arithmetic on flat vectors (θ, gradients), summed in float64. The results stay on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NARROW = {"mps"}  # devices without float64


def widest(device: torch.device) -> torch.dtype:
    """Return the type to sum in on a device: float64, or float32 if it has no float64."""
    import torch

    return torch.float32 if device.type in NARROW else torch.float64


def wide(tensor: Tensor) -> Tensor:
    """Return the tensor in the type to sum in."""
    return tensor.to(widest(tensor.device))


def length(vector: Tensor) -> Tensor:
    """Return ‖v‖₂."""
    norm: Tensor = wide(vector).norm()
    return norm


def distance(g: Tensor, h: Tensor) -> Tensor:
    """Return ‖g − h‖₂ of two tensors of one shape."""
    return length(wide(g) - wide(h))


def cosine(g: Tensor, h: Tensor) -> Tensor:
    """Return cos ∠(g, h) of two tensors of one shape; NaN if one of them is zero."""
    g, h = wide(g).flatten(), wide(h).flatten()
    return ratio(g @ h, g.norm() * h.norm())


def quotient(image: Tensor, vector: Tensor) -> Tensor:
    """Return the Rayleigh quotient vᵀHv / ‖v‖² of an image Hv; NaN for v = 0."""
    return ratio(wide(image) @ wide(vector), wide(vector).square().sum())


def stretch(image: Tensor, vector: Tensor) -> Tensor:
    """Return ‖Hv‖ / ‖v‖ of an image Hv; NaN for v = 0."""
    return ratio(length(image), length(vector))


def ratio(above: Tensor, below: Tensor) -> Tensor:
    """Return above / below, or NaN unless `below` is positive."""
    return (above / below).where(below > 0, float("nan"))
