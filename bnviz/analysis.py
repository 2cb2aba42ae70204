"""Rows of measurements -> the numbers that a figure draws. Frames in, frames out: no picture, no file.

Every function takes the tidy rows of any number of runs (run, norm, lr, seed, step, metric, layer, unit, at,
value; no layer is the whole net, no unit is all of them pooled, `at` is a quantile level, a bin's left edge
or a step size eta) and returns a tidy frame of KEYS and the columns that are drawn, named after "->". Runs
may be empty, half done or diverged. Figures are those of Santurkar et al. (2018), arXiv 1805.11604v3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, concat

Direction = Literal["gradient", "random"]

KEYS = ["run", "norm", "lr", "seed"]
LINE = [*KEYS, "layer"]
QUANTILES = {0.05: "q05", 0.15: "q15", 0.5: "q50", 0.85: "q85", 0.95: "q95"}
POINTS = 500  # steps of a curve that fills a figure: as many as a screen resolves
FACET_POINTS = 160  # steps of a curve in one of many small panels; the paper's 151 probes stay as they are
RIDGES = 15  # histograms in one panel of a ridge plot
CURVES = 50  # probe steps in the picture of distance against step size, as in Fig. 11


# Layers, steps, runs


def layer_number(name: str) -> int:
    """The number in a layer's name, counted over the whole net: conv3 -> 3."""
    digits = re.search(r"\d+$", name)
    return int(digits[0]) if digits else 0


def layers(rows: DataFrame) -> list[str]:
    """Every layer that occurs in `rows`, in the order of the net."""
    return sorted(rows["layer"].dropna().unique(), key=layer_number)


