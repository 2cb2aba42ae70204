"""Turn the rows of several runs into one number per seed, by which a claim is judged.

A `Table` maps rows, as in `bnviz.analysis.rows`, to a frame with one number per seed (index) and
network (columns). A `Measure` maps rows to one number per seed. Most functions here build one or
the other. Networks are compared within a seed, because they then start from the same weights and
see the same batches; a seed that lacks one of the networks is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from pandas import DataFrame, Series

from bnviz.analysis import covariate_shift as covariate_shift_numbers
from bnviz.analysis import theory
from bnviz.analysis.distributions import (
    QUANTILES,
    changes_in_spreads,
    moment_changes,
    moment_drift,
    quantile_bands,
)
from bnviz.analysis.rows import text
from bnviz.analysis.training import test_curve

Table = Callable[[DataFrame], DataFrame]
Measure = Callable[[DataFrame], "Series[float]"]

END = float("inf")  # as the last step: until the end of training


# Comparing the networks of one seed


def of(table: Table, network: object, scale: float = 1.0) -> Measure:
    """Measure one network's number, times `scale`."""
    return lambda rows: scale * columns_of(table(rows), network)[network]


def difference(table: Table, one: object, other: object, scale: float = 1.0) -> Measure:
    """Measure one network's number minus another's; `scale` 100 turns shares into points."""

    def measure(rows: DataFrame) -> Series[float]:
        both = columns_of(table(rows), one, other)
        return scale * (both[one] - both[other])

    return measure


def ratio(table: Table, one: object, other: object) -> Measure:
    """Measure one network's number divided by another's."""

    def measure(rows: DataFrame) -> Series[float]:
        both = columns_of(table(rows), one, other)
        return both[one] / both[other]

    return measure


def stretch(start: float) -> Table:
    """Return the median singular value of layer Jacobians from step `start` on.

    It is the geometric mean over steps and layers.
    """

    def table(rows: DataFrame) -> DataFrame:
        medians = rows[(rows["metric"] == "jacobian_quantile") & (rows["at"] == 0.5)]
        logarithms = between(text(medians), start, END).assign(
            value=lambda frame: np.log(frame["value"])
        )
        return table_of(logarithms, "mean").map(np.exp)

    return table


def distance_from_one(start: float) -> Table:
    """Return how far `stretch` is from 1: the absolute value of its logarithm."""
    return lambda rows: stretch(start)(rows).map(np.log).abs()


def columns_of(table: DataFrame, *networks: object) -> DataFrame:
    """Select these networks, and the seeds that have them all."""
    return table.reindex(columns=list(networks)).astype(float).dropna()


def table_of(frame: DataFrame, how: str, value: str = "value", by: str = "norm") -> DataFrame:
    """Aggregate a column to one number per seed and network; `by` is what tells networks apart."""
    return DataFrame(frame.groupby(["seed", by])[value].agg(how).unstack(by))


def between(frame: DataFrame, start: float, stop: float) -> DataFrame:
    """Select the steps with start ≤ step < stop."""
    return frame[(frame["step"] >= start) & (frame["step"] < stop)]


def side_by_side(frame: DataFrame, value: str) -> DataFrame:
    """Return a column as a table of networks (columns) by seed and step (index)."""
    return frame.pivot_table(index=["seed", "step"], columns="norm", values=value)


# Training and test


def accuracy(start: float, stop: float = END) -> Table:
    """Return the mean accuracy of the training batches from `start` to `stop`, from 0 to 1."""
    return lambda rows: table_of(between(lasting(rows, "train_accuracy"), start, stop), "mean")


def final(metric: str, by: str = "norm") -> Table:
    """Return the last value of a metric of the whole network; infinite if it overflowed."""

    def table(rows: DataFrame) -> DataFrame:
        ordered = lasting(rows, metric).sort_values("step", kind="stable")
        return DataFrame(
            ordered.groupby(["seed", by])["value"].last(skipna=False).fillna(END).unstack(by)
        )

    return table


