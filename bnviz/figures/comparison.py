"""Any runs side by side: one metric of all of them, laid over each other.

Runs that differ only in their seed share a label, and can be averaged. Each panel takes the layer, where its metric needs
one, from the first of `View.layers`, and the baseline (how an id begins) or the knob of small multiples from `View.choice`;
"" takes the first there is.
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
from bnviz.figures.axes import BELOW, axis_of, empty_axes, in_percent, over_time, positive_only
from bnviz.figures.knobs import facets, labels, naming, place_of, word
from bnviz.figures.metrics import METRICS, Metric
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import LEVEL, Curve, Time, groups, ordered_styles, style
from bnviz.figures.traces import NUMBER, cross_trace, interval_legend, interval_traces, line_trace
from bnviz.figures.unchecked import figure as unchecked
from bnviz.spec import RunSpec
from bnviz.words import shorten

MANY = 7  # labels with an interval, of which a figure still takes 150 kB at most
DOTS = 16  # markers on a line of a comparison, so that it is told apart without its colour
ACROSS = 3  # small multiples side by side


class Look(NamedTuple):
    """How the lines of a label look."""

    colour: str
    dash: str
    symbol: str
    width: float


@dataclass(frozen=True)
class Compared:
    """What the figures of a comparison share: `looks` are those of its labels, in the order of the legend."""

    looks: Mapping[str, Look]
    axis: str
    time: Time
    log: bool = False
    percent: bool = False
    zero: bool = False  # differences, with a line where there is none
    facets: tuple[str, ...] = ()  # small multiples

    @property
    def points(self) -> bool:
        """Whether these are differences of percentages."""
        return self.percent and self.zero


def comparison(frame: DataFrame, compared: Compared) -> go.Figure:
    """A line for each label of `frame` (KEYS, label, step, value), on one axis or on one for each value of its column `facet`."""
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
    entries = len(compared.looks) + (1 if "interval" in frame else 0)
    fig.update_layout(legend=BELOW, height=fig.layout.height + 14 * entries)
    over_time(compared.time, fig).update_yaxes(**axis_of("log" if compared.log else "linear"))
    if compared.points:
        fig.update_traces(hovertemplate="%{y:+.3~g} points", selector={"hovertemplate": NUMBER})
        return fig.update_yaxes(tickformat="+~g")
    return in_percent(fig) if compared.percent else fig


def _in_points(frame: DataFrame) -> DataFrame:
    """Differences of shares in percentage points."""
    return frame.assign(
        **{name: 100 * frame[name] for name in ("value", "value_from", "value_to") if name in frame}
    )


def _labelled_lines(frame: DataFrame, compared: Compared) -> list[tuple[Curve, str, DataFrame]]:
    """Every line of a comparison with its look and what the legend calls it: the same in all small multiples."""
    seeds = (
        frame.groupby("facet")["seed"].nunique().max()
        if compared.facets
        else frame["seed"].nunique()
    )
    several, lines = bool(seeds > 1), []
    for label, look in compared.looks.items():
        of_label = frame[frame["label"] == label]
        for (seed, run), rows in groups(of_label, ["seed", "run"]):
            words = [
                label,
                f"seed {seed}" if several else "",
                _counted(of_label) if "n" in frame else "",
            ]
            lines.append((Curve(run, label, *look), " · ".join(filter(None, words)), rows))
    return lines


def _counted(rows: DataFrame) -> str:
    """How many seeds the means of a label are over."""
    n = rows.groupby("run")["n"].max()
    return f"n = {n.min()}" if n.min() == n.max() else f"n = {n.min()}–{n.max()}"


def _multiples(compared: Compared) -> go.Figure:
    """Empty axes, the same for each facet, in lines of up to ACROSS."""
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
    fig.update_layout(
        template="bnviz", height=110 + 210 * down, margin_t=64
    )  # buttons above the titles
    fig.update_xaxes(matches="x", nticks=4).update_xaxes(title_text="Steps", row=down)
    fig.update_yaxes(matches="y", showticklabels=False)
    fig.update_yaxes(showticklabels=True, title_text=compared.axis, col=1)
    return unchecked(fig)


def looks(specs: Sequence[RunSpec], facet: str = "") -> dict[str, Look]:
    """Label -> its look, in the order of the legend.

    A normalisation keeps its colour and dash, and the other knobs in the labels set marker and width. Where those have more
    values than there are normalisations, they set the colour too, from blue to red, and the normalisation the dash if it differs.
    """
    questions, ones = {spec.id: spec for spec in specs}, dict[str, RunSpec]()
    for id, label in labels(specs, facet).items():
        ones.setdefault(label, questions[id])
    knobs = [knob for knob in naming(specs, facet) if knob != "norm"]
    places = sorted({place_of(one, knobs) for one in ones.values()})
    norms = {one.norm for one in ones.values()}
    found: dict[str, Look] = {}
    for label, one in ones.items():
        rank, own = places.index(place_of(one, knobs)), style(one.norm)
        ordered = ordered_styles(len(places))[rank]
        if len(places) <= len(norms):
            symbol = own.symbol if len(places) == 1 else ordered.symbol
            found[label] = Look(own.colour, own.dash, symbol, 2 + 1.2 * rank)
        else:
            found[label] = Look(
                ordered.colour, ordered.dash if len(norms) == 1 else own.dash, ordered.symbol, 2
            )
    return found


def curves(view: View, metric: Metric, facet: str = "") -> DataFrame:
    """The metric of every run. -> KEYS, label, facet (where there is one), step, value"""
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
    """The label of the run whose id begins so, the first of all for "". ValueError where no run's does."""
    found = [label for id, label in labels(specs).items() if id.startswith(choice)]
    if not found:
        ids = ", ".join(spec.id[:8] for spec in specs)
        raise ValueError(f"the baseline is one of the compared runs, {ids}, got {shorten(choice)}")
    return found[0]


