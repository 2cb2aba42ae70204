"""One random generator for every purpose, seeded with (seed, purpose, …).

Switching one thing on therefore changes no other random number, and a checkpoint need not save the
state of any generator.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from bnviz.training.vectors import widest


def generator(
    seed: int, *purpose: str | int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return the generator for one purpose, on this device.

    Purposes are, for example, (seed, "weights", "conv1") and (seed, "noise", "conv1", step).
    """
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def drawn(like: Tensor, seed: int, *purpose: str | int) -> Tensor:
    """Return a normal vector in the shape of `like` and on its device, in the type to sum in.

    It is drawn on the CPU, so that its numbers are the same on every device.
    """
    draw = torch.randn(like.shape, generator=generator(seed, *purpose), dtype=torch.float64)
    return draw.to(widest(like.device)).to(like.device)
