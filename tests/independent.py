"""Recompute the numbers that bnviz states from the rows of the shipped runs, without bnviz.

Every number here is written from the words of its claim or its sentence, and from what the probes
say that they record. `python -m tests.independent` prints all of them, and
tests/test_independent.py compares them with those of bnviz.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pandas import DataFrame, Series

GALLERY = Path(__file__).parents[1] / "cache" / "gallery"
SEEDS = (0, 1, 2)
END = float("inf")  # of the training

Settings = dict[str, Any]
Rows = Mapping[str, DataFrame]  # metric -> its rows, with the columns step, layer, unit, at, value
Measure = Callable[[Rows], float]  # of one run
OfSeed = Callable[[int], float]  # of the runs with one seed

# Experiments: the settings that find a run, if its normalisation and seed are given as well.
# `probes` names some of the run's probes.

PLAIN: Settings = {"optimizer": "sgd", "momentum": 0.0, "schedule": "constant", "augment": False}
VGG = PLAIN | {"width": 0.25, "lr": 0.1, "batch": 128, "init": "glorot_uniform"}
VGG_11 = VGG | {"model": "vgg11", "hidden": [512], "data": "cifar10", "l2": 0.0}
VGG_16 = VGG | {"model": "vgg16", "hidden": [4096, 4096], "data": "cifar10", "l2": 5e-4}
LINEAR = PLAIN | {"model": "dln", "depth": 25, "data": "gaussian", "steps": 10_000}
SIGMOIDS = PLAIN | {"model": "mlp", "lr": 0.1, "pixels": "binary", "init": "gaussian"}

DEEP = VGG_16 | {"steps": 5000, "probes": ("activations", "covariate_shift", "landscape")}
NOISE_ALONE = VGG_16 | {"steps": 2000}
FINE_STEPS = VGG_11 | {"steps": 1000, "step_sizes": [0.01, 0.1, 0.5, 1.0, 2.0, 4.0]}
FEW_IMAGES = VGG_11 | {"data": "cifar10-sample", "steps": 200, "probes": ("landscape",)}
DLN = LINEAR | {"lr": 1e-6, "probes": ("activations", "covariate_shift", "landscape")}
SLOW_DLN = DLN | {"lr": 1e-7}
MNIST = SIGMOIDS | {"data": "mnist", "steps": 50_000}
REPORT: Settings = {"data": "mnist", "steps": 20_000, "optimizer": "adadelta"}
THEORY = {
    "MLP": SIGMOIDS | {"data": "mnist-sample", "steps": 2000, "probes": ("theory",)},
    "DLN": LINEAR | {"lr": 1e-6, "probes": ("theory",)},
    "VGG": VGG_11 | {"data": "cifar10-sample", "steps": 200, "probes": ("theory",)},
}
PAIR = ("none", "batch")
LP = ("l1", "l2", "linf")


class NotShippedError(Exception):
    """No run in the gallery has the settings that are wanted."""


def rows(experiment: Settings, norm: str, seed: int) -> Rows:
    """Return the rows of the one run of an experiment with this normalisation and seed."""
    wanted = {**experiment, "norm": norm, "seed": seed}
    found = [folder for folder, spec in specs().items() if fits(spec, wanted)]
    if not found:
        raise NotShippedError(f"no run has {wanted}")
    (folder,) = found  # several runs would be an error: `wanted` must be more specific
    return read(folder)


@cache
def specs() -> dict[Path, Settings]:
    """Return the settings of every shipped run by its folder."""
    files = sorted(GALLERY.glob("*/spec.json"))
    return {file.parent: json.loads(file.read_text("utf-8"))["spec"] for file in files}


def fits(spec: Settings, wanted: Settings) -> bool:
    """Return whether a run has these settings; of its probes, some may be named."""
    probes = set(wanted.get("probes", ()))
    return probes <= set(spec["probes"]) and all(
        spec[name] == value for name, value in wanted.items() if name != "probes"
    )


@cache
def read(folder: Path) -> Rows:
    """Return the rows of a run by metric, without its histograms."""
    kept = [("metric", "!=", "activation_histogram")]
    files = sorted((folder / "rows").glob("*.parquet"))
    table = pd.concat([pq.read_table(file, filters=kept).to_pandas() for file in files])
    return {str(metric): group for metric, group in table.groupby("metric")}


# Series of one run, with the step as their index.


def series(found: DataFrame) -> Series[float]:
    return found.set_index("step")["value"].sort_index()


def whole(run: Rows, metric: str) -> Series[float]:
    """Return a metric of the whole network."""
    return series(run[metric][run[metric]["layer"].isna()])


def in_layer(run: Rows, metric: str, layer: str) -> Series[float]:
    """Return a metric of a whole layer."""
    return series(run[metric][run[metric]["layer"] == layer])


def in_unit(run: Rows, metric: str, layer: str) -> Series[float]:
    """Return a moment of the one unit that is measured in a layer."""
    found = run[metric]
    return series(found[(found["layer"] == layer) & found["unit"].notna()])


def quantile(run: Rows, layer: str, level: float, pooled: bool = False) -> Series[float]:
    """Return a quantile of the one unit that is measured in a layer, or of all units pooled."""
    found = run["activation_quantile"]
    chosen = found["unit"].isna() if pooled else found["unit"].notna()
    return series(found[(found["layer"] == layer) & (found["at"] == level) & chosen])


def walk(run: Rows, metric: str) -> DataFrame:
    """Return a metric of the whole network by step (index) and step size η (columns)."""
    found = run[metric][run[metric]["layer"].isna()]
    return found.pivot(index="step", columns="at", values="value")


def units(run: Rows, theorem: str, *parts: str) -> DataFrame:
    """Return parts of a theorem by step, layer and unit; a unit without a gradient has only zeros.

    Such a unit is left out, because nothing can be checked in it.
    """
    key = ["step", "layer", "unit"]
    found = {part: run[f"{theorem}_{part}"].set_index(key)["value"] for part in parts}
    return DataFrame(found).loc[lambda sides: (sides != 0).any(axis=1)]


# Training


def accuracy(first: int, last: int) -> Measure:
    """Return the mean training accuracy over these steps, both ends included, in per cent."""
    return lambda run: 100 * whole(run, "train_accuracy").loc[first:last].mean()


def final_accuracy(run: Rows) -> float:
    """Return the test accuracy after the last step, in per cent."""
    return 100 * whole(run, "test_accuracy").iloc[-1]


def final_loss(run: Rows) -> float:
    """Return the training loss at its last measurement."""
    return whole(run, "train_loss").iloc[-1]


def first_at_90_percent(run: Rows) -> float:
    """Return the first hundredth step whose batch is 90% right, or the last hundredth step."""
    hundredths = whole(run, "train_accuracy").loc[lambda right: right.index % 100 == 0]
    reached = hundredths.index[hundredths >= 0.9]
    return float(min(reached, default=hundredths.index[-1]))


def lead(run: Rows, other: Rows) -> Series[float]:
    """Return by how many points the test accuracy of a run is above that of another."""
    return 100 * (whole(run, "test_accuracy") - whole(other, "test_accuracy"))


def share_ahead(run: Rows, other: Rows, after: int = 0) -> float:
    """Return the share of measurements after a step at which a run is ahead, in per cent."""
    return 100 * (lead(run, other).loc[after + 1 :] > 0).mean()


def apart(run: Rows, other: Rows) -> float:
    """Return the mean absolute difference of the test accuracies after step 0, in points."""
    return lead(run, other).loc[1:].abs().mean()


# Distributions


def change(values: Series[float]) -> Series[float]:
    """Return how much a series changes from each step to the next, where both are measured."""
    following = values.reindex(values.index + 1).set_axis(values.index)
    return (following - values).abs()


def moment_change(layer: str, moment: str) -> Measure:
    return lambda run: change(in_unit(run, f"activation_{moment}", layer)).median()


def change_in_spreads(layer: str) -> Measure:
    """Return the median of |μ_{t+1} − μ_t| / σ_t of a unit."""

    def median(run: Rows) -> float:
        sigma = in_unit(run, "activation_variance", layer) ** 0.5
        return (change(in_unit(run, "activation_mean", layer)) / sigma).median()

    return median


def drift(layer: str) -> Measure:
    """Return the median of |μ_t − μ_0| of a unit over every hundredth step t after step 0."""

    def median(run: Rows) -> float:
        mean = in_unit(run, "activation_mean", layer)
        return (mean.reindex(range(100, mean.index[-1], 100)) - mean.loc[0]).abs().median()

    return median


def travel(layer: str, pooled: bool = False, last: float = END) -> Measure:
    """Return the range over which the running mean of ten medians moves."""

    def extent(run: Rows) -> float:
        smooth = quantile(run, layer, 0.5, pooled).loc[:last].rolling(10).mean()
        return float(smooth.max() - smooth.min())

    return extent


def last_spread(layer: str) -> Measure:
    """Return the distance from the 5% to the 95% quantile of a unit at the last measurement."""
    return lambda run: (quantile(run, layer, 0.95) - quantile(run, layer, 0.05)).iloc[-1]


def over_layers(measure: Callable[[str], Measure], layers: Iterable[str]) -> Measure:
    """Return the geometric mean of a measure over layers."""
    return lambda run: geometric_mean(measure(layer)(run) for layer in layers)


def geometric_mean(values: Iterable[float]) -> float:
    return float(np.exp(np.mean(np.log(list(values)))))


# Covariate shift


def shift(metric: str, *layers: str, first: float = 0, last: float = END) -> Measure:
    """Return the median of ics_l2 or ics_cosine over the steps and layers together."""
    return lambda run: pd.concat(
        [in_layer(run, metric, layer).loc[first:last] for layer in layers]
    ).median()


def lowest_cosine(run: Rows) -> float:
    return min(in_layer(run, "ics_cosine", layer).min() for layer in ("fc9", "fc17"))


# The landscape along the gradient g


def width(first: float = 0, last: float = END, along: str = "loss_along") -> Measure:
    """Return the mean width of the loss band: highest minus lowest over the step sizes."""

    def mean(run: Rows) -> float:
        losses = walk(run, along).loc[first:last]
        return float((losses.max(axis=1) - losses.min(axis=1)).mean())

    return mean


def log_width(run: Rows) -> float:
    """Return the mean of ln(highest / lowest loss over the step sizes)."""
    losses = walk(run, "loss_along")
    return float(np.log(losses.max(axis=1) / losses.min(axis=1)).mean())


def early_peak(metric: str) -> Measure:
    """Return the largest value at any step size in the first 200 steps."""
    return lambda run: float(walk(run, metric).loc[:199].to_numpy().max())


def farthest(run: Rows) -> float:
    """Return the median over the probes of the largest ‖∇L(θ − ηg) − g‖ over the step sizes."""
    return walk(run, "gradient_distance").max(axis=1).median()


def times_as_far(run: Rows, other: Rows) -> Series[float]:
    """Return at each probe the ratio of the largest ‖∇L(θ − ηg) − g‖ over the step sizes."""
    far, near = (walk(each, "gradient_distance").max(axis=1) for each in (run, other))
    return far / near


def at_one_step(run: Rows, metric: str) -> Series[float]:
    """Return a metric at η = lr of a VGG."""
    return series(run[metric][run[metric]["layer"].isna() & (run[metric]["at"] == VGG["lr"])])


def turn(run: Rows) -> float:
    """Return the median of cos(∇L(θ − ηg), g) at η = lr."""
    return at_one_step(run, "gradient_cosine").median()


def relative_change(run: Rows) -> float:
    """Return the median of ‖∇L(θ − ηg) − g‖ / ‖g‖ at η = lr."""
    distance = at_one_step(run, "gradient_distance")
    return (distance / whole(run, "gradient_norm")).median()


def growth(run: Rows) -> float:
    """Return the median distance at the largest step size divided by that at the smallest."""
    by_size = walk(run, "gradient_distance").median()
    return float(by_size.iloc[-1] / by_size.iloc[0])


def grid(run: Rows) -> NDArray[np.float64]:
    """Return the step sizes η, the smallest first."""
    return walk(run, "gradient_distance").columns.to_numpy(np.float64)


def beta(run: Rows, smallest: float = 0) -> Series[float]:
    """Return effective β, the largest ‖∇L(θ − ηg) − g‖ / (η‖g‖) over η from `smallest` on."""
    slopes = walk(run, "gradient_distance").div(grid(run), axis=1)
    return slopes.loc[:, grid(run) >= smallest].max(axis=1) / whole(run, "gradient_norm")


def median_beta(last: float = END, smallest: float = 0) -> Measure:
    return lambda run: beta(run, smallest).loc[:last].median()


def scale_free_beta(run: Rows) -> float:
    """Return the median of effective β times ‖W‖² over the first 1,000 steps."""
    return (beta(run) * whole(run, "weight_norm") ** 2).loc[:999].median()


def plateau(run: Rows) -> float:
    """Return the median of effective β in units of 1/η_min after step 0."""
    return float(grid(run)[0] * beta(run).loc[1:].median())


def finer_grid(run: Rows) -> float:
    """Return the median of β divided by β without the smallest step size, from step 1,000 on."""
    return (beta(run) / beta(run, grid(run)[1])).loc[1000:].median()


def off_edge(run: Rows) -> Series[float]:
    """Return |β · lr/2 − 1| from step 500 on."""
    edge: float = 2 / DLN["lr"]
    return (beta(run) / edge - 1).abs().loc[500:]


# The theorems of Section 4


def error(theorem: str, side: str, scale: str) -> Measure:
    """Return the largest difference between two sides, relative to the largest terms."""

    def largest(run: Rows) -> float:
        sides = units(run, theorem, "left", side, scale)
        return float(((sides["left"] - sides[side]).abs() / sides[scale]).max())

    return largest


def exceeded(theorem: str, bound: str) -> Measure:
    """Return the share of checks that exceed a bound by more than rounding, in per cent."""

    def share(run: Rows) -> float:
        sides = units(run, theorem, "left", bound, "scale")
        return 100 * (sides["left"] - sides[bound] > 1e-9 * sides["scale"]).mean()

    return share


def gain(run: Rows) -> float:
    """Return the median of γ/σ over the units, mean over training."""
    return units(run, "theorem_4_1", "gain")["gain"].groupby("step").median().mean()


def small_gain(run: Rows) -> float:
    """Return the share of units with γ < σ, in per cent."""
    return 100 * (units(run, "theorem_4_1", "gain")["gain"] < 1).mean()


def inner(run: Rows) -> float:
    """Return the share of units with ⟨ŷ, g⟩ ≥ 0, in per cent."""
    return 100 * (units(run, "theorem_4_2", "inner")["inner"] >= 0).mean()


def shorter(run: Rows) -> float:
    """Return the share of units with ‖v‖² < ‖g‖², in per cent; `scale` is γ²/σ² ‖g‖²."""
    sides = units(run, "theorem_4_1", "left", "scale", "gain")
    return 100 * (sides["left"] < sides["scale"] / sides["gain"] ** 2).mean()


# Numbers of one seed


def of(experiment: Settings, norm: str, measure: Measure) -> OfSeed:
    return lambda seed: float(measure(rows(experiment, norm, seed)))


def both(
    experiment: Settings, measure: Callable[[Rows, Rows], float], norm: str, other: str
) -> OfSeed:
    """Return a measure of two runs."""
    return lambda seed: float(measure(*(rows(experiment, name, seed) for name in (norm, other))))


def difference(experiment: Settings, measure: Measure, norm: str, other: str) -> OfSeed:
    return both(experiment, lambda a, b: measure(a) - measure(b), norm, other)


def ratio(experiment: Settings, measure: Measure, norm: str, other: str) -> OfSeed:
    return both(experiment, lambda a, b: measure(a) / measure(b), norm, other)


def quotient(above: OfSeed, below: OfSeed) -> OfSeed:
    return lambda seed: above(seed) / below(seed)


def share_of_gap(seed: int) -> float:
    """Return BatchNorm's lead over noisy BatchNorm as a share of its lead over standard."""
    none, batch, noisy = (of(DEEP, norm, MIDDLE)(seed) for norm in ("none", "batch", "noisy"))
    return 100 * (batch - noisy) / (batch - none)


