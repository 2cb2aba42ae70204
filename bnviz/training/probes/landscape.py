"""The loss landscape along the gradient (Santurkar et al. 2018, Sec. 3.1 and App. A.2.2).

The probe measures the loss and the gradient at θ − ηg for a few step sizes η, on the same batch.
Training then continues from θ. bnviz.analysis derives the bands over η and the effective
β-smoothness from these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING

from bnviz.training.probes import Reading, one, several
from bnviz.training.vectors import cosine, length, wide

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Landscape along the gradient"
INTERVAL = 100
VERSION = 2  # 1 had no gradient_cosine


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield gradient_norm ‖g‖₂, weight_norm ‖W‖₂ and, for every η (column `at`), three numbers.

    loss_along is L(θ − ηg), gradient_distance is ‖∇L(θ − ηg) − g‖₂ and gradient_cosine is
    cos(∇L(θ − ηg), g), NaN if one of them is zero. Norms are those of the whole gradient (`layer`
    None) and of each layer; weight_norm leaves out biases, γ and β. spec.random_direction adds the
    same three along a random direction of the same length as g, under names with "_random".
    """
    spec, objective, g = moment.spec, moment.objective, moment.evaluation.gradient
    yield norms(objective.layers(g), moment.step, "gradient_norm", None)
    yield norms(objective.weights(moment.theta), moment.step, "weight_norm", None)
    directions = {"": g} | ({"_random": random_direction(moment)} if spec.random_direction else {})
    etas = (multiple * moment.lr for multiple in spec.step_sizes)
    places = list(product(etas, directions))
    thetas = (moment.theta.add(directions[suffix], alpha=-eta) for eta, suffix in places)
    there = objective.evaluations(thetas, moment.batch)
    for (eta, suffix), (loss, _, gradient, _) in zip(places, there, strict=True):
        yield one(moment.step, f"loss_along{suffix}", None, None, eta, loss)
        turned = cosine(gradient, g)
        yield one(moment.step, f"gradient_cosine{suffix}", None, None, eta, turned)
        distances = objective.layers(gradient - g)
        yield norms(distances, moment.step, f"gradient_distance{suffix}", eta)


def norms(parts: Iterable[tuple[str, Tensor]], step: int, metric: str, at: float | None) -> Reading:
    """Return the l2 norm of all parts together, and of each layer's part, summed in float64."""
    import torch

    layers, stretches = zip(*parts, strict=True)
    squares = torch.stack([wide(stretch).square().sum() for stretch in stretches])
    places = [(step, metric, layer, None, at) for layer in (None, *layers)]
    return several(torch.cat([squares.sum()[None], squares]).sqrt(), places)


def random_direction(moment: Moment) -> Tensor:
    """Return a direction drawn with (seed, step), uniform on the sphere of radius ‖g‖₂."""
    from bnviz.training.seeds import drawn

    g = moment.evaluation.gradient
    draw = drawn(g, moment.spec.seed, "direction", moment.step)
    direction: Tensor = draw * (length(g) / draw.norm())
    return direction.to(g)


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    layers = len(spec.blocks())
    each = len(spec.step_sizes) * directions_of(spec)
    return times * (2 * (layers + 1) + each * (layers + 3))


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: a step for every step size and direction."""
    return len(spec.step_sizes) * directions_of(spec) * step


def directions_of(spec: RunSpec) -> int:
    """Return the number of directions that are measured."""
    return 2 if spec.random_direction else 1
