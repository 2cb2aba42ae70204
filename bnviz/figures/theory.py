"""Draw the theorems of Section 4: the measured side against the bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame, Series

from bnviz.analysis import theory as analysis
from bnviz.analysis.rows import layer_number
from bnviz.figures.axes import (
    BELOW,
    LOG,
    PERCENT,
    POWERS,
    empty_axes,
    named_once,
    over_time,
    positive_only,
)
from bnviz.figures.panel import Panel
from bnviz.figures.style import DASHED, LEVEL, MARK, TIME, Time, curves, groups
from bnviz.figures.traces import drawable, line_trace
from bnviz.figures.unchecked import scatter
from bnviz.spec import RunSpec

NEEDED = "This figure is about the BatchNorm network. Choose it under Networks."
SYMBOLS = dict(
    zip(analysis.STATEMENTS, ("circle", "square", "triangle-up", "diamond"), strict=True)
)
SIGNS = {  # signs of measured side and bound -> marker
    "both above zero": "circle",
    "both below zero": "circle-open",
    "bound below zero": "triangle-left",
    "measured below zero": "triangle-down",
}
PRECISIONS = {"float64": 2.0**-52, "float32": 2.0**-23}  # machine epsilon


def deviations(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.verdicts`: the largest relative deviation of each equality over training.

    Horizontal lines show the size of a rounding error in float64 and float32.
    """
    fig = empty_axes(frame, "Steps", ["Largest deviation"])
    drawn = positive_only(frame, "deviation").dropna(subset=["deviation"])
    for curve, run in curves(drawn):
        for statement, rows in groups(run, "statement"):
            name = f"{analysis.STATEMENTS[statement]} · {curve.label}"
            line = replace(
                curve, run=f"{curve.run} {statement}", label=name, symbol=SYMBOLS[statement]
            )
            fig.add_trace(line_trace(line, rows["step"], rows["deviation"], **line.dots(7)))
    for name, precision in PRECISIONS.items():
        fig.add_hline(precision, **LEVEL)
        # On a logarithmic axis, plotly wants the exponent as the height of an annotation, but does
        # not convert that of add_hline's own annotation.
        place = {
            "x": 1,
            "xref": "x domain",
            "xanchor": "right",
            "y": np.log10(precision),
            "yanchor": "top",
            "yshift": -6,  # beneath the markers of lines at this height
        }
        fig.add_annotation(text=f"rounding in {name}", showarrow=False, font_size=11, **place)
    fig.update_layout(legend=BELOW, height=360)
    highest = max([1e-5, *drawn["deviation"] * 10])
    scale = POWERS | {"range": [-17, np.log10(highest)], "autorange": False, "dtick": 3}
    return over_time(time, fig).update_yaxes(**scale)


