"""Draw the papers' curves beneath ours."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame
from plotly.colors import hex_to_rgb

from bnviz.analysis.rows import layer_number
from bnviz.figures.axes import tell_page
from bnviz.figures.style import MARK, UNDER, Curve, Time, curves, groups, style
from bnviz.figures.traces import line_trace
from bnviz.figures.unchecked import set_layout, traces
from bnviz.training.norms import NORMS


def papers(paper: DataFrame | None, frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """Return the curve and the rows of every run of a paper, in the order of NORMS.

    Lines are thin and dotted, in a greyer shade of our colour for the normalisation. The label
    names the paper's figure, and also the learning rate if our runs in `frame` have several.
    """
    if paper is None or paper.empty:
        return []
    several, order = frame["lr"].nunique() > 1, list(NORMS)
    by_norm = sorted(groups(paper, ["norm", "run"]), key=lambda group: order.index(group[0][0]))
    return [(_curve(norm, run, rows, several), rows) for (norm, run), rows in by_norm]


def _curve(norm: str, run: str, rows: DataFrame, several: bool) -> Curve:
    """Return the curve of a paper's run; if `several`, its label names the learning rate."""
    figure, lr = rows["figure"].iloc[0], rows["lr"].iloc[0]
    rate = f" · lr {lr:g}" if several and np.isfinite(lr) else ""
    ours = style(norm)
    mixed = [
        (2 * own + grey) // 3
        for own, grey in zip(hex_to_rgb(ours.colour), hex_to_rgb(MARK), strict=True)
    ]
    label = f"{NORMS[norm].label}{rate} – paper, {figure}"
    return Curve(run, label, f"#{bytes(mixed).hex()}", "dot", ours.symbol, 1.5, paper=True)


def within(paper: DataFrame | None, time: Time) -> DataFrame | None:
    """Return the papers' rows up to our last step."""
    return None if paper is None or paper.empty else paper[paper["step"] <= time.steps]


def their_lines(paper: DataFrame | None, frame: DataFrame) -> list[go.Scatter]:
    """Return a line for each run of a paper."""
    return [line_trace(curve, rows["step"], rows["value"]) for curve, rows in papers(paper, frame)]


def their_columns(paper: DataFrame | None, frame: DataFrame) -> list[tuple[int, Curve, DataFrame]]:
    """Match the papers' runs to figures with one column per run of ours.

    Return the number of the column (from 1), and the curve and rows of a paper's run with the same
    normalisation and learning rate. A paper's run without a learning rate matches any.
    """
    found = []
    for column, (_, ours) in enumerate(curves(frame), 1):
        (norm, lr), *_ = ours[["norm", "lr"]].itertuples(index=False)
        for curve, theirs in papers(paper, frame):
            (its, rate), *_ = theirs[["norm", "lr"]].itertuples(index=False)
            if its == norm and (rate == lr or np.isnan(rate)):
                found.append((column, curve, theirs))
    return found


def layers_numbered(names: list[str], number: float) -> list[int]:
    """Return the columns (from 1) of our layers with this number: one, or none."""
    return [place for place, name in enumerate(names, 1) if layer_number(name) == number]


def their_legend(fig: go.Figure) -> go.Figure:
    """Keep only the papers' curves in the legend, because column titles already name ours."""
    for trace in traces(fig):
        trace["showlegend"] = trace.get("zorder") == UNDER and trace.get("showlegend") is not False
    return set_layout(fig, showlegend=any(trace["showlegend"] for trace in traces(fig)))


def ours_in_sight(fig: go.Figure, time: Time) -> go.Figure:
    """Fit the y axes to what is visible up to our last step.

    The papers' curves continue beyond it, and would otherwise stretch the axes. If what is left of
    them still does, `layout.meta` says so.
    """
    if all(trace.get("zorder") != UNDER for trace in traces(fig)):
        return fig
    seen = _visible(fig, time, fig.data)
    ours = _visible(fig, time, [trace for trace in fig.data if trace.zorder != UNDER])
    for axis in fig.select_yaxes():
        values = seen.get(axis.matches or axis.plotly_name.replace("axis", ""))
        if values:
            axis.autorangeoptions = _clip(min(values), max(values), axis.type == "log")
    longer = any(_stretched(ours.get(name, []), both) for name, both in seen.items())
    return tell_page(fig, stretched=True) if longer else fig


def _visible(fig: go.Figure, time: Time, drawn: Iterable[go.Scatter]) -> dict[str, list[float]]:
    """Return the heights of these traces up to our last step, by y axis or the one it matches."""
    seen: dict[str, list[float]] = {}
    for trace in drawn:
        x, y = np.asarray(trace.x, dtype=float), np.asarray(trace.y, dtype=float)
        if trace.zorder == UNDER and x.min() <= time.steps:
            # Include the height at which the curve leaves the figure.
            y = np.append(y[x <= time.steps], np.interp(time.steps, x, y))
        elif trace.zorder == UNDER:
            y = y[:0]
        axis = trace.yaxis or "y"
        seen.setdefault(fig.layout[f"yaxis{axis[1:]}"].matches or axis, []).extend(
            y[np.isfinite(y)]
        )
    return seen


def _stretched(ours: list[float], both: list[float]) -> bool:
    """Return whether an axis with both is clearly longer than one with our values only."""
    if not ours:  # there is no axis of ours to stretch
        return False
    slack = 0.1 * (max(ours) - min(ours))
    return min(both) < min(ours) - slack or max(both) > max(ours) + slack


def _clip(low: float, high: float, log: bool) -> dict[str, float]:
    """Return limits for an autoscaled axis, including the margin that plotly adds.

    A linear axis always includes zero.
    """
    if log:
        margin = (high / low) ** 0.06
        return {"clipmin": low / margin, "clipmax": high * margin}
    margin = 0.06 * (high - low)
    return {"clipmin": min(0, low - margin), "clipmax": high + margin}
