"""Measure how much a coarser precision changes what the probes measure.

python -m benchmarks.precision [--device NAME] [--precision bfloat16]

Networks of the preset `quick` train in float32. Every EVERY steps, PROBED measure the same θ and
batch in both precisions. The table has the relative difference of each quantity.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from bnviz.presets import PRESETS
from bnviz.runs import devices
from bnviz.spec import RunSpec
from bnviz.training.loop import Training
from bnviz.training.probes import Row

EVERY = 50  # steps
PROBED = dict.fromkeys(("accuracy", "activations", "covariate_shift", "landscape"), EVERY)
HEAD = "| quantity | half of them differ by less than | nine in ten by less than |\n|---|---|---|"


def pair(spec: RunSpec, precision: str, device: str) -> tuple[Training, Training]:
    """Return a training in float32 and one in another precision, in which PROBED measure."""
    both = (
        RunSpec.of(**(spec.model_dump() | {"precision": name, "probes": PROBED}))
        for name in ("float32", precision)
    )
    first, second = (Training(one, device) for one in both)
    return first, second


def same_moments(spec: RunSpec, precision: str, device: str) -> Iterator[tuple[Row, Row]]:
    """Yield the rows of each quantity in both precisions, at the same parameters and batch."""
    exact, coarse = pair(spec, precision, device)
    for step in range(spec.steps):
        if step % EVERY == 0:
            coarse.restore(exact.state(), step)
            coarse.advance()
        exact.advance()
        rows = exact.fetch()
        if step % EVERY == 0:
            yield from zip(rows, coarse.fetch(), strict=True)


def difference(one: Row, other: Row) -> float:
    """Return the relative difference of two measurements."""
    return abs(one.value - other.value) / abs(one.value)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.precision")
    options.add_argument("--device", default=devices.chosen())
    options.add_argument("--precision", default="bfloat16", choices=["bfloat16", "tf32"])
    chosen = options.parse_args()
    devices.choose(chosen.device)
    found: dict[str, list[float]] = defaultdict(list)
    for spec in PRESETS["quick"].specs():
        for one, other in same_moments(spec, chosen.precision, devices.device()):
            histogram = one.metric == "activation_histogram"
            if not histogram and one.value and math.isfinite(one.value + other.value):
                found[one.metric].append(difference(one, other))
    print(f"{chosen.precision} on {devices.described(devices.device())}:\n\n{HEAD}")
    for metric, shares in sorted(found.items()):
        nine = sorted(shares)[int(0.9 * len(shares))]
        print(f"| {metric} | {median(shares):.2%} | {nine:.2%} |")


if __name__ == "__main__":
    main()
