"""Accuracy and loss over training (Figs. 1, 2 and 5), and the curve of any other metric."""

from __future__ import annotations

from pandas import DataFrame, Series

from bnviz.analysis.rows import KEYS, of_metrics, of_net


def smooth(rows: DataFrame, metric: str, window: int) -> DataFrame:
    """Return accuracy or loss of the training batch, with a running mean (Figs. 1a, 2 and 5).

    `mean` is over the last `window` records. `low` and `high` are both the raw value;
    `bnviz.analysis.thinning.drawn` turns them into the lowest and highest value of each bucket.

    Columns: step, mean, low, high.
    """
    raw = of_net(rows, metric)
    whole = raw.assign(mean=running_mean(raw, window), low=raw["value"], high=raw["value"])
    return whole[[*KEYS, "step", "mean", "low", "high"]]


def with_overall(smoothed: DataFrame) -> DataFrame:
    """Add the mean of each run's curve over the whole training: the column `overall_mean`."""
    return smoothed.assign(overall_mean=smoothed.groupby("run")["mean"].transform("mean"))


def test_curve(rows: DataFrame) -> DataFrame:
    """Return the accuracy on the test set, from 0 to 1 (Fig. 1b; 2015, Fig. 1a).

    Columns: step, value.
    """
    return of_net(rows, "test_accuracy")[[*KEYS, "step", "value"]]


def test_error(rows: DataFrame) -> DataFrame:
    """Return the share of the test set that is misclassified. Columns: step, value."""
    accuracy = test_curve(rows)
    return accuracy.assign(value=1 - accuracy["value"])


def curve(rows: DataFrame, metric: str, layer: str = "") -> DataFrame:
    """Return one metric as measured, of one layer or, by default, of the whole network.

    Columns: step, value.
    """
    chosen = rows[rows["metric"] == metric]
    of = of_metrics(chosen[chosen["layer"] == layer], metric) if layer else of_net(chosen, metric)
    return of[[*KEYS, "step", "value"]]


def running_mean(curves: DataFrame, window: int) -> Series[float]:
    """Return the mean of `value` over the last `window` records of each run; a gap stays a gap."""
    mean = curves.groupby("run")["value"].transform(
        lambda line: line.rolling(window, min_periods=1).mean()
    )
    return mean.where(curves["value"].notna())
