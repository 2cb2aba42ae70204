"""Loss and accuracy of the current batch, before its update, as the paper plots them (2018, Fig. 1a)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnviz.probes import Row

if TYPE_CHECKING:
    from bnviz.train import Moment

LABEL = "Training loss and accuracy"
INTERVAL = 1


def measure(moment: Moment) -> Iterator[Row]:
    """train_loss (the objective, nats), penalty (its L2 part) and train_accuracy (0..1) of this step's batch."""
    loss, penalty, _, outputs = moment.evaluation
    accuracy = (outputs.argmax(1) == moment.batch.labels).double().mean()
    for metric, value in (("train_loss", loss), ("train_accuracy", accuracy), ("penalty", penalty)):
        yield Row(moment.step, metric, None, None, None, float(value))
