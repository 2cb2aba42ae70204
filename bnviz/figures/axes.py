"""Axes: titles, scales and ranges, one legend entry per run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from textwrap import wrap
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from pandas import DataFrame
from plotly.subplots import make_subplots

from bnviz.analysis.rows import layer_number
from bnviz.figures.style import UNDER, Time
from bnviz.figures.traces import NUMBER, OVER_SEEDS
from bnviz.figures.unchecked import axes, grid, scatter, set_axes, set_layout, traces
from bnviz.figures.unchecked import figure as unchecked

NOTHING_YET = "nothing measured yet"
IN_LEGEND = 3  # lines that a reader tells apart by the legend alone
BELOW = {"y": 0, "yref": "container", "yanchor": "bottom"}  # a legend under the axes
PERCENT = {"range": [0, 1.02], "autorange": False, "tickformat": ".0%"}
SHARE = "%{y:.3~p}"  # how a hover writes a height on an axis in per cent
# Without a format plotly writes 0.2 as a small "2" between the powers of ten. More ticks would
# overlap.
LOG: dict[str, Any] = {"type": "log", "tickformat": ",~g", "nticks": 4}
# plotly writes powers of ten a quarter larger than other numbers.
POWERS: dict[str, Any] = {"type": "log", "tickfont": {"size": 12 / 1.25}}
# Numbers within the panel, for panels without room beside them.
INSIDE: dict[str, Any] = {"showticklabels": True, "ticklabelposition": "inside top", "nticks": 4}


def layer_title(name: str) -> str:
    """Return the title of a layer's panel: conv3 -> conv3 (#3)."""
    return f"{name} (#{layer_number(name)})"


def empty_axes(
    frame: DataFrame,
    x_title: str,
    y_titles: Iterable[str],
    columns: Iterable[str] = (),
    **sharing: Any,
) -> go.Figure:
    """Return empty axes: one row for each y title and one column for each column title.

    If `frame` has no rows, the figure says that nothing is measured yet.
    """
    rows = tuple(y_titles)
    fig = unchecked(_axes(x_title, rows, tuple(columns), **sharing))
    if frame.empty:
        place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
        fig.add_annotation(text=NOTHING_YET, showarrow=False, **place)
        for row, _ in enumerate(rows, 1):  # plotly.js draws no axes without a trace
            fig.add_trace(scatter(x=[], y=[], showlegend=False), row=row, col=1)
    return fig


@lru_cache(maxsize=64)
def _axes(
    x_title: str, rows: tuple[str, ...], columns: tuple[str, ...], **sharing: Any
) -> go.Figure:
    """Return the axes of `empty_axes`, cached because a live figure needs them at every refresh."""
    heads = [[line for word in title.split(" · ") for line in wrap(word, 12)] for title in columns]
    height, head = 200 * len(rows), 20 * max(map(len, heads), default=0)
    gaps = {"horizontal_spacing": 0.03, "vertical_spacing": 0.15 / len(rows)}
    titles = ["<br>".join(lines) for lines in heads] or [""]
    fig = make_subplots(len(rows), len(titles), column_titles=titles, **gaps, **sharing)
    fig.update_annotations(font_size=13)
    fig.update_layout(template="bnviz", height=80 + head + height, margin_t=36 + head)
    fig.update_layout(legend_y=1 + (4 + head) / height)
    fig.update_xaxes(nticks=6 if len(titles) == 1 else 3).update_xaxes(
        title_text=x_title, row=len(rows)
    )
    for row, title in enumerate(rows, 1):
        fig.update_yaxes(title_text=title, row=row, col=1)
    return fig


def filled(fig: go.Figure) -> go.Figure:
    """Remove the note of an empty figure, because something is drawn in it now."""
    fig.layout.annotations = [n for n in fig.layout.annotations if n.text != NOTHING_YET]
    return fig


