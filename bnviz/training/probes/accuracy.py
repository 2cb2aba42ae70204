"""Loss and accuracy on the current batch before its update (Santurkar et al. 2018, Fig. 1a)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnviz.data import SOURCES
from bnviz.training.probes import Reading, one

if TYPE_CHECKING:
    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Training loss and accuracy"
INTERVAL = 1
DEFAULT = True
DIVERGED = True  # its loss says at which step


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield train_loss, train_accuracy and penalty of this step's batch.

    train_loss is the whole objective and penalty its L2 part. train_accuracy is in 0..1; only a
    classification task has one.
    """
    loss, penalty, _, outputs = moment.evaluation
    yield one(moment.step, "train_loss", None, None, None, loss)
    if moment.objective.task.classifies:
        accuracy = moment.objective.task.hits(outputs, moment.batch.targets).mean()
        yield one(moment.step, "train_accuracy", None, None, None, accuracy)
    yield one(moment.step, "penalty", None, None, None, penalty)


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * (3 if SOURCES[spec.data].classes else 2)
