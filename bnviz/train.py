"""execute(spec): the only training loop. It knows no disk; it yields rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bnviz.objective import Evaluation, Objective
from bnviz.probes import PROBES, Row, due
from bnviz.spec import RunSpec
from bnviz.task import Batch, Task


@dataclass(frozen=True)
class Moment:
    """One step of the training, seen from outside: everything a probe may look at.

    `evaluation` is L(θ_t) and ∇L(θ_t) on `batch`; `theta_next` is θ_{t+1}, what the optimiser really made of them.
    """

    spec: RunSpec
    objective: Objective
    step: int
    interval: int
    batch: Batch
    theta: Tensor
    theta_next: Tensor
    evaluation: Evaluation


class Training:
    """One run of a spec: `advance` makes one step and yields its rows; `state` is all that going on from there needs."""

    def __init__(self, spec: RunSpec, device: str = "cpu") -> None:
        # The numbers are to be those of the stated precision, and the same again, on a GPU as well.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        self.spec = spec
        self.objective = Objective(spec, Task(spec, torch.device(device), getattr(torch, spec.precision)))
        self.theta = self.objective.initial()
        self.optimizer = torch.optim.SGD([self.theta], lr=spec.lr, momentum=spec.momentum)
        self.step = 0
        self.diverged = False

    @property
    def finished(self) -> bool:
        """All steps made, or the loss is no longer a number: a result too."""
        return self.diverged or self.step == self.spec.steps

    def advance(self) -> Iterator[Row]:
        """One step of training: L and ∇L, the update, then the probes that are due, in a fixed order."""
        step, batch = self.step, self.objective.task.batch(self.step)
        self.objective.draw_noise(step)
        evaluation = self.objective.evaluate(self.theta, batch)
        self.objective.commit()
        theta = self.theta.clone()
        self.theta.grad = evaluation.gradient
        self.optimizer.step()
        self.diverged = not bool(evaluation.loss.isfinite())
        for name, interval in self._due(step).items():
            moment = Moment(self.spec, self.objective, step, interval, batch, theta, self.theta, evaluation)
            yield from PROBES[name].measure(moment)
        self.step += 1
        if self.step == self.spec.steps and "evaluation" in self.spec.probes and not self.diverged:
            yield from PROBES["evaluation"].evaluate(self.objective, self.theta, self.step)

    def _due(self, step: int) -> dict[str, int]:
        if self.diverged:  # nothing but the loss can be measured any more, and it says when
            return {"accuracy": 1}
        return {name: interval for name, interval in self.spec.probes.items() if due(name, step, interval)}

    def state(self) -> dict[str, Tensor]:
        """θ, the population statistics and the optimiser's memory. Every generator follows from (seed, purpose, step)."""
        memory = self.optimizer.state.get(self.theta, {})
        kept = {f"optimizer.{name}": value for name, value in memory.items() if isinstance(value, Tensor)}
        return {
            "theta": self.theta,
            **{f"norm.{name}": value for name, value in self.objective.state().items()},
            **kept,
        }

    def restore(self, state: dict[str, Tensor], step: int) -> None:
        """Go on from `state` as it was before step `step`, to the same bits."""
        self.step = step
        self.theta.copy_(state["theta"])
        for name, value in self.objective.state().items():
            value.copy_(state[f"norm.{name}"])
        memory = {
            name.removeprefix("optimizer."): value for name, value in state.items() if name.startswith("optimizer.")
        }
        self.optimizer.state[self.theta] = {name: value.to(self.theta.device) for name, value in memory.items()}


def execute(spec: RunSpec, device: str = "cpu") -> Iterator[Row]:
    """Train as `spec` says and yield every row that its probes measure. DataError where the data is not there."""
    training = Training(spec, device)
    while not training.finished:
        yield from training.advance()
