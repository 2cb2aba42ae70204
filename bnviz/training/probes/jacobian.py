"""Singular values of layer Jacobians (2015, Sec. 3.3, last paragraph).

Between two consecutive layers with normalised inputs x̂ and ẑ = F(x̂), the paper conjectures that
BatchNorm may give the Jacobian ∂ẑ/∂x̂ singular values close to 1. Here x̂ and ẑ are the inputs of
the non-linearities of two hidden layers, normalised or not: F is the first layer's non-linearity,
the second one's weights and its normalisation.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from bnviz.training.models.block import Block
from bnviz.training.probes import Reading, several
from bnviz.training.probes.activations import quantiles
from bnviz.training.vectors import wide

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Singular values of layer Jacobians"
INTERVAL = 100
TAPS = True
EXAMPLES = 4  # of the batch, the first ones
MOST = 256  # units of a layer; larger layers are left out


def pairs(spec: RunSpec) -> list[tuple[Block, Block]]:
    """Return the pairs of consecutive hidden layers that are small enough."""
    network = {part.name: part for part in spec.network()}
    *hidden, _ = spec.blocks()
    read = [(network.get(block.reads[0]), block) for block in hidden]
    return [
        (first, second)
        for first, second in read
        if isinstance(first, Block) and max(prod(first.output), prod(second.output)) <= MOST
    ]


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield jacobian_quantile for each layer but the first: quantiles of its singular values.

    They are those of the training step's batch and noise, pooled over the first EXAMPLES examples.
    The Jacobian of an example is that of its own values, of which the batch statistics are
    functions too. `at` is the level of a quantile.
    """
    import torch

    levels = moment.spec.quantiles
    for first, second in pairs(moment.spec):
        x = moment.activations[first.name]
        found = [
            torch.linalg.svdvals(wide(jacobian(moment, first, second, x, nth)))
            for nth in range(min(EXAMPLES, len(x)))
        ]
        values = torch.cat(found).sort().values
        places = [(moment.step, "jacobian_quantile", second.name, None, level) for level in levels]
        yield several(quantiles(values, levels), places)


def jacobian(moment: Moment, first: Block, second: Block, x: Tensor, nth: int) -> Tensor:
    """Return ∂ẑ/∂x̂ of one example of the batch (units of ẑ, units of x̂)."""
    import torch
    from torch.autograd.functional import jacobian as derivative

    objective, rest = moment.objective, x.detach()
    views = objective.views(moment.theta)

    def mapped(own: Tensor) -> Tensor:
        batch = torch.cat([rest[:nth], own[None], rest[nth + 1 :]])
        return objective.between(views, first, second, batch)[nth]

    with objective.keeping_nothing():
        # torch cannot compute all rows at once where layers compute in bfloat16.
        at_once = moment.spec.precision != "bfloat16"
        found: Tensor = derivative(mapped, rest[nth], vectorize=at_once)
    return found.reshape(prod(second.output), prod(first.output))


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * len(pairs(spec)) * len(spec.quantiles)


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: a backward pass of two layers for each unit."""
    units = sum(prod(second.output) for _, second in pairs(spec))
    return EXAMPLES * units * step / len(spec.blocks()) / 20
