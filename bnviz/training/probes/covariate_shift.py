"""Internal covariate shift (Santurkar et al. 2018, Definition 2.1).

It is the change in a layer's gradient when the layers before it are updated. On one batch,

    G = ∇_{W_i} L(W_1^t, …, W_k^t)
    G' = ∇_{W_i} L(W_1^{t+1}, …, W_{i-1}^{t+1}, W_i^t, …, W_k^t)

Biases, gamma and beta are updated together with the weight of their layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
    objective, x = moment.objective, moment.batch.inputs
    before = objective.views(moment.evaluation.gradient)
    present, updated = objective.views(moment.theta), objective.views(moment.theta_next)
    for block in objective.blocks:
        # x is what this layer gets from the updated layers before it.
        g = before[block.name]["weight"]
        after = objective.weight_gradient(present, block, x, moment.batch.targets)
        yield one(moment.step, "ics_l2", block.name, None, None, distance(g, after))
        yield one(moment.step, "ics_cosine", block.name, None, None, cosine(g, after))
        x = objective.step_through(block, updated, x)


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * 2 * len(spec.blocks())


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: for each layer, a step without the layers before it."""
    return len(spec.blocks()) * 0.7 * step
