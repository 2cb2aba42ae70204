"""Compare any runs in one metric: overlaid, as differences to a baseline, or as small multiples.

Runs that differ only in their seed share a label and can be averaged. A metric that is measured by
layer uses the first of `View.layers`. `View.choice` is the start of the baseline run's id, or the
setting that small multiples are split by; "" means the first one available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import plotly.graph_objects as go
from pandas import DataFrame
from plotly.subplots import make_subplots

from bnviz.analysis import seeds
from bnviz.analysis.ends import final
from bnviz.analysis.rows import KEYS
from bnviz.analysis.seeds import over_seeds
from bnviz.analysis.thinning import FACET_POINTS, POINTS, drawn
from bnviz.figures.axes import (
    BELOW,
    axis_of,
    empty_axes,
    in_percent,
    over_time,
    positive_only,
    separable,
)
from bnviz.figures.knobs import facets, labels, naming, place_of, word
from bnviz.figures.metrics import METRICS, Metric
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import LEVEL, Curve, Time, groups, ordered_styles, style
from bnviz.figures.traces import NUMBER, cross_trace, interval_legend, interval_traces, line_trace
from bnviz.figures.unchecked import figure as unchecked
from bnviz.spec import RunSpec
from bnviz.words import shorten

MANY = 7  # labels with an interval: up to here a figure takes at most 150 kB
DOTS = 16  # markers on a line, so that lines can be told apart without colour
ACROSS = 3  # small multiples in a row


class LineStyle(NamedTuple):
    """The look of the lines that share a label."""

    colour: str
    dash: str
    symbol: str
    width: float


@dataclass(frozen=True)
class Compared:
    """What the figures of a comparison have in common.

    Attributes
    ----------
    line_styles : the style of each label, in the order of the legend
    axis : title of the y axis
    time : length of the training and the steps at which runs diverged
    log : whether the y axis is logarithmic
    percent : whether the values are shares, to be shown in per cent
    zero : whether the values are differences, which get a line at 0
    facets : names of the small multiples, () if there are none
    """

    line_styles: Mapping[str, LineStyle]
    axis: str
    time: Time
    log: bool = False
    percent: bool = False
    zero: bool = False
    facets: tuple[str, ...] = ()

    @property
    def points(self) -> bool:
        """Whether the values are differences of shares, to be shown in percentage points."""
        return self.percent and self.zero


def comparison(frame: DataFrame, compared: Compared) -> go.Figure:
    """Draw a line for each label, on one pair of axes or in small multiples.

    `frame` has the columns KEYS, label, step and value, and for small multiples facet.
    """
    frame = _in_points(frame) if compared.points else frame
    fig = (
        _multiples(compared)
        if compared.facets and len(frame)
        else empty_axes(frame, "Steps", [compared.axis])
    )
    for curve, name, rows in _labelled_lines(
        positive_only(frame, "value") if compared.log else frame, compared
    ):
        step, value = rows["step"], rows["value"]
        traces = [
            *interval_traces(curve, rows, "value", compared.log),
            line_trace(curve, step, value, **curve.dots(6)),
        ]
        traces[-1].marker.maxdisplayed = DOTS
        traces += cross_trace(curve, step, value, compared.time, words=not compared.facets)
        place = compared.facets.index(rows["facet"].iloc[0]) if compared.facets else 0
        where = {"rows": place // ACROSS + 1, "cols": place % ACROSS + 1}
        fig.add_traces([trace.update(name=name, legendgroup=name) for trace in traces], **where)
    fig.add_traces(interval_legend(frame[frame["n"] > 1] if "n" in frame else frame))
    if compared.zero:
        fig.add_hline(0, **LEVEL)
    entries = len(compared.line_styles) + (1 if "interval" in frame else 0)
    fig.update_layout(legend=BELOW, height=fig.layout.height + 14 * entries)
    separable(over_time(compared.time, fig))
    fig.update_yaxes(**axis_of("log" if compared.log else "linear"))
    if compared.points:
        fig.update_traces(hovertemplate="%{y:+.3~g} points", selector={"hovertemplate": NUMBER})
        return fig.update_yaxes(tickformat="+~g")
    return in_percent(fig) if compared.percent else fig


def _in_points(frame: DataFrame) -> DataFrame:
    """Turn differences of shares into percentage points."""
    return frame.assign(
        **{name: 100 * frame[name] for name in ("value", "value_from", "value_to") if name in frame}
    )


def _labelled_lines(frame: DataFrame, compared: Compared) -> list[tuple[Curve, str, DataFrame]]:
    """Return every line with its look, its name in the legend and its rows.

    Style and name are the same in all small multiples.
    """
    seeds = (
        frame.groupby("facet")["seed"].nunique().max()
        if compared.facets
        else frame["seed"].nunique()
    )
    several, lines = bool(seeds > 1), []
    for label, own in compared.line_styles.items():
        of_label = frame[frame["label"] == label]
        for (seed, run), rows in groups(of_label, ["seed", "run"]):
            words = [
                label,
                f"seed {seed}" if several else "",
                _counted(of_label) if "n" in frame else "",
            ]
            lines.append((Curve(run, label, *own), " · ".join(filter(None, words)), rows))
    return lines


def _counted(rows: DataFrame) -> str:
    """Say over how many seeds the means of a label are."""
    n = rows.groupby("run")["n"].max()
    return f"n = {n.min()}" if n.min() == n.max() else f"n = {n.min()}–{n.max()}"


def _multiples(compared: Compared) -> go.Figure:
    """Return empty axes with a common scale: one panel per facet, up to ACROSS in a row."""
    names, across = compared.facets, min(ACROSS, len(compared.facets))
    down = -(-len(names) // ACROSS)
    cells: list[list[dict[str, Any] | None]]
    cells = [
        [{} if row * across + column < len(names) else None for column in range(across)]
        for row in range(down)
    ]
    gaps = {"horizontal_spacing": 0.03, "vertical_spacing": 0.28 / down}
    fig = make_subplots(down, across, specs=cells, subplot_titles=names, **gaps)
    fig.update_annotations(font_size=13)
    # The top margin leaves room for the buttons above the titles.
    fig.update_layout(template="bnviz", height=110 + 210 * down, margin_t=64)
    fig.update_xaxes(matches="x", nticks=4).update_xaxes(title_text="Steps", row=down)
    fig.update_yaxes(matches="y", showticklabels=False)
    fig.update_yaxes(showticklabels=True, title_text=compared.axis, col=1)
    return unchecked(fig)


def line_styles(specs: Sequence[RunSpec], facet: str = "") -> dict[str, LineStyle]:
    """Return the style of each label, in the order of the legend.

    Usually the normalisation sets colour and dash, and the other settings in the labels set marker
    and width. If those settings take more values than there are normalisations, they set the colour
    too, from blue to red, and the normalisation sets only the dash, if it differs at all.
    """
    by_id, ones = {spec.id: spec for spec in specs}, dict[str, RunSpec]()
    for id, label in labels(specs, facet).items():
        ones.setdefault(label, by_id[id])
    knobs = [knob for knob in naming(specs, facet) if knob != "norm"]
    places = sorted({place_of(one, knobs) for one in ones.values()})
    norms = {one.norm for one in ones.values()}
    found: dict[str, LineStyle] = {}
    for label, one in ones.items():
        rank, own = places.index(place_of(one, knobs)), style(one.norm)
        ordered = ordered_styles(len(places))[rank]
        if len(places) <= len(norms):
            symbol = own.symbol if len(places) == 1 else ordered.symbol
            found[label] = LineStyle(own.colour, own.dash, symbol, 2 + 1.2 * rank)
        else:
            found[label] = LineStyle(
                ordered.colour, ordered.dash if len(norms) == 1 else own.dash, ordered.symbol, 2
            )
    return found


def curves(view: View, metric: Metric, facet: str = "") -> DataFrame:
    """Return the metric of every run as it is drawn.

    Columns: KEYS, label, facet (for small multiples only), step, value.
    """
    return _labelled(metric.curve(view.rows, _layer(view)), view.specs, facet)


def _labelled(numbers: DataFrame, specs: Sequence[RunSpec], facet: str) -> DataFrame:
    named = numbers.assign(label=numbers["run"].map(labels(specs, facet)))
    columns = [*KEYS, "label", "step", "value"]
    if facet:
        named = named.assign(
            facet=numbers["run"].map({spec.id: word(spec, facet) for spec in specs})
        )
        columns.insert(len(KEYS) + 1, "facet")
    return named[columns]


def _layer(view: View) -> str:
    return view.layers[0] if view.layers else ""


def baseline(specs: Sequence[RunSpec], choice: str = "") -> str:
    """Return the label of the first run whose id starts with `choice`.

    ValueError if there is no such run.
    """
    found = [label for id, label in labels(specs).items() if id.startswith(choice)]
    if not found:
        ids = ", ".join(spec.id[:8] for spec in specs)
        raise ValueError(
            f"the baseline must be one of the compared runs ({ids}), got {shorten(choice)}"
        )
    return found[0]


def faceted(specs: Sequence[RunSpec], choice: str = "") -> str:
    """Return the setting that small multiples are split by: `choice`, or the first that differs.

    ValueError if the runs do not differ in `choice`.
    """
    there = facets(specs)
    if choice and choice not in there:
        one = f"one of {', '.join(there)}"
        settings = one if there else "nothing, because all runs are alike"
        raise ValueError(f"small multiples can be split by {settings}, got {shorten(choice)}")
    return choice or next(iter(there), "norm")


def differences(view: View, metric: Metric) -> DataFrame:
    """Return every other run minus the baseline's run of the same seed.

    Columns: KEYS, label, step, value.
    """
    return _less(curves(view, metric), baseline(view.specs, view.choice))


def _less(numbers: DataFrame, base: str) -> DataFrame:
    at = numbers["label"] == base
    return seeds.difference(numbers[~at], ["value"], numbers[at])


def unpaired(specs: Sequence[RunSpec], choice: str = "") -> list[str]:
    """Name the runs that have no difference because the baseline has no run with their seed."""
    named, base = labels(specs), baseline(specs, choice)
    seeds = {spec.seed for spec in specs if named[spec.id] == base}
    return [f"{named[spec.id]}, seed {spec.seed}" for spec in specs if spec.seed not in seeds]


def finals(view: View, metric: Metric) -> DataFrame:
    """Return the mean over the last tenth of the steps and its paired difference to the baseline.

    Over seeds, values are averaged on the scale of the metric, and differences on the plain one.

    There is one row per label and seed, or per label if seeds are averaged, in the order of the
    legend. Numbers are NaN if a run has not got that far or diverged.

    Columns: label, seed (-1 for a mean over seeds), diverged (number of runs), n, value,
    difference. Means also have the ends of their intervals: value_from, value_to, difference_from,
    difference_to.
    """
    last = _labelled(metric.measured(view.rows, _layer(view)), view.specs, "")
    last = final(last, {spec.id: spec.steps for spec in view.specs}).assign(n=1)
    less = _less(last, baseline(view.specs, view.choice)).rename(columns={"value": "difference"})
    if view.averaged:
        last = over_seeds(last, {"value": metric.quantity}, view.statistic)
        less = over_seeds(less, {"difference": "difference"}, view.statistic).drop(columns="n")
    where, not_said = ["label", "seed"], ["run", "norm", "lr", "interval", "step"]
    table = _everyone(view)
    for part in (last, less):
        table = table.merge(part.drop(columns=not_said, errors="ignore"), on=where, how="left")
    return table


def _everyone(view: View) -> DataFrame:
    """Return one row for each row of `finals`, including runs without any measurement.

    Columns: label, seed, diverged.
    """
    seeds = {spec.id: -1 if view.averaged else spec.seed for spec in view.specs}
    lines = [
        (label, seeds[id], id in view.time.diverged) for id, label in labels(view.specs).items()
    ]
    table = DataFrame(lines, columns=["label", "seed", "diverged"])
    return table.groupby(["label", "seed"], as_index=False, sort=False).sum()


def _drawn(metric: Metric, numbers: DataFrame, view: View, axis: str = "", **how: Any) -> go.Figure:
    facet = how.pop("facet", "")
    styles, title = line_styles(view.specs, facet), axis or metric.axis
    compared = Compared(styles, title, view.time, percent=metric.percent, **how)
    return comparison(numbers, compared)


def fewer(numbers: DataFrame) -> DataFrame:
    """Thin the curves, more so in small multiples and for many labels with intervals.

    Small multiples cannot resolve more steps. Many intervals would take long to send.
    """
    crowded = "facet" in numbers or ("interval" in numbers and numbers["label"].nunique() > MANY)
    return drawn(numbers, FACET_POINTS if crowded else POINTS)


def overlay(name: str) -> Panel:
    """Return the panel that draws a metric of all runs on the same axes."""
    metric = METRICS[name]
    return Panel(
        metric.label,
        f"Running mean over {metric.window} records." if metric.window > 1 else "As measured.",
        lambda view: curves(view, metric),
        lambda numbers, view: _drawn(metric, numbers, view, log=metric.log),
        averages={"value": metric.quantity},
        fewer=fewer,
        metrics=metric.needs,
        slug=f"overlay-{name}",
    )


def difference(name: str) -> Panel:
    """Return the panel that draws all runs minus the baseline, paired by seed and step."""
    metric = METRICS[name]

    def draw(numbers: DataFrame, view: View) -> go.Figure:
        minus = f"minus {baseline(view.specs, view.choice)}".split(" · ")
        axis = "<br>".join([metric.axis, *minus]) + (", points" if metric.percent else "")
        return _drawn(metric, numbers, view, axis, zero=True)

    return replace(
        overlay(name),
        title=f"{metric.label}: difference",
        reading="Each run minus the baseline run of the same seed, step by step.",
        numbers=lambda view: differences(view, metric),
        averages={"value": "difference"},
        draw=draw,
        slug=f"difference-{name}",
    )


def multiples(name: str) -> Panel:
    """Return the panel that draws one small chart for each value of a setting."""
    metric = METRICS[name]

    def draw(numbers: DataFrame, view: View) -> go.Figure:
        knob = faceted(view.specs, view.choice)
        ordered = sorted(view.specs, key=lambda spec: place_of(spec, [knob]))
        names = tuple(dict.fromkeys(word(spec, knob) for spec in ordered))
        return _drawn(metric, numbers, view, facet=knob, facets=names, log=metric.log)

    return replace(
        overlay(name),
        title=f"{metric.label}: small multiples",
        reading="All panels have the same axes, so heights can be compared across them.",
        numbers=lambda view: curves(view, metric, faceted(view.specs, view.choice)),
        draw=draw,
        slug=f"multiples-{name}",
    )


COMPARISONS = {
    panel.name: panel for make in (overlay, difference, multiples) for panel in map(make, METRICS)
}
