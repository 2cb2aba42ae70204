"""Internal covariate shift, Definition 2.1 (Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence

from pandas import DataFrame

from bnviz.analysis.rows import LINE, complete, layer_number, of_metrics


def covariate_shift(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Return ‖G − G′‖₂ and cos ∠(G, G′) of these layers over training (Fig. 3).

    Columns: layer, metric ("ics_l2" or "ics_cosine"), step, value.
    """
    shift = of_metrics(rows[rows["layer"].isin(layers)], "ics_l2", "ics_cosine")
    return shift[[*LINE, "metric", "step", "value"]]


def covariate_shift_at(rows: DataFrame) -> DataFrame:
    """Return the same two measures of every layer at every complete measurement.

    Columns are those of `covariate_shift`, and rows are in the order of the layers.
    """
    shift = complete(of_metrics(rows, "ics_l2", "ics_cosine"), "run")
    order = shift["layer"].map(layer_number).astype(int)
    return shift.assign(order=order).sort_values("order")[[*LINE, "metric", "step", "value"]]
