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
from bnviz.analysis.distributions import QUANTILES, moment_changes, quantile_bands
from bnviz.analysis.landscape import Direction, landscape_bands, step_sizes
from bnviz.analysis.rows import text
from bnviz.analysis.training import test_curve

Table = Callable[[DataFrame], DataFrame]
Measure = Callable[[DataFrame], "Series[float]"]

END = float("inf")  # as the last step: until the end of training


# Comparing the networks of one seed


def of(table: Table, network: object, scale: float = 1.0) -> Measure:
    """Measure one network's number, times `scale`."""
    return lambda rows: scale * _columns(table(rows), network)[network]


def difference(table: Table, one: object, other: object, scale: float = 1.0) -> Measure:
    """Measure one network's number minus another's; `scale` 100 turns shares into points."""

    def measure(rows: DataFrame) -> Series[float]:
        both = _columns(table(rows), one, other)
        return scale * (both[one] - both[other])

    return measure


def ratio(table: Table, one: object, other: object) -> Measure:
    """Measure one network's number divided by another's."""

    def measure(rows: DataFrame) -> Series[float]:
        both = _columns(table(rows), one, other)
        return both[one] / both[other]

    return measure


def extreme(table: Table, how: Literal["min", "max"], *networks: str) -> Table:
    """Add to a table the minimum or maximum over some networks, as a column named like `how`.

    A seed that lacks one of the networks has no such number.
    """

    def joined(rows: DataFrame) -> DataFrame:
        numbers = table(rows)
        return numbers.assign(**{how: _columns(numbers, *networks).agg(how, axis=1)})

    return joined


def _columns(table: DataFrame, *networks: object) -> DataFrame:
    """Select these networks, and the seeds that have them all."""
    return table.reindex(columns=list(networks)).astype(float).dropna()


def _table(frame: DataFrame, how: str, value: str = "value", by: str = "norm") -> DataFrame:
    """Aggregate a column to one number per seed and network; `by` is what tells networks apart."""
    return DataFrame(frame.groupby(["seed", by])[value].agg(how).unstack(by))


def _between(frame: DataFrame, start: float, stop: float) -> DataFrame:
    """Select the steps with start ≤ step < stop."""
    return frame[(frame["step"] >= start) & (frame["step"] < stop)]


def _side_by_side(frame: DataFrame, value: str) -> DataFrame:
    """Return a column as a table of networks (columns) by seed and step (index)."""
    return frame.pivot_table(index=["seed", "step"], columns="norm", values=value)


# Training and test


def accuracy(start: float, stop: float = END) -> Table:
    """Return the mean accuracy of the training batches from `start` to `stop`, from 0 to 1."""
    return lambda rows: _table(_between(_lasting(rows, "train_accuracy"), start, stop), "mean")


def final(metric: str, by: str = "norm") -> Table:
    """Return the last value of a metric of the whole network; infinite if it overflowed."""

    def table(rows: DataFrame) -> DataFrame:
        ordered = _lasting(rows, metric).sort_values("step", kind="stable")
        return DataFrame(
            ordered.groupby(["seed", by])["value"].last(skipna=False).fillna(END).unstack(by)
        )

    return table


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
    curve = _between(test_curve(_lasting(rows, "test_accuracy")), start, END)
    both = _columns(_side_by_side(curve, "value"), one, other)
    return both[one] - both[other]


def _lasting(rows: DataFrame, metric: str) -> DataFrame:
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


def mean_change(*layers: str) -> Table:
    """Return how much a unit's mean changes from step to step (2018, Fig. 8a).

    The number is the median of |μ_{t+1} − μ_t| over training, and of that the geometric mean over
    the layers.
    """

    def table(rows: DataFrame) -> DataFrame:
        changes = moment_changes(rows, layers)
        return _over_layers(
            changes[changes["moment"] == "mean"]
            .groupby(["seed", "norm", "layer"])["value"]
            .median()
        )

    return table


def last_spread(layer: str) -> Table:
    """Return a unit's 95 % minus its 5 % quantile at the last measurement (2018, Fig. 9)."""
    return lambda rows: _table(_spreads(rows, layer), "last", "spread")


def shift(layer: str) -> Table:
    """Return how far a unit's quantiles move from first to last measurement (2018, Fig. 6).

    The number is the mean of |last − first| over the levels of QUANTILES, divided by the mean
    distance between the 5 % and the 95 % quantile.
    """

    def table(rows: DataFrame) -> DataFrame:
        each = _spreads(rows, layer).groupby(["seed", "norm"])
        names = list(QUANTILES.values())
        moved = (each[names].last() - each[names].first()).abs().mean(axis=1)
        return DataFrame((moved / each["spread"].mean()).unstack("norm"))

    return table


