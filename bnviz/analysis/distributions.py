"""Distributions of activations: quantiles, histograms and moments.

Figs. 1c, 2, 6, 8 and 9 of the 2018 paper; Fig. 1b-c of the 2015 paper.
"""

from __future__ import annotations

from collections.abc import Sequence

from pandas import DataFrame

from bnviz.analysis.rows import KEYS, LINE, complete, newest, of_metrics, of_units, spread
from bnviz.recent import once_each

HISTOGRAM = "activation_histogram"  # the metric that has by far the most rows
QUANTILES = {0.05: "q05", 0.15: "q15", 0.5: "q50", 0.85: "q85", 0.95: "q95"}
RIDGES = 15  # histograms in one panel of a ridge plot


def quantile_bands(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Return quantiles of the activations of these layers over training (2015, Fig. 1b-c).

    They are those of one sampled unit of each layer or, if `pooled`, of all its units together.
    Columns: layer, step, q05, q15, q50, q85, q95.
    """
    return _bands(of_units(rows, layers, pooled, "activation_quantile"))


def jacobian_bands(rows: DataFrame) -> DataFrame:
    """Return quantiles of the singular values of each layer's Jacobian over training.

    Columns as of `quantile_bands`.
    """
    return _bands(of_metrics(rows, "jacobian_quantile"))


def _bands(quantiles: DataFrame) -> DataFrame:
    named = quantiles.assign(name=quantiles["at"].round(4).map(QUANTILES)).dropna(subset=["name"])
    bands = named.groupby([*LINE, "step", "name"])["value"].min().unstack("name")
    return bands.reindex(columns=list(QUANTILES.values())).reset_index()


def histograms(rows: DataFrame, layers: Sequence[str], pooled: bool) -> DataFrame:
    """Return histograms of the activations at up to RIDGES steps (Figs. 1c, 2, 6, 9).

    One row per bin. Columns: layer, step, left, right (the edges of the bin), density.
    """
    every = densities(rows, tuple(layers), pooled)
    return every[every["step"].isin(spread(_with_histogram(rows), RIDGES))]


def histogram_steps(rows: DataFrame, step: int) -> set[int]:
    """Return the steps whose histograms are drawn: of `histograms`, and the newest up to `step`.

    `rows` need not contain the histograms themselves, so that only these steps must be loaded.
    """
    measured = _with_histogram(rows)
    return {int(step) for step in (*spread(measured, RIDGES), *newest(measured, step)["step"])}


@once_each
def densities(rows: DataFrame, layers: tuple[str, ...], pooled: bool) -> DataFrame:
    """Return every complete histogram with its counts turned into densities."""
    counts = complete(of_units(rows, layers, pooled, HISTOGRAM), "run", "layer")
    quantiles = of_units(rows, layers, pooled, "activation_quantile")
    highest = quantiles.loc[quantiles["at"] == 1, [*LINE, "step", "value"]]
    bins = counts.merge(highest, on=[*LINE, "step"], suffixes=("", "_highest"))
    bins = bins.rename(columns={"at": "left"}).sort_values([*LINE, "step", "left"], kind="stable")
    histogram = bins.groupby([*LINE, "step"])
    bins["right"] = histogram["left"].shift(-1).fillna(bins["value_highest"])
    width = bins["right"] - bins["left"]
    # A constant activation, such as that of a dead unit, has bins of no width and no density.
    bins["density"] = bins["value"] / histogram["value"].transform("sum") / width.where(width > 0)
    return bins[[*LINE, "step", "left", "right", "density"]]


def _with_histogram(rows: DataFrame) -> DataFrame:
    """Return one row per histogram: the largest activation, which every histogram has."""
    return of_metrics(rows[rows["at"] == 1], "activation_quantile")


def unit_moment(rows: DataFrame, layer: str, moment: str) -> DataFrame:
    """Return the mean or the variance of a layer's sampled unit over training.

    `moment` is "mean" or "variance". Columns: step, value.
    """
    moments = _moments(rows, (layer,))
    chosen = moments[moments["moment"] == moment].rename(columns={"now": "value"})
    return chosen[[*KEYS, "step", "value"]].reset_index(drop=True)


def moment_changes(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Return |μ_{t+1} − μ_t| and |σ²_{t+1} − σ²_t| of the sampled unit of each layer (Fig. 8a).

    Columns: layer, moment ("mean" or "variance"), step, value.
    """
    moments = _moments(rows, tuple(layers))
    change = (moments["after"] - moments["now"]).abs()
    return moments.assign(value=change)[[*LINE, "moment", "step", "value"]]


def changes_in_spreads(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Return |μ_{t+1} − μ_t| / σ_t of the sampled unit of each layer.

    A unit with a wider distribution may move farther and still look the same to the next layer.

    Columns: layer, step, value. NaN where σ_t is 0.
    """
    moments = _moments(rows, tuple(layers))
    mean = moments[moments["moment"] == "mean"]
    spread = moments[moments["moment"] == "variance"][[*LINE, "step", "now"]]
    both = mean.merge(spread, on=[*LINE, "step"], suffixes=("", "_variance"))
    sigma = both["now_variance"].where(both["now_variance"] > 0) ** 0.5
    change = (both["after"] - both["now"]).abs() / sigma
    return both.assign(value=change)[[*LINE, "step", "value"]]


def moment_drift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Return μ_t − μ_0 and σ²_t − σ²_0 of the sampled unit of each layer (Fig. 8b).

    Columns: layer, moment ("mean" or "variance"), step, value.
    """
    moments = _moments(rows, tuple(layers))
    start = moments.groupby([*LINE, "moment"])["now"].transform("first")
    return moments.assign(value=moments["now"] - start)[[*LINE, "moment", "step", "value"]]


@once_each
def _moments(rows: DataFrame, layers: tuple[str, ...]) -> DataFrame:
    """Return the moments of the sampled unit at steps t ("now") and t + 1 ("after")."""
    moments = of_units(rows, layers, False, "activation_mean", "activation_variance")
    moments = moments.assign(moment=moments["metric"].astype(str).str.removeprefix("activation_"))
    now = moments[[*LINE, "moment", "step", "value"]].rename(columns={"value": "now"})
    after = now.assign(step=now["step"] - 1).rename(columns={"now": "after"})
    return now.merge(after, on=[*LINE, "moment", "step"])
