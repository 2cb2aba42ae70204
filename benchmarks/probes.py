"""What the probes cost: against plain code (`benchmarks.plain`), and against bare passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from benchmarks import plain
from benchmarks.lines import Line, timed
from bnviz.spec import RunSpec
from bnviz.training.batched import together
from bnviz.training.loop import Moment, Training, into
from bnviz.training.probes import activations, covariate_shift, landscape, read


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


def landscape_step(at: Moment) -> None:
    """Compute L and ∇L, and measure the landscape."""
    at.objective.evaluate(at.theta, at.batch)
    read(landscape.measure(at))


def of_landscape(device: str, norm: str) -> list[Line]:
    """Compare a landscape step with K + 1 passes, and with plain code."""
    at, before, _ = setting(device, norm=norm, width=0.25)
    etas = [multiple * at.lr for multiple in at.spec.step_sizes]

    def passes() -> None:
        for _ in range(len(etas) + 1):
            plain.one_pass(before, at.batch)

    own, bare, loops = timed(
        device,
        lambda: landscape_step(at),
        passes,
        lambda: plain.landscape(before, at.batch, etas),
    )
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


def of_step_sizes(device: str) -> list[Line]:
    """Compare all step sizes at once with one after the other."""
    at, _, _ = setting(device, norm="batch", width=0.25)
    thetas = [at.theta - multiple * at.lr for multiple in at.spec.step_sizes]
    objective = at.objective
    own, loop = timed(
        device,
        lambda: together(objective, thetas, at.batch),
        lambda: [objective.evaluate(theta, at.batch) for theta in thetas],
    )
    what = f"{len(thetas)} step sizes at once, vgg11 × 0.25, batch"
    return [Line(what, own, "one after the other", loop)]


def of_bfloat16(device: str) -> list[Line]:
    """Compare passes in bfloat16 with passes in float32, at width 1."""
    exact, coarse = (
        setting(device, norm="batch", width=1.0, precision=name)[0]
        for name in ("float32", "bfloat16")
    )
    own, single = timed(
        device,
        lambda: coarse.objective.evaluate(coarse.theta, coarse.batch),
        lambda: exact.objective.evaluate(exact.theta, exact.batch),
    )
    aim = "≤ 0.65 where the processor has bfloat16"
    return [Line("pass in bfloat16, vgg11, batch", own, "a pass in float32", single, aim)]


def lines(device: str) -> Iterator[Line]:
    """Yield the lines of the table for a device, as they are measured."""
    for norm in ("none", "batch"):
        yield from of_landscape(device, norm)
        yield from of_covariate_shift(device, norm)
    yield from of_activations(device)
    yield from of_noise(device)
    yield from of_step_sizes(device)
    yield from of_bfloat16(device)
