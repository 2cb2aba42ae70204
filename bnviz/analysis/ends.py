"""How runs end: one number a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pandas import DataFrame

from bnviz.analysis.landscape import band_width, landscape_bands
from bnviz.analysis.rows import KEYS, diverged, identity, is_late, of_net, text

End = Literal["accuracy", "loss", "test_accuracy", "loss_band", "beta", "lost"]
EVERY_STEP = ("train_accuracy", "train_loss", "test_loss")  # what `ends` reads
PROBED = ("test_accuracy", "loss_along", "gradient_distance", "gradient_norm")


def ends(rows: DataFrame, end: End, steps: Mapping[str, int]) -> DataFrame:
    """One number of each run that has reached the last tenth of its `steps` or diverged. -> step, value, diverged

    accuracy and loss are means over that tenth, test_accuracy is its newest; loss_band is the mean and beta the median over the
    whole training; lost is the share of the steps from divergence on. `step` is how many steps were asked for. A run that
    diverged (1, else 0) has no value but the last.
    """
    lost = diverged(rows, steps)
    reached = text(rows.groupby(KEYS, observed=True)["step"].max().reset_index())
    length, gone = reached["run"].map(steps).astype(float), reached["run"].isin(lost)
    value = reached["run"].map(_end(rows, end, steps))
    if end != "lost":
        value = value.mask(gone)
    over = reached.assign(step=length, value=value.astype(float), diverged=gone.astype(float))
    measured = is_late(reached, steps) & value.notna()
    ended: DataFrame = over[gone | measured].reset_index(drop=True)
    return ended


def telling(rows: DataFrame, steps: Mapping[str, int]) -> DataFrame:
    """The rows that `ends` reads: a small part of all rows."""
    net = rows[rows["layer"].isna() & rows["metric"].isin([*EVERY_STEP, *PROBED])]
    told: DataFrame = net[
        net["metric"].isin(PROBED) | is_late(net, steps) | ~np.isfinite(net["value"])
    ]
    return told


def final(numbers: DataFrame, steps: Mapping[str, int]) -> DataFrame:
    """Each run's mean over the last tenth of its `steps`; NaN where one of them overflowed, no row where it is not yet there.

    Columns as in `numbers`. The step is 0 in all, so that runs of different length can be paired.
    """
    late = numbers[is_late(numbers, steps)]
    by = identity(numbers)
    means = late.groupby(by, dropna=False)["value"].mean(skipna=False).reset_index()
    return means.assign(step=0)[[*by, "step", "value"]]


def _end(rows: DataFrame, end: End, steps: Mapping[str, int]) -> dict[str, float]:
    """The value of `ends` for each run: run -> number."""
    if end == "lost":
        lost = diverged(rows, steps)
        return {run: 1 - lost.get(run, count) / count for run, count in steps.items()}
    late = rows[is_late(rows, steps)]
    numbers = {
        "accuracy": lambda: of_net(late, "train_accuracy").groupby("run")["value"].mean(),
        "loss": lambda: of_net(late, "train_loss").groupby("run")["value"].mean(),
        "test_accuracy": lambda: of_net(late, "test_accuracy").groupby("run")["value"].last(),
        "loss_band": lambda: band_width(landscape_bands(rows)).groupby("run")["loss"].mean(),
        "beta": lambda: landscape_bands(rows).groupby("run")["beta"].median(),
    }[end]()
    return dict(numbers)
