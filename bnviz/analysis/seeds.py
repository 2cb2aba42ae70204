"""Several seeds: their mean with an interval, and paired differences between networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series, concat
from scipy.special import stdtrit

from bnviz.analysis.rows import KEYS, identity
from bnviz.analysis.scales import OF_METRIC, PLAIN, Scale, scale_of


def over_seeds(numbers: DataFrame, values: Mapping[str, str], statistic: str) -> DataFrame:
    """Return the mean over the seeds of each network, with an interval around it.

    `values` maps each column to its quantity, which says on what scale to average: see
    `bnviz.analysis.scales`. `statistic` is one of its STATISTICS. If a seed lacks a step, the mean
    is over the other seeds, and n counts those. If a value overflowed, or a logarithmic quantity is
    zero or less, mean and interval are NaN: a gap. Intervals of a single seed are NaN.

    Columns: those that tell curves apart, interval (its name, on the scale of the first column),
    step, n, and for each name in `values`: name (the mean), name_from and name_to (the ends of the
    interval).
    """
    if OF_METRIC not in values.values() or numbers.empty:
        return _averaged(numbers, _scales(values, ""), statistic)
    parts = numbers.groupby("metric", observed=True, sort=False)
    several = [_averaged(part, _scales(values, str(name)), statistic) for name, part in parts]
    return concat(several, ignore_index=True)


def _scales(values: Mapping[str, str], metric: str) -> dict[str, Scale]:
    """Return the scale of each column in rows of this metric."""
    return {
        column: scale_of(metric if quantity == OF_METRIC else quantity)
        for column, quantity in values.items()
    }


def _averaged(numbers: DataFrame, scales: Mapping[str, Scale], statistic: str) -> DataFrame:
    """Average as `over_seeds` does, with one scale for each column."""
    by = [name for name in identity(numbers) if name not in ("run", "seed")]
    placed = numbers.assign(**{v: scale.there(numbers[v]) for v, scale in scales.items()})
    groups = placed.groupby([*by, "step"], dropna=False)
    n = groups["seed"].size()
    mean, low, high = _estimates(groups[list(scales)], n, statistic)
    columns: dict[str, Any] = {"n": n}
    for value, scale in scales.items():
        columns[value] = scale.back(mean[value])
        columns[f"{value}_from"] = scale.inside(scale.back(low[value]))
        columns[f"{value}_to"] = scale.inside(scale.back(high[value]))
    table = DataFrame(columns).reset_index()
    told = table[[name for name in by if name in ("norm", "lr", "label")]].astype(str)
    run = told["norm"].str.cat(told.drop(columns="norm"), sep=" ")
    interval = next(iter(scales.values()), PLAIN).interval(statistic)
    named = table.assign(run=run, seed=-1, interval=interval)
    return named[[*KEYS, *(name for name in by if name not in KEYS), "interval", "step", *columns]]


def _estimates(
    groups: Any, n: Series[int], statistic: str
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Return the mean of each group and both ends of its interval, on the scales of the groups."""
    mean = groups.mean(skipna=False)
    there = mean.notna().to_numpy() & (n > 1).to_numpy()[:, None]
    low, high = _ends(groups, mean, n, statistic)
    return mean, low.where(there), high.where(there)


def _ends(
    groups: Any, mean: DataFrame, n: Series[int], statistic: str
) -> tuple[DataFrame, DataFrame]:
    """Return the lower and the upper end of each interval, on the scales of the groups."""
    if statistic == "range":
        return groups.min(), groups.max()
    half = groups.std()
    if statistic != "sd":
        half = half.mul(t_factor(n), axis=0)
    return mean - half, mean + half


def t_factor(n: ArrayLike) -> NDArray[np.float64]:
    """Return half the width of the 95% t-interval of a mean of n values.

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
