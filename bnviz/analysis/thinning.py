"""Reduce the number of steps in a curve without losing its extremes."""

from __future__ import annotations

from pandas import DataFrame, Series

from bnviz.analysis.rows import identity

POINTS = 500  # steps of a curve that fills a figure: a screen resolves no more
# Steps of a curve in one of many small panels. The paper's 151 probes still fit in.
FACET_POINTS = 160
KINDS = {  # the last part of a column's name -> which of a bucket's values to keep
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
    """Thin curves over training to as many steps as a screen resolves, and keep their extremes.

    Frames with at most `points` steps (FACET_POINTS if they have a column `layer`) are returned
    unchanged. Otherwise the steps are grouped into buckets. Of each bucket a line keeps its lowest
    value, its highest value and a gap if it has one. A band keeps the lowest value of its lower
    edge, the highest value of its upper edge and the mean of the curve between them.
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
    """Return the first step of each step's bucket; up to `count` steps are left as they are.

    Buckets are the same for all runs.
    """
    if steps.nunique() <= count:
        return steps
    width = -(-(int(steps.max()) + 1) // count)
    return steps // width * width


def _bucketed(bands: DataFrame, by: list[str], kinds: dict[str, str], count: int) -> DataFrame:
    """Keep at most `count` steps, with the extreme or mean that `kinds` names for each column."""
    buckets = bands.assign(step=_buckets(bands["step"], count)).groupby(
        [*by, "step"], as_index=False
    )
    return buckets[list(kinds)].agg(kinds)[list(bands)]


def _thin(lines: DataFrame, by: list[str], count: int) -> DataFrame:
    """Keep about `count` steps per line: each bucket's lowest and highest value, and a gap."""
    buckets = lines.groupby([*by, _buckets(lines["step"], count // 2)])["value"]
    rank = buckets.rank(method="first", na_option="bottom")
    highest, last = buckets.transform("count"), buckets.transform("size")
    return lines[(rank == 1) | (rank == highest) | (rank == last)]