def first_step(share: float, every: int) -> Table:
    """Return the first step at which a batch's training accuracy reaches a share.

    Only every `every`-th step counts, as in the paper's curves, which record no other; the more
    steps count, the sooner a lucky batch comes. If no batch reaches it, the number is the last of
    these steps, and the true one is larger.
    """

    def table(rows: DataFrame) -> DataFrame:
        seen = lasting(rows, "train_accuracy")
        seen = seen[seen["step"] % every == 0]
        last = seen.groupby("run")["step"].transform("max")
        reached = seen["step"].where(seen["value"] >= share, last)
        return table_of(seen.assign(value=reached), "min")

    return table


def share_of_gap(
    table: Table, between_both: str, low: str, high: str, scale: float = 1.0
) -> Measure:
    """Measure how far a network stays behind `high`, as a share of the gap from `low` to `high`.

    `scale` 100 turns the share into per cent.
    """

    def measure(rows: DataFrame) -> Series[float]:
        numbers = columns_of(table(rows), between_both, low, high)
        return scale * (numbers[high] - numbers[between_both]) / (numbers[high] - numbers[low])

    return measure


def ahead(one: str, other: str, start: float) -> Measure:
    """Measure how often one network's test accuracy is above another's, in per cent.

    Measurements from step `start` on count.
    """
    return lambda rows: 100 * (_lead(rows, one, other, start) > 0).groupby("seed").mean()


def apart(one: str, other: str, start: float) -> Measure:
    """Measure the mean absolute difference of two networks' test accuracies, in points.

    Measurements from step `start` on count.
    """
    return lambda rows: 100 * _lead(rows, one, other, start).abs().groupby("seed").mean()


def _lead(rows: DataFrame, one: str, other: str, start: float) -> Series[float]:
    """Return one network's test accuracy minus another's, by seed and step."""
    curve = between(test_curve(lasting(rows, "test_accuracy")), start, END)
    both = columns_of(side_by_side(curve, "value"), one, other)
    return both[one] - both[other]


def lasting(rows: DataFrame, metric: str) -> DataFrame:
    """Return the rows of a metric; for an accuracy, leave out runs whose loss overflowed.

    Such a run has no accuracy at the end.
    """
    measured = text(rows[rows["metric"] == metric])
    if metric not in ("train_accuracy", "test_accuracy"):
        return measured
    overflowed = rows["metric"].isin(("train_loss", "test_loss")) & ~np.isfinite(
        rows["value"].astype(float)
    )
    return measured[~measured["run"].isin(rows.loc[overflowed, "run"])]


# Distributions


def moment_change(moment: Literal["mean", "variance"], *layers: str) -> Table:
    """Return how much a moment of a unit changes from step to step (2018, Fig. 8a).

    The number is the median of |μ_{t+1} − μ_t| or |σ²_{t+1} − σ²_t| over training, and of that the
    geometric mean over the layers.
    """

    def table(rows: DataFrame) -> DataFrame:
        changes = moment_changes(rows, layers)
        return _medians(changes[changes["moment"] == moment])

    return table


def mean_change_in_spreads(*layers: str) -> Table:
    """Return the same for the mean, as a share of the unit's own standard deviation."""
    return lambda rows: _medians(changes_in_spreads(rows, layers))


def mean_drift(*layers: str) -> Table:
    """Return how far a unit's mean is from its start (2018, Fig. 8b).

    The number is the median of |μ_t − μ_0| over training, and of that the geometric mean over the
    layers.
    """

    def table(rows: DataFrame) -> DataFrame:
        drift = moment_drift(rows, layers)
        moved = drift[(drift["moment"] == "mean") & (drift["step"] > 0)]
        return _medians(moved.assign(value=moved["value"].abs()))

    return table


def _medians(numbers: DataFrame) -> DataFrame:
    return _over_layers(numbers.groupby(["seed", "norm", "layer"])["value"].median())


def spread(layer: str, when: Literal["first", "last"]) -> Table:
    """Return a unit's 95% minus its 5% quantile at one measurement (2018, Fig. 9)."""
    return lambda rows: table_of(_spreads(rows, layer), when, "spread")


