"""The loss landscape along the gradient (Figs. 4, 10-13), and its curvature."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pandas import DataFrame, concat

from bnviz.analysis.rows import KEYS, complete, of_net
from bnviz.recent import once_each

Direction = Literal["gradient", "random"]
CURVATURES = ("hessian_top", "batch_sharpness", "gradient_curvature")
ONE_STEP = 1e-6  # relative: how near to the learning rate a step size is one training step


@once_each
def landscape_bands(rows: DataFrame, direction: Direction = "gradient") -> DataFrame:
    """Return the range of the loss and of the gradient's change, and effective β (Fig. 4).

    Figs. 10, 12 and 13 show the same. Ranges are over the step sizes η of one probe. The distance
    is ‖∇L(θ − ηg) − g‖₂, and β the largest distance / (η ‖g‖₂). A step appears once all its step
    sizes are measured. Where one of them overflows, the value is NaN.

    Columns: step, eta_min, loss_low, loss_high, distance_low, distance_high, beta.
    """
    points = _probes(rows, direction).groupby([*KEYS, "step"], as_index=False)
    low, high = points.min(skipna=False), points.max(skipna=False)
    bands = low.merge(high, on=[*KEYS, "step"], suffixes=("_low", "_high"))
    bands = bands.rename(columns={"eta_low": "eta_min", "beta_high": "beta"})
    return bands[
        [*KEYS, "step", "eta_min", "loss_low", "loss_high", "distance_low", "distance_high", "beta"]
    ]


def band_width(bands: DataFrame) -> DataFrame:
    """Return how wide the bands of `landscape_bands` are.

    loss and distance are highest minus lowest, loss_log is ln(highest loss / lowest loss): the
    width on a logarithmic axis. It is NaN where a loss is not positive.

    Columns: step, loss, distance, loss_log.
    """
    loss, distance = (bands[f"{name}_high"] - bands[f"{name}_low"] for name in ("loss", "distance"))
    positive = bands["loss_low"].where(bands["loss_low"] > 0)
    return bands[[*KEYS, "step"]].assign(
        loss=loss, distance=distance, loss_log=np.log(bands["loss_high"] / positive)
    )


def widths(bands: DataFrame) -> DataFrame:
    """Return the width of the loss band over training, with its means over all probes.

    The means are NaN if a loss overflowed.

    Columns: step, value (highest minus lowest loss), mean (of value), log_mean (of ln(highest /
    lowest)).
    """
    each = band_width(bands)
    means = each.groupby("run")[["loss", "loss_log"]].mean(skipna=False)
    means = means.set_axis(["mean", "log_mean"], axis=1).reset_index()
    named = each.rename(columns={"loss": "value"}).merge(means, on="run")
    return named[[*KEYS, "step", "value", "mean", "log_mean"]]


def gradient_cosines(rows: DataFrame, direction: Direction = "gradient") -> DataFrame:
    """Return the range over the step sizes of cos(∇L(θ − ηg), g), and its value at η = lr.

    A run that did not record the cosine is left out.

    Columns: step, cosine_low, cosine_high, cosine (after one training step; NaN if the learning
    rate is not among the step sizes).
    """
    probes = _probes(rows, direction)
    probes = probes[probes.groupby("run")["cosine"].transform("count") > 0]
    by = [*KEYS, "step"]
    cosines = probes.groupby(by)["cosine"]
    spread = cosines.min(skipna=False).to_frame("cosine_low")
    spread = spread.assign(cosine_high=cosines.max(skipna=False)).reset_index()
    return spread.merge(_after_one_step(probes)[[*by, "cosine"]], on=by, how="left")


def scale_free(rows: DataFrame, direction: Direction = "gradient") -> DataFrame:
    """Return how the gradient changes in numbers that do not depend on the scale of the weights.

    A network with BatchNorm computes the same function with its weights c times as long. Its
    gradient is then 1/c and its β 1/c² times as large (2015, Sec. 3.3; Dinh et al. 2017). Two
    numbers stay: "relative" is ‖∇L(θ − ηg) − g‖₂ / ‖g‖₂ after one training step, η = lr, and
    "normalised" is β ‖W‖₂², with the norm of all weights. Only runs that recorded it have the
    latter.

    Columns: metric ("relative" or "normalised"), step, value.
    """
    probes = _probes(rows, direction)
    step = _after_one_step(probes)
    relative = step.assign(value=step["beta"] * step["eta"], metric="relative")
    weights = of_net(rows, "weight_norm")[["run", "step", "value"]]
    beta = probes.groupby([*KEYS, "step"])["beta"].max().reset_index()
    both = beta.merge(weights, on=["run", "step"])
    normalised = both.assign(value=both["beta"] * both["value"] ** 2, metric="normalised")
    return concat([relative, normalised])[[*KEYS, "metric", "step", "value"]]


def _after_one_step(probes: DataFrame) -> DataFrame:
    """Return the rows of `_probes` whose step size is the learning rate."""
    return probes[
        np.isclose(probes["eta"].astype(float), probes["lr"].astype(float), rtol=ONE_STEP, atol=0)
    ]


def beta_by_smallest(rows: DataFrame) -> DataFrame:
    """Return effective β as a function of the smallest step size in the grid.

    β is a maximum over step sizes. For each measured step size the larger ones alone are taken with
    it, and the result is the median over the probes.

    Columns: eta (the smallest step size), multiple (of the learning rate), beta.
    """
    probes = _probes(rows, "gradient").sort_values("eta", ascending=False)
    running = probes.groupby(["run", "step"])["beta"].cummax()
    medians = (
        probes.assign(beta=running, multiple=(probes["eta"] / probes["lr"]).astype(float).round(9))
        .groupby([*KEYS, "multiple"])[["eta", "beta"]]
        .median()
    )
    return medians.reset_index()[[*KEYS, "eta", "multiple", "beta"]]


def gradient_norms(rows: DataFrame) -> DataFrame:
    """Return ‖g‖₂ of the whole network over training. Columns: step, value."""
    return of_net(rows, "gradient_norm")[[*KEYS, "step", "value"]]


def step_sizes(rows: DataFrame) -> DataFrame:
    """Return the distance for each step size η at every probe (Fig. 11).

    Columns: step, eta, distance.
    """
    return _probes(rows, "gradient")[[*KEYS, "step", "eta", "distance"]]


def loss_slice(rows: DataFrame) -> DataFrame:
    """Return L(θ − ηg) against η at every complete probe, including η = 0.

    Columns: step, eta, loss.
    """
    along = _probes(rows, "gradient")[[*KEYS, "step", "eta", "loss"]]
    here = of_net(rows, "train_loss").assign(eta=0.0).rename(columns={"value": "loss"})
    here = here.merge(along[["run", "step"]].drop_duplicates(), on=["run", "step"])
    return concat([here[along.columns], along]).sort_values(
        ["run", "step", "eta"], ignore_index=True
    )


def curvature(rows: DataFrame) -> DataFrame:
    """Return the Hessian's largest eigenvalue, the curvature along the gradient, and ‖Hg‖ / ‖g‖.

    Columns: metric (a name in CURVATURES), step, value. Older runs lack "gradient_curvature".
    """
    return of_net(rows, *CURVATURES)[[*KEYS, "metric", "step", "value"]]


@once_each
def _probes(rows: DataFrame, direction: Direction) -> DataFrame:
    """Return every complete landscape probe, one row per step size.

    Columns: step, eta, loss, distance, cosine (NaN if it was not recorded), beta (distance /
    (η ‖g‖₂), NaN if not finite).
    """
    suffix = "" if direction == "gradient" else "_random"
    names = {
        f"loss_along{suffix}": "loss",
        f"gradient_distance{suffix}": "distance",
        f"gradient_cosine{suffix}": "cosine",
    }
    probes = complete(of_net(rows, *names), "run").rename(columns={"at": "eta"})
    points = (
        probes.groupby([*KEYS, "step", "eta", "metric"])["value"]
        .min(skipna=False)
        .unstack("metric")
    )
    points = points.reindex(columns=list(names)).rename(columns=names).reset_index()
    norms = of_net(rows, "gradient_norm")[["run", "step", "value"]]
    points = points.merge(norms, on=["run", "step"])
    beta = points["distance"] / (points["eta"] * points.pop("value"))
    return points.assign(beta=beta.where(np.isfinite(beta)))
