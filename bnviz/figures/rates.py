"""Inception at several learning rates (2015, Sec. 4.2.2, Figs. 2 and 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis import rates as analysis
from bnviz.analysis.training import test_curve
from bnviz.figures.axes import empty_axes
from bnviz.figures.comparison import Compared, LineStyle, comparison
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import LEVEL, MARK, style
from bnviz.figures.traces import NO_HOVER
from bnviz.figures.unchecked import scatter, set_axes, set_layout
from bnviz.presets.ioffe_2015 import BASELINE, RATES, named
from bnviz.spec import RunSpec
from bnviz.words import markdown_table, per_cent

MILLION = 1e6
# Colour says whether there is BatchNorm; dash, marker and width say the rest.
LOOKS = {
    "inception": ("solid", "circle", 2.5),
    "inception-x5": ("8px,3px", "x", 2),
    "inception-sigmoid": ("dot", "diamond", 2),
    "bn-baseline": ("solid", "square", 2.5),
    "bn-x5": ("8px,3px", "cross", 2),
    "bn-x30": ("10px,3px,2px,3px", "star", 2),
    "bn-x5-sigmoid": ("dot", "hexagon", 2),
}
STYLES = {
    preset.label: LineStyle(style(preset.norms[0]).colour, *LOOKS[preset.name]) for preset in RATES
}


class Published(NamedTuple):
    """What the paper gives for a network (2015, Fig. 3)."""

    reached: float  # steps to the best accuracy of Inception; NaN if it never is
    best: float  # accuracy, from 0 to 1

    @property
    def speed_up(self) -> float:
        """How many times fewer steps than Inception it takes."""
        return PUBLISHED[BASELINE.label].reached / self.reached


PUBLISHED = {
    "Inception": Published(31.0 * MILLION, 0.722),
    "BN-Baseline": Published(13.3 * MILLION, 0.727),
    "BN-x5": Published(2.1 * MILLION, 0.730),
    "BN-x30": Published(2.7 * MILLION, 0.748),
    "BN-x5-Sigmoid": Published(np.nan, 0.698),
}


def curves(view: View) -> DataFrame:
    """Return the test accuracy of every network. Columns: KEYS, label, step, value."""
    names = {spec.id: named(spec) for spec in view.specs}
    found = test_curve(view.rows)
    return found.assign(label=found["run"].map(names))


def draw_curves(numbers: DataFrame, view: View) -> go.Figure:
    """Draw the test accuracies, in the order of the paper."""
    there = {spec.id: named(spec) for spec in view.specs}.values()
    styles = {label: look for label, look in STYLES.items() if label in there}
    return comparison(numbers, Compared(styles, "Test accuracy", view.time, percent=True))


def draw_speed_up(numbers: DataFrame, view: View) -> go.Figure:
    """Draw the speed-up of each network on a logarithmic axis, and the paper's."""
    labels = [label for label in reversed(STYLES) if (numbers["label"] == label).any()]
    fig = empty_axes(numbers, "Times fewer steps to the best accuracy of Inception", [""])
    for label in labels:
        look, own = STYLES[label], numbers[numbers["label"] == label]
        mark = {"symbol": look.symbol, "size": 11, "color": look.colour}
        place = {"y": [label] * len(own), "mode": "markers", "showlegend": False}
        said = "%{x:.3g} times<extra>%{y}</extra>"
        fig.add_trace(scatter(x=own["speed_up"], marker=mark, hovertemplate=said, **place))
    theirs = {label: PUBLISHED[label].speed_up for label in labels if label in PUBLISHED}
    hollow = {"symbol": "diamond-open", "size": 11, "color": MARK}
    x, y = list(theirs.values()), list(theirs)
    fig.add_trace(scatter(x=x, y=y, mode="markers", name="the paper's", marker=hollow, **NO_HOVER))
    fig.add_vline(1, **LEVEL)
    set_axes(fig, "y", categoryorder="array", categoryarray=labels, range=[-0.6, len(labels) - 0.4])
    set_axes(fig, "x", type="log", tickformat="~g", nticks=6)
    return set_layout(fig, hovermode="closest", height=120 + 34 * len(STYLES))


def say_table(numbers: DataFrame) -> str:
    """Return the table of Fig. 3 with ours and the paper's numbers, as Markdown."""
    head = ["network", f"steps to {BASELINE.label}'s best", "best accuracy", "at step"]
    lines = list[list[str]]()
    for label in STYLES:
        own = numbers[numbers["label"] == label]
        if len(own):
            found = own[["reached", "best", "at"]].median()
            theirs = PUBLISHED.get(label)
            lines.append(
                [
                    label,
                    steps(found["reached"]) + (f" ({millions(theirs)})" if theirs else ""),
                    per_cent(found["best"]) + (f" ({per_cent(theirs.best)})" if theirs else ""),
                    steps(found["at"]),
                ]
            )
    said = f"The paper's numbers are in parentheses.\n\n{markdown_table(head, lines)}"
    return said if lines else ""


def steps(count: float) -> str:
    """Write a number of steps; an en dash if there is none."""
    return f"{count:,.0f}" if np.isfinite(count) else "–"


def millions(theirs: Published) -> str:
    """Write the paper's number of steps in millions."""
    return f"{theirs.reached / MILLION:.1f} M" if np.isfinite(theirs.reached) else "–"


def of_rates(spec: RunSpec) -> bool:
    """Return whether the run is one of these networks."""
    return bool(named(spec))


def together(specs: Sequence[RunSpec]) -> bool:
    """Return whether all runs are of these networks."""
    return all(map(of_rates, specs))


RATES_ACCURACY = Panel(
    "Accuracy at several learning rates",
    "Which network rises first, and which ends highest? A cross marks a run that diverged.",
    curves,
    draw_curves,
    when=of_rates,
    together=together,
    averages={"value": "test_accuracy"},
    metrics=("test_accuracy",),
    slug="rates-accuracy",
)
SPEED_UP = Panel(
    "Speed-up",
    "How many times fewer steps does a network take to the best accuracy of Inception without "
    "BatchNorm? A network without a mark never reaches it.",
    lambda view: analysis.summary(curves(view), BASELINE.label),
    draw_speed_up,
    when=of_rates,
    together=together,
    say=say_table,
    metrics=("test_accuracy",),
    slug="rates-speed-up",
)
