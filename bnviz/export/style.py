"""Styles for exported figures: a column of a paper, the width of a page, or a slide.

The figures of bnviz.figures are made for type of 12 pixels and do not set the colours of text and
grid. Here they are drawn at that size, dark on white, on a canvas that is then scaled as a whole to
the width of a `Style`. Type, lines, markers and gaps keep their proportions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from bnviz.export import typeface
from bnviz.export.layout import (
    WHOLE,
    Layout,
    Panel,
    Span,
    axes,
    head,
    is_log,
    merged,
    panels,
    scenes,
    span,
)

PIXELS = 96  # per inch, in a browser
POINTS = 72  # per inch
TYPE = 12  # pixels: the size of type that figures are made for


@dataclass(frozen=True)
class Style:
    """The size and look of an exported figure.

    Type is smaller than `font_pt` if a figure needs a wider canvas.
    """

    name: str
    label: str
    width_in: float  # inches
    font_pt: float  # points
    panel: int  # height of a panel, in pixels of the canvas
    dpi: int  # of a PNG
    stroke: float = 1.0  # factor for the width of lines and the size of markers
    height_in: float | None = None  # inches; None for as high as panels and legend need
    narrow: bool = False  # whether to use the figure's own arrangement for narrow pages

    @property
    def width(self) -> float:
        """Width of the canvas in pixels."""
        return self.width_in * POINTS / self.font_pt * TYPE

    def scale(self, figure: go.Figure) -> float:
        """Return the factor from the canvas of a styled figure to the pixels of its final width."""
        return self.width_in * PIXELS / float(figure.layout.width)


STYLES = {
    style.name: style
    for style in (
        Style(
            "column",
            "Column of a paper, 3.25 in",
            3.25,
            8,
            panel=170,
            dpi=300,
            stroke=0.7,
            narrow=True,
        ),
        Style("page", "Width of a page, 6.75 in", 6.75, 9, panel=200, dpi=300, stroke=0.8),
        Style("slide", "Slide, 16:9", 40 / 3, 20, panel=100, dpi=192, height_in=7.5),
    )
}

# The same colours as PAPER in bnviz/ui/plot.js.
TEXT, MUTED, LINE, GRID, BACK = "#15181e", "#4a505b", "#8b919c", "#e2e5ea", "#ffffff"
# All lengths below are in pixels of the canvas.
SMALL, HEAD = 10, 13  # size of type in the caption and in the titles of panels
MARGIN = 14  # above the figure
SIDE = 6  # at the left edge
ENTRY = 45  # width of a legend entry, not counting its name
ENTRY_LINE, HEAD_LINE, CAPTION_LINE = 20, 18, 13  # height of a line in legend, title and caption
BAR = 76  # height of a colour bar with its numbers and title
NUMBERS = {"x": 44, "y": 60}  # room for the numbers and the title of an axis
GAPS = {"x": 26, "y": 24}  # between panels, so that their numbers do not touch
NARROWEST = 58  # width of a panel
TALLEST = 260  # height of a panel that has to be square
TICKS = {"x": 34, "y": 28}  # distance from one number on an axis to the next
CLEAR = "rgba(0,0,0,0)"
BELOW = {"xref": "container", "yref": "container", "yanchor": "bottom"}  # below the panels
AXIS_TITLE = {"font": {"color": TEXT, "size": TYPE}}


def styled(figure: go.Figure, style: Style, caption: str = "") -> go.Figure:
    """Return a copy of a figure in a style: dark on white, with the style's proportions.

    Legend, colour bar and `caption`, in small type, stand below the panels. The traces keep their
    order and their numbers. All lengths are in pixels of the canvas, which `style.scale` scales to
    the width of the style.
    """
    layout = figure.layout.to_plotly_json()
    if style.narrow:
        layout = merged(layout, _narrow(layout))
    canvas = _canvas(figure, layout, style, caption)
    for letter, gap in canvas.gaps.items():
        _keep_apart(layout, letter, gap / canvas.room[letter])
    for name in axes(layout):
        count = canvas.panels[name[0]]
        each = (canvas.room[name[0]] - canvas.gaps[name[0]] * (count - 1)) / count
        layout[name] |= _ticks(name, layout[name], span(figure, name), int(each / TICKS[name[0]]))
    traces = [_drawn(trace, style, canvas.width) for trace in figure.data]
    return go.Figure(traces, merged(layout, _paper(canvas)), figure.frames)


class _Canvas(NamedTuple):
    """The size of a figure and of what stands above and below its panels, in pixels."""

    width: int
    height: int
    head: int  # height of the panels' titles in the upper margin
    caption: list[str]  # its lines
    foot: int  # height of the caption
    bar: int  # height of the colour bar
    room: dict[str, float]  # for panels and the gaps between them, across ("x") and up ("y")
    panels: dict[str, int]  # number of columns ("x") and rows ("y")
    gaps: dict[str, float]  # smallest gap between two panels


def _canvas(figure: go.Figure, layout: Layout, style: Style, caption: str) -> _Canvas:
    """Return a canvas that is large enough for the panels, and has the shape of the style."""
    found = panels(layout, figure.data)
    columns, rows = len({panel.across for panel in found}), len({panel.up for panel in found})
    width = max(style.width, NUMBERS["y"] + columns * NARROWEST + (columns - 1) * GAPS["x"])
    _wrap_heads(layout, found, (width - NUMBERS["y"]) / columns)
    above, between = (
        HEAD_LINE * max(map(_lines, heads), default=0) for heads in _heads(layout, found)
    )
    lines = typeface.wrapped(caption, width - 2 * SIDE, SMALL)
    foot = len(lines) * CAPTION_LINE + (6 if lines else 0)
    bar = BAR if "coloraxis" in layout else 0
    gaps: dict[str, float] = {"x": GAPS["x"], "y": GAPS["y"] + between}
    legend = ENTRY_LINE * _legend_lines(figure, width)
    around = MARGIN + above + NUMBERS["x"] + legend + bar + foot
    height = (
        around
        + (rows - 1) * between
        + rows * _panel_height(layout, style, rows, (width - NUMBERS["y"]) / columns)
    )
    if style.height_in:
        height = max(height, width * style.height_in / style.width_in)
        width = height * style.width_in / style.height_in
    return _Canvas(
        width=round(width),
        height=round(height),
        head=above,
        caption=lines,
        foot=foot,
        bar=bar,
        room={"x": width - NUMBERS["y"], "y": height - around},
        panels={"x": columns, "y": rows},
        gaps=gaps,
    )


def _paper(canvas: _Canvas) -> Layout:
    """Return the layout on paper. From the bottom up: caption, colour bar, legend and panels."""
    legend = {
        "x": 0,
        "y": (canvas.foot + canvas.bar) / canvas.height,
        "maxheight": 1,
        "tracegroupgap": 0,
    }
    layout: Layout = {
        "width": canvas.width,
        "height": canvas.height,
        "margin": {"l": SIDE, "r": 14, "t": MARGIN + canvas.head, "b": 4},
        "paper_bgcolor": BACK,
        "plot_bgcolor": BACK,
        "legend": BELOW | legend,
        "template": {"layout": _template()},
    }
    if canvas.caption:
        layout["title"] = _caption(canvas)
    if canvas.bar:
        layout["coloraxis"] = {"colorbar": _colour_bar(canvas)}
    return layout


def _template() -> Layout:
    """Return the layout's template: the typeface, and the colours of text, axes and notes."""
    axis = {
        "color": MUTED,
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": LINE,
        "tickcolor": LINE,
        "tickfont": {"color": MUTED},  # plotly writes numbers within a panel in another colour
        "title": AXIS_TITLE,
    }
    depth = axis | {"backgroundcolor": CLEAR}
    return {
        "font": {"color": TEXT, "family": typeface.FAMILIES, "size": TYPE},
        "xaxis": axis | {"ticklabelstandoff": 5},
        "yaxis": axis,
        "scene": {"xaxis": depth, "yaxis": depth, "zaxis": depth},
        "legend": {"bgcolor": CLEAR},
        "hoverlabel": {"bgcolor": BACK, "bordercolor": LINE, "font": {"color": TEXT}},
        "annotationdefaults": {"font": {"color": TEXT}, "arrowcolor": MUTED},
        "shapedefaults": {"line": {"color": MUTED}},
    }


