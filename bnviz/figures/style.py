"""The look of runs in all figures: colour, dash, marker, label and order.

A normalisation has the same colour, dash and marker everywhere. The plotly template "bnviz" leaves
the colours of text and grid to whatever shows the figure (page or export).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from pandas import DataFrame
from plotly.colors import hex_to_rgb, sample_colorscale

from bnviz.training.norms import NORMS


class Style(NamedTuple):
    """The look of a normalisation."""

    colour: str
    dash: str
    symbol: str


# Dash and marker differ too, so that colour is not needed to tell curves apart. The colours have a
# contrast of at least 3:1 on white and on near-black.
STYLES = {
    "none": Style("#d55e00", "solid", "circle"),
    "batch": Style("#1a80c4", "dash", "square"),
    "noisy": Style("#c0609a", "dashdot", "diamond"),
    "noise": Style("#b87a00", "dot", "triangle-up"),
    "l1": Style("#008f68", "longdash", "cross"),
    "l2": Style("#6f7bd6", "longdashdot", "star"),
    "linf": Style("#5b8c2a", "8px,3px,2px,3px,2px,3px", "hexagon"),
    "layer": Style("#8c6d5a", "12px,4px", "x"),
    "group": Style("#c4515c", "3px,3px", "pentagon"),
    "instance": Style("#3a8f9e", "12px,3px,3px,3px", "bowtie"),
    "weight": Style("#80802a", "16px,4px,2px,4px", "hourglass"),
}
SPARE_STYLES = [
    Style("#9068c8", "6px,6px", "star-square"),
    Style("#68808c", "10px,2px", "triangle-down"),
    Style("#a8703c", "1px,4px", "hexagram"),
]
# Early to late: the blue to red of Fig. 11, without its white middle.
TIME = ["#3f78c9", "#9060a8", "#d84a4a"]
MARK = "#888888"  # for lines and marks that are not measurements
DASHED: dict[str, Any] = {
    "mode": "lines",
    "line": {"color": MARK, "dash": "dash", "width": 1},
    "hoverinfo": "skip",
}
LEVEL: dict[str, Any] = {
    "line_width": 1,
    "line_dash": "dash",
    "line_color": MARK,
    "exclude_empty_subplots": False,
}
UNDER = -1  # zorder of the papers' curves, which puts them beneath ours
_axis = {"automargin": True, "zeroline": False, "exponentformat": "power", "title": {"standoff": 8}}
pio.templates["bnviz"] = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 12, "b": 44},
        "legend": {"orientation": "h", "x": 0, "yanchor": "bottom"},
        "hovermode": "x unified",
        "xaxis": _axis,
        "yaxis": _axis,
    }
)


@dataclass(frozen=True)
class Time:
    """What all figures over training have in common.

    Attributes
    ----------
    steps : length of the longest training; all runs share this axis, whether finished or not
    diverged : the step at which a run diverged, by run (see `bnviz.analysis.rows.diverged`)
    """

    steps: int
    diverged: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Curve:
    """The look of one run; `paper` says whether it is a paper's and not ours."""

    run: str
    label: str
    colour: str
    dash: str
    symbol: str
    width: float
    paper: bool = False

    @property
    def line(self) -> dict[str, Any]:
        return {"color": self.colour, "dash": self.dash, "width": self.width}

    def dots(self, size: int) -> dict[str, Any]:
        """Return the properties of a line with a marker at every measurement."""
        return {"mode": "lines+markers", "marker": {"symbol": self.symbol, "size": size}}

    def faded(self, opacity: float) -> str:
        """Return the colour with this opacity, in CSS notation."""
        return f"rgba{(*hex_to_rgb(self.colour), opacity)}"

    @property
    def place(self) -> dict[str, Any]:
        """Draw a paper's curve beneath ours, and show its full name in the hover."""
        return {"zorder": UNDER, "hoverlabel": {"namelength": -1}} if self.paper else {}


def style(norm: str) -> Style:
    """Return the style of a normalisation; one that is not in STYLES gets a spare style."""
    later = [name for name in NORMS if name not in STYLES]
    place = later.index(norm) if norm in later else len(later)
    return STYLES.get(norm, SPARE_STYLES[place % len(SPARE_STYLES)])


def ordered_styles(count: int) -> list[Style]:
    """Return `count` styles from blue to red; neighbours also differ in dash and marker."""
    looks = list(STYLES.values())
    shades = sample_colorscale(TIME, list(np.linspace(0, 1, count)), colortype="tuple")
    hexes = [f"#{bytes(round(255 * part) for part in shade).hex()}" for shade in shades]
    return [looks[place % len(looks)]._replace(colour=colour) for place, colour in enumerate(hexes)]


def curves(frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """Return the look and the rows of every run in a frame.

    Runs are in the order of NORMS, then of learning rate and seed. A label names the learning rate
    and the seed if there are several, and the number of seeds that a mean is over. The higher the
    learning rate, the wider the line.
    """
    rates, several = sorted(frame["lr"].unique()), frame["seed"].nunique() > 1
    found = []
    for (norm, lr, seed, run), rows in groups(frame, ["norm", "lr", "seed", "run"]):
        words = [NORMS[norm].label if norm in NORMS else norm]
        if len(rates) > 1:
            words.append(f"lr {lr:g}")
        if several:
            words.append(f"seed {seed}")
        if "n" in rows:
            words.append(f"n = {rows['n'].max()}")
        curve = Curve(run, " · ".join(words), *style(norm), width=2 + 1.5 * rates.index(lr))
        found.append((_place(norm), curve, rows))
    return [(curve, rows) for _, curve, rows in sorted(found, key=lambda each: each[0])]


def _place(norm: str) -> int:
    order = list(NORMS)
    return order.index(norm) if norm in order else len(order)


def groups(frame: DataFrame, by: str | list[str]) -> Iterable[tuple[Any, DataFrame]]:
    """Group the rows of a frame by the values of these columns, in ascending order."""
    return frame.groupby(by)
