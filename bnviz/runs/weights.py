"""The final weights of a run: its parameters and population statistics, by layer and name."""

from __future__ import annotations

import torch

from bnviz.runs import tensors
from bnviz.runs.predictions import FILE as FILE
from bnviz.runs.predictions import EvaluationError, why_not
from bnviz.runs.run import Run
from bnviz.training.objective import Objective, objective_of
from bnviz.training.predict import probabilities


def packed(objective: Objective, theta: torch.Tensor) -> bytes:
    """Return the content of a run's weights file: `conv1.weight`, …, and `conv1.mean`, …"""
    return tensors.packed(named(objective, theta) | objective.state(), {})


def named(objective: Objective, theta: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the parameters by layer and name, as views of θ."""
    return {
        f"{layer}.{name}": view
        for layer, views in objective.views(theta).items()
        for name, view in views.items()
    }


def loaded(run: Run, device: str) -> tuple[Objective, torch.Tensor]:
    """Return the trained network of a finished run: its objective, and θ.

    EvaluationError if the run has kept no weights or they are damaged, DataError without its data.
    """
    if problem := why_not(run):
        raise EvaluationError(problem)
    objective = objective_of(run.spec, device)
    theta = objective.initial()
    try:
        _, kept = tensors.unpacked(run.folder / FILE)
        for name, place in (named(objective, theta) | objective.state()).items():
            place.copy_(kept[name])
    except Exception as problem:  # libraries raise many kinds of errors for a damaged file
        raise EvaluationError(
            f"the weights of run {run.id} cannot be read ({problem}); delete the run, and compute "
            "it again"
        ) from None
    return objective, theta


def predict(run: Run, crops: int, device: str) -> torch.Tensor:
    """Return the predicted probabilities of a run for its test images (images, classes).

    They are averaged over `crops` crops. Errors are those of `loaded`.
    """
    objective, theta = loaded(run, device)
    return probabilities(objective, theta, crops)
