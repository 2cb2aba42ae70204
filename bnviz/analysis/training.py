"""Accuracy and loss over training (Figs. 1, 2 and 5), and any other metric as a curve."""

from __future__ import annotations

from pandas import DataFrame, Series

from bnviz.analysis.rows import KEYS, of_metrics, of_net


def smooth(rows: DataFrame, metric: str, window: int) -> DataFrame:
    """Accuracy or loss of the training batch: its mean over the last `window` records, and the raw values.

    -> step, mean, low, high (Figs. 1a, 2, 5), where low and high are the raw value, and its extremes once `drawn`.
    """
    raw = of_net(rows, metric)
    whole = raw.assign(mean=running_mean(raw, window), low=raw["value"], high=raw["value"])
    return whole[[*KEYS, "step", "mean", "low", "high"]]


def test_curve(rows: DataFrame) -> DataFrame:
    """Accuracy on the test set, 0 to 1 (Fig. 1b; 2015, Fig. 1a). -> step, value."""
    return of_net(rows, "test_accuracy")[[*KEYS, "step", "value"]]


def test_error(rows: DataFrame) -> DataFrame:
    """The share of the test set that is wrong. -> step, value."""
    accuracy = test_curve(rows)
    return accuracy.assign(value=1 - accuracy["value"])


def curve(rows: DataFrame, metric: str, layer: str = "") -> DataFrame:
    """One metric as it was measured, of one layer or else of the whole net. -> step, value."""
    chosen = rows[rows["metric"] == metric]
    of = of_metrics(chosen[chosen["layer"] == layer], metric) if layer else of_net(chosen, metric)
    return of[[*KEYS, "step", "value"]]


def running_mean(curves: DataFrame, window: int) -> Series[float]:
    """The mean of `value` over the last `window` records of each run; a gap stays one."""
    mean = curves.groupby("run")["value"].transform(
        lambda line: line.rolling(window, min_periods=1).mean()
    )
    return mean.where(curves["value"].notna())
