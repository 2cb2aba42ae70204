"""Numbers for claims about networks at several learning rates; see `evidence` for what they are."""

from __future__ import annotations

from math import isfinite

from pandas import DataFrame, Series

from bnviz.analysis.training import test_curve
from bnviz.claims.evidence import Measure, Table, columns_of, final, lasting, table_of


def best(by: str = "norm") -> Table:
    """Return the best accuracy on the test set, from 0 to 1."""
    return lambda rows: table_of(lasting(rows, "test_accuracy"), "max", by=by)


def first_best(by: str = "norm") -> Table:
    """Return the first step with the best accuracy on the test set."""

    def table(rows: DataFrame) -> DataFrame:
        seen = test_curve(lasting(rows, "test_accuracy"))
        highest = seen["value"] == seen.groupby("run")["value"].transform("max")
        return table_of(seen[highest].assign(value=seen["step"]), "min", by=by)

    return table


def speed_up(one: object, other: object, by: str = "norm") -> Measure:
    """Measure how many times fewer steps one network takes to the other's best test accuracy.

    0 if it never has that accuracy. Only the steps at which the accuracy is measured count; of
    step 0, where nothing is learnt, one step is made.
    """

    def measure(rows: DataFrame) -> Series[float]:
        aims = columns_of(best(by)(rows), one, other)[other]
        seen = test_curve(lasting(rows, "test_accuracy"))
        there = seen[seen["value"] >= seen["seed"].map(aims)]
        reached = table_of(there.assign(value=there["step"].clip(lower=1)), "min", by=by)
        both = reached.reindex(index=aims.index, columns=[one, other]).astype(float)
        return (both[other] / both[one]).fillna(0.0)

    return measure


def relative_speed(one: float, other: float, baseline: float) -> Measure:
    """Measure how many times fewer steps one learning rate takes than another.

    They are steps to the best test accuracy of a third one, the baseline. A seed in which one of
    the two never has it is left out.
    """

    def measure(rows: DataFrame) -> Series[float]:
        one_s, other_s = (speed_up(rate, baseline, "lr")(rows) for rate in (one, other))
        both = (one_s > 0) & (other_s > 0)
        return one_s[both] / other_s[both]

    return measure


def diverged(network: object, by: str = "norm") -> Measure:
    """Measure 100 where the training loss of a network overflows, and 0 where it does not."""

    def measure(rows: DataFrame) -> Series[float]:
        ended = columns_of(final("train_loss", by)(rows), network)[network]
        return ended.map(lambda loss: 0.0 if isfinite(loss) else 100.0)

    return measure
