"""The training loop: `execute(spec)` trains a network and yields rows of measurements.

It writes nothing to disk; `bnviz.runs.worker` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, optim

from bnviz.spec import RunSpec
from bnviz.training.models import Block
from bnviz.training.objective import Evaluation, Objective, Tap, objective_of
from bnviz.training.probes import PROBES, Reading, Row, bring, due, optional
from bnviz.training.task import Batch

FETCH_EVERY = 20  # steps, where nobody watches the rows
# After divergence only the loss can still be measured; its last row tells the step.
AFTER_DIVERGENCE = [name for name in PROBES if optional(name, "DIVERGED")]
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
    activations: dict[str, Tensor]  # inputs of the hidden layers' non-linearities, if it TAPS


class Noted(NamedTuple):
    """A reading, and whether it counts if the loss of its step is finite, and if it is not."""

    reading: Reading
    finite: bool = True
    diverged: bool = False


class Measured(NamedTuple):
    """What was measured at a step and is still on the device."""

    step: int
    loss: Tensor  # L(θ_t), ()
    noted: list[Noted]


class Training:
    """The training of one run.

    `advance` makes one step, and `fetch` returns the rows measured since its last call. Only
    `fetch` waits for the device, so only then does it show whether the loss is still finite: it
    drops the steps after one where it is not. `state` returns all that is needed to continue.
    """

    def __init__(self, spec: RunSpec, device: str = "cpu") -> None:
        # Keep to the stated precision on a GPU, and repeat a run with the same numbers.
        torch.backends.cudnn.allow_tf32 = spec.precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = spec.precision == "tf32"
        torch.backends.cudnn.deterministic = True
        self.spec = spec
        self.objective = objective_of(spec, device)
        self.theta = self.objective.initial()
        self.optimizer = OPTIMISERS[spec.optimizer](self.theta, spec)
        self.kept: dict[str, dict[int, Tensor]] = {}  # by probe and step
        self.measured: list[Measured] = []
        self.step = 0
        self.diverged = False

    @property
    def finished(self) -> bool:
        """Whether all steps are done or the loss is no longer finite, which is a result too."""
        return self.diverged or self.step == self.spec.steps

    def advance(self) -> None:
        """Make one training step, in which the probes that are due measure.

        The order is fixed: L and ∇L, the optimiser's update, then the probes.
        """
        step, batch = self.step, self.objective.task.batch(self.step)
        due = self._due(step)
        activations: dict[str, Tensor] = {}
        self.objective.draw_noise(step)
        wanted = any(optional(name, "TAPS") for name in due)
        tap = into(activations, self.objective) if wanted else None
        evaluation = self.objective.evaluate(self.theta, batch, tap)
        self.objective.commit()
        theta = self.theta.clone()
        lr = self.optimizer.param_groups[0]["lr"] = learning_rate(self.spec, step)
        self.theta.grad = evaluation.gradient
        self.optimizer.step()
        noted: list[Noted] = []
        self.measured.append(Measured(step, evaluation.loss, noted))  # kept if a probe then fails
        for name in dict.fromkeys([*due, *AFTER_DIVERGENCE]):
            moment = Moment(
                spec=self.spec,
                objective=self.objective,
                step=step,
                interval=due.get(name, 1),
                lr=lr,
                batch=batch,
                theta=theta,
                theta_next=self.theta,
                evaluation=evaluation,
                kept=self.kept.get(name, {}),
                activations=activations,
            )
            noted += note(name, moment, name in due)
            if keep := optional(name, "keep"):
                self.kept[name] = keep(moment.kept, step, theta)
        self.step += 1
        if self.step == self.spec.steps:
            noted += [Noted(reading) for reading in self._finish()]

    def _finish(self) -> Iterator[Reading]:
        for name in self.spec.probes:
            if finish := optional(name, "finish"):
                yield from finish(self.objective, self.theta, self.step)

    def _due(self, step: int) -> dict[str, int]:
        return {
            name: interval
            for name, interval in self.spec.probes.items()
            if due(name, step, interval)
        }

    def fetch(self) -> list[Row]:
        """Return the rows measured since the last call, in one transfer from the device."""
        measured, self.measured = self.measured, []
        if not measured:
            return []
        readings = [noted.reading.values for each in measured for noted in each.noted]
        losses, *values = bring([torch.stack([each.loss for each in measured]), *readings])
        rows, left = list[Row](), iter(values)
        for each, loss in zip(measured, losses, strict=True):
            self.diverged = not math.isfinite(loss)
            for noted in each.noted:
                numbers = next(left)
                if noted.diverged if self.diverged else noted.finite:
                    rows += noted.reading.rows(numbers)
            if self.diverged:
                self.step = each.step + 1
                break
        return rows

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


def into(activations: dict[str, Tensor], objective: Objective) -> Tap:
    """Return a tap that puts the inputs of the hidden layers' non-linearities into a dict.

    A layer without a non-linearity of its own has its normalised output there instead: in a deep
    linear network, and before an addition, where it is what the layer adds.
    """

    def keep(block: Block, x: Tensor, y: Tensor, z: Tensor) -> None:
        if block is not objective.blocks[-1]:
            activations[block.name] = z.detach().to(objective.task.dtype)

    return keep


def note(name: str, moment: Moment, due: bool) -> list[Noted]:
    """Let a probe measure. If it is not due, its readings count only if the loss is not finite."""
    try:
        readings = list(PROBES[name].measure(moment))
    except (RuntimeError, ValueError):  # linear algebra refuses numbers that are not finite
        if moment.evaluation.loss.isfinite():
            raise
        return []
    return [Noted(reading, due, name in AFTER_DIVERGENCE) for reading in readings]


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
        training.advance()
        if training.finished or training.step % FETCH_EVERY == 0:
            yield from training.fetch()