def faceted(specs: Sequence[RunSpec], choice: str = "") -> str:
    """The knob of small multiples, the first that differs for "". ValueError where it is none of them."""
    there = facets(specs)
    if choice and choice not in there:
        raise ValueError(
            f"small multiples are by one of {', '.join(there) or 'nothing: all runs are alike'}, got {shorten(choice)}"
        )
    return choice or next(iter(there), "norm")


def differences(view: View, metric: Metric) -> DataFrame:
    """Every other run minus the baseline's of the same seed. -> KEYS, label, step, value"""
    return _less(curves(view, metric), baseline(view.specs, view.choice))


def _less(numbers: DataFrame, base: str) -> DataFrame:
    at = numbers["label"] == base
    return seeds.difference(numbers[~at], ["value"], numbers[at])


def unpaired(specs: Sequence[RunSpec], choice: str = "") -> list[str]:
    """What has no difference, because the baseline has no run of its seed."""
    named, base = labels(specs), baseline(specs, choice)
    seeds = {spec.seed for spec in specs if named[spec.id] == base}
    return [f"{named[spec.id]}, seed {spec.seed}" for spec in specs if spec.seed not in seeds]


def finals(view: View, metric: Metric) -> DataFrame:
    """Mean over the last tenth of the steps, and its paired difference to the baseline `View.choice`, in the order of the legend.

    -> label, seed (-1 for their mean), diverged (how many), n, value, difference; of means also where their intervals begin and
    end: value_from, value_to, difference_from, difference_to. NaN where a run is not yet there, or lost.
    """
    last = _labelled(metric.measured(view.rows, _layer(view)), view.specs, "")
    last = final(last, {spec.id: spec.steps for spec in view.specs}).assign(n=1)
    less = _less(last, baseline(view.specs, view.choice)).rename(columns={"value": "difference"})
    if view.averaged:
        last = over_seeds(last, ["value"], view.statistic)
        less = over_seeds(less, ["difference"], view.statistic).drop(columns="n")
    where, not_said = ["label", "seed"], ["run", "norm", "lr", "interval", "step"]
    table = _everyone(view)
    for part in (last, less):
        table = table.merge(part.drop(columns=not_said, errors="ignore"), on=where, how="left")
    return table


def _everyone(view: View) -> DataFrame:
    """A line for each that has one in `finals`, also where nothing is measured. -> label, seed, diverged"""
    seeds = {spec.id: -1 if view.averaged else spec.seed for spec in view.specs}
    lines = [
        (label, seeds[id], id in view.time.diverged) for id, label in labels(view.specs).items()
    ]
    table = DataFrame(lines, columns=["label", "seed", "diverged"])
    return table.groupby(["label", "seed"], as_index=False, sort=False).sum()


def _drawn(metric: Metric, numbers: DataFrame, view: View, axis: str = "", **how: Any) -> go.Figure:
    time, facet = replace(view.time, selected=None), how.pop("facet", "")
    compared = Compared(
        looks(view.specs, facet), axis or metric.axis, time, percent=metric.percent, **how
    )
    return comparison(numbers, compared)


def fewer(numbers: DataFrame) -> DataFrame:
    """As many steps as are seen: fewer in small multiples, and of many labels with intervals, which would be much to send."""
    crowded = "facet" in numbers or ("interval" in numbers and numbers["label"].nunique() > MANY)
    return drawn(numbers, FACET_POINTS if crowded else POINTS)


def overlay(name: str) -> Panel:
    """All runs on one axis."""
    metric = METRICS[name]
    return Panel(
        metric.label,
        f"Running mean over {metric.window} records."
        if metric.window > 1
        else "As it was measured.",
        lambda view: curves(view, metric),
        lambda numbers, view: _drawn(metric, numbers, view, log=metric.log),
        averages=("value",),
        fewer=fewer,
        metrics=metric.needs,
        slug=f"overlay-{name}",
    )


def difference(name: str) -> Panel:
    """All runs against one of them, paired at equal seeds and steps."""
    metric = METRICS[name]

    def draw(numbers: DataFrame, view: View) -> go.Figure:
        minus = f"minus {baseline(view.specs, view.choice)}".split(" · ")
        axis = "<br>".join([metric.axis, *minus]) + (", points" if metric.percent else "")
        return _drawn(metric, numbers, view, axis, zero=True)

    return replace(
        overlay(name),
        title=f"{metric.label}: difference",
        look="Minus the baseline of the same seed, step by step.",
        numbers=lambda view: differences(view, metric),
        draw=draw,
        slug=f"difference-{name}",
    )


def multiples(name: str) -> Panel:
    """An axis for each value of a knob."""
    metric = METRICS[name]

    def draw(numbers: DataFrame, view: View) -> go.Figure:
        knob = faceted(view.specs, view.choice)
        ordered = sorted(view.specs, key=lambda spec: place_of(spec, [knob]))
        names = tuple(dict.fromkeys(word(spec, knob) for spec in ordered))
        return _drawn(metric, numbers, view, facet=knob, facets=names, log=metric.log)

    return replace(
        overlay(name),
        title=f"{metric.label}: small multiples",
        look="The same axes in every panel, so that heights compare across them.",
        numbers=lambda view: curves(view, metric, faceted(view.specs, view.choice)),
        draw=draw,
        slug=f"multiples-{name}",
    )


COMPARISONS = {
    panel.name: panel for make in (overlay, difference, multiples) for panel in map(make, METRICS)
}
