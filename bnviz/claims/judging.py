"""Judge claims: turn the finished runs of a store into verdicts with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from pandas import DataFrame, Series

from bnviz.analysis.distributions import HISTOGRAM
from bnviz.analysis.rows import text
from bnviz.analysis.seeds import t_factor
from bnviz.claims.claim import TIMES, Claim, specs_of
from bnviz.presets import SEEDS
from bnviz.runs.parts import EMPTY
from bnviz.runs.run import Run
from bnviz.runs.store import Store, joined
from bnviz.spec import RunSpec

MOST_SEEDS = range(10)  # we ask for SEEDS only, but use these if somebody has run them
WORDS = {True: "holds", False: "does not hold", None: "not measured yet"}


@dataclass(frozen=True, eq=False)
class Verdict:
    """A claim with our numbers, `values`, indexed by seed."""

    claim: Claim
    values: Series[float]

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.values)

    @cached_property
    def estimate(self) -> tuple[float, float, float]:
        """The mean over the seeds and the ends of its 95 % t-interval.

        The ends are NaN for fewer than two seeds. Ratios are averaged as logarithms.
        """
        ratio = self.claim.unit == TIMES
        # A number that overflowed is infinite, and then the standard deviation is NaN.
        with np.errstate(all="ignore"):
            values = self.values.transform(np.log) if ratio else self.values
            mean, half = values.mean(), t_factor(self.n) * values.std()
            ends = (mean, mean - half, mean + half)
            mean, low, high = (float(np.exp(end) if ratio else end) for end in ends)
        return mean, low, high

    @property
    def mean(self) -> float:
        """The mean over the seeds (geometric for ratios); NaN if nothing is measured."""
        return self.estimate[0]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % t-interval of the mean."""
        return self.estimate[1:]

    @property
    def holds(self) -> bool | None:
        """Whether the mean lies in the claim's region; None if nothing is measured."""
        return self.claim.low <= self.mean <= self.claim.high if self.n else None

    @property
    def words(self) -> str:
        """The verdict in words."""
        return WORDS[self.holds]

    @property
    def sure(self) -> bool:
        """Whether the interval lies entirely inside the region, below it or above it."""
        (low, high), claim = self.interval, self.claim
        return (claim.low <= low and high <= claim.high) or high < claim.low or claim.high < low

    @property
    def doubt(self) -> str:
        """Why more seeds may change the verdict; "" if it is sure."""
        if self.n < 2:
            return "one seed" if self.n else ""
        return "" if self.sure else "not statistically certain"

    @property
    def ours(self) -> str:
        """Mean, interval and number of seeds in words; "" if nothing is measured."""
        if not self.n:
            return ""
        mean, (low, high) = self.claim.in_unit(number(self.mean)), map(number, self.interval)
        return f"{mean} [{low}, {high}], {self.n} seeds" if self.n > 1 else f"{mean}, 1 seed"


def number(value: float) -> str:
    """Write a measured number with three digits, or as an integer from 1,000 to a million."""
    whole = value == 0 or 1000 <= abs(value) < 1e6
    digits = f"{value:,.0f}" if whole else f"{value:#.3g}".removesuffix(".")
    return digits.replace("-", "−")


def judge(claim: Claim, rows: DataFrame) -> Verdict:
    """Return the verdict on a claim, given the rows of its runs as in `bnviz.analysis.rows`.

    A seed counts only if all the networks that the claim needs are among the rows.
    """
    return Verdict(claim, claim.measure(rows).dropna())


# The runs of a store


def finished(store: Store, claims: Iterable[Claim]) -> dict[str, Run]:
    """Return every finished run that one of these claims can use, by id."""
    asked = (specs_of(claim, seed) for claim in claims for seed in MOST_SEEDS)
    return store.finished(spec for specs in asked for spec in specs.values())


def used(claim: Claim, done: Mapping[str, Run]) -> list[Run]:
    """Return the runs among `done` that a claim uses."""
    return [done[id] for seed in MOST_SEEDS for id in specs_of(claim, seed) if id in done]


def missing(claim: Claim, done: Mapping[str, Run]) -> dict[str, RunSpec]:
    """Return the settings, by id, of the runs that a claim needs at SEEDS but `done` lacks."""
    asked = (specs_of(claim, seed).items() for seed in SEEDS)
    return {id: spec for specs in asked for id, spec in specs if id not in done}


def verdicts(claims: Sequence[Claim], store: Store) -> Iterator[Verdict]:
    """Yield the verdict on each claim, judged on the finished runs of a store."""
    done = finished(store, claims)

    @lru_cache(maxsize=4)  # neighbouring claims often use the same runs
    def shared(*ids: str) -> DataFrame:
        return rows(done[id] for id in ids)

    return (judge(claim, shared(*(run.id for run in used(claim, done)))) for claim in claims)


def rows(runs: Iterable[Run]) -> DataFrame:
    """Return the rows of finished runs as in `bnviz.analysis.rows`, without the histograms.

    No claim needs histograms. The result is not cached, so the caller should keep the verdicts.
    """
    asked = list(runs)
    if not asked:
        empty = EMPTY.to_pandas().assign(run="", norm="", lr=0.0, seed=0)
        return text(empty).astype({"unit": float})
    metrics = {metric for run in asked for metric in run.measured()["metric"]}
    return joined(asked, metrics - {HISTOGRAM})