def default_layers(hidden: Sequence[str]) -> list[str]:
    """Up to three of the hidden layers, given in order: a third into the net, its middle, the last."""
    last = len(hidden) - 1
    return list(dict.fromkeys(hidden[i] for i in (last // 3, last // 2, last) if hidden))


def measured_steps(rows: DataFrame, metric: str) -> list[int]:
    """The steps at which `metric` was measured in any run, ascending."""
    return sorted(int(step) for step in rows.loc[rows["metric"] == metric, "step"].unique())


def diverged(rows: DataFrame) -> dict[str, int]:
    """Run -> the first step whose training loss is not finite; runs that stayed finite are not in it."""
    loss = _of(rows, "train_loss")
    first = loss[loss["value"].isna()].groupby("run")["step"].min()
    return {str(run): int(step) for run, step in first.items()}


# Choosing rows


def _of(rows: DataFrame, *metrics: str) -> DataFrame:
    """The rows of these metrics, by step. What is not finite becomes NaN, which is drawn as a gap."""
    chosen = rows[rows["metric"].isin(metrics)].astype({"step": "int64", "at": float, "value": float})
    value = chosen["value"].where(np.isfinite(chosen["value"]))
    return chosen.assign(value=value).sort_values("step", kind="stable", ignore_index=True)


def _of_net(rows: DataFrame, *metrics: str) -> DataFrame:
    """Like `_of`, measured over the whole net."""
    return _of(rows[rows["layer"].isna()], *metrics)


def _of_units(rows: DataFrame, layers: Sequence[str], pooled: bool, *metrics: str) -> DataFrame:
    """Like `_of`, of the one sampled unit of each of these layers, or of all its units pooled."""
    return _of(rows[rows["layer"].isin(layers) & (rows["unit"].isna() == pooled)], *metrics)


def _complete(rows: DataFrame, *probe: str) -> DataFrame:
    """Without half-written probes: a step stays if it has as many rows as the fullest step of its probe."""
    size = rows.groupby([*probe, "step"])["step"].transform("size")
    return rows[size == size.groupby([rows[name] for name in probe]).transform("max")]


def newest(rows: DataFrame, step: int) -> DataFrame:
    """Of each run, the rows of its newest step that is not after `step`."""
    past = rows[rows["step"] <= step]
    return past[past["step"] == past.groupby("run")["step"].transform("max")]


def spread(rows: DataFrame, count: int) -> NDArray[np.int64]:
    """At most `count` steps, spread evenly over the measured ones with the first and the last."""
    steps = np.sort(rows["step"].unique())
    chosen: NDArray[np.int64] = steps[np.linspace(0, len(steps) - 1, min(count, len(steps))).round().astype(int)]
    return chosen


def _spread(rows: DataFrame, count: int) -> DataFrame:
    """The rows of these steps."""
    return rows[rows["step"].isin(spread(rows, count))]


# Fewer points, no extreme lost


def _buckets(steps: Series[int], count: int) -> Series[int]:
    """The step at which each step's bucket begins, common to all runs; up to `count` stay as they are."""
    if steps.nunique() <= count:
        return steps
    width = -(-(int(steps.max()) + 1) // count)
    return steps // width * width


def _bucketed(bands: DataFrame, by: list[str], kinds: dict[str, str], count: int) -> DataFrame:
    """At most `count` steps a line: of each bucket the extreme or mean that `kinds` names."""
    buckets = bands.assign(step=_buckets(bands["step"], count)).groupby([*by, "step"], as_index=False)
    return buckets[list(kinds)].agg(kinds)


def _thin(lines: DataFrame, by: list[str], count: int) -> DataFrame:
    """At most `count` steps a line: of each bucket the lowest, the highest and, if there is one, a gap."""
    if lines["step"].nunique() > count:
        buckets = lines.groupby([*by, _buckets(lines["step"], count // 2)])["value"]
        rank = buckets.rank(method="first", na_option="bottom")
        highest, last = buckets.transform("count"), buckets.transform("size")
        lines = lines[(rank == 1) | (rank == highest) | (rank == last)]
    return lines[[*by, "step", "value"]]


# Training and test (Figs. 1, 2, 5)


def smooth(rows: DataFrame, metric: str, window: int) -> DataFrame:
    """Accuracy or loss of the training batch: its mean over the last `window` records, and the raw values.

    -> step, mean, low, high (Figs. 1a, 2, 5), where low and high are the raw extremes in a bucket of steps.
    """
    raw = _of_net(rows, metric)
    mean = raw.groupby("run")["value"].transform(lambda line: line.rolling(window, min_periods=1).mean())
    drawn = raw.assign(mean=mean.where(raw["value"].notna()), low=raw["value"], high=raw["value"])
    return _bucketed(drawn, KEYS, {"mean": "mean", "low": "min", "high": "max"}, POINTS)


def test_curve(rows: DataFrame) -> DataFrame:
    """Accuracy on the test set, 0 to 1 (Fig. 1b; 2015, Fig. 1a). -> step, value."""
    return _thin(_of_net(rows, "test_accuracy"), KEYS, POINTS)


# Distributions of activations (Figs. 1c, 2, 6, 8, 9; 2015, Fig. 1b-c)


def quantile_bands(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Quantiles of the activations (2015, Fig. 1b-c). -> layer, step, q05, q15, q50, q85, q95."""
    quantiles = _of_units(rows, layers, pooled, "activation_quantile")
    quantiles = quantiles.assign(name=quantiles["at"].round(4).map(QUANTILES)).dropna(subset=["name"])
    bands = quantiles.groupby([*LINE, "step", "name"])["value"].min().unstack("name")
    kinds = {"q05": "min", "q15": "min", "q50": "mean", "q85": "max", "q95": "max"}
    return _bucketed(bands.reindex(columns=list(kinds)).reset_index(), LINE, kinds, FACET_POINTS)


def _densities(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Every complete histogram, as density. -> layer, step, left, right, density."""
    counts = _complete(_of_units(rows, layers, pooled, "activation_histogram"), "run", "layer")
    quantiles = _of_units(rows, layers, pooled, "activation_quantile")
    highest = quantiles.loc[quantiles["at"] == 1, [*LINE, "step", "value"]]
    bins = counts.merge(highest, on=[*LINE, "step"], suffixes=("", "_highest"))
    bins = bins.rename(columns={"at": "left"}).sort_values([*LINE, "step", "left"], kind="stable")
    histogram = bins.groupby([*LINE, "step"])
    bins["right"] = histogram["left"].shift(-1).fillna(bins["value_highest"])
    width = bins["right"] - bins["left"]
    # A constant activation, such as that of a dead unit, has bins of no width and no density.
    bins["density"] = bins["value"] / histogram["value"].transform("sum") / width.where(width > 0)
    return bins[[*LINE, "step", "left", "right", "density"]]


def histograms(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Activations at up to RIDGES steps (Figs. 1c, 2, 6, 9). -> layer, step, left, right, density."""
    return _spread(_densities(rows, layers, pooled), RIDGES)


def histogram_at(rows: DataFrame, step: int, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Each run's newest histograms up to `step`. -> layer, step, left, right, density."""
    return newest(_densities(rows, layers, pooled), step)


def _moments(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Moments of the sampled unit at t and t + 1. -> layer, moment (mean or variance), step, now, after."""
    moments = _of_units(rows, layers, False, "activation_mean", "activation_variance")
    moments = moments.assign(moment=moments["metric"].astype(str).str.removeprefix("activation_"))
    now = moments[[*LINE, "moment", "step", "value"]].rename(columns={"value": "now"})
    after = now.assign(step=now["step"] - 1).rename(columns={"now": "after"})
    return now.merge(after, on=[*LINE, "moment", "step"])


def moment_changes(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """|mean_t+1 - mean_t| and |variance_t+1 - variance_t| (Fig. 8a). -> layer, moment, step, value."""
    moments = _moments(rows, layers)
    change = (moments["after"] - moments["now"]).abs()
    return _thin(moments.assign(value=change), [*LINE, "moment"], FACET_POINTS)


def moment_drift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """mean_t - mean_0 and variance_t - variance_0 (Fig. 8b). -> layer, moment, step, value."""
    moments = _moments(rows, layers)
    start = moments.groupby([*LINE, "moment"])["now"].transform("first")
    return _thin(moments.assign(value=moments["now"] - start), [*LINE, "moment"], FACET_POINTS)


# Internal covariate shift, Definition 2.1 (Fig. 3)


def covariate_shift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """||G - G'|| and cos(G, G') (Fig. 3). -> layer, metric (ics_l2 or ics_cosine), step, value."""
    shift = _of(rows[rows["layer"].isin(layers)], "ics_l2", "ics_cosine")
    return _thin(shift, [*LINE, "metric"], FACET_POINTS)


def covariate_shift_at(rows: DataFrame, step: int) -> DataFrame:
    """Like `covariate_shift`, in every layer at each run's newest complete probe up to `step`."""
    shift = newest(_complete(_of(rows, "ics_l2", "ics_cosine"), "run"), step)
    order = shift["layer"].map(layer_number).astype(int)
    return shift.assign(order=order).sort_values("order")[[*LINE, "metric", "step", "value"]]


# The landscape along the gradient (Figs. 4, 10-13)


def _landscape(rows: DataFrame, direction: Direction) -> DataFrame:
    """Every complete landscape probe, a row a step size. -> step, eta, loss, distance, beta."""
    suffix = "" if direction == "gradient" else "_random"
    names = {f"loss_along{suffix}": "loss", f"gradient_distance{suffix}": "distance"}
    probes = _complete(_of_net(rows, *names), "run").rename(columns={"at": "eta"})
    points = probes.groupby([*KEYS, "step", "eta", "metric"])["value"].min(skipna=False).unstack("metric")
    points = points.reindex(columns=list(names)).rename(columns=names).reset_index()
    norms = _of_net(rows, "gradient_norm")[["run", "step", "value"]]
    points = points.merge(norms, on=["run", "step"])
    beta = points["distance"] / (points["eta"] * points.pop("value"))
    return points.assign(beta=beta.where(np.isfinite(beta)))


def landscape_bands(rows: DataFrame, direction: Direction = "gradient") -> DataFrame:
    """How far loss and gradient vary over the step sizes, and effective beta (Figs. 4, 10, 12, 13).

    -> step, eta_min, loss_low, loss_high, distance_low, distance_high, beta; the distance is
    ||grad L(theta - eta g) - g|| and beta the maximum of distance / (eta ||g||). A step is left out until all
    step sizes are measured; one that overflows is a gap. Beyond POINTS steps a row is a bucket of steps.
    """
    points = _landscape(rows, direction).groupby([*KEYS, "step"], as_index=False)
    low, high = points.min(skipna=False), points.max(skipna=False)
    bands = low.merge(high, on=[*KEYS, "step"], suffixes=("_low", "_high"))
    bands = bands.rename(columns={"eta_low": "eta_min", "beta_high": "beta"})
    ends = {"low": "min", "high": "max"}
    kinds = {f"{name}_{end}": kind for name in ("loss", "distance") for end, kind in ends.items()}
    return _bucketed(bands, KEYS, {"eta_min": "min", **kinds, "beta": "max"}, POINTS)


def band_width(bands: DataFrame) -> DataFrame:
    """How wide the bands of `landscape_bands` are. -> step, loss, distance."""
    loss, distance = (bands[f"{name}_high"] - bands[f"{name}_low"] for name in ("loss", "distance"))
    return bands[[*KEYS, "step"]].assign(loss=loss, distance=distance)


def gradient_norms(rows: DataFrame) -> DataFrame:
    """||g|| of the whole net. -> step, value."""
    return _thin(_of_net(rows, "gradient_norm"), KEYS, POINTS)


def step_sizes(rows: DataFrame) -> DataFrame:
    """The distance against the step size, at up to CURVES steps (Fig. 11). -> step, eta, distance."""
    return _spread(_landscape(rows, "gradient"), CURVES)[[*KEYS, "step", "eta", "distance"]]


def loss_slice(rows: DataFrame, step: int) -> DataFrame:
    """L(theta - eta g), eta = 0 included, at each run's newest complete probe. -> step, eta, loss."""
    along = newest(_landscape(rows, "gradient"), step)[[*KEYS, "step", "eta", "loss"]]
    here = _of_net(rows, "train_loss").assign(eta=0.0).rename(columns={"value": "loss"})
    here = here.merge(along[["run", "step"]].drop_duplicates(), on=["run", "step"])
    return concat([here[along.columns], along]).sort_values(["run", "eta"], ignore_index=True)


# Curvature


def curvature(rows: DataFrame) -> DataFrame:
    """Largest eigenvalue of the Hessian and curvature along the gradient. -> metric (hessian_top or batch_sharpness), step, value."""
    return _thin(_of_net(rows, "hessian_top", "batch_sharpness"), [*KEYS, "metric"], POINTS)
