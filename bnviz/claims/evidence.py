"""How the rows of several runs become one number a seed, by which a claim is judged.

It takes frames and returns numbers.

A `Table` takes the rows of `bnviz.analysis` to one number for every seed (index) and network (columns); a `Measure` takes them to
one number for every seed. Networks are compared within a seed, on the same weights and batches: a seed that lacks one is left out.
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

END = float("inf")  # of training


# Comparing the networks of one seed


def of(table: Table, network: object, scale: float = 1.0) -> Measure:
    """One network's number."""
    return lambda rows: scale * _columns(table(rows), network)[network]


def difference(table: Table, one: object, other: object, scale: float = 1.0) -> Measure:
    """One network's number minus another's; `scale` 100 makes points of shares."""

    def measure(rows: DataFrame) -> Series[float]:
        both = _columns(table(rows), one, other)
        return scale * (both[one] - both[other])

    return measure


def ratio(table: Table, one: object, other: object) -> Measure:
    """One network's number over another's."""

    def measure(rows: DataFrame) -> Series[float]:
        both = _columns(table(rows), one, other)
        return both[one] / both[other]

    return measure


def extreme(table: Table, how: Literal["min", "max"], *networks: str) -> Table:
    """The table with one column more, named `how`: the least or the greatest of some networks, where all of them are there."""

    def joined(rows: DataFrame) -> DataFrame:
        numbers = table(rows)
        return numbers.assign(**{how: _columns(numbers, *networks).agg(how, axis=1)})

    return joined


def _columns(table: DataFrame, *networks: object) -> DataFrame:
    """These networks of the seeds that have them all."""
    return table.reindex(columns=list(networks)).astype(float).dropna()


def _table(frame: DataFrame, how: str, value: str = "value", by: str = "norm") -> DataFrame:
    """One number for every seed and network, by default of each normalisation."""
    return DataFrame(frame.groupby(["seed", by])[value].agg(how).unstack(by))


def _between(frame: DataFrame, start: float, stop: float) -> DataFrame:
    """The steps from `start` on and before `stop`."""
    return frame[(frame["step"] >= start) & (frame["step"] < stop)]


def _side_by_side(frame: DataFrame, value: str) -> DataFrame:
    """Networks as columns, by seed and step."""
    return frame.pivot_table(index=["seed", "step"], columns="norm", values=value)


# Training and test


def accuracy(start: float, stop: float = END) -> Table:
    """Mean accuracy of the training batches, 0 to 1."""
    return lambda rows: _table(_between(_lasting(rows, "train_accuracy"), start, stop), "mean")


def final(metric: str, by: str = "norm") -> Table:
    """The last value of a metric of the whole net, a loss that overflowed being infinite."""

    def table(rows: DataFrame) -> DataFrame:
        ordered = _lasting(rows, metric).sort_values("step", kind="stable")
        return DataFrame(
            ordered.groupby(["seed", by])["value"].last(skipna=False).fillna(END).unstack(by)
        )

    return table


def ahead(one: str, other: str, start: float) -> Measure:
    """In how many of the measurements from `start` on one network's test accuracy is above another's, in per cent."""
    return lambda rows: 100 * (_lead(rows, one, other, start) > 0).groupby("seed").mean()


def apart(one: str, other: str, start: float) -> Measure:
    """How far two networks' test accuracies are apart from `start` on, mean of the absolute difference in points."""
    return lambda rows: 100 * _lead(rows, one, other, start).abs().groupby("seed").mean()


def _lead(rows: DataFrame, one: str, other: str, start: float) -> Series[float]:
    """One network's test accuracy minus another's, by seed and step."""
    curve = _between(test_curve(_lasting(rows, "test_accuracy")), start, END)
    both = _columns(_side_by_side(curve, "value"), one, other)
    return both[one] - both[other]


def _lasting(rows: DataFrame, metric: str) -> DataFrame:
    """The rows of a metric; of an accuracy without the runs whose loss overflowed, which have none in the end."""
    measured = text(rows[rows["metric"] == metric])
    if metric not in ("train_accuracy", "test_accuracy"):
        return measured
    overflowed = rows["metric"].isin(("train_loss", "test_loss")) & ~np.isfinite(
        rows["value"].astype(float)
    )
    return measured[~measured["run"].isin(rows.loc[overflowed, "run"])]


# Distributions


def mean_change(*layers: str) -> Table:
    """Median over training of |mean_t+1 - mean_t| of one unit, geometric mean over the layers (2018, Fig. 8a)."""

    def table(rows: DataFrame) -> DataFrame:
        changes = moment_changes(rows, layers)
        return _over_layers(
            changes[changes["moment"] == "mean"]
            .groupby(["seed", "norm", "layer"])["value"]
            .median()
        )

    return table


def last_spread(layer: str) -> Table:
    """From the 5 % to the 95 % quantile of one unit at the last measurement (2018, Fig. 9)."""
    return lambda rows: _table(_spreads(rows, layer), "last", "spread")


def shift(layer: str) -> Table:
    """How far a unit's quantiles have moved between the first and the last measurement, in units of its mean spread (2018, Fig. 6).

    The mean over the levels of QUANTILES of |last - first|, over the mean distance from the 5 % to the 95 % quantile.
    """

    def table(rows: DataFrame) -> DataFrame:
        each = _spreads(rows, layer).groupby(["seed", "norm"])
        names = list(QUANTILES.values())
        moved = (each[names].last() - each[names].first()).abs().mean(axis=1)
        return DataFrame((moved / each["spread"].mean()).unstack("norm"))

    return table


