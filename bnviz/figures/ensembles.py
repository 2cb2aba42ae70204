"""The table of single networks, crops and ensembles beside the paper's (2015, Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

from pandas import DataFrame

from bnviz.words import per_cent


class Published(NamedTuple):
    """A line of the paper's table, on ImageNet. The errors are by k, from 0 to 1."""

    says: str
    crops: int
    errors: dict[int, float]


PUBLISHED = (
    Published("BN-Inception, one network", 1, {1: 0.252, 5: 0.0782}),
    Published("BN-Inception, one network", 144, {1: 0.2199, 5: 0.0582}),
    Published("BN-Inception, ensemble of 6", 144, {1: 0.201, 5: 0.049}),
)


def lines(errors: DataFrame, names: Sequence[str], tops: Sequence[int]) -> list[list[str]]:
    """Return the table as text, line by line, its head first.

    `errors` is that of `analysis.ensembles`, and `names` has the names of its networks.
    """
    head = ["", "crops", *(f"top-{k} error" for k in tops)]
    ensemble = f"ensemble of {len(names)}"
    ours = [
        [
            names[int(line["network"])] if line["network"] >= 0 else ensemble,
            f"{int(line['crops'])}",
            *(per_cent(line[k]) for k in tops),
        ]
        for _, line in errors.iterrows()
    ]
    theirs = [
        [f"2015, Fig. 4: {says}", f"{crops}", *(given(found.get(k, nan)) for k in tops)]
        for says, crops, found in PUBLISHED
    ]
    return [head, *ours, *theirs]


def given(share: float) -> str:
    """Write an error of the paper; an en dash if it gives none."""
    return "–" if share != share else per_cent(share)
