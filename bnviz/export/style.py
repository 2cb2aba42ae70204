"""Styles: where a figure goes, and what it must look like there.

Figures are made for type of 12 pixels and leave the colours of text and grid open (`bnviz.figures`). Here they are drawn on white at
that size, on a canvas that is scaled to the width of a `Style` as a whole: type, lines, markers and gaps keep their proportions.
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

PIXELS = 96  # in an inch, to a browser
POINTS = 72  # in an inch
TYPE = 12  # pixels: the type that figures are made for


@dataclass(frozen=True)
class Style:
    """Where a figure goes: its width there in inches, and its type in points.

    A figure is as high as its panels and its legend need, unless `height_in` says how high it is. `panel` is the height of a panel,
    `stroke` what lines and markers are multiplied with; a `narrow` style takes the figure's own arrangement for narrow pages. Type
    becomes smaller where a figure needs more room.
    """

    name: str
    label: str
    width_in: float
    font_pt: float
    panel: int
    dpi: int
    stroke: float = 1.0
    height_in: float | None = None
    narrow: bool = False

    @property
    def width(self) -> float:
        """Of the canvas, in pixels."""
        return self.width_in * POINTS / self.font_pt * TYPE

    def scale(self, figure: go.Figure) -> float:
        """From the canvas of a figure in this style to the pixels of its width."""
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

TEXT, MUTED, LINE, GRID, BACK = (
    "#15181e",
    "#4a505b",
    "#8b919c",
    "#e2e5ea",
    "#ffffff",
)  # PAPER in bnviz/ui/plot.js
SMALL, HEAD = 10, 13  # type of the caption, and of the titles of panels
MARGIN = 14
SIDE = 6  # left of everything
ENTRY = 45  # of a legend, besides its name
ENTRY_LINE, HEAD_LINE, CAPTION_LINE = (
    20,
    18,
    13,
)  # from one line of legend, panel's title, caption to the next
BAR = 76  # height of a colour bar with its numbers and title
NUMBERS = {"x": 44, "y": 60}  # what numbers and title of an axis take
GAPS = {"x": 26, "y": 24}  # between panels, so that their numbers do not meet
NARROWEST = 58  # a panel
TALLEST = 260  # a panel that must be square
TICKS = {"x": 34, "y": 28}  # from one number to the next


def styled(figure: go.Figure, style: Style, caption: str = "") -> go.Figure:
    """A copy of a figure for paper: dark on white, in the style's width, type and strokes, as high as it needs to be.

    Legend, colour bar and `caption`, a line in small type, stand below the panels. The traces stay in order and keep their
    numbers. All lengths are pixels of the canvas, which `style.scale` brings to the style's width.
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
    """How large a figure is, and what stands above and below its panels; all but the lines in pixels."""

    width: int
    height: int
    head: int
    caption: list[str]
    foot: int
    bar: int
    room: dict[str, float]  # for panels with the gaps between them, across ("x") and up ("y")
    panels: dict[str, int]  # how many there are
    gaps: dict[str, float]  # between them, at least


def _canvas(figure: go.Figure, layout: Layout, style: Style, caption: str) -> _Canvas:
    """As wide as the style or as its panels need, as high as what stands on it, or of the style's shape."""
    found = panels(layout, figure.data)
    columns, rows = len({panel.across for panel in found}), len({panel.up for panel in found})
    width = max(style.width, NUMBERS["y"] + columns * NARROWEST + (columns - 1) * GAPS["x"])
    _wrap_heads(layout, found, (width - NUMBERS["y"]) / columns)
    above, between = (
        HEAD_LINE * max(map(_lines, heads), default=0) for heads in _heads(layout, found)
    )
    lines = typeface.wrapped(caption, width - 2 * SIDE, SMALL)
    foot = len(lines) * CAPTION_LINE + 6 * bool(lines)
    bar = BAR * ("coloraxis" in layout)
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
    room = {"x": width - NUMBERS["y"], "y": height - around}
    return _Canvas(
        round(width), round(height), above, lines, foot, bar, room, {"x": columns, "y": rows}, gaps
    )


