"""What finished runs predict for their test images, kept in their folders. No torch.

The command `evaluate` computes the predictions, because that takes the network and its data.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from bnviz.data import SOURCES
from bnviz.runs.disk import put
from bnviz.runs.estimate import pass_seconds
from bnviz.runs.run import Run
from bnviz.training.probes import evaluation

FILE = "weights.safetensors"
PROBABILITIES = "probabilities"
# Number of crops, and how many of them are computed: the 144 of a square image repeat 48.
CROPS = {1: 1, 10: 10, 144: 48}

Probabilities = NDArray[np.float32]  # (images, classes)


class EvaluationError(ValueError):
    """Runs cannot be evaluated; the message is one sentence for the reader."""


def why_not(run: Run) -> str:
    """Return why a run cannot be evaluated; "" if it can."""
    if not SOURCES[run.spec.data].classes:
        return f"run {run.id} classifies no images: choose a run on images"
    if not run.spec.keep_weights:
        return (
            f"run {run.id} has kept no weights: compute it again with --keep-weights true, and "
            "evaluate that run"
        )
    if run.state != "done":
        return f"run {run.id} is {run.state}: wait until it is done"
    if run.diverged_at is not None:
        return f"run {run.id} diverged, and has no final weights"
    if not (run.folder / FILE).is_file():
        return (
            f"the weights of run {run.id} are not in its folder: delete the run, and compute it "
            "again"
        )
    return ""


def problem(runs: Sequence[Run]) -> str:
    """Return why these runs cannot be evaluated together; "" if they can."""
    names = sorted({run.spec.data for run in runs})
    apart = f"the runs are on {' and '.join(names)}: choose runs on one data set"
    return next(filter(None, map(why_not, runs)), apart if len(names) > 1 else "")


def seconds(run: Run, crops: int) -> float:
    """Return roughly how many seconds one thread takes to predict from this many crops."""
    return CROPS[crops] * evaluation.seconds(run.spec, pass_seconds(run.spec))


def kept(run: Run, crops: int) -> Probabilities | None:
    """Return the mean probabilities over this many crops (images, classes), or None if missing."""
    try:
        found: Probabilities = load(_file(run, crops).read_bytes())[PROBABILITIES]
    except (OSError, SafetensorError, KeyError):
        return None
    source = SOURCES[run.spec.data]
    return found if found.shape == (source.test_count, source.outputs) else None


def all_kept(runs: Sequence[Run], crops: int) -> dict[str, Probabilities]:
    """Return those of these runs' predictions that are computed, by the run's id."""
    return {run.id: found for run in runs if (found := kept(run, crops)) is not None}


def keep(run: Run, crops: int, probabilities: Probabilities) -> None:
    """Write a run's predictions into its folder; OSError if that is not possible."""
    put(_file(run, crops), save({PROBABILITIES: probabilities}))


def _file(run: Run, crops: int) -> Path:
    return run.folder / f"predictions-{crops}.safetensors"
