"""Turn the rows of the landscape probe into one number per seed, as `claims.evidence` does."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pandas import DataFrame, Series

from bnviz.analysis import landscape as analysis
from bnviz.analysis.landscape import (
    Direction,
    band_width,
    gradient_cosines,
    landscape_bands,
    step_sizes,
)
from bnviz.claims.evidence import (
    END,
    Measure,
    Table,
    between,
    columns_of,
    side_by_side,
    table_of,
)


def landscape(
    value: str, how: str, start: float = 0, stop: float = END, along: Direction = "gradient"
) -> Table:
    """Return the mean, median or extreme of a landscape number (2018, Figs. 4, 10, 12 and 13).

    `value` is a column of `_bands`, `how` the name of the aggregate over the probes with
    start ≤ step < stop.
    """
    return lambda rows: table_of(between(_bands(rows, along), start, stop), how, value)


def at_each_probe(how: str, value: str, one: str, other: str) -> Measure:
    """Measure the ratio of two networks at each probe, and return its median or extreme."""

    def measure(rows: DataFrame) -> Series[float]:
        both = columns_of(side_by_side(_bands(rows), value), one, other)
        return (both[one] / both[other]).groupby("seed").agg(how)

    return measure


def _bands(rows: DataFrame, along: Direction = "gradient") -> DataFrame:
    """Add to `landscape_bands` the numbers that claims are about.

    `width` is the width of the loss band, `log_width` its width on a logarithmic axis, ln(highest /
    lowest loss), `plateau` is β in units of 1/η_min, and `off_edge` is |β / (2/lr) − 1|. A number
    that overflowed is a gap in figures, but infinite here.
    """
    bands = landscape_bands(rows, along).fillna({"loss_high": END, "distance_high": END})
    widths = band_width(bands)
    return bands.assign(
        width=widths["loss"].fillna(END),
        log_width=widths["loss_log"].fillna(END),
        plateau=bands["beta"] * bands["eta_min"],
        off_edge=(bands["beta"] * bands["lr"] / 2 - 1).abs(),
    )


def cosine(how: str, start: float = 0, stop: float = END) -> Table:
    """Return the mean, median or extreme of cos(∇L(θ − ηg), g) after one training step, η = lr."""

    def table(rows: DataFrame) -> DataFrame:
        return table_of(between(gradient_cosines(rows), start, stop), how, "cosine")

    return table


def scale_free(metric: Literal["relative", "normalised"], how: str, stop: float = END) -> Table:
    """Return the mean, median or extreme of a number of `analysis.landscape.scale_free`."""

    def table(rows: DataFrame) -> DataFrame:
        numbers = between(analysis.scale_free(rows), 0, stop)
        return table_of(numbers[numbers["metric"] == metric], how)

    return table


def beta_from(smallest: float) -> Table:
    """Return effective β over the step sizes from `smallest` times the learning rate on.

    The number is the median over the probes.
    """

    def table(rows: DataFrame) -> DataFrame:
        medians = analysis.beta_by_smallest(rows)
        return table_of(medians[np.isclose(medians["multiple"], smallest)], "median", "beta")

    return table


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
        points = between(step_sizes(rows), start, END)
        beta = points.assign(beta=points["distance"] / points["eta"])  # ‖g‖ cancels
        by = ["seed", "norm", "step"]
        coarse = beta[beta["eta"] > beta.groupby(by)["eta"].transform("min")]
        factor = beta.groupby(by)["beta"].max() / coarse.groupby(by)["beta"].max()
        return DataFrame(factor.groupby(["seed", "norm"]).median().unstack("norm"))

    return table
