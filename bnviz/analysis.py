"""Rows of measurements -> the numbers that a figure draws. Frames in, frames out: no picture, no file.

Every function takes the tidy rows of any number of runs (run, norm, lr, seed, step, metric, layer, unit, at,
value; no layer is the whole net, no unit is all of them pooled, `at` is a quantile level, a bin's left edge
or a step size eta) and returns a tidy frame of KEYS and the columns that are drawn, named after "->". Runs
may be empty, half done or diverged. Figures are those of Santurkar et al. (2018), arXiv 1805.11604v3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series, concat
from scipy.special import stdtrit

Direction = Literal["gradient", "random"]
End = Literal["accuracy", "loss", "test_accuracy", "loss_band", "beta", "lost"]

KEYS = ["run", "norm", "lr", "seed"]
LINE = [*KEYS, "layer"]
QUANTILES = {0.05: "q05", 0.15: "q15", 0.5: "q50", 0.85: "q85", 0.95: "q95"}
POINTS = 500  # steps of a curve that fills a figure: as many as a screen resolves
FACET_POINTS = 160  # steps of a curve in one of many small panels; the paper's 151 probes stay as they are
STATISTICS = {  # intervals around a mean over seeds
    "t": "95 % t-interval",
    "range": "minimum to maximum",
    "sd": "± one standard deviation",
}
HISTOGRAM = "activation_histogram"  # the metric that has by far the most rows
RIDGES = 15  # histograms in one panel of a ridge plot
KINDS = {  # what a bucket of steps keeps, by the end of a column's name
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
EVERY_STEP = ("train_accuracy", "train_loss", "test_loss")  # what `ends` reads
PROBED = ("test_accuracy", "loss_along", "gradient_distance", "gradient_norm")
LATE = 0.9  # of the training: where its last tenth begins
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


def diverged(rows: DataFrame, steps: Mapping[str, int]) -> dict[str, int]:
    """Run -> the first step whose loss is not finite; runs that stayed finite are not in it.

    That is the training loss, and after the last of the run's `steps`, where there is none, the test loss.
    """
    loss = _of(rows, "train_loss", "test_loss")
    training = loss["metric"] == "train_loss"
    lost = loss["value"].isna() & (training | (loss["step"] == loss["run"].map(steps)))
    first = loss[lost].groupby("run")["step"].min()
    return {str(run): int(step) for run, step in first.items()}


# Choosing rows


def text(rows: DataFrame) -> DataFrame:
    """The rows with text where they have categories, which group and join in ways of their own. For few rows: it takes memory."""
    return rows.astype({name: "str" for name in ("run", "norm", "metric", "layer") if name in rows})


def _of(rows: DataFrame, *metrics: str) -> DataFrame:
    """The rows of these metrics, by step. What is not finite becomes NaN, which is drawn as a gap."""
    chosen = text(rows[rows["metric"].isin(metrics)]).astype({"step": "int64", "at": float, "value": float})
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


def drawn(numbers: DataFrame, points: int = POINTS) -> DataFrame:
    """As many steps of curves over training as a screen resolves, with the extremes of all.

    Up to `points` steps, or FACET_POINTS a layer, stay as they are. Of more, a line keeps the lowest, the highest and, if there is
    one, a gap of each bucket of steps; a band the lowest of its low edges, the highest of its high ones and the mean between.
    """
    count = FACET_POINTS if "layer" in numbers else points
    if numbers["step"].nunique() <= count:
        return numbers
    by = _identity(numbers)
    kinds = {name: KINDS[name.rpartition("_")[2]] for name in map(str, numbers) if name not in (*by, "step")}
    return _thin(numbers, by, count) if set(kinds) == {"value"} else _bucketed(numbers, by, kinds, count)


def _identity(numbers: DataFrame) -> list[str]:
    """The columns that tell the curves of a frame apart, in its order."""
    return [
        str(name)
        for name in numbers
        if name in (*LINE, "label", "facet", "metric", "moment", "eta_min", "interval", "knob")
    ]


def _bucketed(bands: DataFrame, by: list[str], kinds: dict[str, str], count: int) -> DataFrame:
    """At most `count` steps a line: of each bucket the extreme or mean that `kinds` names."""
    buckets = bands.assign(step=_buckets(bands["step"], count)).groupby([*by, "step"], as_index=False)
    return buckets[list(kinds)].agg(kinds)[list(bands)]


def _thin(lines: DataFrame, by: list[str], count: int) -> DataFrame:
    """At most `count` steps a line: of each bucket the lowest, the highest and, if there is one, a gap."""
    buckets = lines.groupby([*by, _buckets(lines["step"], count // 2)])["value"]
    rank = buckets.rank(method="first", na_option="bottom")
    highest, last = buckets.transform("count"), buckets.transform("size")
    return lines[(rank == 1) | (rank == highest) | (rank == last)]


# Several seeds


def over_seeds(numbers: DataFrame, values: Sequence[str], statistic: str) -> DataFrame:
    """Mean over the seeds of each network, and a named interval around it, one of STATISTICS.

    -> the columns that tell curves apart, interval (its name), step, n, and for each name in `values` name, name_from, name_to:
    NaN for a single seed. A step that one seed lacks is a mean of the others, with their n; one that overflowed is a gap.
    """
    by = [name for name in _identity(numbers) if name not in ("run", "seed")]
    groups = numbers.groupby([*by, "step"], dropna=False)
    means = groups[list(values)].mean(skipna=False)
    n = groups["seed"].size()
    below, above = _ends(groups[list(values)], n, statistic)
    columns = {"n": n} | {
        f"{v}{end}": f[v] for v in values for end, f in (("", means), ("_from", below), ("_to", above))
    }
    table = DataFrame(columns).reset_index()
    for name in ("_from", "_to"):
        several = [f"{v}{name}" for v in values]
        table[several] = table[several].where(table["n"] > 1)
    told = table[[name for name in by if name in ("norm", "lr", "label")]].astype(str)
    run = told["norm"].str.cat(told.drop(columns="norm"), sep=" ")
    named = table.assign(run=run, seed=-1, interval=STATISTICS[statistic])
    return named[[*KEYS, *(name for name in by if name not in KEYS), "interval", "step", *columns]]


def _ends(groups: Any, n: Series[int], statistic: str) -> tuple[DataFrame, DataFrame]:
    """Where the interval begins and ends."""
    if statistic == "range":
        return groups.min(), groups.max()
    mean, sd = groups.mean(skipna=False), groups.std()
    half = sd if statistic == "sd" else sd.mul(t_factor(n), axis=0)
    return mean - half, mean + half


def t_factor(n: ArrayLike) -> NDArray[np.float64]:
    """Half the width of the 95 % t-interval of a mean of n values, in units of their standard deviation; NaN for n = 1."""
    count = np.asarray(n, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor: NDArray[np.float64] = np.where(
            count > 1, stdtrit(np.maximum(count - 1, 1), 0.975) / np.sqrt(count), np.nan
        )
    return factor


def difference(numbers: DataFrame, values: Sequence[str], baseline: DataFrame) -> DataFrame:
    """Each run minus the baseline's run of the same seed at the same step, paired: what both share by chance cancels.

    Runs of a seed that the baseline lacks are left out. Columns as in `numbers`, less those that are neither identity nor value.
    """
    by = [name for name in _identity(numbers) if name not in (*KEYS, "label", "facet", "eta_min")]
    keys = ["seed", *by, "step"]
    theirs = baseline[[*keys, *values]].drop_duplicates(keys)
    pairs = numbers.merge(theirs, on=keys, suffixes=("", "_baseline"))
    less = {name: pairs[name] - pairs[f"{name}_baseline"] for name in values}
    return pairs.assign(**less)[[*_identity(numbers), "step", *values]]


# Any number over training


def curve(rows: DataFrame, metric: str, layer: str = "") -> DataFrame:
    """One metric as it was measured, of one layer or else of the whole net. -> step, value."""
    chosen = rows[rows["metric"] == metric]
    of = _of(chosen[chosen["layer"] == layer], metric) if layer else _of_net(chosen, metric)
    return of[[*KEYS, "step", "value"]]


def running_mean(curves: DataFrame, window: int) -> Series[float]:
    """The mean of `value` over the last `window` records of each run; a gap stays one."""
    mean = curves.groupby("run")["value"].transform(lambda line: line.rolling(window, min_periods=1).mean())
    return mean.where(curves["value"].notna())


def final(numbers: DataFrame, steps: Mapping[str, int]) -> DataFrame:
    """Each run's mean over the last tenth of its `steps`; NaN where one of them overflowed, no row where it is not yet there.

    Columns as in `numbers`. The step is 0 in all, so that runs of different length can be paired.
    """
    late = numbers[_late(numbers, steps)]
    by = _identity(numbers)
    means = late.groupby(by, dropna=False)["value"].mean(skipna=False).reset_index()
    return means.assign(step=0)[[*by, "step", "value"]]


# Training and test (Figs. 1, 2, 5)


def smooth(rows: DataFrame, metric: str, window: int) -> DataFrame:
    """Accuracy or loss of the training batch: its mean over the last `window` records, and the raw values.

    -> step, mean, low, high (Figs. 1a, 2, 5), where low and high are the raw value, and its extremes once `drawn`.
    """
    raw = _of_net(rows, metric)
    whole = raw.assign(mean=running_mean(raw, window), low=raw["value"], high=raw["value"])
    return whole[[*KEYS, "step", "mean", "low", "high"]]


def test_curve(rows: DataFrame) -> DataFrame:
    """Accuracy on the test set, 0 to 1 (Fig. 1b; 2015, Fig. 1a). -> step, value."""
    return _of_net(rows, "test_accuracy")[[*KEYS, "step", "value"]]


def test_error(rows: DataFrame) -> DataFrame:
    """The share of the test set that is wrong. -> step, value."""
    accuracy = test_curve(rows)
    return accuracy.assign(value=1 - accuracy["value"])


# Distributions of activations (Figs. 1c, 2, 6, 8, 9; 2015, Fig. 1b-c)


def quantile_bands(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Quantiles of the activations (2015, Fig. 1b-c). -> layer, step, q05, q15, q50, q85, q95."""
    quantiles = _of_units(rows, layers, pooled, "activation_quantile")
    quantiles = quantiles.assign(name=quantiles["at"].round(4).map(QUANTILES)).dropna(subset=["name"])
    bands = quantiles.groupby([*LINE, "step", "name"])["value"].min().unstack("name")
    return bands.reindex(columns=list(QUANTILES.values())).reset_index()


