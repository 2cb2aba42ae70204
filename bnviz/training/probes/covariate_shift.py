"""Internal covariate shift (Santurkar et al. 2018, Definition 2.1).

It is the change in a layer's gradient when the layers before it are updated. On one batch,

    G = ∇_{W_i} L(W_1^t, …, W_k^t)
    G' = ∇_{W_i} L(W_1^{t+1}, …, W_{i-1}^{t+1}, W_i^t, …, W_k^t)

Biases, gamma and beta are updated together with the weight of their layer. In a network with
branches, the layers before a layer are those that its input depends on. A layer of a parallel
branch is not one of them, so it keeps its weight of step t, as the layers after it do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnviz.training.models.block import INPUT, Block
from bnviz.training.probes import Reading, one
from bnviz.training.vectors import cosine, distance

if TYPE_CHECKING:
    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Internal covariate shift"
INTERVAL = 100


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield ics_l2 = ‖G − G'‖₂ and ics_cosine = cos ∠(G, G') for the weight of each layer.

    The cosine is NaN if a gradient is zero.
    """
    objective, values = moment.objective, {INPUT: moment.batch.inputs}
    before = objective.views(moment.evaluation.gradient)
    present, updated = objective.views(moment.theta), objective.views(moment.theta_next)
    for part in objective.network:
        if isinstance(part, Block):
            # `values` are the outputs of the updated layers before this one.
            g = before[part.name]["weight"]
            after = objective.weight_gradient(present, part, values, moment.batch.targets)
            yield one(moment.step, "ics_l2", part.name, None, None, distance(g, after))
            yield one(moment.step, "ics_cosine", part.name, None, None, cosine(g, after))
        values[part.name] = objective.step_through(part, updated, values)


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * 2 * len(spec.blocks())


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: for each layer, a step without the layers before it."""
    return len(spec.blocks()) * 0.7 * step
