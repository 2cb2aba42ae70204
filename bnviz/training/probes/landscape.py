"""The landscape along the gradient (2018, Sec. 3.1, App. A.2.2): loss and gradient at θ − ηg, for a few η, on the same batch.

A measurement only: the training goes on from θ. Bands over η and effective β are derived from these rows in bnviz.analysis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnviz.training.probes import Row

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment
    from bnviz.training.objective import Objective

LABEL = "Landscape along the gradient"
INTERVAL = 100


def measure(moment: Moment) -> Iterator[Row]:
    """gradient_norm ‖g‖₂; at every η (column `at`) loss_along and gradient_distance ‖∇L(θ − ηg) − g‖₂.

    Norms come for the whole gradient (layer empty) and for each layer. With spec.random_direction the same again, as
    loss_along_random and gradient_distance_random, along a random direction as long as g.
    """
    spec, objective, g = moment.spec, moment.objective, moment.evaluation.gradient
    yield from norms(objective, g, moment.step, "gradient_norm", None)
    directions = {"": g} | ({"_random": random_direction(moment)} if spec.random_direction else {})
    for eta in (multiple * moment.lr for multiple in spec.step_sizes):
        for suffix, direction in directions.items():
            there = objective.evaluate(moment.theta.add(direction, alpha=-eta), moment.batch)
            yield Row(moment.step, f"loss_along{suffix}", None, None, eta, float(there.loss))
            yield from norms(
                objective, there.gradient - g, moment.step, f"gradient_distance{suffix}", eta
            )


def norms(
    objective: Objective, vector: Tensor, step: int, metric: str, at: float | None
) -> Iterator[Row]:
    """l2 norm of a flat vector, whole and layer by layer, summed in float64."""
    import torch

    layers, stretches = zip(*objective.layers(vector), strict=True)
    squares = torch.stack([stretch.double().square().sum() for stretch in stretches])
    for layer, value in zip(
        (None, *layers), torch.cat([squares.sum()[None], squares]).sqrt().tolist(), strict=True
    ):
        yield Row(step, metric, layer, None, at, value)


def random_direction(moment: Moment) -> Tensor:
    """A direction drawn by (seed, step), uniform on the sphere of radius ‖g‖₂."""
    import torch

    from bnviz.training.seeds import generator

    g = moment.evaluation.gradient
    draw = torch.randn(
        g.shape,
        generator=generator(moment.spec.seed, "direction", moment.step),
        dtype=torch.float64,
    )
    direction: Tensor = draw * (float(g.double().norm()) / draw.norm())
    return direction.to(g)


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    layers = len(spec.blocks())
    return times * (layers + 1 + len(spec.step_sizes) * directions_of(spec) * (layers + 2))


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: a step for every step size and direction."""
    return len(spec.step_sizes) * directions_of(spec) * step


def directions_of(spec: RunSpec) -> int:
    """Return the number of directions that are measured."""
    return 2 if spec.random_direction else 1
