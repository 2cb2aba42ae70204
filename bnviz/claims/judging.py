"""Judge claims: turn the finished runs of a store into verdicts with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from pandas import DataFrame, Series

from bnviz.analysis.distributions import HISTOGRAM
from bnviz.analysis.rows import text
from bnviz.analysis.seeds import t_factor
from bnviz.claims.claim import Claim, specs_of
from bnviz.runs.parts import EMPTY
from bnviz.runs.run import Run
from bnviz.runs.store import Store, joined
from bnviz.spec import RunSpec
from bnviz.words import three_digits

MOST_SEEDS = range(10)  # those beyond a claim's own are shown, but do not enter its verdict
HOLDS, FAILS, UNDECIDED, UNMEASURED = "holds", "does not hold", "undecided", "not measured yet"
KINDS = {  # verdict -> its verb for one claim and for several
    HOLDS: ("holds", "hold"),
    FAILS: ("does not hold", "do not hold"),
    UNDECIDED: ("is undecided", "are undecided"),
    UNMEASURED: ("is not measured yet", "are not measured yet"),
}


@dataclass(frozen=True, eq=False)
class Verdict:
    """A claim with our numbers, indexed by seed.

    Attributes
    ----------
    claim : the claim
    values : the numbers of the claim's own seeds, which alone decide
    further : the numbers of other seeds, which are shown but not used
    """

    claim: Claim
    values: Series[float]
    further: Series[float] = field(default_factory=lambda: Series(dtype=float))

    @property
    def n(self) -> int:
        """The number of seeds that decide."""
        return len(self.values)

    @cached_property
    def estimate(self) -> tuple[float, float, float]:
        """The mean over the seeds and the ends of its 95% t-interval.

        The ends are NaN for fewer than two seeds, and if a number overflowed. The scale is the
        claim's: ratios are averaged by their logarithms.
        """
        scale = self.claim.scale
        # A number that overflowed is infinite, and then the standard deviation is NaN.
        with np.errstate(all="ignore"):
            values = scale.there(self.values)
            mean, half = values.mean(skipna=False), t_factor(self.n) * values.std(skipna=False)
            low, high = scale.inside(scale.back(np.array([mean - half, mean + half])))
            return float(scale.back(mean)), float(low), float(high)

    @property
    def mean(self) -> float:
        """The mean over the seeds, on the claim's scale; NaN if nothing is measured."""
        return self.estimate[0]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% t-interval of the mean."""
        return self.estimate[1:]

    @property
    def words(self) -> str:
        """HOLDS, FAILS, UNDECIDED or UNMEASURED.

        A claim holds if its whole interval lies in its region, and does not hold if the whole
        interval lies outside on one side.
        """
        (low, high), claim = self.interval, self.claim
        if not self.n:
            return UNMEASURED
        if claim.low <= low and high <= claim.high:
            return HOLDS
        return FAILS if high < claim.low or claim.high < low else UNDECIDED

    @property
    def reason(self) -> str:
        """Why the claim is undecided; "" if it is not."""
        if self.words != UNDECIDED:
            return ""
        if self.n == 1:
            return "one seed"
        undefined = bool(np.isnan(self.interval).any())
        return "the interval is undefined" if undefined else "the interval straddles an edge"

    @property
    def said(self) -> str:
        """The verdict in words, with the reason if it is undecided."""
        return f"{self.words} ({self.reason})" if self.reason else self.words

    @property
    def ours(self) -> str:
        """Mean, interval and number of seeds in words; "" if nothing is measured."""
        if not self.n:
            return ""
        mean = self.claim.in_unit(three_digits(self.mean))
        low, high = map(three_digits, self.interval)
        return f"{mean} [{low}, {high}], {self.n} seeds" if self.n > 1 else f"{mean}, 1 seed"

    @property
    def aside(self) -> str:
        """The numbers of further seeds in words; "" if there are none."""
        return f"further seeds, not used: {by_seed(self.further)}" if len(self.further) else ""


def by_seed(values: Series[float]) -> str:
    """Write numbers with their seeds: "0: 1.20, 1: 1.31"."""
    return ", ".join(f"{seed}: {three_digits(value)}" for seed, value in values.items())


def counted(verdicts: Iterable[Verdict]) -> str:
    """Say how many claims have each verdict: "3 hold, 1 is undecided"; "" if there are none."""
    counts = Counter(verdict.words for verdict in verdicts)
    several = ((counts[kind], verbs) for kind, verbs in KINDS.items() if counts[kind])
    return ", ".join(f"{count} {verbs[count > 1]}" for count, verbs in several)


def judge(claim: Claim, rows: DataFrame) -> Verdict:
    """Return the verdict on a claim, given the rows of its runs as in `bnviz.analysis.rows`.

    A seed counts only if all the networks that the claim needs are among the rows. Seeds that the
    claim does not name stay out of the verdict, so that nobody can add seeds until it turns.
    """
    values = claim.measure(rows).dropna()
    own = values.index.isin(claim.seeds)
    return Verdict(claim, values[own], values[~own])


# The runs of a store


def finished(store: Store, claims: Iterable[Claim]) -> dict[str, Run]:
    """Return every finished run that one of these claims can be measured on, by id."""
    asked = (specs_of(claim, seed) for claim in claims for seed in MOST_SEEDS)
    return store.finished(spec for specs in asked for spec in specs.values())


def measured_on(claim: Claim, done: Mapping[str, Run]) -> list[Run]:
    """Return the runs among `done` that a claim is measured on, those of further seeds included."""
    return [done[id] for seed in MOST_SEEDS for id in specs_of(claim, seed) if id in done]


def missing(claim: Claim, done: Mapping[str, Run]) -> dict[str, RunSpec]:
    """Return the settings, by id, of the runs that a claim needs but `done` lacks."""
    asked = (specs_of(claim, seed).items() for seed in claim.seeds)
    return {id: spec for specs in asked for id, spec in specs if id not in done}


def verdicts(claims: Sequence[Claim], store: Store) -> Iterator[Verdict]:
    """Yield the verdict on each claim, judged on the finished runs of a store."""
    done = finished(store, claims)

    @lru_cache(maxsize=4)  # neighbouring claims often use the same runs
    def shared(*ids: str) -> DataFrame:
        return rows(done[id] for id in ids)

    return (judge(claim, shared(*(run.id for run in measured_on(claim, done)))) for claim in claims)


def rows(runs: Iterable[Run], metrics: Collection[str] = ()) -> DataFrame:
    """Return the rows of finished runs as in `bnviz.analysis.rows`.

    They are those of `metrics`, or without any named, all but the histograms, which no claim needs.
    The result is not cached, so the caller should keep the verdicts.
    """
    asked = list(runs)
    if not asked:
        empty = EMPTY.to_pandas().assign(run="", norm="", lr=0.0, seed=0)
        return text(empty).astype({"unit": float})
    recorded = {metric for run in asked for metric in run.measured()["metric"]}
    return joined(asked, recorded & set(metrics) if metrics else recorded - {HISTOGRAM})
