"""What a figure of a paper is for docs/RESULTS.md, and the tables that its numbers are taken from.

A table and a measure are those of `bnviz.claims.evidence`: they take rows to one number for each
seed and network, or for each seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pandas import DataFrame, Series

from bnviz.analysis.distributions import quantile_bands
from bnviz.analysis.landscape import step_sizes
from bnviz.claims.evidence import Measure, Table
from bnviz.presets import PRESETS
from bnviz.story.numbers import Number


@dataclass(frozen=True)
class PaperFigure:
    """A figure of a paper, or a comparison without a figure, and our numbers beside it.

    `ours` is a sentence with the names of `numbers` in braces. `claims` are the names of the claims
    that test the figure; their verdicts say whether we agree.
    """

    title: str
    preset: str
    theirs: str  # what the paper shows, in words
    ours: str
    numbers: Mapping[str, Number]
    claims: tuple[str, ...] = ()
    note: str = ""  # what the reader of the verdict should know

    @property
    def page(self) -> str:
        """The page that shows the figure."""
        return PRESETS[self.preset].page


# Choosing rows and tables


def at_rate(lr: float, table: Table) -> Table:
    """The same table, of the runs at one learning rate only."""
    return lambda rows: table(rows[rows["lr"] == lr])


def spread(layer: str, end: Literal["first", "last"]) -> Table:
    """From the 5% to the 95% quantile of one unit, at the first or the last measurement."""

    def table(rows: DataFrame) -> DataFrame:
        bands = quantile_bands(rows, [layer], pooled=False)
        widths = bands.assign(spread=bands["q95"] - bands["q05"])
        by_network = widths.groupby(["seed", "norm"])["spread"]
        return DataFrame(by_network.agg(end).unstack("norm"))

    return table


def distance(end: Literal["first", "last"]) -> Table:
    """‖∇L(θ − ηg) − g‖ at the smallest or the largest step size, median over the probes."""

    def table(rows: DataFrame) -> DataFrame:
        by_size = step_sizes(rows).groupby(["seed", "norm", "eta"])["distance"].median()
        return DataFrame(by_size.groupby(["seed", "norm"]).agg(end).unstack("norm"))

    return table


def at_step(metric: str, step: int) -> Table:
    """A metric of the whole network at one step."""

    def table(rows: DataFrame) -> DataFrame:
        chosen = rows[(rows["metric"] == metric) & (rows["step"] == step)]
        return chosen.astype({"norm": str}).pivot_table("value", "seed", "norm", observed=True)

    return table


def below(table: Table, one: str, other: str) -> Measure:
    """100 for a seed in which one network's number is below the other's, else 0."""

    def measure(rows: DataFrame) -> Series[float]:
        both = table(rows).reindex(columns=[one, other]).dropna()
        lower: Series[float] = (both[one] < both[other]).astype(float)
        return 100 * lower

    return measure
