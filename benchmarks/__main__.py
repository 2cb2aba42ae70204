"""Measure what the probes cost, against plain code and against bare passes.

python -m benchmarks [--device NAME]   prints a table in Markdown, in some minutes on a CPU

A pass is a forward and a backward pass of the same network in torch.nn. All parts of a line are
timed in turns, ROUNDS times, in one process; the table has medians. On a CPU one thread computes,
and only this process's time counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import NamedTuple

import torch

from benchmarks import plain
from bnviz.runs import devices
from bnviz.spec import RunSpec
from bnviz.training.loop import Moment, Training, into
from bnviz.training.probes import activations, covariate_shift, landscape, read

ROUNDS = 3
HEAD = "| what | takes | times | that of | aim |\n|---|---|---|---|---|"
Work = Callable[[], object]


class Line(NamedTuple):
    """A line of the table: what is measured, its cost, what it is a multiple of, and the aim."""

    what: str
    ours: float  # seconds
    unit: str
    theirs: float  # seconds
    aim: str

    def __str__(self) -> str:
        ratio = f"{self.ours / self.theirs:.2f}"
        return f"| {self.what} | {self.ours * 1e3:.0f} ms | {ratio} | {self.unit} | {self.aim} |"


class Setting(NamedTuple):
    """A network at one step, and the same network in torch.nn before and after the update."""

    moment: Moment
    before: torch.nn.Sequential
    after: torch.nn.Sequential


def setting(device: str, **knobs: object) -> Setting:
    """Train for three steps, and return the last one as a probe sees it."""
    training = Training(RunSpec.of(probes={}, **knobs), device)
    for _ in range(2):
        training.advance()
    objective, theta = training.objective, training.theta.clone()
    batch = objective.task.batch(2)
    objective.draw_noise(2)
    seen: dict[str, torch.Tensor] = {}
    evaluation = objective.evaluate(theta, batch, into(seen, objective))
    moment = Moment(
        spec=training.spec,
        objective=objective,
        step=0,
        interval=1,
        lr=training.spec.lr,
        batch=batch,
        theta=theta,
        theta_next=theta - training.spec.lr * evaluation.gradient,
        evaluation=evaluation,
        kept={},
        activations=seen,
    )
    models = (plain.network(objective, at) for at in (theta, moment.theta_next))
    return Setting(moment, *models)


def timed(device: str, *works: Work) -> list[float]:
    """Return the median time of each piece of work in seconds."""
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


def of_landscape(device: str, norm: str) -> list[Line]:
    """Compare a landscape step with K + 1 passes, and with plain code."""
    at, before, _ = setting(device, norm=norm, width=0.25)
    etas = [multiple * at.lr for multiple in at.spec.step_sizes]

    def ours() -> None:
        at.objective.evaluate(at.theta, at.batch)
        read(landscape.measure(at))

    def passes() -> None:
        for _ in range(len(etas) + 1):
            plain.one_pass(before, at.batch)

    own, bare, loops = timed(device, ours, passes, lambda: plain.landscape(before, at.batch, etas))
    what = f"landscape step, vgg11 × 0.25, {norm}"
    return [
        Line(what, own, f"{len(etas) + 1} passes", bare, "≤ 1.05"),
        Line(what, own, "plain code", loops, ""),
    ]


def of_covariate_shift(device: str, norm: str) -> list[Line]:
    """Compare the covariate shift of a layer with a pass, and with plain code."""
    at, before, after = setting(device, norm=norm, width=0.25, model="vgg16")
    layers = len(at.objective.blocks)
    own, bare, loops = timed(
        device,
        lambda: read(covariate_shift.measure(at)),
        lambda: plain.one_pass(before, at.batch),
        lambda: plain.covariate_shift(before, after, at.batch),
    )
    what = f"covariate shift of a layer, vgg16 × 0.25, {norm}"
    return [
        Line(what, own / layers, "a pass", bare, "≤ 0.35"),
        Line(what, own / layers, "plain code", loops / layers, ""),
    ]


def of_activations(device: str) -> list[Line]:
    """Compare the distributions of all layers with a pass."""
    at, before, _ = setting(device, norm="batch", width=0.25)
    own, bare = timed(
        device, lambda: read(activations.measure(at)), lambda: plain.one_pass(before, at.batch)
    )
    return [Line("activation distributions, vgg11 × 0.25, batch", own, "a pass", bare, "")]


def of_noise(device: str) -> list[Line]:
    """Compare a training step with noise with one without."""
    specs = (RunSpec.of(norm=norm, width=0.25, probes={}) for norm in ("noisy", "batch"))
    noisy, without = (Training(spec, device) for spec in specs)
    own, bare = timed(device, noisy.advance, without.advance)
    what = "step of noisy BatchNorm, vgg11 × 0.25"
    return [Line(what, own, "a step of BatchNorm", bare, "≤ 1.35")]


def lines(device: str) -> Iterator[Line]:
    """Yield the lines of the table for a device, as they are measured."""
    for norm in ("none", "batch"):
        yield from of_landscape(device, norm)
        yield from of_covariate_shift(device, norm)
    yield from of_activations(device)
    yield from of_noise(device)


def main() -> None:
    """Print the table line by line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks")
    options.add_argument("--device", default=devices.chosen())
    devices.choose(options.parse_args().device)
    torch.set_num_threads(1)
    device = devices.device()
    print(f"On {devices.described(device)}, torch {torch.__version__}:\n\n{HEAD}", flush=True)
    for line in lines(device):
        print(line, flush=True)


if __name__ == "__main__":
    main()
