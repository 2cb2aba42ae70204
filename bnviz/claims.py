"""What the papers claim, each as a named test on runs, and the counter-arguments.

A claim says which runs it needs, how they become one number a seed, and in which region that number must lie. The regions are
the papers' own words and numbers; where those leave room, the edge is ours and stands in `quantity`.
The papers are Santurkar et al. (2018), arXiv 1805.11604v3, Ioffe & Szegedy (2015), arXiv 1502.03167, and a report by Ziyuan Liu. What
is given as theirs was measured on the curves of `bnviz.reference` in the same way as ours, where there is such a curve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from typing import Any

import numpy as np
from pandas import DataFrame, Series

from bnviz import evidence
from bnviz.analysis.distributions import HISTOGRAM
from bnviz.analysis.rows import text
from bnviz.analysis.seeds import t_factor
from bnviz.evidence import (
    Measure,
    accuracy,
    covariate_shift,
    difference,
    extreme,
    final,
    landscape,
    of,
    ratio,
)
from bnviz.presets import LP, PAIR, PRESETS, SEEDS
from bnviz.runs.store import EMPTY, Run, Store, joined
from bnviz.spec import RunSpec

MOST_SEEDS = range(10)  # SEEDS are asked for; where somebody has run more, they are looked at
INF = float("inf")
POINTS = "points"
TIMES = "×"  # of a ratio, which is averaged by its logarithm

GROUPS = {
    "2018": "How Does Batch Normalization Help Optimization? (2018)",
    "theory": "Its theorems (2018, Section 4)",
    "2015": "Batch Normalization (2015)",
    "report": "A report on MNIST",
    "counter": "Counter-arguments",
}
NBSP = "\N{NO-BREAK SPACE}"
WORDS = {True: "holds", False: "does not hold", None: "not measured yet"}


@dataclass(frozen=True, eq=False)
class Claim:
    """A named test: what is said, on which runs it is measured, and where the number must lie for it to hold.

    The runs are those of `preset` with the networks `norms`, the learning rates `rates` (the preset's where there are none) and the
    knobs `changes`, of one seed. `page` shows them, with the parameters `look` in its address.
    """

    name: str
    says: str
    source: str
    theirs: str  # the paper's value, in words
    quantity: str  # what ours is, in words
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
        """The questions it needs of a seed."""
        preset = PRESETS[self.preset]
        several = [(lr, norm) for lr in self.rates or preset.learning_rates for norm in self.norms]
        return [spec for lr, norm in several for spec in preset.specs(**self.changes, lr=lr, norm=norm, seed=seed)]

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
        """Under which conditions it is measured."""
        return " / ".join(dict.fromkeys(spec.regime() for spec in questions(self, 0).values()))


@dataclass(frozen=True, eq=False)
class Verdict:
    """A claim and our number for each seed."""

    claim: Claim
    values: Series[float]  # by seed

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.values)

    @cached_property
    def estimate(self) -> tuple[float, float, float]:
        """The mean over the seeds and its 95 % t-interval, NaN for fewer than two seeds; of ratios by their logarithms."""
        ratio = self.claim.unit == TIMES
        with np.errstate(all="ignore"):  # what overflowed is infinite, and has no deviation
            values = self.values.transform(np.log) if ratio else self.values
            mean, half = values.mean(), t_factor(self.n) * values.std()
            mean, low, high = (float(np.exp(end) if ratio else end) for end in (mean, mean - half, mean + half))
        return mean, low, high

    @property
    def mean(self) -> float:
        """Over the seeds, of ratios the geometric one; NaN where there is none."""
        return self.estimate[0]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % t-interval of the mean."""
        return self.estimate[1:]

    @property
    def holds(self) -> bool | None:
        """Whether the mean lies in the claim's region; None where nothing is measured."""
        return self.claim.low <= self.mean <= self.claim.high if self.n else None

    @property
    def words(self) -> str:
        """The verdict."""
        return WORDS[self.holds]

    @property
    def sure(self) -> bool:
        """Whether the whole interval lies on one side of every edge of the region."""
        (low, high), claim = self.interval, self.claim
        return (claim.low <= low and high <= claim.high) or high < claim.low or claim.high < low

    @property
    def doubt(self) -> str:
        """Why the verdict may turn with more seeds; "" where it is sure."""
        if self.n < 2:
            return "one seed" if self.n else ""
        return "" if self.sure else "the interval crosses the edge"

    @property
    def ours(self) -> str:
        """Mean, interval and n in words; "" where nothing is measured."""
        if not self.n:
            return ""
        mean, (low, high) = self.claim.in_unit(number(self.mean)), map(number, self.interval)
        return f"{mean} [{low}, {high}], {self.n} seeds" if self.n > 1 else f"{mean}, 1 seed"


def number(value: float) -> str:
    """A measured number: three digits, or all before the point."""
    digits = f"{value:,.0f}" if value == 0 or 1000 <= abs(value) < 1e6 else f"{value:#.3g}".removesuffix(".")
    return digits.replace("-", "−")


def edge(value: float) -> str:
    """A number as it was chosen."""
    return f"{value:g}".replace("-", "−")


def judge(claim: Claim, rows: DataFrame) -> Verdict:
    """The verdict on rows of runs of any seeds, as in `bnviz.analysis`; a seed counts only if all networks it needs are there."""
    return Verdict(claim, claim.measure(rows).dropna())


# The runs of a store


@cache
def questions(claim: Claim, seed: int) -> dict[str, RunSpec]:
    """The questions that a claim needs of a seed, by their ids."""
    return {spec.id: spec for spec in claim.specs(seed)}


def finished(store: Store, claims: Iterable[Claim]) -> dict[str, Run]:
    """Every finished run that any of these claims can use, by its id."""
    ids = dict.fromkeys(id for claim in claims for seed in MOST_SEEDS for id in questions(claim, seed))
    runs = {id: store.run(id) for id in ids}
    return {id: run for id, run in runs.items() if run.folder.exists() and run.state == "done"}


def used(claim: Claim, done: Mapping[str, Run]) -> list[Run]:
    """Of these runs those that a claim uses."""
    return [done[id] for seed in MOST_SEEDS for id in questions(claim, seed) if id in done]


def verdicts(claims: Sequence[Claim], store: Store) -> Iterator[Verdict]:
    """Each of these claims on the finished runs of a store, as soon as it is judged."""
    done = finished(store, claims)

    @lru_cache(maxsize=4)  # claims in a row are often about the same runs
    def shared(*ids: str) -> DataFrame:
        return rows(done[id] for id in ids)

    return (judge(claim, shared(*(run.id for run in used(claim, done)))) for claim in claims)


def missing(claim: Claim, done: Mapping[str, Run]) -> dict[str, RunSpec]:
    """The questions of SEEDS that are not among these runs, by their ids."""
    return {id: spec for seed in SEEDS for id, spec in questions(claim, seed).items() if id not in done}


def rows(runs: Iterable[Run]) -> DataFrame:
    """All rows of finished runs but their histograms, which no claim asks for, as `bnviz.analysis` takes them.

    They are put together each time: who asks for them keeps the verdicts.
    """
    asked = list(runs)
    if not asked:
        return text(EMPTY.to_pandas().assign(run="", norm="", lr=0.0, seed=0)).astype({"unit": float})
    metrics = {metric for run in asked for metric in run.measured()["metric"]} - {HISTOGRAM}
    return joined(asked, metrics)


# The claims

HIDDEN = (*(f"conv{layer}" for layer in range(1, 9)), "fc9")  # of vgg11
of_2018 = partial(Claim, group="2018")
on_cifar = partial(of_2018, preset="class", norms=PAIR)
in_theory = partial(Claim, group="theory", preset="theory-mlp", norms=("batch",), page="theory", source="2018, Sec. 4")
of_2015 = partial(Claim, group="2015", preset="mnist", norms=PAIR, page="mnist", source="2015, Fig. 1")
of_report = partial(Claim, group="report", norms=PAIR, page="lenet")
counter = partial(Claim, group="counter", norms=PAIR)

CLAIMS = {
    claim.name: claim
    for claim in (
        on_cifar(
            name="batch-faster",
            says="With BatchNorm the network learns faster at learning rate 0.1.",
            source="2018, Fig. 1a",
            theirs="24.4 points (85.4 against 61.0 %)",
            quantity="training accuracy over steps 1,000–1,999, BatchNorm minus standard",
            measure=difference(accuracy(1000, 2000), "batch", "none", 100),
            low=0,
            unit=POINTS,
            page="training",
        ),
        on_cifar(
            name="batch-better",
            says="With BatchNorm the network ends better.",
            source="2018, Fig. 1b",
            theirs="2.9 points after 15,000 steps (82.9 against 80.0 %), 11.6 after 2,000",
            quantity="test accuracy after the last step, BatchNorm minus standard",
            measure=difference(final("test_accuracy"), "batch", "none", 100),
            low=0,
            unit=POINTS,
            page="training",
        ),
        on_cifar(
            name="batch-at-half",
            says="BatchNorm bears a learning rate of 0.5.",
            source="2018, Fig. 1b",
            theirs="−2.7 points after 15,000 steps, −9.9 after 2,000 (69.2 against 79.1 %)",
            quantity="test accuracy of BatchNorm after the last step, at 0.5 minus at 0.1; at most 10 points are lost",
            measure=difference(final("test_accuracy", by="lr"), 0.5, 0.1, 100),
            norms=("batch",),
            rates=(0.1, 0.5),
            low=-10,
            unit=POINTS,
            page="training",
        ),
        on_cifar(
            name="standard-at-half",
            says="At learning rate 0.5 the plain network stays at chance.",
            source="2018, Fig. 1",
            theirs="10.0 % to the end",
            quantity="training accuracy of the standard network over steps 1,500–1,999; chance is 10 %, give or take 2 points",
            measure=of(accuracy(1500, 2000), "none", 100),
            norms=("none",),
            rates=(0.5,),
            low=8,
            high=12,
            unit="%",
            page="training",
        ),
        on_cifar(
            name="noisy-as-fast",
            says="The gap between BatchNorm and noisy BatchNorm is almost non-existent.",
            source="2018, Sec. 2, Fig. 2",
            theirs="−5.0 points (79.3 against 84.3 %)",
            quantity="training accuracy over steps 1,000–1,999, noisy BatchNorm minus BatchNorm; at most 6 points are lost",
            measure=difference(accuracy(1000, 2000), "noisy", "batch", 100),
            norms=("batch", "noisy"),
            low=-6,
            unit=POINTS,
            page="training",
            note="In test accuracy it is far behind: its population statistics were gathered under noise. The paper shows training only.",
        ),
        on_cifar(
            name="noisy-above-standard",
            says="Noisy BatchNorm learns much faster than the plain network.",
            source="2018, Sec. 2, Fig. 2",
            theirs="21 points (79.3 against 58.3 %)",
            quantity="training accuracy over steps 1,000–1,999, noisy BatchNorm minus standard; at least 5 points",
            measure=difference(accuracy(1000, 2000), "noisy", "none", 100),
            norms=("none", "noisy"),
            low=5,
            unit=POINTS,
            page="training",
        ),
        on_cifar(
            name="noise-alone",
            says="The same noise without BatchNorm prevents training entirely.",
            source="2018, Sec. 2, text",
            theirs="no figure; training is prevented",
            quantity="training accuracy of the standard network with noise over steps 1,500–1,999; chance is 10 %, give or take 2 points",
            measure=of(accuracy(1500, 2000), "noise", 100),
            norms=("noise",),
            low=8,
            high=12,
            unit="%",
            page="training",
            note="Depth decides: our vgg16 stays at chance for 1,000 steps, vgg11 begins to learn late.",
        ),
        on_cifar(
            name="noisy-less-stable",
            says="Noisy BatchNorm's distributions are less stable than the plain network's.",
            source="2018, Sec. 2, Fig. 8a",
            theirs="9.7× (layers 2, 9, 13: 8.5, 4.1, 26)",
            quantity="|μ_{t+1} − μ_t| of one unit, median over training, geometric mean of layers 2, 5, 8: noisy BatchNorm over standard",
            measure=ratio(evidence.mean_change("conv2", "conv5", "conv8"), "noisy", "none"),
            norms=("none", "noisy"),
            low=4,
            unit=TIMES,
            page="distributions",
            look={"layers": "conv2,conv5,conv8"},
        ),
        on_cifar(
            name="batch-steadier",
            says="The plain network's distributions change more from step to step than BatchNorm's.",
            source="2018, Fig. 8a",
            theirs="18× in layer 2; in layers 9 and 13 BatchNorm's change is too small to read",
            quantity="|μ_{t+1} − μ_t| of one unit, median over training, geometric mean of layers 2, 5, 8: standard over BatchNorm",
            measure=ratio(evidence.mean_change("conv2", "conv5", "conv8"), "none", "batch"),
            low=5,
            unit=TIMES,
            page="distributions",
            look={"layers": "conv2,conv5,conv8"},
            note="Beside its Fig. 1c the paper calls the difference in stability marginal.",
        ),
        on_cifar(
            name="ics-layer-5",
            says="BatchNorm does not reduce internal covariate shift.",
            source="2018, Sec. 2, Fig. 3a",
            theirs="−0.02 over the first 2,000 steps (0.72 against 0.74), 0.08 over the second thousand of them",
            quantity="median cos ∠(G, G′) in layer 5, BatchNorm minus standard; up to 0.1 counts as similar",
            measure=difference(covariate_shift("ics_cosine", "median", "conv5"), "batch", "none"),
            high=0.1,
            page="covariate_shift",
            look={"layers": "conv5"},
        ),
        on_cifar(
            name="ics-last-layer",
            says="BatchNorm does not reduce internal covariate shift in deep layers.",
            source="2018, Sec. 2, Fig. 3a",
            theirs="−0.10 in layer 10 over the first 2,000 steps (0.36 against 0.46)",
            quantity="median cos ∠(G, G′) in layer 10, BatchNorm minus standard; up to 0.1 counts as similar",
            measure=difference(covariate_shift("ics_cosine", "median", "fc10"), "batch", "none"),
            high=0.1,
            page="covariate_shift",
            look={"layers": "fc10"},
            note="Layer 10 is the last of our network, and not of theirs.",
        ),
        on_cifar(
            name="ics-low-rate",
            says="At learning rate 0.01 BatchNorm has more internal covariate shift.",
            source="2018, Fig. 3a",
            theirs="−0.24 over the first 2,000 steps (0.70 against 0.94); after step 4,000 the reverse",
            quantity="median cos ∠(G, G′) in layer 5, BatchNorm minus standard",
            measure=difference(covariate_shift("ics_cosine", "median", "conv5"), "batch", "none"),
            rates=(0.01,),
            high=0,
            page="covariate_shift",
            look={"layers": "conv5"},
        ),
        of_2018(
            name="dln-no-shift",
            says="The plain deep linear network has almost no internal covariate shift.",
            source="2018, Sec. 2, Fig. 3b",
            theirs="0.996 at learning rate 1e-7",
            quantity="smallest cos ∠(G, G′) over training in layers 9 and 17 of the standard network at 1e-7",
            measure=of(covariate_shift("ics_cosine", "min", "fc9", "fc17"), "none"),
            preset="fig3b",
            norms=("none",),
            rates=(1e-7,),
            low=0.99,
            page="covariate_shift",
            look={"layers": "fc9,fc17"},
        ),
        of_2018(
            name="dln-batch-shift",
            says="With BatchNorm the deep linear network's internal covariate shift is larger by orders of magnitude.",
            source="2018, Sec. 2, Fig. 3b",
            theirs="1,700× (4,300 against 2.5)",
            quantity="median ‖G − G′‖ in layer 9 at learning rate 1e-7, BatchNorm over standard; orders of magnitude are at least 100",
            measure=ratio(covariate_shift("ics_l2", "median", "fc9"), "batch", "none"),
            preset="fig3b",
            norms=PAIR,
            rates=(1e-7,),
            low=100,
            unit=TIMES,
            page="covariate_shift",
            look={"layers": "fc9,fc17"},
        ),
        of_2018(
            name="dln-batch-cosine",
            says="With BatchNorm the deep linear network's gradients turn.",
            source="2018, Sec. 2, Fig. 3b",
            theirs="0.55 in layer 9, 0.04 in layer 17",
            quantity="median cos ∠(G, G′) in layers 9 and 17 of the network with BatchNorm at 1e-7",
            measure=of(covariate_shift("ics_cosine", "median", "fc9", "fc17"), "batch"),
            preset="fig3b",
            norms=("batch",),
            rates=(1e-7,),
            high=0.9,
            page="covariate_shift",
            look={"layers": "fc9,fc17"},
        ),
        on_cifar(
            name="band-narrower",
            says="With BatchNorm the loss varies less along the gradient.",
            source="2018, Sec. 3, Fig. 4a",
            theirs="3.0× over the first 2,000 steps, 5.6× over the first 5,000",
            quantity="mean width of the loss band, standard over BatchNorm",
            measure=ratio(landscape("width", "mean"), "none", "batch"),
            low=1,
            unit=TIMES,
            page="landscape",
        ),
        on_cifar(
            name="gradient-predictiveness",
            says="With BatchNorm the gradient is more predictive.",
            source="2018, Sec. 3, Fig. 4b",
            theirs="2.3× over the first 2,000 steps, 2.8× over the first 5,000",
            quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, standard over BatchNorm, median over the probes",
            measure=evidence.at_each_probe("median", "distance_high", "none", "batch"),
            low=1,
            unit=TIMES,
            page="landscape",
        ),
        on_cifar(
            name="beta-lower",
            says="With BatchNorm the effective β-smoothness is better early in training.",
            source="2018, Sec. 3, Fig. 4c",
            theirs="1.2× (21.0 against 16.9)",
            quantity="effective β, median over the first 1,000 steps, standard over BatchNorm",
            measure=ratio(landscape("beta", "median", 0, 1000), "none", "batch"),
            low=1,
            unit=TIMES,
            page="landscape",
        ),
        on_cifar(
            name="beta-plateau",
            says="BatchNorm's effective β keeps near 20, which is 1/η_min of the grid.",
            source="2018, Fig. 4c",
            theirs="1.00 (0.78 to 1.05), 0.89 over the first 2,000 steps",
            quantity="effective β of BatchNorm in units of 1/η_min, median over the probes after step 0",
            measure=of(landscape("plateau", "median", 1), "batch"),
            norms=("batch",),
            low=0.75,
            high=1.3,
            page="landscape",
        ),
        on_cifar(
            name="distance-grows",
            says="The plain network's gradient is lost faster the farther one goes; BatchNorm's changes little.",
            source="2018, Fig. 11",
            theirs="2.3× (4.3 against 1.9)",
            quantity="median ‖∇L(θ − ηg) − g‖ at the largest step size over that at the smallest, standard over BatchNorm",
            measure=ratio(evidence.growth, "none", "batch"),
            low=1,
            unit=TIMES,
            page="landscape",
        ),
        on_cifar(
            name="random-direction",
            says="Along random directions, too, the loss varies less with BatchNorm.",
            source="2018, Sec. 3, text",
            theirs="no figure; behaves similarly",
            quantity="mean width of the loss band along a random direction as long as the gradient, standard over BatchNorm",
            measure=ratio(landscape("width", "mean", along="random"), "none", "batch"),
            changes={"random_direction": True},
            low=1,
            unit=TIMES,
            page="landscape",
            look={"view": "along a random direction"},
        ),
        of_2018(
            name="dln-band-early",
            says="Early in training the plain deep linear network's loss explodes along the gradient, BatchNorm's does not.",
            source="2018, Fig. 10a",
            theirs="6 · 10⁹× (6 · 10¹⁴ against 10⁵)",
            quantity="highest loss over the step sizes in the first 200 steps, standard over BatchNorm; at least 10",
            measure=ratio(landscape("loss_high", "max", 0, 200), "none", "batch"),
            preset="fig10",
            norms=PAIR,
            low=10,
            unit=TIMES,
            page="landscape",
        ),
        of_2018(
            name="dln-band-late",
            says="Late in training the plain deep linear network is the smoother one.",
            source="2018, Fig. 10a",
            theirs="24× (8,300 against 340)",
            quantity="mean width of the loss band from step 7,500 on, BatchNorm over standard",
            measure=ratio(landscape("width", "mean", 7500), "batch", "none"),
            preset="fig10",
            norms=PAIR,
            low=1,
            unit=TIMES,
            page="landscape",
            note="It has stalled: its gradient has nearly vanished.",
        ),
        of_2018(
            name="dln-edge",
            says="BatchNorm's effective β in the deep linear network is 2/lr, the edge of stability.",
            source="2018, Fig. 10c",
            theirs="1.006 · 2/lr in the median; at single probes up to 0.17 off",
            quantity="largest |β · lr/2 − 1| at any probe from step 500 on",
            measure=of(landscape("off_edge", "max", 500), "batch"),
            preset="fig10",
            norms=("batch",),
            high=0.1,
            page="landscape",
        ),
        of_2018(
            name="dln-spread",
            says="In the plain deep linear network σ is large and uncontrolled.",
            source="2018, Sec. 4, Fig. 9",
            theirs="no number; layer 24 is the widest of its figure",
            quantity="from the 5 to the 95 % quantile of a unit of layer 24 at the last measurement, standard over BatchNorm",
            measure=ratio(evidence.last_spread("fc24"), "none", "batch"),
            preset="fig9",
            norms=PAIR,
            low=1,
            unit=TIMES,
            page="distributions",
            look={"layers": "fc24"},
        ),
        on_cifar(
            name="lp-as-good",
            says="Normalising by an lp norm is as good as BatchNorm.",
            source="2018, Sec. 3.3, Fig. 5a",
            theirs="−0.1 points (L∞, 84.2 against 84.3 %)",
            quantity="training accuracy over steps 1,000–1,999, the worst of L1, L2 and L∞ minus BatchNorm; at most 6 points are lost, as by noise",
            measure=difference(extreme(accuracy(1000, 2000), "min", *LP[2:]), "min", "batch", 100),
            norms=LP[1:],
            low=-6,
            unit=POINTS,
            page="norms",
        ),
        on_cifar(
            name="lp-bands",
            says="The lp norms smooth the landscape as well.",
            source="2018, Fig. 12b",
            theirs="0.33× over the first 2,000 steps (L1, as wide as BatchNorm's)",
            quantity="mean width of the loss band, the widest of L1, L2 and L∞ over standard",
            measure=ratio(extreme(landscape("width", "mean"), "max", *LP[2:]), "max", "none"),
            norms=("none", *LP[2:]),
            high=1,
            unit=TIMES,
            page="norms",
        ),
        on_cifar(
            name="lp-shift",
            says="The lp norms' distributions shift more than the plain network's.",
            source="2018, Sec. 3.3, Fig. 6",
            theirs="more, by eye",
            quantity="how far a unit's quantiles in layer 8 move from first to last, in units of their 5–95 % spread: the least of L1, L2 and L∞ over standard",
            measure=ratio(extreme(evidence.shift("conv8"), "min", *LP[2:]), "min", "none"),
            norms=("none", *LP[2:]),
            low=1,
            unit=TIMES,
            page="norms",
            look={"layers": "conv8"},
        ),
        of_2018(
            name="dln-l1",
            says="On the deep linear network L1 is better than BatchNorm.",
            source="2018, Sec. 3.3, Fig. 5b",
            theirs="0.20× (97 against 480)",
            quantity="loss after 10,000 steps, L1 over BatchNorm",
            measure=ratio(final("train_loss"), "l1", "batch"),
            preset="fig5b",
            norms=("batch", "l1"),
            high=1,
            unit=TIMES,
            page="norms",
            note="Both wait on the same plateaus, so in most seeds they end level; which leaves one first is chance.",
        ),
        of_2018(
            name="dln-lp",
            says="On the deep linear network every lp norm is better than none.",
            source="2018, Fig. 5b",
            theirs="0.59× (L∞, 986 against 1,661)",
            quantity="loss after 10,000 steps, the highest of L1, L2 and L∞ over standard",
            measure=ratio(extreme(final("train_loss"), "max", *LP[2:]), "max", "none"),
            preset="fig5b",
            norms=("none", *LP[2:]),
            high=1,
            unit=TIMES,
            page="norms",
        ),
        of_2018(
            name="dln-lp-edge",
            says="With L1 and L2 the effective β of the deep linear network is 2/lr as well.",
            source="2018, Fig. 13d",
            theirs="medians 1.005 · 2/lr (L1) and 1.001 (L2)",
            quantity="|β · lr/2 − 1|, median over the probes from step 500 on, the larger of L1 and L2",
            measure=of(extreme(landscape("off_edge", "median", 500), "max", "l1", "l2"), "max"),
            preset="fig13",
            norms=("l1", "l2"),
            high=0.1,
            page="norms",
        ),
        in_theory(
            name="theorem-4-1",
            says="Theorem 4.1, with 1/m, is an equality.",
            theirs="proved with 1/m in later versions",
            quantity="largest difference of the two sides, as a part of the largest terms; double precision",
            measure=evidence.deviation("theorem_4_1"),
            high=1e-12,
        ),
        in_theory(
            name="theorem-4-1-printed",
            says="Theorem 4.1 as printed in v3, with 1/√m, bounds the gradient.",
            theirs="printed so",
            quantity="checks in which the printed bound is exceeded",
            measure=evidence.exceeded("theorem_4_1", "fails"),
            high=0,
            unit="%",
        ),
        in_theory(
            name="theorem-4-2",
            says="Theorem 4.2, in its first form, is an equality.",
            theirs="proved",
            quantity="largest difference of the two sides, terms in ε included, as a part of the largest terms; double precision",
            measure=evidence.deviation("theorem_4_2"),
            high=1e-12,
        ),
        in_theory(
            name="theorem-4-2-condition",
            says="The condition under which Theorem 4.2 promises a milder curvature, ⟨ŷ, g⟩ ≥ 0, is met.",
            theirs="assumed",
            quantity="units in which it is, mean over training; most of them",
            measure=evidence.condition("inner", 100),
            low=50,
            unit="%",
        ),
        in_theory(
            name="theorem-4-4",
            says="Theorem 4.4, as its proof gives it, bounds the gradient of the weights.",
            theirs="proved",
            quantity="checks in which the bound is exceeded",
            measure=evidence.exceeded("theorem_4_4", "broken"),
            high=0,
            unit="%",
        ),
        in_theory(
            name="theorem-4-4-printed",
            says="Theorem 4.4 as printed bounds the gradient of the weights.",
            theirs="printed so",
            quantity="checks in which the printed bound is exceeded",
            measure=evidence.exceeded("theorem_4_4", "fails"),
            high=0,
            unit="%",
        ),
        in_theory(
            name="lemma-4-5",
            says="Lemma 4.5 is an equality.",
            theirs="proved",
            quantity="largest difference of the two sides, as a part of the largest terms; double precision",
            measure=evidence.deviation("lemma_4_5"),
            high=1e-12,
        ),
        in_theory(
            name="batch-shortens",
            says="BatchNorm makes the gradient shorter.",
            theirs="follows from Theorem 4.1 where γ < σ, which the paper expects",
            quantity="units whose gradient is shorter in front of BatchNorm than behind it, mean over training; most of them",
            measure=evidence.condition("smaller", 100),
            low=50,
            unit="%",
            note="γ/σ is above 1 here, and so the gradient gets longer.",
        ),
        of_2015(
            name="mnist-sooner",
            says="With BatchNorm the test accuracy on MNIST rises sooner and stays above.",
            theirs="100 % of its curve, from step 4,000 on",
            quantity="measurements after step 2,000 at which BatchNorm is above standard; all of them",
            measure=evidence.ahead("batch", "none", 2001),
            low=100,
            unit="%",
        ),
        of_2015(
            name="mnist-higher",
            says="With BatchNorm the test accuracy on MNIST ends higher.",
            theirs="about 1 point (98.2 against 97.2 %)",
            quantity="test accuracy after 50,000 steps, BatchNorm minus standard",
            measure=difference(final("test_accuracy"), "batch", "none", 100),
            low=0,
            unit=POINTS,
        ),
        of_2015(
            name="mnist-steadier",
            says="With BatchNorm the input of a sigmoid keeps its distribution.",
            theirs="5× (1.2 against 0.2)",
            quantity="how far the median of a unit of layer 3, as a mean over 1,000 steps, travels in the first 10,000, standard over BatchNorm",
            measure=ratio(evidence.travel(["fc3"], pooled=False, stop=10_001), "none", "batch"),
            low=1,
            unit=TIMES,
            look={"layers": "fc3"},
        ),
        of_report(
            name="report-mlp",
            says="A perceptron is better with BatchNorm at equal iterations.",
            source="Liu, Fig. 2",
            theirs="faster and higher, no number",
            quantity="measurements at which BatchNorm's test accuracy is above standard's; at least 95 %",
            measure=evidence.ahead("batch", "none", 1),
            preset="liu-mlp",
            low=95,
            unit="%",
        ),
        of_report(
            name="report-lenet",
            says="A LeNet with sigmoids is better with BatchNorm at equal iterations.",
            source="Liu, Fig. 3",
            theirs="faster and higher, no number",
            quantity="measurements at which BatchNorm's test accuracy is above standard's; at least 95 %",
            measure=evidence.ahead("batch", "none", 1),
            preset="liu-lenet",
            low=95,
            unit="%",
        ),
        of_report(
            name="report-relu",
            says="With ReLUs a LeNet shows no visible difference.",
            source="Liu, Fig. 4",
            theirs="none visible, no number",
            quantity="distance of the two test accuracies, mean over training; below 1 point nothing is visible",
            measure=evidence.apart("batch", "none", 1),
            preset="liu-lenetr",
            high=1,
            unit=POINTS,
        ),
        counter(
            name="not-two-orders",
            says="The gradient does not become more predictive by “close to two orders of magnitude”, as the text has it.",
            source="2018, Sec. 3 against its Fig. 4b",
            theirs="2.2× in its own figure",
            quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, standard over BatchNorm, median over the probes; at most one order",
            measure=evidence.at_each_probe("median", "distance_high", "none", "batch"),
            preset="class",
            high=10,
            unit=TIMES,
            page="landscape",
        ),
        counter(
            name="not-at-once",
            says="Nor does any single probe show two orders of magnitude.",
            source="2018, Sec. 3 against its Fig. 4b",
            theirs="79× in one spike of its own figure, 7.8× in the first 2,000 steps",
            quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, standard over BatchNorm, at the probe where that is most; below two orders",
            measure=evidence.at_each_probe("max", "distance_high", "none", "batch"),
            preset="class",
            high=100,
            unit=TIMES,
            page="landscape",
        ),
        counter(
            name="shift-at-1e-6",
            says="That the plain deep linear network has almost no covariate shift holds at one learning rate: at 1e-6 its gradients turn.",
            source="2018, Sec. 2 against its Fig. 3b",
            theirs="−1.00 in its own figure (layer 17), which later versions leave out",
            quantity="smallest cos ∠(G, G′) over training in layers 9 and 17 of the standard network at 1e-6",
            measure=of(covariate_shift("ics_cosine", "min", "fc9", "fc17"), "none"),
            preset="fig3b",
            norms=("none",),
            rates=(1e-6,),
            high=0.99,
            page="covariate_shift",
            look={"layers": "fc9,fc17"},
        ),
        counter(
            name="beta-at-the-grid",
            says="The plateau of effective β lies at 1/η_min of the grid of step sizes.",
            source="2018, Fig. 4c",
            theirs="0.998",
            quantity="effective β of BatchNorm in units of 1/η_min, median over the probes from step 1,000 on; give or take 0.1",
            measure=of(landscape("plateau", "median", 1000), "batch"),
            preset="class",
            norms=("batch",),
            low=0.9,
            high=1.1,
            page="landscape",
            note="At our width the smallest step does not yet lose the whole gradient, so β is still below that plateau.",
        ),
        counter(
            name="beta-of-the-grid",
            says="Effective β says more of the grid than of the landscape: a smallest step of half the size nearly doubles it.",
            source="2018, Figs. 4c, 11",
            theirs="1.98× in its own Fig. 11",
            quantity="effective β of BatchNorm over what it is without the smallest step size, median from step 1,000 on; nearer to 2 than to 1",
            measure=of(evidence.finer_grid(1000), "batch"),
            preset="class",
            norms=("batch",),
            low=1.5,
            unit=TIMES,
            page="landscape",
        ),
        counter(
            name="pooling-hides",
            says="Pooled histograms hide how far single channels shift.",
            source="against histograms over all units of a layer",
            theirs="shows single units, and no pooled ones",
            quantity="how far the median travels, running mean over ten measurements, geometric mean over the hidden layers of BatchNorm: one unit over all units",
            measure=evidence.hidden_by_pooling("batch", HIDDEN),
            preset="class",
            norms=("batch",),
            low=1,
            unit=TIMES,
            page="distributions",
            look={"view": "all units", "layers": "conv2,conv5,conv8"},
        ),
        counter(
            name="band-at-first",
            says="At the very beginning BatchNorm's loss band is the wider one.",
            source="2018, Fig. 4a",
            theirs="0.61× in its own figure (steps 0, 100, 200: 0.75 against 1.23)",
            quantity="mean width of the loss band over the first 250 steps, standard over BatchNorm",
            measure=ratio(landscape("width", "mean", 0, 250), "none", "batch"),
            preset="class",
            high=1,
            unit=TIMES,
            page="landscape",
            note="The plain network still sits near ln 10, where nothing changes.",
        ),
        counter(
            name="band-on-a-sample",
            says="On 4,000 images and 200 steps at the paper's learning rate BatchNorm's loss band is the wider one.",
            source="against small demonstrations",
            theirs="shows no such run",
            quantity="mean width of the loss band, standard over BatchNorm",
            measure=ratio(landscape("width", "mean"), "none", "batch"),
            preset="few-images",
            high=1,
            unit=TIMES,
            page="landscape",
            note="The plain network has hardly begun to learn, and BatchNorm learns few images by heart.",
        ),
    )
}
