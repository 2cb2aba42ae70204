"""What a question costs on this machine, from a few of its own steps."""

from __future__ import annotations

import time

import torch

from bnviz.spec import RunSpec
from bnviz.training.loop import Training
from bnviz.training.probes import due

ENOUGH_S = 0.3  # of timing a kind of step
MOST_STEPS = 50


def estimate(spec: RunSpec, device: str = "cpu") -> float:
    """Seconds of computing: all steps, and every firing of every probe. DataError where the data are not at hand."""
    torch.set_num_threads(1)  # as every job on a CPU has
    plain = step_seconds(spec.model_copy(update={"probes": {}}), device)
    return spec.steps * plain + sum(
        sum(due(name, step, interval) for step in range(spec.steps))
        * max(0.0, step_seconds(spec.model_copy(update={"probes": {name: 1}}), device) - plain)
        for name, interval in spec.probes.items()
    )


def step_seconds(spec: RunSpec, device: str) -> float:
    """The mean time of a step after the first, with all probes firing."""
    clock = (
        time.process_time if device == "cpu" else time.monotonic
    )  # a CPU's other work is not ours to count
    training = Training(spec.model_copy(update={"steps": MOST_STEPS + 1}), device)
    list(training.advance())
    start, steps = clock(), 0
    while not training.finished and (steps == 0 or clock() - start < ENOUGH_S):
        list(training.advance())
        steps += 1
    return (clock() - start) / max(1, steps)
