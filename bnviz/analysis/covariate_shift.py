"""Internal covariate shift, Definition 2.1 (Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence

from pandas import DataFrame

from bnviz.analysis.rows import LINE, complete, layer_number, newest, of_metrics


def covariate_shift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """||G - G'|| and cos(G, G') (Fig. 3). -> layer, metric (ics_l2 or ics_cosine), step, value."""
    shift = of_metrics(rows[rows["layer"].isin(layers)], "ics_l2", "ics_cosine")
    return shift[[*LINE, "metric", "step", "value"]]


def covariate_shift_at(rows: DataFrame, step: int) -> DataFrame:
    """Like `covariate_shift`, in every layer at each run's newest complete probe up to `step`."""
    shift = newest(complete(of_metrics(rows, "ics_l2", "ics_cosine"), "run"), step)
    order = shift["layer"].map(layer_number).astype(int)
    return shift.assign(order=order).sort_values("order")[[*LINE, "metric", "step", "value"]]
