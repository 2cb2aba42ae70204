"""How runs end: one number per run."""

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
    """Return one number for each run that diverged or has reached the last tenth of its steps.

    `steps` maps each run to its length. `end` chooses the number:

    - "accuracy", "loss": mean over the last tenth of the steps
    - "test_accuracy": the newest value in that tenth
    - "loss_band": mean width of the loss band over the whole training
    - "beta": median effective β over the whole training
    - "lost": share of the steps that come after the run diverged

    Columns: step (the length of the run), value, diverged (1.0 or 0.0). A run that diverged has
    the value NaN, except for "lost".
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
    """Return the rows that `ends` reads, which are a small part of all rows."""
    net = rows[rows["layer"].isna() & rows["metric"].isin([*EVERY_STEP, *PROBED])]
    told: DataFrame = net[
        net["metric"].isin(PROBED) | is_late(net, steps) | ~np.isfinite(net["value"])
    ]
    return told


def final(numbers: DataFrame, steps: Mapping[str, int]) -> DataFrame:
    """Return the mean of `value` over the last tenth of each run's steps.

    The mean is NaN if a value overflowed. A run that has not got that far has no row. Columns as in
    `numbers`; every step is set to 0, so that runs of different lengths can be paired.
    """
    late = numbers[is_late(numbers, steps)]
    by = identity(numbers)
    means = late.groupby(by, dropna=False)["value"].mean(skipna=False).reset_index()
    return means.assign(step=0)[[*by, "step", "value"]]


def _end(rows: DataFrame, end: End, steps: Mapping[str, int]) -> dict[str, float]:
    """Return the value of `ends` by run."""
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
