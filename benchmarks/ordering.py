"""Does the order of the networks in the paper's Fig. 2 and 4 hold at a scale that a laptop can do?

The runs use CIFAR-10: four networks (vgg11 at width 0.25, learning rate 0.1, 1,000 steps) with
seeds 0 to 2, and the noise control on vgg16.

python -m benchmarks.ordering            prints the tables of docs/LOG.md from the finished runs
python -m benchmarks.ordering --submit   queues the runs
"""

from __future__ import annotations

import sys

import pandas as pd

from bnviz.analysis.landscape import band_width, landscape_bands
from bnviz.runs.store import Store
from bnviz.spec import RunSpec

NORMS = ("none", "batch", "noisy", "noise")
SEEDS = (0, 1, 2)
PROBES = {"accuracy": 1, "evaluation": 250, "landscape": 10}
WINDOW = 250


def spec_of(norm: str, seed: int, model: str = "vgg11") -> RunSpec:
    """Return the settings of one run of the comparison."""
    return RunSpec(
        model=model,
        width=0.25,
        norm=norm,
        data="cifar10",
        lr=0.1,
        steps=1000,
        seed=seed,
        probes=PROBES,
    )


def specs() -> list[RunSpec]:
    """Return the settings of all runs; those of vgg16 are the noise control and its reference."""
    main = [spec_of(norm, seed) for seed in SEEDS for norm in NORMS]
    return main + [spec_of(norm, seed, "vgg16") for seed in SEEDS[:2] for norm in ("none", "noise")]


def rows(spec: RunSpec) -> pd.DataFrame:
    """Return the rows of a run, with columns that identify it."""
    return Store().run(spec.id).labelled_rows()


def mean_accuracy(frame: pd.DataFrame) -> float:
    """Return the mean training accuracy over steps 300 to 999."""
    return float(frame[(frame.metric == "train_accuracy") & (frame.step >= 300)].value.mean())


def band_widths(frame: pd.DataFrame) -> pd.Series:
    """Return the width of the loss band at each measured step."""
    widths = band_width(landscape_bands(frame))
    return widths.loss.set_axis(widths.step)


def main() -> None:
    """Queue the runs, or print the tables."""
    if "--submit" in sys.argv:
        for spec in specs():
            print(Store().submit(spec).id, spec.summary())
        return
    frames = {
        (spec.model, spec.norm, spec.seed): rows(spec)
        for spec in specs()
        if Store().run(spec.id).state == "done"
    }
    accuracy = pd.Series({key: mean_accuracy(frame) for key, frame in frames.items()})
    print("Mean training accuracy, steps 300-999\n", accuracy.unstack(1).round(3).to_string(), "\n")
    widths = {key: band_widths(frame) for key, frame in frames.items()}
    whole = pd.Series({key: width.mean() for key, width in widths.items()}).unstack(1)
    print(
        "Mean width of the loss band\n",
        whole.assign(ratio=whole["none"] / whole["batch"]).round(2).to_string(),
        "\n",
    )
    windows = pd.DataFrame(
        {key: width.groupby(width.index // WINDOW * WINDOW).mean() for key, width in widths.items()}
    )
    ratio = {
        seed: windows["vgg11", "none", seed] / windows["vgg11", "batch", seed]
        for seed in SEEDS
        if ("vgg11", "batch", seed) in windows
    }
    print(
        "Band width of the standard network / BatchNorm, in windows that begin at the step\n",
        pd.DataFrame(ratio).round(2).to_string(),
    )


if __name__ == "__main__":
    main()