def theorem(frame: DataFrame, titles: Mapping[str, str]) -> go.Figure:
    """Draw `analysis.sides`: measured side against bound, one panel per version in `titles`.

    Each point is a unit, in the colour of its layer. On the dashed diagonal both sides are equal;
    above it the bound fails. The axes are logarithmic. A point with both sides below zero is hollow
    and drawn at its absolute values; a point with one side below zero is drawn at the edge. The
    axis title counts the bounds below zero.
    """
    fig = empty_axes(frame, "Bound", ["Measured"], titles.values(), shared_yaxes=True)
    for column, version in enumerate(titles, 1):
        points, where = _placed(frame[frame["version"] == version]), {"row": 1, "col": column}
        if points.empty:
            continue
        ends = [points["y"].min() / 3, points["y"].max() * 3]
        fig.add_scatter(x=ends, y=ends, **DASHED, showlegend=False, **where)
        fig.add_traces(
            [_points(signs, rows) for signs, rows in groups(points, "signs")], rows=1, cols=column
        )
        fig.update_xaxes(dtick=_decades(Series([*ends, *points["x"]])), **where)
        if below := int((points["bound"] < 0).sum()):
            fig.update_xaxes(title_text=f"Bound<br>{below} of {len(points)} below zero", **where)
    numbers = frame["layer"].map(layer_number).astype(int)
    bar: dict[str, Any] = {"orientation": "h", "thickness": 8} | BELOW | {"ypad": 6}
    bar |= {"title": {"text": "Layer", "side": "bottom"}, "dtick": -(-numbers.nunique() // 10) or 1}
    colours = {"colorscale": TIME, "colorbar": bar}
    fig.update_layout(coloraxis=colours, height=474, margin_b=148, hovermode="closest")
    fig.update_layout(meta={"narrow": {"legend": BELOW | {"y": 0.14}}})  # above the colour bar
    fig.update_yaxes(dtick=_decades(frame["left"].abs()), **POWERS)
    return fig.add_traces(_sign_legend(frame)).update_xaxes(tickangle=0, **POWERS)


def _placed(points: DataFrame) -> DataFrame:
    """Add to the points of a panel their coordinates x and y, and their signs as in SIGNS."""
    sizes = points[["bound", "left"]].abs().to_numpy()
    edge = sizes[sizes > 0].min(initial=np.inf) / 10
    above, right = points["left"] > 0, points["bound"] > 0
    signs = np.select([above & right, ~above & ~right, above], list(SIGNS)[:3], list(SIGNS)[3])
    alone = above != right
    x = points["bound"].abs().mask(alone & ~right, edge).clip(lower=edge)
    y = points["left"].abs().mask(alone & ~above, edge).clip(lower=edge)
    return points.assign(x=x, y=y, signs=signs)


def _points(signs: str, rows: DataFrame) -> go.Scatter:
    """Return the trace of the points of a panel that have the same signs."""
    colour = {"color": rows["layer"].map(layer_number).astype(int), "coloraxis": "coloraxis"}
    text = (
        "%{customdata[0]}, unit %{customdata[1]:d}<br>measured %{customdata[2]:.3g}<br>"
        "bound %{customdata[3]:.3g}<extra></extra>"
    )
    marker = {"symbol": SIGNS[signs], "size": 8, "opacity": 0.8, **colour}
    properties = {"mode": "markers", "marker": marker, "hovertemplate": text, "showlegend": False}
    customdata = rows[["layer", "unit", "left", "bound"]]
    return scatter(
        x=drawable(rows["x"]),
        y=drawable(rows["y"]),
        name=signs,
        customdata=customdata,
        **properties,
    )


def _sign_legend(frame: DataFrame) -> list[go.Scatter]:
    """Return legend entries for the markers that occur, in grey because colours mean layers."""
    found = set().union(*(_placed(points)["signs"] for _, points in groups(frame, "version")))
    properties = {"x": [None], "y": [None], "mode": "markers"}
    return [
        scatter(name=signs, marker={"symbol": symbol, "color": MARK, "size": 8}, **properties)
        for signs, symbol in SIGNS.items()
        if signs in found
    ]


def _decades(values: Series[float]) -> int:
    """Return the number of decades between ticks that gives a logarithmic axis about four."""
    positive = values[values > 0]
    return max(1, round(np.log10(positive.max() / positive.min()) / 3)) if len(positive) else 1


def conditions(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.conditions` over training, one panel per condition."""
    fig = empty_axes(frame, "Steps", analysis.CONDITIONS.values(), shared_xaxes=True)
    for curve, run in curves(frame):
        for name, rows in groups(run, "condition"):
            text = "%{y:.3g}" if name == "gain" else "%{y:.3~%}"
            line = line_trace(
                curve, rows["step"], rows["value"], **curve.dots(5), hovertemplate=text
            )
            fig.add_trace(line, row=list(analysis.CONDITIONS).index(name) + 1, col=1)
    gain, removed = (list(analysis.CONDITIONS).index(name) + 1 for name in ("gain", "removed"))
    fig.add_hline(1, row=gain, col=1, **LEVEL)
    over_time(time, fig).update_yaxes(**PERCENT | {"range": [-0.04, 1.04], "nticks": 4})
    fig.update_yaxes(range=None, autorange=True, rangemode="tozero", tickformat="", row=gain)
    values = frame.loc[(frame["condition"] == "removed") & (frame["value"] > 0), "value"]
    # BatchNorm usually removes very little, hence the logarithmic axis.
    lowest = int(np.floor(np.log10(min([1e-4, *values]))))
    fig.update_yaxes(type="log", range=[lowest, 0.1], dtick=2, tickformat="~%", row=removed)
    return fig.update_layout(height=680)


def lemma(frame: DataFrame) -> go.Figure:
    """Draw `analysis.distances` against the layer number.

    Above are the squared distances from W₀ to W* (filled) and to kW* (hollow); below is by how much
    kW* is nearer, as a share of the former.
    """
    fig = empty_axes(frame, "Layer", ["Squared distance to W₀", "Nearer by"], shared_xaxes=True)
    for curve, rows in curves(positive_only(frame, "plain", "scaled")):
        depth, nearer = rows["layer"].map(layer_number), 1 - rows["scaled"] / rows["plain"]
        hollow = replace(
            curve,
            run=f"{curve.run} k",
            label=f"{curve.label}, kW*",
            symbol=f"{curve.symbol}-open",
            width=1,
        )
        full = replace(curve, label=f"{curve.label}, W*")
        for line, distance in ((full, rows["plain"]), (hollow, rows["scaled"])):
            fig.add_trace(line_trace(line, depth, distance, **line.dots(8)), row=1, col=1)
        fig.add_trace(
            line_trace(full, depth, nearer, **full.dots(8), hovertemplate="%{y:.2%}"), row=2, col=1
        )
    fig.update_layout(legend=BELOW, height=600).update_yaxes(row=1, **LOG)
    fig.update_yaxes(tickformat="~%", rangemode="tozero", row=2)
    apart = -(-frame["layer"].nunique() // 10) or 1
    return named_once(fig).update_xaxes(dtick=apart, unifiedhovertitle={"text": "Layer %{x}"})


def has_batchnorm(spec: RunSpec) -> bool:
    """Return whether the run has BatchNorm, so that the theorems are about it."""
    return spec.norm == "batch"


def theorem_panel(statement: str, reading: str, true: str, printed: str) -> Panel:
    """Return the panel of a statement, with its true and its printed version side by side.

    `true` and `printed` are the titles of the two.
    """
    return Panel(
        analysis.STATEMENTS[statement],
        reading,
        lambda view: analysis.sides(view.rows, statement),
        lambda numbers, view: theorem(numbers, {"true": true, "printed": printed}),
        when=has_batchnorm,
        hint=NEEDED,
        probe="theory",
        metrics=analysis.metrics(statement),
        slug=statement.replace("_", "-"),
        moment=True,
    )


DEVIATIONS = Panel(
    "Verdict",
    "All checks of the training so far, and how much the two sides of each equality differ. "
    "Is the difference only rounding?",
    lambda view: analysis.verdicts(view.rows),
    lambda numbers, view: deviations(numbers, view.time),
    say=analysis.verdict,
    probe="theory",
    metrics=analysis.metrics(*analysis.STATEMENTS),
    slug="theorem-deviations",
)
THEOREM_4_1 = theorem_panel(
    "theorem_4_1",
    "Upward: the squared gradient ‖v‖² of a unit in front of BatchNorm. To the right: the bound "
    "that the theorem sets for it. Above the diagonal ‖v‖² is larger than its bound, so there the "
    "theorem is wrong.",
    "with 1/m",
    "with 1/√m, as printed",
)
THEOREM_4_2 = theorem_panel(
    "theorem_4_2",
    "The curvature along that gradient. Do the terms in ε matter?",
    "with ε",
    "without ε, as printed",
)
THEOREM_4_4 = theorem_panel(
    "theorem_4_4",
    "The squared gradient of a unit's weights, and its bound. How far below the diagonal are the "
    "points, so how loose is the bound?",
    "as its proof gives it",
    "as printed",
)
CONDITIONS = Panel(
    "Conditions and consequences",
    "From top to bottom: the share of units with ⟨ŷ, g⟩ ≥ 0; the median factor γ/σ; the median "
    "part of ‖g‖² that BatchNorm removes in addition to that factor; the share of units whose "
    "gradient is smaller in front of BatchNorm than behind it.",
    lambda view: analysis.conditions(view.rows),
    lambda numbers, view: conditions(numbers, view.time),
    say=analysis.asked,
    when=has_batchnorm,
    hint=NEEDED,
    probe="theory",
    metrics=analysis.metrics("theorem_4_1", "theorem_4_2"),
    slug="theorem-conditions",
)
LEMMA_4_5 = Panel(
    "Lemma 4.5",
    "How far each layer's weights W* are from their initial values, and how much nearer kW* is. "
    "BatchNorm makes no difference between W* and kW*.",
    lambda view: analysis.distances(view.rows),
    lambda numbers, view: lemma(numbers),
    probe="theory",
    metrics=analysis.metrics("lemma_4_5"),
    slug="lemma-4-5",
    moment=True,
)
