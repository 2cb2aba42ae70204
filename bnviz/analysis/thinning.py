"""Fewer steps of a curve, with none of its extremes lost."""

from __future__ import annotations

from pandas import DataFrame, Series

from bnviz.analysis.rows import identity

POINTS = 500  # steps of a curve that fills a figure: as many as a screen resolves
FACET_POINTS = (
    160  # steps of a curve in one of many small panels; the paper's 151 probes stay as they are
)
KINDS = {  # what a bucket of steps keeps, by the end of a column's name
    "low": "min",
    "mean": "mean",
    "high": "max",
    "q05": "min",
    "q15": "min",
    "q50": "mean",
    "q85": "max",
    "q95": "max",
    "value": "mean",
    "beta": "max",
    "from": "min",
    "to": "max",
    "n": "min",
}


def drawn(numbers: DataFrame, points: int = POINTS) -> DataFrame:
    """As many steps of curves over training as a screen resolves, with the extremes of all.

    Up to `points` steps, or FACET_POINTS a layer, stay as they are. Of more, a line keeps the lowest, the highest and, if there is
    one, a gap of each bucket of steps; a band the lowest of its low edges, the highest of its high ones and the mean between.
    """
    count = FACET_POINTS if "layer" in numbers else points
    if numbers["step"].nunique() <= count:
        return numbers
    by = identity(numbers)
    kinds = {
        name: KINDS[name.rpartition("_")[2]]
        for name in map(str, numbers)
        if name not in (*by, "step")
    }
    return (
        _thin(numbers, by, count)
        if set(kinds) == {"value"}
        else _bucketed(numbers, by, kinds, count)
    )


def _buckets(steps: Series[int], count: int) -> Series[int]:
    """The step at which each step's bucket begins, common to all runs; up to `count` stay as they are."""
    if steps.nunique() <= count:
        return steps
    width = -(-(int(steps.max()) + 1) // count)
    return steps // width * width


def _bucketed(bands: DataFrame, by: list[str], kinds: dict[str, str], count: int) -> DataFrame:
    """At most `count` steps a line: of each bucket the extreme or mean that `kinds` names."""
    buckets = bands.assign(step=_buckets(bands["step"], count)).groupby(
        [*by, "step"], as_index=False
    )
    return buckets[list(kinds)].agg(kinds)[list(bands)]


def _thin(lines: DataFrame, by: list[str], count: int) -> DataFrame:
    """At most `count` steps a line: of each bucket the lowest, the highest and, if there is one, a gap."""
    buckets = lines.groupby([*by, _buckets(lines["step"], count // 2)])["value"]
    rank = buckets.rank(method="first", na_option="bottom")
    highest, last = buckets.transform("count"), buckets.transform("size")
    return lines[(rank == 1) | (rank == highest) | (rank == last)]
