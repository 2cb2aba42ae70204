"""Which settings should the quick preset have, and what can 200 steps on 4,000 images show?

The runs compare learning rates and initial weights, with seeds 0 to 2.

python -m benchmarks.quick            prints the table of docs/LOG.md from the finished runs
python -m benchmarks.quick --submit   queues the runs
"""

from __future__ import annotations

import sys
from itertools import product

import pandas as pd

from benchmarks.ordering import band_widths, rows
from bnviz.runs.store import Store
from bnviz.spec import RunSpec

RATES = (0.02, 0.05, 0.1)
INITS = ("glorot_uniform", "he_normal")


def spec_of(lr: float, init: str, norm: str, seed: int) -> RunSpec:
    """Return the settings of one candidate for the quick preset."""
    probes = {"accuracy": 1, "evaluation": 200, "landscape": 10}
    return RunSpec.of(width=0.25, norm=norm, lr=lr, init=init, steps=200, seed=seed, probes=probes)


def main() -> None:
    """Queue the runs, or print the table."""
    cells = list(product(RATES, INITS, ("none", "batch"), (0, 1, 2)))
    if "--submit" in sys.argv:
        for cell in cells:
            Store().submit(spec_of(*cell))
        return
    lines = []
    for cell in cells:
        spec = spec_of(*cell)
        if Store().run(spec.id).state != "done":
            continue
        frame, widths = rows(spec), band_widths(rows(spec))
        accuracy = frame[frame.metric == "train_accuracy"]
        test = frame[(frame.metric == "test_accuracy") & (frame.step == spec.steps)].value.item()
        late = {"train": accuracy[accuracy.step >= 150].value.mean(), "test": test}
        lines.append(
            dict(zip(("lr", "init", "norm", "seed"), cell, strict=True))
            | late
            | {"band": widths.mean()}
        )
    table = pd.DataFrame(lines).set_index(["lr", "init", "seed", "norm"]).unstack()
    print(
        "Training accuracy (steps 150-199), test accuracy, mean width of the loss band\n",
        table.round(2).to_string(),
    )


if __name__ == "__main__":
    main()
