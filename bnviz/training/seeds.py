"""One random generator for every purpose, seeded with (seed, purpose, …).

Switching one thing on therefore changes no other random number, and a checkpoint need not save the
state of any generator.
"""

from __future__ import annotations

import hashlib

import torch


def generator(
    seed: int, *purpose: str | int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return the generator for one purpose, on this device.

    Purposes are, for example, (seed, "weights", "conv1") and (seed, "noise", "conv1", step).
    """
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