def shift(layer: str) -> Table:
    """Return how far a unit's quantiles move from first to last measurement (2018, Fig. 6).

    The number is the mean of |last − first| over the levels of QUANTILES, divided by the mean
    distance between the 5% and the 95% quantile.
    """

    def table(rows: DataFrame) -> DataFrame:
        each = _spreads(rows, layer).groupby(["seed", "norm"])
        names = list(QUANTILES.values())
        moved = (each[names].last() - each[names].first()).abs().mean(axis=1)
        return DataFrame((moved / each["spread"].mean()).unstack("norm"))

    return table


def _spreads(rows: DataFrame, layer: str) -> DataFrame:
    """Return the quantiles of a layer's sampled unit, and `spread`, the 95% minus the 5% one."""
    bands = quantile_bands(rows, [layer], pooled=False)
    return bands.assign(spread=bands["q95"] - bands["q05"])


def travel(layers: Sequence[str], pooled: bool, stop: float = END) -> Table:
    """Return the range over which the median moves before `stop` (2015, Fig. 1b-c).

    The number is the highest minus the lowest running mean over ten measurements, and of that the
    geometric mean over the layers. Single measurements are noisy because they use few examples.
    """

    def table(rows: DataFrame) -> DataFrame:
        bands = between(quantile_bands(rows, layers, pooled), 0, stop)
        by = ["seed", "norm", "layer"]
        running = bands.groupby(by)["q50"].transform(lambda line: line.rolling(10).mean())
        each = bands.assign(running=running).groupby(by)["running"]
        return _over_layers(each.max() - each.min())

    return table


def _over_layers(numbers: Series[float]) -> DataFrame:
    """Average a number by seed, norm and layer geometrically over the layers."""
    logarithms = numbers.transform(np.log).groupby(["seed", "norm"]).mean()
    return DataFrame(logarithms.transform(np.exp).unstack("norm"))


def hidden_by_pooling(network: str, layers: Sequence[str]) -> Measure:
    """Measure how much farther a single unit's median moves than that of all units pooled.

    The number is the ratio of the two ranges that `travel` returns.
    """
    one, pooled = travel(layers, False), travel(layers, True)
    return lambda rows: (
        columns_of(one(rows), network)[network] / columns_of(pooled(rows), network)[network]
    )


# Internal covariate shift


def covariate_shift(
    metric: Literal["ics_l2", "ics_cosine"],
    how: str,
    *layers: str,
    start: float = 0,
    stop: float = END,
) -> Table:
    """Return the median or extreme of ‖G − G′‖ or cos ∠(G, G′) (2018, Fig. 3).

    It is over the steps from `start` to before `stop` and these layers; `how` is "median", "min" or
    "max".
    """

    def table(rows: DataFrame) -> DataFrame:
        measured = between(covariate_shift_numbers.covariate_shift(rows, layers), start, stop)
        return table_of(measured[measured["metric"] == metric], how)

    return table


# Section 4


def deviation(statement: str) -> Measure:
    """Measure the largest difference between the two sides of an equality.

    It is relative to the largest terms (see `bnviz.analysis.theory`).
    """
    return lambda rows: _statement(rows, statement)["deviation"].max()


def exceeded(statement: str, column: Literal["broken", "fails"]) -> Measure:
    """Measure in how many checks a bound is exceeded, in per cent.

    `column` is "broken" for the true bound and "fails" for the printed one.
    """

    def measure(rows: DataFrame) -> Series[float]:
        each = _statement(rows, statement)
        share: Series[float] = each[column].sum() / each["checks"].sum()
        return 100 * share

    return measure


def _statement(rows: DataFrame, statement: str) -> Any:
    """Group the verdicts on one statement, for BatchNorm networks only, by seed."""
    verdicts = theory.verdicts(rows)
    return verdicts[(verdicts["statement"] == statement) & (verdicts["norm"] == "batch")].groupby(
        "seed"
    )


def condition(name: str, scale: float = 1.0) -> Measure:
    """Measure the mean over training of one of `bnviz.analysis.theory.CONDITIONS`."""

    def measure(rows: DataFrame) -> Series[float]:
        each = theory.conditions(rows)
        return scale * each[each["condition"] == name].groupby("seed")["value"].mean()

    return measure
