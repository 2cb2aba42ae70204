"""The curves of the papers, drawn under ours."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame
from plotly.colors import hex_to_rgb

from bnviz.analysis.rows import layer_number
from bnviz.figures.style import MARK, UNDER, Curve, Time, curves, groups, style
from bnviz.figures.traces import LOWEST, line_trace
from bnviz.norms import NORMS
from bnviz.unchecked import traces


def papers(paper: DataFrame | None, frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """Every run of a paper, in the order of NORMS: thin, dotted, in our colour for it, but greyer.

    Labels name the figure, and the learning rate where there are several among ours, in `frame`.
    """
    if paper is None or paper.empty:
        return []
    several, drawn = frame["lr"].nunique() > 1, []
    for (norm, run), rows in groups(paper, ["norm", "run"]):
        figure, lr = rows["figure"].iloc[0], rows["lr"].iloc[0]
        words = [NORMS[norm].label] + ([f"lr {lr:g}"] if several and np.isfinite(lr) else [])
        colour, _, symbol = style(norm)
        mixed = [(2 * ours + grey) // 3 for ours, grey in zip(hex_to_rgb(colour), hex_to_rgb(MARK), strict=True)]
        label = f"{' · '.join(words)} – paper, {figure}"
        curve = Curve(run, label, f"#{bytes(mixed).hex()}", "dot", symbol, 1.5, paper=True)
        drawn.append((list(NORMS).index(norm), (curve, rows)))
    return [pair for _, pair in sorted(drawn, key=lambda item: item[0])]


def within(paper: DataFrame | None, time: Time) -> DataFrame | None:
    """The papers' rows within our steps."""
    return None if paper is None or paper.empty else paper[paper["step"] <= time.steps]


def their_lines(paper: DataFrame | None, frame: DataFrame) -> list[go.Scatter]:
    """A line for each run of a paper."""
    return [line_trace(curve, rows["step"], rows["value"]) for curve, rows in papers(paper, frame)]


def their_columns(paper: DataFrame | None, frame: DataFrame) -> list[tuple[int, Curve, DataFrame]]:
    """Where networks stand side by side: each run of a paper with the column, from 1, of a run of ours that it is under."""
    found = []
    for column, (_, ours) in enumerate(curves(frame), 1):
        (norm, lr), *_ = ours[["norm", "lr"]].itertuples(index=False)
        for curve, theirs in papers(paper, frame):
            (its, rate), *_ = theirs[["norm", "lr"]].itertuples(index=False)
            if its == norm and (rate == lr or np.isnan(rate)):
                found.append((column, curve, theirs))
    return found


def layers_numbered(names: list[str], number: float) -> list[int]:
    """Which of our layers, counted from 1, has this number: one or none."""
    return [place for place, name in enumerate(names, 1) if layer_number(name) == number]


def their_legend(fig: go.Figure) -> go.Figure:
    """A legend of the papers' curves only, where the names of ours stand above their columns."""
    for trace in traces(fig):
        trace["showlegend"] = trace.get("zorder") == UNDER and trace.get("showlegend") is not False
    return fig.update_layout(showlegend=any(trace["showlegend"] for trace in traces(fig)))


def ours_in_sight(fig: go.Figure, time: Time) -> go.Figure:
    """What the papers' curves do after our last step does not stretch the y axes: one must zoom out to see it."""
    if all(trace.zorder != UNDER for trace in fig.data):
        return fig
    seen: dict[str, list[float]] = {}  # y axis, the first of those that match -> values in sight
    for trace in fig.data:
        x, y = np.asarray(trace.x, dtype=float), np.asarray(trace.y, dtype=float)
        if trace.zorder == UNDER and x.min() <= time.steps:
            y = np.append(y[x <= time.steps], np.interp(time.steps, x, y))  # and where it leaves the picture
        elif trace.zorder == UNDER:
            y = y[:0]
        axis = trace.yaxis or "y"
        seen.setdefault(fig.layout[f"yaxis{axis[1:]}"].matches or axis, []).extend(
            y[np.isfinite(y) & (np.abs(y) != LOWEST)]
        )
    for axis in fig.select_yaxes():
        values = seen.get(axis.matches or axis.plotly_name.replace("axis", ""))
        if values:
            axis.autorangeoptions = _clip(min(values), max(values), axis.type == "log")
    return fig


def _clip(low: float, high: float, log: bool) -> dict[str, float]:
    """How far an axis may reach that scales by itself, with the margin that plotly leaves; a linear one always to zero."""
    if log:
        margin = (high / low) ** 0.06
        return {"clipmin": low / margin, "clipmax": high * margin}
    margin = 0.06 * (high - low)
    return {"clipmin": min(0, low - margin), "clipmax": high + margin}
