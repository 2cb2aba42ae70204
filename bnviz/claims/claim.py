"""What a claim is: the runs it needs, how they become one number a seed, and where it must lie.

The regions are the papers' own words and numbers. Where those leave room, we chose the edge, and
`quantity` says so. The papers' values were measured on the curves of `bnviz.papers.reference` in the
same way as ours, where there is such a curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bnviz.claims.evidence import Measure
from bnviz.presets import PRESETS
from bnviz.spec import RunSpec

INF = float("inf")
POINTS = "points"
TIMES = "×"  # the unit of a ratio; ratios are averaged by their logarithms
NBSP = "\N{NO-BREAK SPACE}"

GROUPS = {
    "2018": "How Does Batch Normalization Help Optimization? (2018)",
    "theory": "Its theorems (2018, Section 4)",
    "2015": "Batch Normalization (2015)",
    "report": "A report on MNIST",
    "counter": "Counter-arguments",
}


@dataclass(frozen=True, eq=False)
class Claim:
    """A named test: what is said, on which runs it is measured, and the region in which it holds.

    The runs are those of `preset`, of one seed, with the networks `norms`, the learning rates
    `rates` (if empty, those of the preset) and the settings `changes`. `page` shows them, with the
    parameters `look` in its address.
    """

    name: str
    says: str
    source: str
    theirs: str  # the paper's value, in words
    quantity: str  # what we measure, in words
    measure: Measure
    preset: str
    norms: tuple[str, ...]
    page: str
    group: str
    low: float = -INF
    high: float = INF
    unit: str = ""
    rates: tuple[float, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    look: Mapping[str, str] = field(default_factory=dict)
    note: str = ""  # what to keep in mind

    def specs(self, seed: int) -> list[RunSpec]:
        """The runs that it needs for one seed."""
        preset = PRESETS[self.preset]
        rates = self.rates or preset.learning_rates
        several = [{**self.changes, "lr": lr, "norm": norm} for lr in rates for norm in self.norms]
        return [spec for changes in several for spec in preset.specs(**changes, seed=seed)]

    @property
    def region(self) -> str:
        """Where the number must lie, in words."""
        if self.high == INF:
            return f"≥{NBSP}{self.in_unit(edge(self.low))}"
        between = "≤" if self.low == -INF else f"{edge(self.low)} to"
        return f"{between}{NBSP}{self.in_unit(edge(self.high))}"

    def in_unit(self, number: str) -> str:
        """A number with its unit."""
        space = NBSP if self.unit and self.unit != TIMES else ""
        return f"{number}{space}{self.unit}"

    @property
    def regime(self) -> str:
        """The conditions under which it is measured, in words."""
        return " / ".join(dict.fromkeys(spec.regime() for spec in questions(self, 0).values()))


@cache
def questions(claim: Claim, seed: int) -> dict[str, RunSpec]:
    """The runs that a claim needs for one seed, by their ids."""
    return {spec.id: spec for spec in claim.specs(seed)}


def edge(value: float) -> str:
    """The edge of a region, as it was chosen."""
    return f"{value:g}".replace("-", "−")
