"""Internal covariate shift (Fig. 3)."""

from __future__ import annotations

from math import isfinite

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis import covariate_shift as analysis
from bnviz.analysis.rows import layer_number, layers
from bnviz.analysis.scales import OF_METRIC
from bnviz.analysis.thinning import drawn
from bnviz.figures.axes import LOG, empty_axes, named_once
from bnviz.figures.charts import facet_chart, note
from bnviz.figures.panel import Panel
from bnviz.figures.papers import ours_in_sight
from bnviz.figures.style import LEVEL, Time, curves, groups
from bnviz.figures.traces import error_bars, interval_legend, line_trace
from bnviz.words import rounded

OF_SHIFT = ("ics_l2", "ics_cosine")
ROOM = 0.15  # of the height of the distances
SHIFT = {"ics_l2": "‖G − G′‖₂", "ics_cosine": "cos ∠(G, G′)"}


def _shifting(frame: DataFrame) -> DataFrame:
    """Turn distances of zero into gaps, because a logarithmic axis cannot show them."""
    return frame.assign(
        value=frame["value"].where((frame["metric"] != "ics_l2") | (frame["value"] > 0))
    )


def _ideal(fig: go.Figure) -> go.Figure:
    """Set the y axes: the distance above is logarithmic; the cosine below has a dashed line at 1.

    A cosine of 1 means no covariate shift.
    """
    fig.add_hline(1, row=2, col="all", **LEVEL)
    return fig.update_yaxes(row=1, **LOG).update_yaxes(range=[-1.05, 1.05], autorange=False, row=2)


def covariate_shift(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.covariate_shift`: both measures of each layer over training (Fig. 3)."""
    fig = _ideal(facet_chart(_shifting(frame), "metric", SHIFT, time, paper))
    for place, name in enumerate(layers(frame), 1):
        if isfinite(ratio := distance_ratio(frame[frame["layer"] == name])):
            note(fig, f"BatchNorm <b>{rounded(ratio, 3)} ×</b>", axes=_number(place), size=13)
    return ours_in_sight(_with_room(fig, frame), time)


def _with_room(fig: go.Figure, frame: DataFrame) -> go.Figure:
    """Leave room for the numbers above the distances, whose axis is logarithmic."""
    distance = frame.loc[(frame["metric"] == "ics_l2") & (frame["value"] > 0), "value"]
    top = distance.max() * (distance.max() / distance.min()) ** ROOM
    return fig.update_yaxes(row=1, autorangeoptions_include=top)


def distance_ratio(rows: DataFrame) -> float:
    """Return BatchNorm's distance ‖G − G′‖ divided by the standard network's, in one layer.

    It is the geometric mean over the steps at which both were measured; NaN if there are none.
    """
    distance = rows[(rows["metric"] == "ics_l2") & (rows["value"] > 0)]
    mean = np.log(distance["value"]).groupby([distance["norm"], distance["step"]]).mean()
    both = mean.unstack("norm").reindex(columns=["none", "batch"]).dropna()
    return float(np.exp((both["batch"] - both["none"]).mean()))


def _number(place: int) -> str:
    """Return the number in plotly's names of the axes of a panel in the first row."""
    return "" if place == 1 else str(place)


def covariate_shift_at(frame: DataFrame) -> go.Figure:
    """Draw `analysis.covariate_shift_at`: both measures against the layer number."""
    fig = empty_axes(frame, "Layer", SHIFT.values(), shared_xaxes=True)
    for curve, run in curves(_shifting(frame)):
        for metric, rows in groups(run, "metric"):
            depth = rows["layer"].map(layer_number).sort_values()
            rows = rows.loc[depth.index]
            whiskers = error_bars(rows, "value", log=metric == "ics_l2")
            line = line_trace(curve, depth, rows["value"], **curve.dots(7), **whiskers)
            fig.add_trace(line, row=list(SHIFT).index(metric) + 1, col=1)
    fig.add_traces(interval_legend(frame, whiskers=True))
    fig = _ideal(named_once(fig)).update_yaxes(row=1, **_few_ticks(frame))
    return fig.update_xaxes(tickformat="d", unifiedhovertitle={"text": "Layer %{x}"})


def _few_ticks(frame: DataFrame) -> dict[str, str]:
    """Return ticks at 1, 2 and 5 for distances within about a decade, where plotly labels all."""
    distance = frame.loc[(frame["metric"] == "ics_l2") & (frame["value"] > 0), "value"]
    return {"dtick": "D2"} if distance.max() < 20 * distance.min() else {}


COVARIATE_SHIFT = Panel(
    "Covariate shift over training",
    "Does BatchNorm keep the cosine nearer to 1 and the distance nearer to 0? In each upper panel: "
    "BatchNorm's distance over the standard network's, as the geometric mean over the steps.",
    lambda view: analysis.covariate_shift(view.rows, view.layers),
    lambda numbers, view: covariate_shift(numbers, view.time, view.paper),
    paper="covariate_shift",
    averages={"value": OF_METRIC},
    fewer=drawn,
    probe="covariate_shift",
    metrics=OF_SHIFT,
    slug="covariate-shift",
)
COVARIATE_SHIFT_AT_STEP = Panel(
    "All layers at one step",
    "The deeper a layer, the more layers below it change. Layer 1 has none, so its shift is zero.",
    lambda view: analysis.covariate_shift_at(view.rows),
    lambda numbers, view: covariate_shift_at(numbers),
    averages={"value": OF_METRIC},
    probe="covariate_shift",
    metrics=OF_SHIFT,
    slug="covariate-shift-at-step",
    moment=True,
)
