"""Tidy rows of measurements: what layers, steps and runs they contain, and how to select them.

The columns are run, norm, lr, seed, step, metric, layer, unit, at and value. A row without a layer
is about the whole network, and one without a unit about all units of the layer pooled. `at` is a
quantile level, the left edge of a bin or a step size η. A run may be empty, unfinished or diverged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from bnviz.recent import once_each

KEYS = ["run", "norm", "lr", "seed"]
LINE = [*KEYS, "layer"]
LATE = 0.9  # the share of the steps after which the last tenth of a training begins


def layer_number(name: str) -> int:
    """Return the number in a layer's name, 0 if it has none: conv3 -> 3.

    Layers are counted over the whole network.
    """
    digits = re.search(r"\d+$", name)
    return int(digits[0]) if digits else 0


def layers(rows: DataFrame) -> list[str]:
    """Return every layer that occurs in `rows`, in the order of the network."""
    return sorted(rows["layer"].dropna().unique(), key=layer_number)


def default_layers(hidden: Sequence[str]) -> list[str]:
    """Choose up to three hidden layers: one a third of the way in, the middle one and the last.

    `hidden` lists the hidden layers in the order of the network.
    """
    last = len(hidden) - 1
    return list(dict.fromkeys(hidden[i] for i in (last // 3, last // 2, last) if hidden))


def measured_steps(rows: DataFrame, metric: str) -> list[int]:
    """Return the steps at which any run measured `metric`, ascending."""
    return sorted(int(step) for step in rows.loc[rows["metric"] == metric, "step"].unique())


def diverged(rows: DataFrame, steps: Mapping[str, int]) -> dict[str, int]:
    """Return the first step with a loss that is not finite, by run.

    Runs whose loss stayed finite are left out. `steps` maps each run to its length. The loss is the
    training loss; after the last step, where there is no training loss, it is the test loss.
    """
    loss = of_metrics(rows, "train_loss", "test_loss")
    training = loss["metric"] == "train_loss"
    lost = loss["value"].isna() & (training | (loss["step"] == loss["run"].map(steps)))
    first = loss[lost].groupby("run")["step"].min()
    return {str(run): int(step) for run, step in first.items()}


@once_each
def of_seed(rows: DataFrame, seed: int) -> DataFrame:
    """Return the rows of this seed."""
    return rows[rows["seed"] == seed]


def is_late(rows: DataFrame, steps: Mapping[str, int]) -> Series[bool]:
    """Return for each row whether it belongs to the last tenth of its run's steps.

    The last step counts even if the run is shorter than ten steps.
    """
    count = rows["run"].map(steps).astype(float)
    late: Series[bool] = rows["step"] >= np.minimum(LATE * count, count - 1)
    return late


def text(rows: DataFrame) -> DataFrame:
    """Turn categorical columns into text.

    Categories group and join in ways of their own: unused ones appear as empty groups. Use this on
    few rows only, because text takes much more memory.
    """
    return rows.astype({name: "str" for name in ("run", "norm", "metric", "layer") if name in rows})


def of_metrics(rows: DataFrame, *metrics: str) -> DataFrame:
    """Return the rows of these metrics, sorted by step.

    Values that are not finite become NaN, which figures draw as a gap.
    """
    chosen = text(rows[rows["metric"].isin(metrics)]).astype(
        {"step": "int64", "at": float, "value": float}
    )
    value = chosen["value"].where(np.isfinite(chosen["value"]))
    return chosen.assign(value=value).sort_values("step", kind="stable", ignore_index=True)


def of_net(rows: DataFrame, *metrics: str) -> DataFrame:
    """Return the rows of these metrics that are about the whole network, as `of_metrics` does."""
    return of_metrics(rows[rows["layer"].isna()], *metrics)


def of_units(rows: DataFrame, layers: Sequence[str], pooled: bool, *metrics: str) -> DataFrame:
    """Return the rows of these metrics that are about units of these layers.

    They are about the one sampled unit of each layer or, if `pooled`, about all its units together.
    Otherwise as `of_metrics`.
    """
    return of_metrics(rows[rows["layer"].isin(layers) & (rows["unit"].isna() == pooled)], *metrics)


def complete(rows: DataFrame, *probe: str) -> DataFrame:
    """Drop the steps of a probe that are only half written.

    `probe` names the columns that tell probes apart. A step is kept if it has as many rows as the
    fullest step of the same probe.
    """
    size = rows.groupby([*probe, "step"])["step"].transform("size")
    return rows[size == size.groupby([rows[name] for name in probe]).transform("max")]


def newest(rows: DataFrame, step: int) -> DataFrame:
    """Return for each run the rows of its newest step that is no later than `step`."""
    past = rows[rows["step"] <= step]
    return past[past["step"] == past.groupby("run")["step"].transform("max")]


def spread(rows: DataFrame, count: int) -> NDArray[np.int64]:
    """Choose at most `count` of the measured steps, evenly spread, first and last included."""
    steps = np.sort(rows["step"].unique())
    chosen: NDArray[np.int64] = steps[
        np.linspace(0, len(steps) - 1, min(count, len(steps))).round().astype(int)
    ]
    return chosen


def at_spread_steps(rows: DataFrame, count: int) -> DataFrame:
    """Return the rows of the steps that `spread` chooses."""
    return rows[rows["step"].isin(spread(rows, count))]


def identity(numbers: DataFrame) -> list[str]:
    """Return the columns that tell the curves of a frame apart, in the order of the frame."""
    return [
        str(name)
        for name in numbers
        if name in (*LINE, "label", "facet", "metric", "moment", "eta_min", "interval", "knob")
    ]