def _paper(canvas: _Canvas) -> Layout:
    """The layout of a figure on paper: from the bottom up caption, colour bar, legend and panels."""
    below = {"xref": "container", "yref": "container", "yanchor": "bottom"}
    title = {"font": {"color": TEXT, "size": TYPE}}
    axis = {
        "color": MUTED,
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": LINE,
        "tickcolor": LINE,
        "title": title,
    }
    depth = axis | {"backgroundcolor": "rgba(0,0,0,0)"}
    layout: Layout = {
        "width": canvas.width,
        "height": canvas.height,
        "margin": {"l": SIDE, "r": 14, "t": MARGIN + canvas.head, "b": 4},
        "paper_bgcolor": BACK,
        "plot_bgcolor": BACK,
        "legend": below
        | {
            "x": 0,
            "y": (canvas.foot + canvas.bar) / canvas.height,
            "maxheight": 1,
            "tracegroupgap": 0,
        },
        "template": {
            "layout": {
                "font": {"color": TEXT, "family": typeface.FAMILIES, "size": TYPE},
                "xaxis": axis | {"ticklabelstandoff": 5},
                "yaxis": axis,
                "scene": {"xaxis": depth, "yaxis": depth, "zaxis": depth},
                "legend": {"bgcolor": "rgba(0,0,0,0)"},
                "hoverlabel": {"bgcolor": BACK, "bordercolor": LINE, "font": {"color": TEXT}},
                "annotationdefaults": {"font": {"color": TEXT}, "arrowcolor": MUTED},
                "shapedefaults": {"line": {"color": MUTED}},
            }
        },
    }
    if canvas.caption:  # plotly puts a title of several lines below the page if it stands at 0
        place = below | {
            "x": 0,
            "xanchor": "left",
            "y": 1 / canvas.height,
            "pad": {"l": SIDE, "b": 3, "t": 6},
            "automargin": True,
        }
        layout["title"] = place | {
            "text": "<br>".join(canvas.caption),
            "font": {"size": SMALL, "color": MUTED},
        }
    if canvas.bar:
        tint = {"outlinecolor": LINE, "tickcolor": LINE, "tickfont": {"color": MUTED}}
        place = {
            "y": canvas.foot / canvas.height,
            "yref": "container",
            "yanchor": "bottom",
            "ypad": 4,
        }
        layout["coloraxis"] = {"colorbar": tint | place | {"title": title | {"side": "bottom"}}}
    return layout


def _narrow(layout: Layout) -> Layout:
    """The figure's own arrangement of panels for narrow pages; its legend has a place here, and squares have the height they need."""
    narrow = (layout.get("meta") or {}).get("narrow") or {}
    return {name: narrow[name] for name in ("annotations", *scenes(narrow)) if name in narrow}


def _wrap_heads(layout: Layout, found: Sequence[Panel], width: float) -> None:
    """Break the titles of panels so that they do not run into each other; those with tags are as they should be."""
    for note in filter(None, (head(layout, panel) for panel in found)):
        lines = (typeface.wrapped(line, width, HEAD) for line in note["text"].split("<br>"))
        if not re.search("<(?!br)", note["text"]):
            note["text"] = "<br>".join(line for parts in lines for line in parts or [" "])


def _heads(layout: Layout, found: Sequence[Panel]) -> tuple[list[Layout], list[Layout]]:
    """The titles of panels in the upper margin, and those between rows of panels."""
    highest = max(panel.up[1] for panel in found)
    top, inner = (
        [head(layout, panel) for panel in found if (panel.up[1] == highest) == first]
        for first in (True, False)
    )
    return (top if highest > 0.99 else []), inner


def _panel_height(layout: Layout, style: Style, rows: int, width: float) -> float:
    """Of one panel: the style's, less where there are several rows, or as much as a square one needs."""
    if scenes(layout) or any("scaleanchor" in layout[name] for name in axes(layout)):
        return min(2 * style.panel if style.height_in else TALLEST, width)
    return style.panel * (0.8 if rows > 1 else 1)


def _keep_apart(layout: Layout, letter: str, gap: float) -> None:
    """Leave at least `gap`, a share of the room, between columns ("x") or rows ("y") of panels, and take their titles along."""
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
    """Numbers along an axis with room for so many, where plotly would crowd them: 1, 2 and 5 or powers of ten if it is logarithmic."""
    if "dtick" in axis or "tickvals" in axis:
        return {}
    decades, count = shown[1] - shown[0], max(2, room)
    if is_log(axis) and decades > 0.9:  # below, plotly has them at equal distances
        return {"dtick": "D2" if 2 * decades < count else int(np.ceil(decades / count))}
    return {"nticks": min(count, axis.get("nticks", count))} if name.startswith("y") else {}


def _drawn(trace: Any, style: Style, width: float) -> Layout:
    """A trace in the style's strokes, with a name that fits on the canvas."""
    props: Layout = trace.to_plotly_json()
    for part, length in (("line", "width"), ("marker", "size")):
        if (value := props.get(part, {}).get(length)) is not None:
            props[part][length] = (np.asarray(value) * style.stroke).tolist()
    if name := props.get("name"):
        props["name"] = "<br>".join(typeface.wrapped(name, width - ENTRY, TYPE))
    return props


def _legend_lines(figure: go.Figure, width: float) -> int:
    """Lines that the legend takes, as plotly fills them from left to right; rather one too many."""
    if figure.layout.showlegend is False:
        return 0
    named = [trace for trace in figure.data if trace.showlegend is not False]
    widths = [ENTRY + typeface.width(trace.name or "trace 0", TYPE) for trace in named]
    room = width - NUMBERS["y"]
    if sum(widths) > room and not any(trace.legendgroup for trace in named):
        widths = [max(widths)] * len(widths)  # plotly puts them into columns
    lines, left = 0, 0.0
    for wide in widths:
        if wide > left:
            lines, left = lines + max(1, int(-(-wide // width))), room
        left -= wide
    return lines


def _lines(note: Layout) -> int:
    """Lines of an annotation, if there is one."""
    return int(note["text"].count("<br>")) + 1 if note else 0
