"""The lines of the table that `python -m benchmarks` prints, and how they are timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch

ROUNDS = 3
HEAD = "| what | takes | times | that of | aim |\n|---|---|---|---|---|"
Work = Callable[[], object]


class Line(NamedTuple):
    """A line of the table: what is measured, its cost, what it is a multiple of, and the aim."""

    what: str
    ours: float  # seconds
    unit: str = ""
    theirs: float | None = None  # seconds
    aim: str = ""

    def __str__(self) -> str:
        ratio = f"{self.ours / self.theirs:.2f}" if self.theirs else ""
        takes = f"{self.ours:.2f} s" if self.ours >= 1 else f"{self.ours * 1e3:.3g} ms"
        return f"| {self.what} | {takes} | {ratio} | {self.unit} | {self.aim} |"


def timed(device: str, *works: Work) -> list[float]:
    """Return the median time of each piece of work in seconds, all of them in turns."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    gpu = device.startswith("cuda")
    wait: Work = torch.cuda.synchronize if gpu else lambda: None
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, times in zip(works, spent, strict=True):
            wait()
            begun = clock()
            work()
            wait()
            times.append(clock() - begun)
    return [median(times) for times in spent]