def _spreads(rows: DataFrame, layer: str) -> DataFrame:
    """Quantiles of one unit of a layer, and `spread`, from 5 to 95 %."""
    bands = quantile_bands(rows, [layer], pooled=False)
    return bands.assign(spread=bands["q95"] - bands["q05"])


def travel(layers: Sequence[str], pooled: bool, stop: float = END) -> Table:
    """How far the median goes up and down before `stop`, geometric mean over the layers (2015, Fig. 1b-c).

    The highest minus the lowest running mean over ten measurements: a single one is of few examples, and scatters.
    """

    def table(rows: DataFrame) -> DataFrame:
        bands = _between(quantile_bands(rows, layers, pooled), 0, stop)
        by = ["seed", "norm", "layer"]
        running = bands.groupby(by)["q50"].transform(lambda line: line.rolling(10).mean())
        each = bands.assign(running=running).groupby(by)["running"]
        return _over_layers(each.max() - each.min())

    return table


def _over_layers(numbers: Series[float]) -> DataFrame:
    """The geometric mean over the layers of a number by seed, norm and layer."""
    logarithms = numbers.transform(np.log).groupby(["seed", "norm"]).mean()
    return DataFrame(logarithms.transform(np.exp).unstack("norm"))


def hidden_by_pooling(network: str, layers: Sequence[str]) -> Measure:
    """How much farther the median of a single unit travels than that of all units pooled."""
    one, pooled = travel(layers, False), travel(layers, True)
    return lambda rows: (
        _columns(one(rows), network)[network] / _columns(pooled(rows), network)[network]
    )


# Internal covariate shift


def covariate_shift(metric: Literal["ics_l2", "ics_cosine"], how: str, *layers: str) -> Table:
    """Median or extreme of ‖G − G′‖ or cos ∠(G, G′) over training and these layers (2018, Fig. 3)."""

    def table(rows: DataFrame) -> DataFrame:
        measured = covariate_shift_numbers.covariate_shift(rows, layers)
        return _table(measured[measured["metric"] == metric], how)

    return table


# The landscape


def landscape(
    value: str, how: str, start: float = 0, stop: float = END, along: Direction = "gradient"
) -> Table:
    """Mean, median or extreme over the probes of a column of `_bands` (2018, Figs. 4, 10, 12, 13)."""
    return lambda rows: _table(_between(_bands(rows, along), start, stop), how, value)


def at_each_probe(how: str, value: str, one: str, other: str) -> Measure:
    """Median or extreme over the probes of the ratio of two networks there."""

    def measure(rows: DataFrame) -> Series[float]:
        both = _columns(_side_by_side(_bands(rows), value), one, other)
        return (both[one] / both[other]).groupby("seed").agg(how)

    return measure


def _bands(rows: DataFrame, along: Direction = "gradient") -> DataFrame:
    """`analysis.landscape_bands`, and what claims are made about.

    `width` is that of the loss band, `plateau` beta in units of 1/eta_min, and `off_edge` how far beta is from 2/lr, as a part of
    that. What overflowed is a gap in a picture; as a number it is infinite.
    """
    bands = landscape_bands(rows, along).fillna({"loss_high": END, "distance_high": END})
    return bands.assign(
        width=(bands["loss_high"] - bands["loss_low"]).fillna(END),
        plateau=bands["beta"] * bands["eta_min"],
        off_edge=(bands["beta"] * bands["lr"] / 2 - 1).abs(),
    )


def growth(rows: DataFrame) -> DataFrame:
    """The gradient's median distance at the largest step size over that at the smallest (2018, Fig. 11)."""
    distances = (
        step_sizes(rows)
        .groupby(["seed", "norm", "eta"])["distance"]
        .median()
        .groupby(["seed", "norm"])
    )
    return DataFrame((distances.last() / distances.first()).unstack("norm"))


def finer_grid(start: float) -> Table:
    """Effective beta over what it is without the smallest step size; median over the probes from `start` on.

    1 where beta is the landscape's. Where the smallest step already loses the whole gradient, beta is 1/eta_min, and this is the
    ratio of the two smallest step sizes.
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
    """The largest difference of the two sides of an equality, as a part of its largest terms (see `bnviz.analysis.theory`)."""
    return lambda rows: _statement(rows, statement)["deviation"].max()


def exceeded(statement: str, column: Literal["broken", "fails"]) -> Measure:
    """In how many checks the true bound is exceeded (broken) or the printed one (fails), in per cent."""

    def measure(rows: DataFrame) -> Series[float]:
        each = _statement(rows, statement)
        share: Series[float] = each[column].sum() / each["checks"].sum()
        return 100 * share

    return measure


def _statement(rows: DataFrame, statement: str) -> Any:
    """The verdicts on one statement behind BatchNorm, by seed."""
    verdicts = theory.verdicts(rows)
    return verdicts[(verdicts["statement"] == statement) & (verdicts["norm"] == "batch")].groupby(
        "seed"
    )


def condition(name: str, scale: float = 1.0) -> Measure:
    """What Theorems 4.1 and 4.2 ask, one of `bnviz.analysis.theory.CONDITIONS`: mean over training."""

    def measure(rows: DataFrame) -> Series[float]:
        each = theory.conditions(rows)
        return scale * each[each["condition"] == name].groupby("seed")["value"].mean()

    return measure
