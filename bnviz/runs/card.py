"""Share the memory of one GPU among the runs on it, by what they measure.

A run tells how much of the card is free after its first steps. Until it has, no other starts.
The module imports without torch, so that the supervisor can read it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from functools import cache

from bnviz.runs import devices
from bnviz.runs.facts import Card

MARGIN = 1.2  # times what a run is expected to take


def measured(device: str) -> Card | None:
    """Return the memory of the card that this process computes on; None if it is not a card."""
    import torch

    if not device.startswith("cuda"):
        return None
    free, total = torch.cuda.mem_get_info(device)
    return Card(free=free, total=total, at=time.time())


def in_use() -> bool:
    """Return whether runs may be on a CUDA card, without loading torch."""
    name = devices.chosen()
    return name.startswith("cuda") or (name == "auto" and _has_driver())


@cache
def _has_driver() -> bool:
    """Return whether NVIDIA's driver is here; the supervisor asks several times a second."""
    return shutil.which("nvidia-smi") is not None


def has_room(expected: int, told: Sequence[tuple[int, Card | None]]) -> bool:
    """Return whether a run fits on the card beside others.

    `expected` is the estimated memory of the run in bytes, and `told` has the same of each other
    run, and what it has measured. Estimates are only compared with each other: how much a run takes
    on the card follows from what the others take.
    """
    cards = [card for _, card in told if card]
    if not cards:  # they are on the CPU
        return True
    newest = max(cards, key=lambda card: card.at)
    used = newest.total - newest.free
    needed = used * expected / sum(estimated for estimated, card in told if card)
    return MARGIN * needed <= newest.free
