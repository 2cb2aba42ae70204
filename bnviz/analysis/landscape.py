"""The loss landscape along the gradient (Figs. 4, 10-13), and its curvature."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pandas import DataFrame, concat

from bnviz.analysis.rows import KEYS, at_spread_steps, complete, newest, of_net

Direction = Literal["gradient", "random"]
CURVATURES = ("hessian_top", "batch_sharpness", "gradient_curvature")
CURVES = 50  # probe steps in the picture of distance against step size, as in Fig. 11


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
    """Return highest minus lowest of the bands of `landscape_bands`.

    Columns: step, loss, distance.
    """
    loss, distance = (bands[f"{name}_high"] - bands[f"{name}_low"] for name in ("loss", "distance"))
    return bands[[*KEYS, "step"]].assign(loss=loss, distance=distance)


def gradient_norms(rows: DataFrame) -> DataFrame:
    """Return ‖g‖₂ of the whole network over training. Columns: step, value."""
    return of_net(rows, "gradient_norm")[[*KEYS, "step", "value"]]


def step_sizes(rows: DataFrame) -> DataFrame:
    """Return the distance for each step size η, at up to CURVES steps of training (Fig. 11).

    Columns: step, eta, distance.
    """
    return at_spread_steps(_probes(rows, "gradient"), CURVES)[[*KEYS, "step", "eta", "distance"]]


def loss_slice(rows: DataFrame, step: int) -> DataFrame:
    """Return L(θ − ηg) against η at one step, including η = 0.

    Each run contributes its newest complete probe that is no later than `step`. Columns: step, eta,
    loss.
    """
    along = newest(_probes(rows, "gradient"), step)[[*KEYS, "step", "eta", "loss"]]
    here = of_net(rows, "train_loss").assign(eta=0.0).rename(columns={"value": "loss"})
    here = here.merge(along[["run", "step"]].drop_duplicates(), on=["run", "step"])
    return concat([here[along.columns], along]).sort_values(["run", "eta"], ignore_index=True)


def curvature(rows: DataFrame) -> DataFrame:
    """Return the Hessian's largest eigenvalue, the curvature along the gradient, and ‖Hg‖ / ‖g‖.

    Columns: metric (a name in CURVATURES), step, value. Older runs lack "gradient_curvature".
    """
    return of_net(rows, *CURVATURES)[[*KEYS, "metric", "step", "value"]]


def _probes(rows: DataFrame, direction: Direction) -> DataFrame:
    """Return every complete landscape probe, one row per step size.

    Columns: step, eta, loss, distance, beta (distance / (η ‖g‖₂), NaN if not finite).
    """
    suffix = "" if direction == "gradient" else "_random"
    names = {f"loss_along{suffix}": "loss", f"gradient_distance{suffix}": "distance"}
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