def _densities(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Every complete histogram, as density. -> layer, step, left, right, density."""
    counts = _complete(_of_units(rows, layers, pooled, HISTOGRAM), "run", "layer")
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
    densities = _densities(rows, layers, pooled)
    return densities[densities["step"].isin(spread(_with_histogram(rows), RIDGES))]


def histogram_at(rows: DataFrame, step: int, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Each run's newest histograms up to `step`. -> layer, step, left, right, density."""
    return newest(_densities(rows, layers, pooled), step)


def histogram_steps(rows: DataFrame, step: int) -> set[int]:
    """The steps that `histograms` and `histogram_at` draw, from rows without the histograms themselves."""
    measured = _with_histogram(rows)
    return {int(step) for step in (*spread(measured, RIDGES), *newest(measured, step)["step"])}


def _with_histogram(rows: DataFrame) -> DataFrame:
    """A row for every histogram: that of its upper end, which is a quantile."""
    return _of(rows[rows["at"] == 1], "activation_quantile")


def _moments(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Moments of the sampled unit at t and t + 1. -> layer, moment (mean or variance), step, now, after."""
    moments = _of_units(rows, layers, False, "activation_mean", "activation_variance")
    moments = moments.assign(moment=moments["metric"].astype(str).str.removeprefix("activation_"))
    now = moments[[*LINE, "moment", "step", "value"]].rename(columns={"value": "now"})
    after = now.assign(step=now["step"] - 1).rename(columns={"now": "after"})
    return now.merge(after, on=[*LINE, "moment", "step"])


def unit_moment(rows: DataFrame, layer: str, moment: str) -> DataFrame:
    """Mean or variance of the sampled unit of a layer. -> step, value."""
    moments = _moments(rows, [layer])
    chosen = moments[moments["moment"] == moment].rename(columns={"now": "value"})
    return chosen[[*KEYS, "step", "value"]].reset_index(drop=True)


def moment_changes(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """|mean_t+1 - mean_t| and |variance_t+1 - variance_t| (Fig. 8a). -> layer, moment, step, value."""
    moments = _moments(rows, layers)
    change = (moments["after"] - moments["now"]).abs()
    return moments.assign(value=change)[[*LINE, "moment", "step", "value"]]


def moment_drift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """mean_t - mean_0 and variance_t - variance_0 (Fig. 8b). -> layer, moment, step, value."""
    moments = _moments(rows, layers)
    start = moments.groupby([*LINE, "moment"])["now"].transform("first")
    return moments.assign(value=moments["now"] - start)[[*LINE, "moment", "step", "value"]]


# Internal covariate shift, Definition 2.1 (Fig. 3)


def covariate_shift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """||G - G'|| and cos(G, G') (Fig. 3). -> layer, metric (ics_l2 or ics_cosine), step, value."""
    shift = _of(rows[rows["layer"].isin(layers)], "ics_l2", "ics_cosine")
    return shift[[*LINE, "metric", "step", "value"]]


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
    step sizes are measured; one that overflows is a gap.
    """
    points = _landscape(rows, direction).groupby([*KEYS, "step"], as_index=False)
    low, high = points.min(skipna=False), points.max(skipna=False)
    bands = low.merge(high, on=[*KEYS, "step"], suffixes=("_low", "_high"))
    bands = bands.rename(columns={"eta_low": "eta_min", "beta_high": "beta"})
    return bands[[*KEYS, "step", "eta_min", "loss_low", "loss_high", "distance_low", "distance_high", "beta"]]


def band_width(bands: DataFrame) -> DataFrame:
    """How wide the bands of `landscape_bands` are. -> step, loss, distance."""
    loss, distance = (bands[f"{name}_high"] - bands[f"{name}_low"] for name in ("loss", "distance"))
    return bands[[*KEYS, "step"]].assign(loss=loss, distance=distance)


def gradient_norms(rows: DataFrame) -> DataFrame:
    """||g|| of the whole net. -> step, value."""
    return _of_net(rows, "gradient_norm")[[*KEYS, "step", "value"]]


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
    return _of_net(rows, "hessian_top", "batch_sharpness")[[*KEYS, "metric", "step", "value"]]


# How runs end


def ends(rows: DataFrame, end: End, steps: Mapping[str, int]) -> DataFrame:
    """One number of each run that has reached the last tenth of its `steps` or diverged. -> step, value, diverged

    accuracy and loss are means over that tenth, test_accuracy is its newest; loss_band is the mean and beta the median over the
    whole training; lost is the share of the steps from divergence on. `step` is how many steps were asked for. A run that
    diverged (1, else 0) has no value but the last.
    """
    lost = diverged(rows, steps)
    reached = text(rows.groupby(KEYS, observed=True)["step"].max().reset_index())
    length, gone = reached["run"].map(steps).astype(float), reached["run"].isin(lost)
    value = reached["run"].map(_end(rows, end, steps))
    if end != "lost":
        value = value.mask(gone)
    over = reached.assign(step=length, value=value.astype(float), diverged=gone.astype(float))
    measured = _late(reached, steps) & value.notna()
    ended: DataFrame = over[gone | measured].reset_index(drop=True)
    return ended


def telling(rows: DataFrame, steps: Mapping[str, int]) -> DataFrame:
    """The rows that `ends` reads, a small part of all."""
    net = rows[rows["layer"].isna() & rows["metric"].isin([*EVERY_STEP, *PROBED])]
    told: DataFrame = net[net["metric"].isin(PROBED) | _late(net, steps) | ~np.isfinite(net["value"])]
    return told


def _late(rows: DataFrame, steps: Mapping[str, int]) -> Series[bool]:
    """Which rows are of the last tenth of a training, or of its last step."""
    count = rows["run"].map(steps).astype(float)
    late: Series[bool] = rows["step"] >= np.minimum(LATE * count, count - 1)
    return late


def _end(rows: DataFrame, end: End, steps: Mapping[str, int]) -> dict[str, float]:
    """The same, run -> number."""
    if end == "lost":
        lost = diverged(rows, steps)
        return {run: 1 - lost.get(run, count) / count for run, count in steps.items()}
    late = rows[_late(rows, steps)]
    numbers = {
        "accuracy": lambda: _of_net(late, "train_accuracy").groupby("run")["value"].mean(),
        "loss": lambda: _of_net(late, "train_loss").groupby("run")["value"].mean(),
        "test_accuracy": lambda: _of_net(late, "test_accuracy").groupby("run")["value"].last(),
        "loss_band": lambda: band_width(landscape_bands(rows)).groupby("run")["loss"].mean(),
        "beta": lambda: landscape_bands(rows).groupby("run")["beta"].median(),
    }[end]()
    return dict(numbers)