def over_time(time: Time, fig: go.Figure) -> go.Figure:
    """Set the time axis of every panel of `fig`.

    `meta.steps` lets the page mark a step on it, and `meta.labels` has the names of many lines in
    one panel, which the page writes at their ends.
    """
    title = {"text": "Step %{x:,d}"}
    set_axes(fig, "x", range=[0, time.steps], tickformat="~s", unifiedhovertitle=title)
    # plotly.js stops autoscaling matching y axes once matching x axes have a range.
    set_axes(fig, "y", autorange=True)
    names = _names(fig)
    many = len(names) > IN_LEGEND and len(axes(fig, "x")) == 1
    return named_once(tell_page(fig, steps=True, **({"labels": names} if many else {})))


def _names(fig: go.Figure) -> dict[str, str]:
    """Return the names of our lines by legend group, without the number of seeds of a mean."""
    return {
        trace["legendgroup"]: trace["name"].partition(" · n = ")[0]
        for trace in traces(fig)
        if trace.get("legendgroup")
        and trace.get("showlegend") is not False
        and trace.get("zorder") != UNDER
        and not trace["name"].endswith(OVER_SEEDS)
    }


def tell_layers(fig: go.Figure, names: Sequence[str], *, rows: bool) -> go.Figure:
    """Tell the page which panels are about which layer: one row each, or one column each."""
    lines = grid(fig) if rows else list(zip(*grid(fig), strict=True))
    panels = {
        name: [f"{panel['xaxis']}{panel['yaxis']}" for panel in line]
        for name, line in zip(names, lines, strict=False)
    }
    return tell_page(fig, layers=panels)


def tell_page(fig: go.Figure, **facts: Any) -> go.Figure:
    """Add facts to `layout.meta`, which bnviz/ui/plot.js reads."""
    return set_layout(fig, meta={**(fig.layout.meta or {}), **facts})


def named_once(fig: go.Figure) -> go.Figure:
    """Leave one legend entry per run, however many traces the run has."""
    named: set[str | None] = set()
    for trace in traces(fig):
        if trace.get("showlegend") is not False:
            trace["showlegend"] = trace.get("legendgroup") not in named
            named.add(trace.get("legendgroup"))
    shown = [trace for trace in traces(fig) if trace.get("showlegend") is not False]
    theirs = len([trace for trace in shown if trace.get("zorder") == UNDER])
    # Above the axes, the papers' long names would cover the buttons or squeeze the figure.
    if theirs:
        fig.update_layout(legend=BELOW, height=fig.layout.height + 28 * theirs)
    return fig


def scale_for(values: ArrayLike, span: float) -> str:
    """Choose the scale of an axis.

    It is "log" if all finite values are positive and the largest is more than `span` times the
    smallest, else "linear".
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    return (
        "log"
        if finite.size and finite.min() > 0 and finite.max() > span * finite.min()
        else "linear"
    )


def axis_of(scale: str) -> dict[str, Any]:
    """Return the plotly properties of an axis with this scale, "log" or "linear"."""
    return LOG if scale == "log" else {"type": scale}


def switchable(fig: go.Figure) -> go.Figure:
    """Let the reader switch the y axes between a linear and a logarithmic scale."""
    return tell_page(fig, scale=LOG)


def separable(
    fig: go.Figure, letter: str = "y", ranges: Mapping[str, list[float]] = MappingProxyType({})
) -> go.Figure:
    """Let the reader give each panel its own axis of this letter, if panels share such axes.

    `ranges` maps the name of an axis to its own range; by default each axis fits its own lines.
    """
    shared = axes(fig, letter)
    if not any(axis.get("matches") for axis in shared.values()):
        return fig
    own = {
        name: {
            "matches": None,
            "range": ranges.get(name),
            "autorange": name not in ranges,
            **(INSIDE if axis.get("showticklabels") is False else {}),
        }
        for name, axis in shared.items()
    }
    return tell_page(fig, apart=own)


def in_percent(fig: go.Figure, **axis: Any) -> go.Figure:
    """Write y axes and hovers in per cent; `axis` adds to or replaces the axis properties."""
    fig.update_traces(hovertemplate=SHARE, selector={"hovertemplate": NUMBER})
    return fig.update_yaxes(**PERCENT | axis)


def positive_only(frame: DataFrame, *columns: str) -> DataFrame:
    """Prepare a frame for a logarithmic axis: values ≤ 0 in these columns become gaps."""
    return frame.assign(
        **{name: frame[name].where(frame[name] > 0) for name in columns if name in frame}
    )
