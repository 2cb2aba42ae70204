"""The command that evaluates finished runs with crops and as an ensemble."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bnviz import data
from bnviz.cli.device import device_option
from bnviz.data import SOURCES
from bnviz.runs import devices, predictions
from bnviz.runs.predictions import EvaluationError, Probabilities
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.words import duration, shorten


def evaluate(options: argparse.Namespace) -> None:
    """Print the errors of finished runs on the test images: single, over crops, as an ensemble."""
    from bnviz.analysis.ensembles import errors
    from bnviz.figures.ensembles import lines

    devices.choose(options.device)
    runs = list({run.id: run for run in map(Store().find, options.runs)}.values())
    if problem := predictions.problem(runs):
        raise EvaluationError(problem)
    tops = wanted_tops(options.top, runs[0])
    data.require(runs[0].spec.data)
    counts = sorted({1, options.crops})
    found = {count: [probabilities(run, count) for run in runs] for count in counts}
    labels = data.read(runs[0].spec.data).test_labels
    names = [f"{run.id} {run.spec.norm}, seed {run.spec.seed}" for run in runs]
    show(lines(errors(found, labels, tops), names, tops))


def wanted_tops(text: str, run: Run) -> list[int]:
    """Return the values of k in a text like 1,5; EvaluationError if the run has fewer classes."""
    most = SOURCES[run.spec.data].outputs - 1
    try:
        tops = list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        tops = []
    if not tops or not all(1 <= k <= most for k in tops):
        raise EvaluationError(
            f"--top takes numbers from 1 to {most}, separated by commas, got {shorten(text)}"
        )
    return tops


def probabilities(run: Run, crops: int) -> Probabilities:
    """Return the predictions of a run; compute and keep them if they are not in its folder."""
    if (found := predictions.kept(run, crops)) is not None:
        return found
    from bnviz.runs.weights import predict

    needed = duration(predictions.seconds(run, crops))
    views = "the whole images" if crops == 1 else f"{crops} crops of each image"
    print(f"{run.id}: predicting from {views} (about {needed})", file=sys.stderr)
    found = predict(run, crops, devices.device_of(run.spec)).float().cpu().numpy()
    predictions.keep(run, crops, found)
    return found


def show(table: Sequence[Sequence[str]]) -> None:
    """Print a table with its columns aligned."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *others in table:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))


def evaluate_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("runs", nargs="+", metavar="RUN", help="an id, or its first characters")
    crops = "crops of each test image, beside the whole image: 1, 10 or 144"
    command.add_argument(
        "--crops", type=int, choices=predictions.CROPS, default=1, help=crops, metavar="N"
    )
    command.add_argument("--top", default="1,5", metavar="K,…", help="top-k errors to print")
    device_option(command)
