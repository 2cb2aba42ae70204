"""Draw sweeps: how runs end, against the setting that is varied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pandas import DataFrame
from plotly.colors import sample_colorscale

from bnviz import sweeps
from bnviz.analysis.ends import EVERY_STEP, PROBED
from bnviz.analysis.scales import OF_METRIC
from bnviz.figures.axes import axis_of, empty_axes, in_percent, named_once, scale_for
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import MARK, Curve, curves
from bnviz.figures.traces import error_bars, interval_legend, line_trace

HEIGHT = 360  # pixels of the axes with their titles
SHADES = "Cividis"  # a colour scale of even lightness, also for colour-blind readers


@dataclass(frozen=True)
class Swept:
    """What the figures of a sweep have in common.

    Attributes
    ----------
    knob : label of the setting that is varied
    end : label of the number that is drawn for each run
    share : whether that number is between 0 and 1, to be shown in per cent
    diverged : the step at which a run diverged, by run (see `bnviz.analysis.rows.diverged`)
    """

    knob: str
    end: str
    share: bool
    diverged: Mapping[str, int] = field(default_factory=dict)


def _of_networks(frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """Return one curve per network (and per seed, unless averaged), with runs as its points."""
    own = frame["norm"] + " " + frame["seed"].astype(str)
    return [
        (curve, rows.sort_values("knob"))
        for curve, rows in curves(frame.assign(id=frame["run"], run=own, lr=0.0))
    ]


def _lost(rows: DataFrame) -> DataFrame:
    """Return the points that have no value because a run diverged."""
    return rows[rows["value"].isna() & (rows["diverged"] > 0)]


def _fate(row: Any, swept: Swept) -> str:
    """Say when a run diverged, or how many of a network's seeds did."""
    if "n" in row and row["n"] > 1:
        return f"{round(row['diverged'] * row['n'])} of {row['n']} seeds diverged"
    return (
        f"diverged at step {swept.diverged[row['id']]}"
        if row["id"] in swept.diverged
        else "diverged"
    )


def _values(frame: DataFrame, at: Iterable[float], swept: Swept) -> dict[str, Any]:
    """Return the axis of the setting, with a tick at every value."""
    return {
        "title_text": swept.knob,
        "tickvals": list(at),
        "ticktext": [f"{value:g}" for value in sorted(frame["knob"].unique())],
    }


def sweep_lines(frame: DataFrame, swept: Swept) -> go.Figure:
    """Draw `sweeps.table` as lines against the setting that is varied.

    The x axis is logarithmic if the values span more than a factor of 10. Crosses below the axes
    mark runs that diverged.
    """
    fig, knobs = empty_axes(frame, swept.knob, [swept.end]), sorted(frame["knob"].unique())
    fig.update_layout(height=HEIGHT)
    heights = "linear" if swept.share else scale_for(frame["value"], 30)
    for curve, rows in _of_networks(frame):
        whiskers = error_bars(rows, "value", log=heights == "log")
        fig.add_trace(line_trace(curve, rows["knob"], rows["value"], **curve.dots(9), **whiskers))
    scale = scale_for(knobs, 10)
    ends = np.log10(knobs) if scale == "log" else np.array(knobs)
    margin = 0.08 * np.ptp(ends)
    fig.update_xaxes(
        type=scale, range=[ends[0] - margin, ends[-1] + margin], **_values(frame, knobs, swept)
    )
    fig.update_xaxes(unifiedhovertitle={"text": f"{swept.knob} %{{x:~g}}"})
    if swept.share:
        in_percent(fig)
    else:
        fig.update_yaxes(**axis_of(heights), rangemode="tozero")
    fig.add_traces(interval_legend(frame, whiskers=True))
    return _losses(named_once(fig), frame, swept)


def _losses(fig: go.Figure, frame: DataFrame, swept: Swept) -> go.Figure:
    """Add a strip below the axes with a cross for every run that diverged, a row per network."""
    found = [(curve, lost) for curve, rows in _of_networks(frame) if len(lost := _lost(rows))]
    if not found:
        return fig
    for place, (curve, lost) in enumerate(found):
        properties = {
            "mode": "markers",
            "marker": {"symbol": "x", "size": 11, "color": curve.colour},
            "showlegend": False,
        }
        text = [_fate(row, swept) for _, row in lost.iterrows()]
        at = np.full(len(lost), place)
        fig.add_trace(
            line_trace(
                curve,
                lost["knob"],
                at,
                **properties,
                text=text,
                hovertemplate="%{text}",
                yaxis="y2",
            )
        )
    count = len(found)
    share = 0.09 * count / (0.09 * count + 1)
    strip = {
        "domain": [0, share],
        "range": [count - 0.5, -0.5],
        "showgrid": False,
        "fixedrange": True,
    }
    named = {"tickvals": [(count - 1) / 2], "ticktext": ["diverged"], "ticks": ""}
    fig.update_layout(yaxis_domain=[share + 0.05, 1], yaxis2=strip | named, xaxis_anchor="y2")
    return fig.update_layout(height=fig.layout.height + 20 * count)


