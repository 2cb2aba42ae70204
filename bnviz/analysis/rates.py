"""How soon networks reach an accuracy, and how high they get (2015, Sec. 4.2.2 and Figs. 2, 3)."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame, Series

from bnviz.analysis.rows import KEYS


def reached(curves: DataFrame, accuracy: Series[float]) -> Series[float]:
    """Return the first step at which each run has an accuracy, by run; NaN if it never has.

    `curves` has the columns run, step and value; `accuracy` is by run.
    """
    there = curves[curves["value"] >= curves["run"].map(accuracy)]
    return there.groupby("run")["step"].min().reindex(accuracy.index).astype(float)


def summary(curves: DataFrame, baseline: str) -> DataFrame:
    """Return, for each run, its best accuracy and how soon it has that of the baseline.

    `curves` has the columns KEYS, label, step and value (test accuracy, from 0 to 1). The baseline
    is the run of the same seed with this label. Columns: KEYS, label, best, at (the first step with
    the best accuracy), reached (the first step with the baseline's best), speed_up (the baseline's
    steps over these). The last two are NaN if there is no baseline, or it is never reached.
    """
    ordered = curves.dropna(subset=["value"]).sort_values("step", kind="stable")
    runs = ordered.drop_duplicates("run").set_index("run")[[*KEYS[1:], "label"]]
    best = ordered.groupby("run")["value"].max().reindex(runs.index)
    of_baseline = runs["label"] == baseline
    aim = runs["seed"].map(best[of_baseline].set_axis(runs["seed"][of_baseline]))
    soon = reached(ordered, aim)
    first = soon[of_baseline].set_axis(runs["seed"][of_baseline])
    table = runs.assign(best=best, at=reached(ordered, best), reached=soon)
    # At step 0 nothing is learnt yet; a network that starts there has no speed.
    table["speed_up"] = table["seed"].map(first) / table["reached"].replace(0, np.nan)
    return table.reset_index()[[*KEYS, "label", "best", "at", "reached", "speed_up"]]
