"""Any runs side by side: what varies between them is what they are called, and one metric of all is laid over each other.

Runs that differ in nothing but their seed share a label, and are averaged if the reader likes. Each panel takes the layer, where its
metric asks for one, from the first of `View.layers`, and the baseline (how an id begins) or the knob of small multiples from
`View.choice`; "" is the first there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz import figures
from bnviz.analysis import seeds
from bnviz.analysis.ends import final
from bnviz.analysis.rows import KEYS
from bnviz.analysis.seeds import over_seeds
from bnviz.analysis.thinning import FACET_POINTS, POINTS, drawn
from bnviz.figures import Compared, Look
from bnviz.metrics import METRICS, Metric
from bnviz.norms import NORMS
from bnviz.panels import Panel, View
from bnviz.probes import PROBES
from bnviz.spec import RunSpec
from bnviz.words import shorten

EVERY = "every_"  # a probe's interval as a knob, as in the address
MEASURING = (  # knobs that change what is measured in a run, and nothing of its training
    "step_sizes",
    "random_direction",
    "surface_along",
    "surface_scaled",
    "surface_extent",
    "surface_grid",
    "theory_units",
    "quantiles",
    "bins",
    *(EVERY + name for name in PROBES),
)
MANY = 7  # labels with an interval, of which a figure still takes 150 kB at most
FIRST = ("norm", "lr", "model", "data")  # in a label
TRAINING = (
    *FIRST,
    *(name for name in RunSpec.model_fields if name not in (*FIRST, *MEASURING, "probes", "seed")),
)


# What varies


def value(spec: RunSpec, knob: str) -> Any:
    """What a question says of a knob."""
    return spec.probes.get(knob.removeprefix(EVERY), 0) if knob.startswith(EVERY) else getattr(spec, knob)


def differing(specs: Sequence[RunSpec], knobs: Sequence[str]) -> list[str]:
    """Those of these knobs that are not the same in all questions."""
    return [knob for knob in knobs if _kinds(specs, [knob]) > 1]


def varying(specs: Sequence[RunSpec]) -> list[str]:
    """The knobs of training that differ; those of measuring as well where runs could not be told apart without."""
    trained = differing(specs, TRAINING)
    return trained if _kinds(specs, ["seed", *trained]) == len(specs) else trained + differing(specs, MEASURING)


def telling(specs: Sequence[RunSpec], knobs: Sequence[str]) -> list[str]:
    """As few of these knobs, in their order, as tell apart what all of them do."""
    kept: list[str] = []
    for knob in knobs:
        if _kinds(specs, [*kept, knob]) > _kinds(specs, kept):
            kept.append(knob)
    return kept


def _kinds(specs: Sequence[RunSpec], knobs: Sequence[str]) -> int:
    return len({tuple(value(spec, knob) for knob in knobs) for spec in specs})


def facets(specs: Sequence[RunSpec]) -> list[str]:
    """The knobs that can each have an axis of their own in small multiples."""
    return varying(specs) + differing(specs, ["seed"])


# What runs are called


def title(knob: str) -> str:
    """A knob as the reader sees it."""
    if knob.startswith(EVERY):
        return f"{PROBES[knob.removeprefix(EVERY)].LABEL}, every … steps"
    return RunSpec.model_fields[knob].title or knob


def text(spec: RunSpec, knob: str) -> str:
    """Its value as the reader sees it."""
    found = value(spec, knob)
    if knob == "norm":
        return NORMS[found].label
    if isinstance(found, bool):
        return "on" if found else "off"
    if isinstance(found, tuple):
        return ", ".join(f"{part:g}" for part in found) or "none"
    return f"{found:,}" if isinstance(found, int) else f"{found:g}" if isinstance(found, float) else str(found)


def word(spec: RunSpec, knob: str) -> str:
    """Its value in a label."""
    if knob in ("norm", "model", "data"):
        return text(spec, knob)
    return f"{'lr' if knob == 'lr' else title(knob)} {text(spec, knob)}"


def naming(specs: Sequence[RunSpec], facet: str = "") -> list[str]:
    """The knobs in the labels of these runs, where each value of `facet` has an axis of its own."""
    return [knob for knob in telling(specs, varying(specs)) if knob != facet]


def labels(specs: Sequence[RunSpec], facet: str = "") -> dict[str, str]:
    """Run -> its label, in the order of the legend."""
    knobs = naming(specs, facet)
    ordered = sorted(specs, key=lambda spec: _place(spec, ["norm", *knobs, "seed"]))
    return {spec.id: " · ".join(word(spec, knob) for knob in knobs) or text(spec, "norm") for spec in ordered}


def _place(spec: RunSpec, knobs: Sequence[str]) -> tuple[Any, ...]:
    """Where a question stands among others."""
    return tuple(list(NORMS).index(spec.norm) if knob == "norm" else value(spec, knob) for knob in knobs)


def looks(specs: Sequence[RunSpec], facet: str = "") -> dict[str, Look]:
    """Label -> colour, dash, marker and width, in the order of the legend.

    A normalisation keeps its colour and dash, and the other knobs of the labels give marker and width. Where there are more values
    of those than normalisations, they give the colour too, from blue to red in their order, and the normalisation the dash if it
    differs.
    """
    questions, ones = {spec.id: spec for spec in specs}, dict[str, RunSpec]()
    for id, label in labels(specs, facet).items():
        ones.setdefault(label, questions[id])
    knobs = [knob for knob in naming(specs, facet) if knob != "norm"]
    places = sorted({_place(one, knobs) for one in ones.values()})
    norms = {one.norm for one in ones.values()}
    found: dict[str, Look] = {}
    for label, one in ones.items():
        rank, styled = places.index(_place(one, knobs)), figures.style(one.norm)
        colour, dash, marker = figures.ordered_styles(len(places))[rank]
        if len(places) <= len(norms):
            found[label] = *styled[:2], styled[2] if len(places) == 1 else marker, 2 + 1.2 * rank
        else:
            found[label] = colour, dash if len(norms) == 1 else styled[1], marker, 2
    return found


def cautions(specs: Sequence[RunSpec]) -> list[str]:
    """What to keep in mind when just these runs are compared, a sentence each."""
    besides = [title(knob) for knob in varying(specs) if knob not in naming(specs)]
    sentences = [f"What the labels do not say: these runs also differ in {', '.join(besides)}."] if besides else []
    data = sorted({spec.data for spec in specs})
    if len(data) > 1:
        sentences.append(
            f"They are trained on different data ({', '.join(data)}): losses and lengths are not on one scale."
        )
    return sentences


# Numbers


def curves(view: View, metric: Metric, facet: str = "") -> DataFrame:
    """The metric of every run. -> KEYS, label, facet (where there is one), step, value"""
    return _labelled(metric.curve(view.rows, _layer(view)), view.specs, facet)


def _labelled(numbers: DataFrame, specs: Sequence[RunSpec], facet: str) -> DataFrame:
    named = numbers.assign(label=numbers["run"].map(labels(specs, facet)))
    columns = [*KEYS, "label", "step", "value"]
    if facet:
        named = named.assign(facet=numbers["run"].map({spec.id: word(spec, facet) for spec in specs}))
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
    lines = [(label, seeds[id], id in view.time.diverged) for id, label in labels(view.specs).items()]
    table = DataFrame(lines, columns=["label", "seed", "diverged"])
    return table.groupby(["label", "seed"], as_index=False, sort=False).sum()


# Figures


def _drawn(metric: Metric, numbers: DataFrame, view: View, axis: str = "", **how: Any) -> go.Figure:
    time, facet = replace(view.time, selected=None), how.pop("facet", "")
    compared = Compared(looks(view.specs, facet), axis or metric.axis, time, percent=metric.percent, **how)
    return figures.comparison(numbers, compared)


def fewer(numbers: DataFrame) -> DataFrame:
    """As many steps as are seen: fewer in small multiples, and of many labels with intervals, which would be much to send."""
    crowded = "facet" in numbers or ("interval" in numbers and numbers["label"].nunique() > MANY)
    return drawn(numbers, FACET_POINTS if crowded else POINTS)


def overlay(name: str) -> Panel:
    """All runs on one axis."""
    metric = METRICS[name]
    return Panel(
        metric.label,
        f"Running mean over {metric.window} records." if metric.window > 1 else "As it was measured.",
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
        axis = "<br>".join([metric.axis, *minus]) + ", points" * metric.percent
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
        ordered = sorted(view.specs, key=lambda spec: _place(spec, [knob]))
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


PANELS = {panel.name: panel for make in (overlay, difference, multiples) for panel in map(make, METRICS)}