def sweep_map(frame: DataFrame, swept: Swept) -> go.Figure:
    """Draw `sweeps.table` as a heat map: a row per network, a column per value of the setting.

    A cell stays empty until its run has ended.
    """
    rows, knobs = _of_networks(frame), sorted(frame["knob"].unique())
    grid = [points.set_index("knob").reindex(knobs) for _, points in rows]
    values = np.array([line["value"] for line in grid], dtype=float)
    scale = scale_for(values, 30)
    with np.errstate(invalid="ignore"):
        z = np.log10(values) if scale == "log" else values
    hover = f"{swept.knob} %{{x}}, %{{y}}: %{{text}}<extra></extra>"
    text = [[_cell(point, swept) for _, point in line.iterrows()] for line in grid]
    cells = go.Heatmap(z=z, text=text, hovertemplate=hover, coloraxis="coloraxis", xgap=3, ygap=3)
    fig = go.Figure(cells, {"template": "bnviz"})
    low, high = (np.nanmin(z), np.nanmax(z)) if np.isfinite(z).any() else (0, 1)
    fig.update_layout(annotations=_cell_notes(z, text, low, high), shapes=_empty_cells(z))
    names = [
        "<br>".join(line for word in curve.label.split(" · ") for line in wrap(word, 12))
        for curve, _ in rows
    ]
    fig.update_xaxes(
        range=[-0.5, len(knobs) - 0.5], showgrid=False, **_values(frame, range(len(knobs)), swept)
    )
    fig.update_yaxes(
        tickvals=[*range(len(rows))], ticktext=names, range=[len(rows) - 0.5, -0.5], showgrid=False
    )
    fig.update_layout(
        height=150 + 80 * max(2, len(rows)), margin={"t": 36, "b": 110}, hovermode="closest"
    )
    bar = _bar(swept.end) | _bar_ticks(z, scale, swept)
    colours = {"colorscale": SHADES, "colorbar": bar, "cmin": low}
    return fig.update_layout(coloraxis=colours | {"cmax": high if high > low else low + 1})


def _bar(title: str) -> dict[str, Any]:
    place = {"y": 0, "yref": "container", "yanchor": "bottom", "ypad": 6}
    label = {"title": {"text": title, "side": "bottom"}}
    return {"orientation": "h", "thickness": 8} | place | label


def _cell_notes(
    z: NDArray[np.float64], text: list[list[str]], low: float, high: float
) -> list[dict[str, Any]]:
    """Return the text of each cell as an annotation, in black or white."""
    notes = []
    for (down, across), value in np.ndenumerate(z):
        share = (value - low) / (high - low) if high > low else 0.5
        font = {"size": 12, "color": _ink(share)} if np.isfinite(value) else {"size": 11}
        notes.append(
            {"x": across, "y": down, "text": text[down][across], "showarrow": False, "font": font}
        )
    return notes


def _empty_cells(z: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Return a dotted frame around each cell without a number."""
    line = {"color": MARK, "width": 1, "dash": "dot"}
    return [
        {
            "type": "rect",
            "line": line,
            "x0": across - 0.48,
            "x1": across + 0.48,
            "y0": down - 0.46,
            "y1": down + 0.46,
        }
        for down, across in np.argwhere(~np.isfinite(z)).tolist()
    ]


def _cell(point: Any, swept: Swept) -> str:
    """Return the text of a cell: its number, that its run diverged, or "" if not ended."""
    if np.isfinite(point["value"]):
        return f"{point['value']:.1%}" if swept.share else f"{point['value']:.3g}"
    return "<br>".join(["✕", *wrap(_fate(point, swept), 9)]) if point["diverged"] > 0 else ""


def _ink(share: float) -> str:
    """Return black or white, whichever has more contrast with this point of SHADES (0 to 1)."""
    (colour,) = sample_colorscale(SHADES, [share], colortype="tuple")
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    ]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "#000000" if luminance > 0.179 else "#ffffff"  # at 0.179 both have a contrast of 4.6:1


def _bar_ticks(z: NDArray[np.float64], scale: str, swept: Swept) -> dict[str, Any]:
    """Return the ticks of the colour bar; on a logarithmic one they are at powers of ten."""
    if scale == "linear":
        return {"tickformat": ".0%"} if swept.share else {}
    powers = np.arange(np.floor(np.nanmin(z)), np.ceil(np.nanmax(z)) + 1)
    return {"tickvals": list(powers), "ticktext": [f"{10.0**power:g}" for power in powers]}


def ends(view: View) -> DataFrame:
    """Return how the runs of a sweep end, in the number that the page's switch chooses.

    Columns: those of `sweeps.table`, and metric (the name of the number).
    """
    end = sweeps.end_of(view.specs, view.choice)
    return sweeps.table(view.rows, view.specs, end).assign(metric=end)


def swept(view: View) -> Swept:
    """Return what the figures of a sweep have in common, read off the view."""
    end = sweeps.end_of(view.specs, view.choice)
    return Swept(
        sweeps.turned(view.specs).label, sweeps.ENDS[end], end in sweeps.SHARES, view.time.diverged
    )


SWEEP = Panel(
    "Against the setting",
    "One point per run. Where does one network still train while another no longer does? "
    "A cross below the axis marks a run that diverged.",
    ends,
    lambda numbers, view: sweep_lines(numbers, swept(view)),
    together=sweeps.differ,
    averages={"value": OF_METRIC, "diverged": "diverged"},
    fewer=lambda numbers: numbers.drop(columns=["diverged_from", "diverged_to"], errors="ignore"),
    metrics=(*EVERY_STEP, *PROBED),
    slug="sweep",
)
SWEEP_MAP = replace(
    SWEEP,
    title="Every run",
    reading="One cell per run. How far to the right does a network keep its value? "
    "A cell stays empty until its run has ended.",
    draw=lambda numbers, view: sweep_map(numbers, swept(view)),
    slug="sweep-map",
)
