"""Measure what a run costs on this machine, by timing a few of its steps."""

from __future__ import annotations

import time

import torch

from bnviz.spec import RunSpec
from bnviz.training.loop import Training
from bnviz.training.probes import due

ENOUGH_S = 0.3  # how long one kind of step is timed …
MOST_STEPS = 50  # … at most


def estimate(spec: RunSpec, device: str = "cpu") -> float:
    """Return the computing time of a run in seconds: all its steps and all its measurements.

    Raises DataError if the data set is missing.
    """
    torch.set_num_threads(1)  # like every run on a CPU
    plain = step_seconds(spec.model_copy(update={"probes": {}}), device)
    return spec.steps * plain + sum(
        sum(due(name, step, interval) for step in range(spec.steps))
        * max(0.0, step_seconds(spec.model_copy(update={"probes": {name: 1}}), device) - plain)
        for name, interval in spec.probes.items()
    )


def step_seconds(spec: RunSpec, device: str) -> float:
    """Return the mean time of a step in seconds, without the first, with every probe measuring."""
    # On a CPU, count only this process's time, not that of other programs.
    clock = time.process_time if device == "cpu" else time.monotonic
    training = Training(spec.model_copy(update={"steps": MOST_STEPS + 1}), device)
    training.advance()
    training.fetch()
    start, steps = clock(), 0
    while not training.finished and (steps == 0 or clock() - start < ENOUGH_S):
        training.advance()
        training.fetch()  # wait for the device
        steps += 1
    return (clock() - start) / max(1, steps)
