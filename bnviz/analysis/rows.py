"""Tidy rows of measurements: which layers, steps and runs they hold, and how to choose among them.

A row is run, norm, lr, seed, step, metric, layer, unit, at, value. No layer means the whole net, no unit means all units
pooled. `at` is a quantile level, the left edge of a bin or a step size eta. Runs may be empty, unfinished or diverged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

KEYS = ["run", "norm", "lr", "seed"]
LINE = [*KEYS, "layer"]
LATE = 0.9  # of the training: where its last tenth begins


def layer_number(name: str) -> int:
    """The number in a layer's name, counted over the whole net: conv3 -> 3."""
    digits = re.search(r"\d+$", name)
    return int(digits[0]) if digits else 0


def layers(rows: DataFrame) -> list[str]:
    """Every layer that occurs in `rows`, in the order of the net."""
    return sorted(rows["layer"].dropna().unique(), key=layer_number)


def default_layers(hidden: Sequence[str]) -> list[str]:
    """Up to three of the hidden layers, given in order: a third into the net, its middle, the last."""
    last = len(hidden) - 1
    return list(dict.fromkeys(hidden[i] for i in (last // 3, last // 2, last) if hidden))


def measured_steps(rows: DataFrame, metric: str) -> list[int]:
    """The steps at which `metric` was measured in any run, ascending."""
    return sorted(int(step) for step in rows.loc[rows["metric"] == metric, "step"].unique())


def diverged(rows: DataFrame, steps: Mapping[str, int]) -> dict[str, int]:
    """Run -> the first step whose loss is not finite; runs that stayed finite are not in it.

    That is the training loss, and after the last of the run's `steps`, where there is none, the test loss.
    """
    loss = of_metrics(rows, "train_loss", "test_loss")
    training = loss["metric"] == "train_loss"
    lost = loss["value"].isna() & (training | (loss["step"] == loss["run"].map(steps)))
    first = loss[lost].groupby("run")["step"].min()
    return {str(run): int(step) for run, step in first.items()}


def is_late(rows: DataFrame, steps: Mapping[str, int]) -> Series[bool]:
    """Which rows are of the last tenth of a training, or of its last step."""
    count = rows["run"].map(steps).astype(float)
    late: Series[bool] = rows["step"] >= np.minimum(LATE * count, count - 1)
    return late


def text(rows: DataFrame) -> DataFrame:
    """The rows with text where they have categories, which group and join in ways of their own. For few rows: it takes memory."""
    return rows.astype({name: "str" for name in ("run", "norm", "metric", "layer") if name in rows})


def of_metrics(rows: DataFrame, *metrics: str) -> DataFrame:
    """Return the rows of these metrics, sorted by step. Values that are not finite become NaN, which is drawn as a gap."""
    chosen = text(rows[rows["metric"].isin(metrics)]).astype(
        {"step": "int64", "at": float, "value": float}
    )
    value = chosen["value"].where(np.isfinite(chosen["value"]))
    return chosen.assign(value=value).sort_values("step", kind="stable", ignore_index=True)


def of_net(rows: DataFrame, *metrics: str) -> DataFrame:
    """Like `_of`, measured over the whole net."""
    return of_metrics(rows[rows["layer"].isna()], *metrics)


def of_units(rows: DataFrame, layers: Sequence[str], pooled: bool, *metrics: str) -> DataFrame:
    """Like `_of`, of the one sampled unit of each of these layers, or of all its units pooled."""
    return of_metrics(rows[rows["layer"].isin(layers) & (rows["unit"].isna() == pooled)], *metrics)


def complete(rows: DataFrame, *probe: str) -> DataFrame:
    """Without half-written probes: a step stays if it has as many rows as the fullest step of its probe."""
    size = rows.groupby([*probe, "step"])["step"].transform("size")
    return rows[size == size.groupby([rows[name] for name in probe]).transform("max")]


def newest(rows: DataFrame, step: int) -> DataFrame:
    """Of each run, the rows of its newest step that is not after `step`."""
    past = rows[rows["step"] <= step]
    return past[past["step"] == past.groupby("run")["step"].transform("max")]


def spread(rows: DataFrame, count: int) -> NDArray[np.int64]:
    """At most `count` steps, spread evenly over the measured ones with the first and the last."""
    steps = np.sort(rows["step"].unique())
    chosen: NDArray[np.int64] = steps[
        np.linspace(0, len(steps) - 1, min(count, len(steps))).round().astype(int)
    ]
    return chosen


def at_spread_steps(rows: DataFrame, count: int) -> DataFrame:
    """The rows of these steps."""
    return rows[rows["step"].isin(spread(rows, count))]


def identity(numbers: DataFrame) -> list[str]:
    """The columns that tell the curves of a frame apart, in its order."""
    return [
        str(name)
        for name in numbers
        if name in (*LINE, "label", "facet", "metric", "moment", "eta_min", "interval", "knob")
    ]
