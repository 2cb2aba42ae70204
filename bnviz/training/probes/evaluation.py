"""Loss and accuracy on the whole test set, with population statistics (2018, Fig. 1b).

They are measured after the last step too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bnviz.data import SOURCES
from bnviz.training.probes import Reading, one
from bnviz.training.vectors import wide

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment
    from bnviz.training.objective import Objective, Parameters

LABEL = "Test loss and accuracy"
INTERVAL = 100
DEFAULT = True


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield test_loss and test_accuracy at this step's parameters, before its update.

    test_loss is the whole objective. test_accuracy is in 0..1; only a classification task has one.
    """
    return finish(moment.objective, moment.theta, moment.step)


def finish(objective: Objective, theta: Tensor, step: int) -> Iterator[Reading]:
    """Yield the readings of `measure` for any θ."""
    import torch

    task, count = objective.task, 0
    loss = right = wide(theta.new_zeros(()))
    views = objective.views(theta)
    with torch.no_grad(), evaluating(objective, views):
        for inputs, targets in task.test_batches():
            outputs = objective.outputs(views, inputs, training=False)
            loss = loss + wide(task.loss(outputs, targets)) * len(targets)
            if task.classifies:
                right = right + wide(task.hits(outputs, targets).sum())
            count += len(targets)
        penalty = wide(objective.penalty(views))
    yield one(step, "test_loss", None, None, None, loss / count + penalty)
    if task.classifies:
        yield one(step, "test_accuracy", None, None, None, right / count)


@contextmanager
def evaluating(objective: Objective, views: Parameters) -> Iterator[None]:
    """Open a block in which the norms have the population statistics for evaluation.

    With spec.population "exact", these are computed for the given parameters. After the block they
    are those of the training again.
    """
    kept = {name: value.clone() for name, value in objective.state().items()}
    if objective.spec.population == "exact":
        average_over_training_set(objective, views)
    try:
        yield
    finally:
        for name, value in objective.state().items():
            value.copy_(kept[name])


def average_over_training_set(objective: Objective, views: Parameters) -> None:
    """Set the population statistics to averages over all training batches.

    E[x] = E_B[mean] and Var[x] = E_B[unbiased variance] (2015, Algorithm 2, line 10).
    """
    for nth, batch in enumerate(objective.task.training_batches(), start=1):
        objective.outputs(views, batch.inputs)
        for norm in objective.norms.values():
            norm.commit(1 / nth)


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements, and of the one after the last step."""
    return (times + 1) * (2 if SOURCES[spec.data].classes else 1)


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: forward passes of the whole test set."""
    source = SOURCES[spec.data]
    examples = source.test_count + (source.train_count if spec.population == "exact" else 0)
    return examples / spec.batch / 3 * step
