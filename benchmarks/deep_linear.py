"""Time 10,000 steps of the deep linear network, and the same in a loop with torch.nn.

Both measure the landscape every 50 steps.

python -m benchmarks.deep_linear   prints the seconds of computing on one thread, extrapolated from
                                   300 steps, and the ratio of the two.
"""

from __future__ import annotations

import time
from statistics import median

import torch
from torch import nn

from bnviz.presets import PRESETS
from bnviz.spec import RunSpec
from bnviz.training.loop import Training, execute

STEPS, ROUNDS = 300, 3


def spec_of(norm: str) -> RunSpec:
    """Return the paper's settings for a few steps, with only the landscape measured."""
    return PRESETS["fig10"].specs(norm=norm, steps=STEPS, probes={"landscape": 50})[0]


def ours(norm: str) -> None:
    """Train with bnviz."""
    list(execute(spec_of(norm)))


def plain(norm: str) -> None:
    """Train with torch.nn, and measure the gradient at five points along it at every 50th step."""
    spec = spec_of(norm)
    batch = Training(spec).objective.task.batch(0)
    layers = [
        layer
        for _ in range(spec.depth)
        for layer in (nn.Linear(10, 10, bias=norm == "none"), nn.BatchNorm1d(10))
    ]
    model = nn.Sequential(
        *(layer for layer in layers if norm == "batch" or isinstance(layer, nn.Linear))
    ).double()
    parameters = list(model.parameters())

    def gradient() -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad(
            0.5 * (model(batch.inputs) - batch.targets).square().sum(), parameters
        )

    for step in range(STEPS):
        g = gradient()
        with torch.no_grad():
            before = [parameter.clone() for parameter in parameters]
        for multiple in spec.step_sizes if step % 50 == 0 else ():
            with torch.no_grad():
                for parameter, start, slope in zip(parameters, before, g, strict=True):
                    parameter.copy_(start - multiple * spec.lr * slope)
            there = gradient()
            sum(float((a - b).square().sum()) for a, b in zip(there, g, strict=True))
        with torch.no_grad():
            for parameter, start, slope in zip(parameters, before, g, strict=True):
                parameter.copy_(start - spec.lr * slope)


def main() -> None:
    """Time both loops in turns, for each of two networks."""
    torch.set_num_threads(1)
    for norm in ("none", "batch"):
        times: dict[str, list[float]] = {"ours": [], "plain": []}
        for _ in range(ROUNDS):
            for name, train in (("ours", ours), ("plain", plain)):
                start = time.process_time()
                train(norm)
                times[name].append(time.process_time() - start)
        here, there = median(times["ours"]), median(times["plain"])
        whole = here / STEPS * 10_000
        print(f"{norm:6} 10,000 steps in {whole:.0f} s · {here / there:.2f} times torch.nn")


if __name__ == "__main__":
    main()
