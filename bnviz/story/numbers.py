"""Sentences with measured numbers in them.

A measure is that of `bnviz.claims.evidence`: it takes the rows of runs to one number for each seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from bnviz.claims.evidence import Measure, Table, of
from bnviz.words import three_digits

OverSeeds = Literal["mean", "geometric mean", "min", "max"]


class Number(NamedTuple):
    """One measured number: the value of each seed, and how the seeds are summed up."""

    measure: Measure
    over_seeds: OverSeeds = "mean"


class Told(float):
    """A measured number in a sentence: without a format with three digits, "…" if not measured."""

    def __format__(self, how: str) -> str:
        """Write the number, with a typographic minus sign."""
        if isnan(self):
            return "…"
        return super().__format__(how).replace("-", "−") if how else three_digits(self)


def told(sentence: str, numbers: Mapping[str, Number], rows: DataFrame) -> tuple[str, list[int]]:
    """Fill the names of `numbers` in a sentence's braces, and count the seeds of each number."""
    values = {name: number.measure(rows).dropna() for name, number in numbers.items()}
    said = {name: Told(summed_up(number, values[name])) for name, number in numbers.items()}
    return sentence.format(**said), [len(series) for series in values.values()]


def summed_up(number: Number, seeds: Series[float]) -> float:
    """Return one number for all seeds, as the `Number` asks; NaN if there are none."""
    values: NDArray[Any] = seeds.to_numpy(np.float64)
    if not len(values):
        return float("nan")
    if number.over_seeds == "geometric mean":
        return float(np.exp(np.log(values).mean()))
    return float(getattr(np, number.over_seeds)(values))


def each(table: Table, *networks: str, scale: float = 1.0) -> dict[str, Number]:
    """Return the number of each of these networks, under the network's name."""
    return {network: Number(of(table, network, scale)) for network in networks}


def named(suffix: str, numbers: Mapping[str, Number]) -> dict[str, Number]:
    """The same numbers, with a suffix to each name."""
    return {f"{name}_{suffix}": number for name, number in numbers.items()}