def by_seed(number: OfSeed, seeds: Iterable[int] = SEEDS) -> dict[int, float]:
    """Return a number of every seed whose runs are shipped."""
    found = {}
    for seed in seeds:
        with suppress(NotShippedError):
            found[seed] = number(seed)
    return found


# The claims, by their names in bnviz.claims

MIDDLE = accuracy(1000, 1999)
HIDDEN = (*(f"conv{number}" for number in range(1, 14)), "fc14", "fc15")
FIG_8 = ("conv2", "conv9", "conv13")
mean_change = over_layers(partial(moment_change, moment="mean"), FIG_8)
variance_change = over_layers(partial(moment_change, moment="variance"), FIG_8)
spreads_change = over_layers(change_in_spreads, FIG_8)
of_unit, of_all_units = (
    over_layers(partial(travel, pooled=pooled), HIDDEN) for pooled in (False, True)
)
WHEN = {"early": {"last": 1999}, "late": {"first": 2000}}  # steps of the covariate shift
CONDITIONS = {"gain-below-one": gain, "theorem-4-2-condition": inner, "batch-shortens": shorter}

TRAINING = {
    "batch-faster": difference(DEEP, MIDDLE, "batch", "none"),
    "batch-sooner": ratio(DEEP, first_at_90_percent, "none", "batch"),
    "batch-better": difference(DEEP, final_accuracy, "batch", "none"),
    "noisy-as-fast": share_of_gap,
    "noisy-above-standard": difference(DEEP, MIDDLE, "noisy", "none"),
    "noise-alone": of(NOISE_ALONE, "noise", accuracy(1500, 1999)),
    "mnist-sooner": both(MNIST, partial(share_ahead, after=2000), "batch", "none"),
    "mnist-higher": difference(MNIST, final_accuracy, "batch", "none"),
    "report-mlp": both(REPORT | {"model": "mlp"}, share_ahead, "batch", "none"),
    "report-lenet": both(REPORT | {"model": "lenet"}, share_ahead, "batch", "none"),
    "report-relu": both(REPORT | {"model": "lenetr"}, apart, "batch", "none"),
    "dln-l1-above-batch": ratio(DLN, final_loss, "l1", "batch"),
    **{f"dln-{norm}": ratio(DLN, final_loss, norm, "none") for norm in LP},
    **{f"{norm}-as-good": difference(DEEP, MIDDLE, norm, "batch") for norm in LP},
}
DISTRIBUTIONS = {
    "noisy-less-stable": ratio(DEEP, mean_change, "noisy", "none"),
    "noisy-variance": ratio(DEEP, variance_change, "noisy", "none"),
    "noisy-own-spread": ratio(DEEP, spreads_change, "noisy", "none"),
    "batch-steadier": ratio(DEEP, mean_change, "none", "batch"),
    "standard-drifts": ratio(DEEP, over_layers(drift, FIG_8), "none", "batch"),
    "pooling-hides": quotient(of(DEEP, "batch", of_unit), of(DEEP, "batch", of_all_units)),
    "mnist-steadier": ratio(MNIST, travel("fc3", last=10_000), "none", "batch"),
    "dln-spread-1": ratio(DLN, last_spread("fc1"), "none", "batch"),
    "dln-spread-11": ratio(DLN, last_spread("fc11"), "none", "batch"),
    "dln-spread-24": ratio(DLN, last_spread("fc24"), "none", "batch"),
}
SHIFT = {
    **{
        f"ics-{by}-{layer}-{when}": number(
            DEEP, shift(metric, f"conv{layer}", **steps), "batch", "none"
        )
        for by, number, metric in (
            ("distance", ratio, "ics_l2"),
            ("cosine", difference, "ics_cosine"),
        )
        for layer in (5, 10)
        for when, steps in WHEN.items()
    },
    "dln-no-shift": of(SLOW_DLN, "none", lowest_cosine),
    "shift-at-1e-6": of(DLN, "none", lowest_cosine),
    "dln-batch-shift": ratio(SLOW_DLN, shift("ics_l2", "fc9"), "batch", "none"),
    "dln-batch-cosine": of(SLOW_DLN, "batch", shift("ics_cosine", "fc9", "fc17")),
}
LANDSCAPE = {
    "band-narrower": ratio(DEEP, width(), "none", "batch"),
    "band-narrower-log": ratio(DEEP, log_width, "none", "batch"),
    "band-at-first": ratio(DEEP, width(last=249), "none", "batch"),
    "band-on-a-sample": ratio(FEW_IMAGES, width(), "none", "batch"),
    "noisy-band": ratio(DEEP, width(), "none", "noisy"),
    "random-direction": ratio(DEEP, width(along="loss_along_random"), "none", "batch"),
    "gradient-predictiveness": both(DEEP, lambda a, b: times_as_far(a, b).median(), *PAIR),
    "not-two-orders": both(DEEP, lambda a, b: times_as_far(a, b).median(), *PAIR),
    "not-at-once": both(DEEP, lambda a, b: times_as_far(a, b).max(), *PAIR),
    "gradient-direction": difference(DEEP, turn, "batch", "none"),
    "gradient-relative": ratio(DEEP, relative_change, "none", "batch"),
    "distance-grows": ratio(DEEP, growth, "none", "batch"),
    "beta-lower": ratio(DEEP, median_beta(last=999), "none", "batch"),
    "beta-scale-free": ratio(DEEP, scale_free_beta, "none", "batch"),
    "beta-plateau": of(DEEP, "batch", plateau),
    "beta-of-the-grid": of(DEEP, "batch", finer_grid),
    "beta-on-a-fine-grid": ratio(FINE_STEPS, median_beta(smallest=0.001), "none", "batch"),
    "beta-on-its-grid": ratio(FINE_STEPS, median_beta(smallest=0.05), "none", "batch"),
    "dln-band-early": ratio(DLN, early_peak("loss_along"), "none", "batch"),
    "dln-band-late": ratio(DLN, width(first=7500), "batch", "none"),
    "dln-edge": of(DLN, "batch", lambda run: off_edge(run).max()),
    **{f"{norm}-band": ratio(DEEP, width(), "none", norm) for norm in LP},
    **{f"{norm}-predictive": ratio(DEEP, farthest, "none", norm) for norm in LP},
    **{f"dln-{norm}-edge": of(DLN, norm, lambda run: off_edge(run).median()) for norm in LP[:2]},
    **{f"dln-{norm}-band": ratio(DLN, early_peak("loss_along"), "none", norm) for norm in LP},
    **{
        f"dln-{norm}-predictive": ratio(DLN, early_peak("gradient_distance"), "none", norm)
        for norm in LP
    },
}
THEOREMS = {
    **{
        name: of(THEORY["MLP"], "batch", measure)
        for name, measure in {
            "theorem-4-1": error("theorem_4_1", "exact", "scale"),
            "theorem-4-1-printed": exceeded("theorem_4_1", "printed"),
            "theorem-4-2": error("theorem_4_2", "exact", "scale"),
            "theorem-4-4": exceeded("theorem_4_4", "right"),
            "theorem-4-4-printed": exceeded("theorem_4_4", "printed"),
            "lemma-4-5": error("lemma_4_5", "right", "distance"),
        }.items()
    },
    **{
        f"{name}-{network.lower()}": of(experiment, "batch", measure)
        for name, measure in CONDITIONS.items()
        for network, experiment in THEORY.items()
    },
}
CLAIMS = TRAINING | DISTRIBUTIONS | SHIFT | LANDSCAPE | THEOREMS
MORE_SEEDS = {"dln-l1-above-batch": range(5)}  # which its text names


