"""What only a GPU can tell: kernels, graphs, and whole presets. It fits ten minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import plain
from benchmarks.lines import Line, timed
from benchmarks.probes import landscape_step, setting
from bnviz.presets import PRESETS
from bnviz.spec import RunSpec
from bnviz.training.loop import Training

STEPS = 20  # of a preset that is too long to be computed whole


def of_graphs(device: str, model: str) -> list[Line]:
    """Compare a replayed pass with one that is launched kernel by kernel."""
    at, _, _ = setting(device, norm="batch", width=1.0, model=model)
    objective, batch = at.objective, at.batch
    objective.evaluate(at.theta, batch)  # records it
    own, eager = timed(
        device,
        lambda: objective.evaluate(at.theta, batch),
        lambda: objective._evaluate(at.theta, *batch),
    )
    problem = objective.replay.problem if objective.replay else "it is not a GPU"
    what = f"pass as a CUDA graph, {model}" + (f" (not recorded: {problem})" if problem else "")
    return [Line(what, own, "an eager pass", eager)]


def of_plain_code(device: str, model: str) -> list[Line]:
    """Compare plain code for a landscape step with ours."""
    at, before, _ = setting(device, norm="batch", width=1.0, model=model)
    etas = [multiple * at.lr for multiple in at.spec.step_sizes]
    landscape_step(at)  # records the passes
    own, loops = timed(
        device,
        lambda: landscape_step(at),
        lambda: plain.landscape(before, at.batch, etas),
    )
    return [Line(f"plain code: landscape step, {model}", loops, "ours", own, "≥ 5")]


def kernels(device: str, model: str) -> str:
    """Return a sentence on how many kernels a step launches."""
    training = Training(RunSpec.of(norm="batch", width=1.0, model=model, probes={}), device)
    training.advance()
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        training.advance()
        torch.cuda.synchronize()
    count = sum(event.count for event in seen.key_averages())
    return f"A step of {model} runs {count:,} kernels and copies."


def of_presets(device: str) -> Iterator[Line]:
    """Time the networks of `class` whole, and those of `paper` by their first steps."""
    begun = time.perf_counter()
    for spec in PRESETS["class"].specs():
        compute(Training(spec, device), spec.steps)
    aim = "≤ 60 s"
    yield Line("`class`, its networks one after the other", time.perf_counter() - begun, aim=aim)
    for spec in PRESETS["paper"].specs():
        training = Training(spec, device)
        compute(training, 1)
        begun = time.perf_counter()
        compute(training, STEPS)
        each = (time.perf_counter() - begun) / STEPS
        what = f"`paper`, {spec.norm}: {spec.steps:,} steps, from {STEPS} that were measured"
        yield Line(what, each * spec.steps)


def compute(training: Training, steps: int) -> None:
    """Make some steps, and bring their rows over."""
    for _ in range(steps):
        if not training.finished:
            training.advance()
    training.fetch()


def lines(device: str) -> Iterator[Line]:
    """Yield the lines of the table, as they are measured."""
    for model in ("vgg11", "vgg16"):
        yield from of_graphs(device, model)
        yield from of_plain_code(device, model)
    yield from of_presets(device)