def _caption(canvas: _Canvas) -> Layout:
    """Return the caption as the layout's title."""
    return BELOW | {
        "x": 0,
        "xanchor": "left",
        "y": 1 / canvas.height,  # at 0, plotly puts a title of several lines below the page
        "pad": {"l": SIDE, "b": 3, "t": 6},
        "automargin": True,
        "text": "<br>".join(canvas.caption),
        "font": {"size": SMALL, "color": MUTED},
    }


def _colour_bar(canvas: _Canvas) -> Layout:
    """Return the colour bar, which lies between caption and legend."""
    return {
        "outlinecolor": LINE,
        "tickcolor": LINE,
        "tickfont": {"color": MUTED},
        "y": canvas.foot / canvas.height,
        "yref": "container",
        "yanchor": "bottom",
        "ypad": 4,
        "title": AXIS_TITLE | {"side": "bottom"},
    }


def _narrow(layout: Layout) -> Layout:
    """Return the figure's own arrangement of its panels for narrow pages.

    Only the panels' titles and scenes are taken from it; this module places everything else.
    """
    narrow = (layout.get("meta") or {}).get("narrow") or {}
    return {name: narrow[name] for name in ("annotations", *scenes(narrow)) if name in narrow}


def _wrap_heads(layout: Layout, found: Sequence[Panel], width: float) -> None:
    """Break the titles of panels so that they do not run into each other.

    Titles with tags other than line breaks are left as they are.
    """
    for note in filter(None, (head(layout, panel) for panel in found)):
        lines = (typeface.wrapped(line, width, HEAD) for line in note["text"].split("<br>"))
        if not re.search("<(?!br)", note["text"]):
            note["text"] = "<br>".join(line for parts in lines for line in parts or [" "])