def claimed(name: str) -> dict[int, float]:
    """Return the number of a claim by seed."""
    return by_seed(CLAIMS[name], MORE_SEEDS.get(name, SEEDS))


# The numbers in the sentences of the Start page, the presenter and the lesson


def mean(number: OfSeed, seeds: Iterable[int] = SEEDS) -> float:
    return float(np.mean(list(by_seed(number, seeds).values())))


def each(
    experiment: Settings, measure: Measure, suffix: str = "", norms: Iterable[str] = PAIR
) -> dict[str, float]:
    """Return the mean of each network over the seeds, under its name with a suffix."""
    return {f"{norm}{suffix}": mean(of(experiment, norm, measure)) for norm in norms}


def times(number: OfSeed) -> float:
    """Return the geometric mean of a ratio over the seeds."""
    return geometric_mean(by_seed(number).values())


def told() -> dict[str, dict[str, float]]:
    """Return the numbers in the sentences of every chapter, by the chapter's slug."""
    three = ("none", "batch", "noisy")
    return {
        "performance": each(DEEP, MIDDLE) | each(DEEP, final_accuracy, "_test"),
        "distributions": {norm: of(DEEP, norm, travel("conv5"))(0) for norm in three},
        "noise": {
            **each(DEEP, MIDDLE, norms=three),
            "moved": times(CLAIMS["noisy-less-stable"]),
            "own": times(CLAIMS["noisy-own-spread"]),
        },
        "covariate-shift": {
            **each(DEEP, shift("ics_cosine", "conv5", last=1999), "_early"),
            **each(DEEP, shift("ics_cosine", "conv5", first=2000), "_late"),
            "far_early": times(CLAIMS["ics-distance-5-early"]),
            "far_late": times(CLAIMS["ics-distance-5-late"]),
        },
        "landscape": {
            **each(DEEP, width()),
            **each(DEEP, width(last=249), "_early"),
            **each(DEEP, log_width, "_log"),
        },
        "norms": {norm: mean(of(DEEP, norm, MIDDLE), (0, 1)) for norm in (*PAIR, *LP)},
        "few-images": each(FEW_IMAGES, width()) | each(FEW_IMAGES, accuracy(180, 199), "_last"),
    }


