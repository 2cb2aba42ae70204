"""Every draw has a generator of its own, named by (seed, purpose, …): switching one thing on changes no other, and nothing need be saved."""

from __future__ import annotations

import hashlib

import torch


def generator(
    seed: int, *purpose: str | int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """The generator for one purpose, such as (seed, "weights", "conv1.weight") or (seed, "noise", "conv1", step)."""
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
