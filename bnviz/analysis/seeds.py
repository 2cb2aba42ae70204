"""Several seeds: their mean with an interval, and paired differences between networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series
from scipy.special import stdtrit

from bnviz.analysis.rows import KEYS, identity

STATISTICS = {  # intervals around a mean over seeds
    "t": "95 % t-interval",
    "range": "minimum to maximum",
    "sd": "± one standard deviation",
}


def over_seeds(numbers: DataFrame, values: Sequence[str], statistic: str) -> DataFrame:
    """Return the mean over the seeds of each network, with an interval around it.

    `statistic` is one of STATISTICS. If a seed lacks a step, the mean is over the other seeds, and
    n counts those; if a value overflowed, the mean is NaN. Intervals of a single seed are NaN.

    Columns: those that tell curves apart, interval (its name), step, n, and for each name in
    `values`: name (the mean), name_from and name_to (the ends of the interval).
    """
    by = [name for name in identity(numbers) if name not in ("run", "seed")]
    groups = numbers.groupby([*by, "step"], dropna=False)
    means = groups[list(values)].mean(skipna=False)
    n = groups["seed"].size()
    below, above = _ends(groups[list(values)], n, statistic)
    columns = {"n": n} | {
        f"{v}{end}": f[v]
        for v in values
        for end, f in (("", means), ("_from", below), ("_to", above))
    }
    table = DataFrame(columns).reset_index()
    for name in ("_from", "_to"):
        several = [f"{v}{name}" for v in values]
        table[several] = table[several].where(table["n"] > 1)
    told = table[[name for name in by if name in ("norm", "lr", "label")]].astype(str)
    run = told["norm"].str.cat(told.drop(columns="norm"), sep=" ")
    named = table.assign(run=run, seed=-1, interval=STATISTICS[statistic])
    return named[[*KEYS, *(name for name in by if name not in KEYS), "interval", "step", *columns]]


def _ends(groups: Any, n: Series[int], statistic: str) -> tuple[DataFrame, DataFrame]:
    """Return the lower and the upper end of each interval."""
    if statistic == "range":
        return groups.min(), groups.max()
    mean, sd = groups.mean(skipna=False), groups.std()
    half = sd if statistic == "sd" else sd.mul(t_factor(n), axis=0)
    return mean - half, mean + half


def t_factor(n: ArrayLike) -> NDArray[np.float64]:
    """Return half the width of the 95 % t-interval of a mean of n values.

    The unit is the standard deviation of the values. NaN for n = 1.
    """
    count = np.asarray(n, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor: NDArray[np.float64] = np.where(
            count > 1, stdtrit(np.maximum(count - 1, 1), 0.975) / np.sqrt(count), np.nan
        )
    return factor


def difference(numbers: DataFrame, values: Sequence[str], baseline: DataFrame) -> DataFrame:
    """Return each run minus the baseline's run of the same seed, step by step.

    Runs of one seed share random choices such as the order of the batches, so that part of the
    randomness cancels in the difference. Runs with a seed that the baseline lacks are left out.
    Columns: those of `numbers` that tell curves apart, step, and the `values`.
    """
    by = [name for name in identity(numbers) if name not in (*KEYS, "label", "facet", "eta_min")]
    keys = ["seed", *by, "step"]
    theirs = baseline[[*keys, *values]].drop_duplicates(keys)
    pairs = numbers.merge(theirs, on=keys, suffixes=("", "_baseline"))
    less = {name: pairs[name] - pairs[f"{name}_baseline"] for name in values}
    return pairs.assign(**less)[[*identity(numbers), "step", *values]]