def conditions() -> dict[str, dict[str, float]]:
    """Return the lines of the table of the theorems, by network: γ/σ, and two shares."""
    return {
        network: {name: mean(CLAIMS[f"{name}-{network.lower()}"]) for name in CONDITIONS}
        for network in THEORY
    }


def units_that_meet(network: str) -> tuple[float, float]:
    """Return the shares of units with γ < σ and with ⟨ŷ, g⟩ ≥ 0 in a network, in per cent."""
    small, positive = (
        mean(of(THEORY[network], "batch", measure)) for measure in (small_gain, inner)
    )
    return small, positive


def main() -> None:
    """Print every number: claim, seed, value; chapter, number, value; and the theorems' table."""
    lines = [("claim", "seed", "value")]
    lines += [
        (name, f"{seed}", f"{value:.7g}")
        for name in CLAIMS
        for seed, value in claimed(name).items()
    ]
    lines += [("", "", ""), ("chapter", "number", "value")]
    lines += [
        (chapter, name, f"{value:.7g}")
        for chapter, numbers in told().items()
        for name, value in numbers.items()
    ]
    lines += [("", "", ""), ("network", "condition", "value")]
    lines += [
        (network, name, f"{value:.7g}")
        for network, numbers in conditions().items()
        for name, value in numbers.items()
    ]
    print("\n".join(f"{what:28}{which:24}{value:>12}".rstrip() for what, which, value in lines))


if __name__ == "__main__":
    main()
