"""The training loop: `execute(spec)` trains a network and yields rows of measurements.

It writes nothing to disk; `bnviz.runs.worker` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, optim

from bnviz.spec import RunSpec
from bnviz.training.objective import Evaluation, Objective
from bnviz.training.probes import PROBES, Row, due, optional
from bnviz.training.task import Batch, task

STATE = {"theta", "norm", "optimizer", "kept"}  # what a state consists of

OPTIMISERS: dict[str, Callable[[Tensor, RunSpec], optim.Optimizer]] = {
    "sgd": lambda theta, spec: optim.SGD([theta], lr=spec.lr, momentum=spec.momentum),
    "adadelta": lambda theta, spec: optim.Adadelta([theta], lr=spec.lr),
    "adam": lambda theta, spec: optim.Adam([theta], lr=spec.lr),
    "adamw": lambda theta, spec: optim.AdamW([theta], lr=spec.lr, weight_decay=spec.weight_decay),
}


@dataclass(frozen=True)
class Moment:
    """One training step t: everything that a probe may look at, and nothing that it may change."""

    spec: RunSpec
    objective: Objective
    step: int
    interval: int  # steps between two measurements of this probe
    lr: float  # learning rate of this step
    batch: Batch
    theta: Tensor  # θ_t
    theta_next: Tensor  # θ_{t+1}, after the optimiser's update
    evaluation: Evaluation  # L(θ_t) and ∇L(θ_t) on `batch`
    kept: dict[int, Tensor]  # θ at earlier steps that this probe has kept, oldest first


class Training:
    """The training of one run.

    `advance` makes one step and yields its rows. `state` returns all that is needed to continue
    from there.
    """

    def __init__(self, spec: RunSpec, device: str = "cpu") -> None:
        # Keep to the stated precision on a GPU, and repeat a run with the same numbers.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        self.spec = spec
        self.objective = Objective(
            spec, task(spec, torch.device(device), getattr(torch, spec.precision))
        )
        self.theta = self.objective.initial()
        self.optimizer = OPTIMISERS[spec.optimizer](self.theta, spec)
        self.kept: dict[str, dict[int, Tensor]] = {}  # by probe and step
        self.step = 0
        self.diverged = False

    @property
    def finished(self) -> bool:
        """Whether all steps are done or the loss is no longer finite, which is a result too."""
        return self.diverged or self.step == self.spec.steps

    def advance(self) -> Iterator[Row]:
        """Make one training step and yield the rows of the probes that are due.

        The order is fixed: L and ∇L, the optimiser's update, then the probes.
        """
        step, batch = self.step, self.objective.task.batch(self.step)
        self.objective.draw_noise(step)
        evaluation = self.objective.evaluate(self.theta, batch)
        self.objective.commit()
        theta = self.theta.clone()
        lr = self.optimizer.param_groups[0]["lr"] = learning_rate(self.spec, step)
        self.theta.grad = evaluation.gradient
        self.optimizer.step()
        self.diverged = not bool(evaluation.loss.isfinite())
        for name, interval in self._due(step).items():
            moment = Moment(
                spec=self.spec,
                objective=self.objective,
                step=step,
                interval=interval,
                lr=lr,
                batch=batch,
                theta=theta,
                theta_next=self.theta,
                evaluation=evaluation,
                kept=self.kept.get(name, {}),
            )
            yield from PROBES[name].measure(moment)
            if keep := optional(name, "keep"):
                self.kept[name] = keep(moment.kept, step, theta)
        self.step += 1
        if self.step == self.spec.steps and not self.diverged:
            yield from self._finish()

    def _finish(self) -> Iterator[Row]:
        for name in self.spec.probes:
            if finish := optional(name, "finish"):
                yield from finish(self.objective, self.theta, self.step)

    def _due(self, step: int) -> dict[str, int]:
        # After divergence only the loss can still be measured; its last row tells the step.
        if self.diverged:
            return {name: 1 for name in PROBES if optional(name, "DIVERGED")}
        return {
            name: interval
            for name, interval in self.spec.probes.items()
            if due(name, step, interval)
        }

    def state(self) -> dict[str, Tensor]:
        """Return θ, the population statistics, the optimiser's state and the probes' θ, by name.

        No generator is saved: each is seeded from (seed, purpose, step).
        """
        memory = self.optimizer.state.get(self.theta, {})
        kept = {
            f"optimizer.{name}": value
            for name, value in memory.items()
            if isinstance(value, Tensor)
        }
        return {
            "theta": self.theta,
            **{f"norm.{name}": value for name, value in self.objective.state().items()},
            **kept,
            **{
                f"kept.{name}.{step}": theta
                for name, kept in self.kept.items()
                for step, theta in kept.items()
            },
        }

    def restore(self, state: dict[str, Tensor], step: int) -> None:
        """Continue at `step` from its `state`; the rest of the run is the same to the bit.

        ValueError for a state of another version of bnviz.
        """
        if unknown := {name.partition(".")[0] for name in state} - STATE:
            raise ValueError(f"it has {min(unknown)}, which this version does not know")
        self.step = step
        self.theta.copy_(state["theta"])
        for name, value in self.objective.state().items():
            value.copy_(state[f"norm.{name}"])
        self.optimizer.state[self.theta] = {
            name: value.to(self.theta.device) for name, value in under("optimizer", state).items()
        }
        for probe in self.spec.probes:
            kept = {int(at): theta for at, theta in under(f"kept.{probe}", state).items()}
            self.kept[probe] = {at: kept[at].to(self.theta.device) for at in sorted(kept)}


def under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the entries "prefix.name" of a state, by name."""
    return {
        name.removeprefix(f"{prefix}."): value
        for name, value in state.items()
        if name.startswith(f"{prefix}.")
    }


def learning_rate(spec: RunSpec, step: int) -> float:
    """Return the learning rate of a step.

    This is torch.optim's StepLR or CosineAnnealingLR in closed form, with a linear warm-up.
    """
    factors = {
        "constant": 1.0,
        "step": spec.decay ** (step // spec.decay_every),
        "cosine": (1 + math.cos(math.pi * step / spec.steps)) / 2,
    }
    return spec.lr * factors[spec.schedule] * min(1.0, (step + 1) / max(1, spec.warmup))


def execute(spec: RunSpec, device: str = "cpu") -> Iterator[Row]:
    """Train with the settings `spec` and yield every row that its probes measure.

    Raises DataError if the data set is missing.
    """
    training = Training(spec, device)
    while not training.finished:
        yield from training.advance()
