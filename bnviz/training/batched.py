"""Evaluate L and ∇L at several θ at once, with one call of each kernel for all of them.

A small network does not fill a GPU, and a few of them side by side may. On a CPU it does not pay:
torch computes convolutions with several weights slowly (docs/PERFORMANCE.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.func import grad_and_value, vmap

from bnviz.training.task import Batch

if TYPE_CHECKING:
    from bnviz.training.objective import Evaluation, Objective


class Evaluator:
    """Evaluates an objective at several θ, in the way that is faster on its device.

    `at_once` says which: None until it is measured. Both ways differ by rounding only.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.at_once: bool | None = None if objective.task.device.type == "cuda" else False

    def __call__(self, thetas: Iterable[Tensor], batch: Batch) -> Iterator[Evaluation]:
        """Yield L and ∇L on a batch at each θ, in order."""
        if self.at_once is None:
            thetas = list(thetas)
            self.at_once = self._faster(thetas, batch)
        if self.at_once:
            yield from together(self.objective, list(thetas), batch)
        else:
            yield from (self.objective.evaluate(theta, batch) for theta in thetas)

    def _faster(self, thetas: Sequence[Tensor], batch: Batch) -> bool:
        """Measure whether all at once is faster than one after the other."""
        try:
            all_at_once = seconds(lambda: together(self.objective, thetas, batch))
        except torch.OutOfMemoryError:
            return False
        return all_at_once < seconds(
            lambda: [self.objective.evaluate(theta, batch) for theta in thetas]
        )


def together(objective: Objective, thetas: Sequence[Tensor], batch: Batch) -> list[Evaluation]:
    """Return L and ∇L on a batch at each θ, computed at once. No batch statistics are kept."""
    from bnviz.training.objective import Evaluation

    def loss(theta: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        whole, penalty, outputs = objective.loss(objective.views(theta), batch)
        return whole, (penalty, outputs)

    with objective.keeping_nothing():
        gradients, (losses, (penalties, outputs)) = vmap(grad_and_value(loss, has_aux=True))(
            torch.stack(list(thetas))
        )
    return list(map(Evaluation, losses, penalties, gradients, outputs))


def seconds(work: Callable[[], object]) -> float:
    """Return how long a GPU takes for some work, the second time."""
    for _ in range(2):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        work()
        torch.cuda.synchronize()
    return time.perf_counter() - begun