def _heads(layout: Layout, found: Sequence[Panel]) -> tuple[list[Layout], list[Layout]]:
    """Return the panels' titles in the upper margin, and those between rows of panels."""
    highest = max(panel.up[1] for panel in found)
    top, inner = (
        [head(layout, panel) for panel in found if (panel.up[1] == highest) == first]
        for first in (True, False)
    )
    return (top if highest > 0.99 else []), inner


def _panel_height(layout: Layout, style: Style, rows: int, width: float) -> float:
    """Return the height of a panel: the style's, less with several rows, or that of a square."""
    if scenes(layout) or any("scaleanchor" in layout[name] for name in axes(layout)):
        return min(2 * style.panel if style.height_in else TALLEST, width)
    return style.panel * (0.8 if rows > 1 else 1)


def _keep_apart(layout: Layout, letter: str, gap: float) -> None:
    """Leave a gap of at least `gap` between columns ("x") or rows ("y") of panels.

    `gap` is a fraction of the room for panels. The titles move with their panels.
    """
    names = axes(layout, letter)
    domains = np.array(sorted({tuple(layout[name].get("domain", WHOLE)) for name in names}))
    if len(domains) < 2 or np.min(domains[1:, 0] - domains[:-1, 1]) >= gap:
        return
    widths = domains[:, 1] - domains[:, 0]
    widths *= (1 - gap * (len(domains) - 1)) / widths.sum()
    starts = np.concatenate([[0], np.cumsum(widths + gap)[:-1]])
    old, new = domains.ravel(), np.column_stack([starts, starts + widths]).ravel()
    for name in names:
        layout[name]["domain"] = (
            np.interp(layout[name].get("domain", WHOLE), old, new).clip(0, 1).tolist()
        )
    for note in layout.get("annotations") or []:
        if note.get(f"{letter}ref") == "paper":
            note[letter] = float(np.interp(note[letter], old, new))


def _ticks(name: str, axis: Layout, shown: Span, room: int) -> Layout:
    """Limit the numbers along an axis to those that it has room for, because plotly crowds them.

    A logarithmic axis gets 1, 2 and 5 or powers of ten.
    """
    if "dtick" in axis or "tickvals" in axis:
        return {}
    decades, count = shown[1] - shown[0], max(2, room)
    if is_log(axis) and decades > 0.9:  # over fewer decades, plotly's numbers are evenly spaced
        return {"dtick": "D2" if 2 * decades < count else int(np.ceil(decades / count))}
    return {"nticks": min(count, axis.get("nticks", count))} if name.startswith("y") else {}


def _drawn(trace: Any, style: Style, width: float) -> Layout:
    """Return a trace with the style's stroke, and with a name that fits on the canvas."""
    props: Layout = trace.to_plotly_json()
    for part, length in (("line", "width"), ("marker", "size")):
        if (value := props.get(part, {}).get(length)) is not None:
            props[part][length] = (np.asarray(value) * style.stroke).tolist()
    if name := props.get("name"):
        props["name"] = "<br>".join(typeface.wrapped(name, width - ENTRY, TYPE))
    return props


def _legend_lines(figure: go.Figure, width: float) -> int:
    """Return the number of lines that the legend needs, or one more.

    Like plotly, this fills the lines from left to right.
    """
    if figure.layout.showlegend is False:
        return 0
    named = [trace for trace in figure.data if trace.showlegend is not False]
    widths = [ENTRY + typeface.width(trace.name or "trace 0", TYPE) for trace in named]
    room = width - NUMBERS["y"]
    if sum(widths) > room and not any(trace.legendgroup for trace in named):
        widths = [max(widths)] * len(widths)  # plotly arranges them in columns
    lines, left = 0, 0.0
    for wide in widths:
        if wide > left:
            lines, left = lines + max(1, int(-(-wide // width))), room
        left -= wide
    return lines


def _lines(note: Layout) -> int:
    """Return the number of lines of an annotation; 0 if there is none."""
    return int(note["text"].count("<br>")) + 1 if note else 0
