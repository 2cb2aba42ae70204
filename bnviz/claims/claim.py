"""Define a claim: the runs it needs, how they become one number per seed, and where it must lie.

The regions follow the papers' own words and numbers. If those do not settle an edge, we chose it,
and `quantity` says so. If `bnviz.papers.reference` has the curve in question, the paper's value was
measured on it in the same way as ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bnviz.analysis.scales import COSINE, LOG, PERCENT, PLAIN, Scale
from bnviz.claims.evidence import Measure
from bnviz.presets import PRESETS, SEEDS
from bnviz.spec import RunSpec

INF = float("inf")
POINTS = "points"
TIMES = "×"  # the unit of a ratio
SCALES = {TIMES: LOG, "%": PERCENT}  # unit -> the scale on which such numbers are averaged
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
    """A named test: a statement, the runs that it is measured on, and the region where it holds.

    Attributes
    ----------
    name : name on the command line
    says : the statement
    source : where the paper says it
    theirs : the paper's value, in words
    value : the paper's value as a number in `unit`, None if `theirs` gives none of this quantity
    quantity : what we measure, in words
    measure : computes the number for each seed from the rows of the runs
    preset, norms : preset and normalisations of the runs
    page : the page that shows the runs
    figure : the figure of that page that shows the claim, a key of `bnviz.figures.PANELS`
    group : a key of GROUPS
    low, high : the region in which the number must lie, edges included
    unit : "", POINTS, "%" or TIMES (for a ratio)
    rates : learning rates of the runs, () for those of the preset
    changes : settings of the runs that differ from the preset
    seeds : the seeds that decide; others never enter the verdict
    others : further presets whose runs it needs
    cosine : whether the number is a cosine, which is averaged by Fisher's z
    address : URL parameters of `page`
    note : what to keep in mind, "" for nothing
    """

    name: str
    says: str
    source: str
    theirs: str
    quantity: str
    measure: Measure
    preset: str
    norms: tuple[str, ...]
    page: str
    figure: str
    group: str
    low: float = -INF
    high: float = INF
    unit: str = ""
    value: float | None = None
    rates: tuple[float, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    seeds: tuple[int, ...] = SEEDS
    cosine: bool = False
    others: tuple[str, ...] = ()

    def specs(self, seed: int) -> list[RunSpec]:
        """Return the settings of the runs that the claim needs for one seed."""
        preset = PRESETS[self.preset]
        rates = self.rates or preset.learning_rates
        several = [{**self.changes, "lr": lr, "norm": norm} for lr in rates for norm in self.norms]
        own = [spec for changes in several for spec in preset.specs(**changes, seed=seed)]
        return own + [spec for name in self.others for spec in PRESETS[name].specs(seed=seed)]

    @property
    def scale(self) -> Scale:
        """The scale on which seeds are averaged: it follows from the unit, or is a cosine's."""
        return COSINE if self.cosine else SCALES.get(self.unit, PLAIN)

    @property
    def region(self) -> str:
        """The region in which the number must lie, in words."""
        if self.high == INF:
            return f"≥{NBSP}{self.in_unit(edge(self.low))}"
        between = "≤" if self.low == -INF else f"{edge(self.low)} to"
        return f"{between}{NBSP}{self.in_unit(edge(self.high))}"

    def in_unit(self, number: str) -> str:
        """Append the unit to a number."""
        space = NBSP if self.unit == POINTS else ""
        return f"{number}{space}{self.unit}"

    @property
    def regime(self) -> str:
        """The conditions under which the claim is measured, in words."""
        return " / ".join(dict.fromkeys(spec.regime() for spec in specs_of(self, 0).values()))


@cache
def specs_of(claim: Claim, seed: int) -> dict[str, RunSpec]:
    """Return the settings of the runs that a claim needs for one seed, by id."""
    return {spec.id: spec for spec in claim.specs(seed)}


def edge(value: float) -> str:
    """Write the edge of a region."""
    return f"{value:g}".replace("-", "−")