def _spreads(rows: DataFrame, layer: str) -> DataFrame:
    """Return the quantiles of a layer's sampled unit, and `spread`, the 95 % minus the 5 % one."""
    bands = quantile_bands(rows, [layer], pooled=False)
    return bands.assign(spread=bands["q95"] - bands["q05"])


def travel(layers: Sequence[str], pooled: bool, stop: float = END) -> Table:
    """Return the range over which the median moves before `stop` (2015, Fig. 1b-c).

    The number is the highest minus the lowest running mean over ten measurements, and of that the
    geometric mean over the layers. Single measurements are noisy because they use few examples.
    """

    def table(rows: DataFrame) -> DataFrame:
        bands = _between(quantile_bands(rows, layers, pooled), 0, stop)
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
        _columns(one(rows), network)[network] / _columns(pooled(rows), network)[network]
    )


# Internal covariate shift


def covariate_shift(metric: Literal["ics_l2", "ics_cosine"], how: str, *layers: str) -> Table:
    """Return the median or extreme of ‖G − G′‖ or cos ∠(G, G′) (2018, Fig. 3).

    It is over training and these layers; `how` is "median", "min" or "max".
    """

    def table(rows: DataFrame) -> DataFrame:
        measured = covariate_shift_numbers.covariate_shift(rows, layers)
        return _table(measured[measured["metric"] == metric], how)

    return table


# The landscape


def landscape(
    value: str, how: str, start: float = 0, stop: float = END, along: Direction = "gradient"
) -> Table:
    """Return the mean, median or extreme of a landscape number (2018, Figs. 4, 10, 12 and 13).

    `value` is a column of `_bands`, `how` the name of the aggregate over the probes with
    start ≤ step < stop.
    """
    return lambda rows: _table(_between(_bands(rows, along), start, stop), how, value)


def at_each_probe(how: str, value: str, one: str, other: str) -> Measure:
    """Measure the ratio of two networks at each probe, and return its median or extreme."""

    def measure(rows: DataFrame) -> Series[float]:
        both = _columns(_side_by_side(_bands(rows), value), one, other)
        return (both[one] / both[other]).groupby("seed").agg(how)

    return measure


def _bands(rows: DataFrame, along: Direction = "gradient") -> DataFrame:
    """Add to `landscape_bands` the numbers that claims are about.

    `width` is the width of the loss band, `plateau` is β in units of 1/η_min, and `off_edge` is
    |β / (2/lr) − 1|. A number that overflowed is a gap in figures, but infinite here.
    """
    bands = landscape_bands(rows, along).fillna({"loss_high": END, "distance_high": END})
    return bands.assign(
        width=(bands["loss_high"] - bands["loss_low"]).fillna(END),
        plateau=bands["beta"] * bands["eta_min"],
        off_edge=(bands["beta"] * bands["lr"] / 2 - 1).abs(),
    )


def growth(rows: DataFrame) -> DataFrame:
    """Return the median distance at the largest step size over that at the smallest.

    The distance is ‖∇L(θ − ηg) − g‖₂ (2018, Fig. 11).
    """
    distances = (
        step_sizes(rows)
        .groupby(["seed", "norm", "eta"])["distance"]
        .median()
        .groupby(["seed", "norm"])
    )
    return DataFrame((distances.last() / distances.first()).unstack("norm"))


def finer_grid(start: float) -> Table:
    """Return effective β divided by its value without the smallest step size.

    The number is the median over the probes from `start` on. It is 1 if β does not depend on the
    smallest step size. If even the smallest step changes the gradient by its own length, β is
    1/η_min, and the number is the ratio of the two smallest step sizes.
    """

    def table(rows: DataFrame) -> DataFrame:
        points = _between(step_sizes(rows), start, END)
        beta = points.assign(beta=points["distance"] / points["eta"])  # ‖g‖ cancels
        by = ["seed", "norm", "step"]
        coarse = beta[beta["eta"] > beta.groupby(by)["eta"].transform("min")]
        factor = beta.groupby(by)["beta"].max() / coarse.groupby(by)["beta"].max()
        return DataFrame(factor.groupby(["seed", "norm"]).median().unstack("norm"))

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
