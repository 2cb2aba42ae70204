"""Describe a figure as data: how to compute its numbers, how to draw them, what to look for.

Pages, command line, bundles and lessons draw the same panels. A `Panel` turns a `View` (the rows of
some runs and the reader's choices) into a frame of numbers and a plotly figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis.landscape import Direction
from bnviz.analysis.rows import default_layers, diverged, newest, of_seed
from bnviz.analysis.seeds import over_seeds
from bnviz.data import SOURCES
from bnviz.figures.axes import tell_page
from bnviz.figures.lines import IN_STEPS, STEPS, Lines, arranged
from bnviz.figures.style import Time
from bnviz.papers import reference
from bnviz.spec import RunSpec
from bnviz.training.models import FAMILY

MEASUREMENTS = 20  # how often a run measures with a probe that the reader adds by one click
RANDOM = "along a random direction"  # the papers show no curves for this direction
# position of the page's switch -> direction
ALONG: dict[str, Direction] = {"along the gradient": "gradient", RANDOM: "random"}
ONE, ALL = "one unit", "all units"
CONTOURS, RELIEF = "contours", "surface"
SWITCHES = (*ALONG, ONE, ALL, CONTOURS, RELIEF)  # all positions of the pages' own switches
EACH = "each"  # the statistic that draws each seed separately


@dataclass(frozen=True)
class View:
    """What a figure is drawn from: the rows of its runs, and the reader's choices.

    Attributes
    ----------
    rows : tidy rows of all runs, as in `bnviz.analysis.rows`
    time : length of the training and the steps at which runs diverged
    step : the step that figures of a single step show
    layers : the layers to draw
    choice : position of the page's own switch, one of SWITCHES, or ""
    paper : the papers' curves to draw beneath, None if there are none or they are hidden
    specs : the settings of the runs
    statistic : how several seeds are drawn, a key of `bnviz.analysis.scales.STATISTICS` or EACH
    lines : unit and smoothing of figures over steps
    """

    rows: DataFrame
    time: Time
    step: int
    layers: tuple[str, ...]
    choice: str = ""
    paper: DataFrame | None = None
    specs: tuple[RunSpec, ...] = ()
    statistic: str = EACH
    lines: Lines = IN_STEPS

    @property
    def averaged(self) -> bool:
        """Whether there are several seeds and their mean is drawn."""
        return self.statistic != EACH and len({spec.seed for spec in self.specs}) > 1

    def of_first_seed(self) -> View:
        """Return this view with the runs of the lowest seed only."""
        first = min(spec.seed for spec in self.specs)
        specs = tuple(spec for spec in self.specs if spec.seed == first)
        return replace(self, rows=of_seed(self.rows, first), specs=specs)


@dataclass(frozen=True)
class Lacking:
    """The probes (with their intervals) and settings that runs lack for a panel.

    False if they lack nothing.
    """

    probes: dict[str, int]
    settings: dict[str, bool]

    def __bool__(self) -> bool:
        return bool(self.probes or self.settings)


@dataclass(frozen=True)
class Panel:
    """One figure: its numbers, its drawing and one sentence on what to look for.

    Attributes
    ----------
    title : title above the figure
    reading : one sentence that says what to look for
    numbers : computes the numbers from a view, at full resolution
    draw : draws the numbers
    paper : the name in `bnviz.papers.reference` of the papers' curves that belong beneath
    without : position of the page's switch for which the papers have no curves
    when : whether the figure is about a run with these settings
    together : whether the figure is about a set of runs
    hint : what the page shows instead if the figure is not about its runs
    say : puts the numbers into words
    averages : columns to average over seeds, and the quantity in each, which sets the scale (see
        `bnviz.analysis.scales`); if empty, only the first seed is drawn
    fewer : thins the numbers to those that are drawn
    slug : name on the command line
    number : format of a number in a sentence
    probe : the probe that measures the numbers, "" if none is needed
    metrics : the metrics that the numbers are computed from, None for all
    needs : the setting that a position of the page's switch requires, "" for none
    moment : whether the figure shows one step of the numbers, the newest up to the view's
    """

    title: str
    reading: str
    numbers: Callable[[View], DataFrame]
    draw: Callable[[DataFrame, View], go.Figure]
    paper: str = ""
    without: str | None = None
    when: Callable[[RunSpec], bool] = lambda spec: True
    together: Callable[[Sequence[RunSpec]], bool] = lambda specs: True
    hint: str = ""
    say: Callable[[DataFrame], str] = lambda numbers: ""
    averages: Mapping[str, str] = field(default_factory=dict)
    fewer: Callable[[DataFrame], DataFrame] = lambda numbers: numbers
    slug: str = ""
    number: str = ".3g"
    probe: str = ""
    metrics: tuple[str, ...] | None = None
    needs: Callable[[str], str] = lambda choice: ""
    moment: bool = False

    def about(self, specs: Sequence[RunSpec]) -> bool:
        """Return whether the figure is about any of these runs."""
        return any(map(self.when, specs)) and self.together(specs)

    def fits(self, specs: Sequence[RunSpec]) -> bool:
        """Return whether the figure is about any of these runs and that run measures it."""
        measured = [spec for spec in specs if not self.probe or self.probe in spec.probes]
        return self.about(specs) and any(map(self.when, measured))

    def lacking(self, specs: Sequence[RunSpec], choice: str = "") -> Lacking:
        """Return the probes and settings that these runs lack for this panel."""
        probes, settings = dict[str, int](), dict[str, bool]()
        if self.probe and not any(self.probe in spec.probes for spec in specs):
            probes[self.probe] = max(1, specs[0].steps // MEASUREMENTS)
        setting = self.needs(choice)
        if setting and not any(getattr(spec, setting) for spec in specs):
            settings[setting] = True
        return Lacking(probes, settings)

    @property
    def name(self) -> str:
        """The name in file names, keys and on the command line."""
        return self.slug or "".join(
            letter if letter.isalnum() else "-" for letter in self.title.lower()
        ).strip("-")

    def told(self, title: str, reading: str) -> Panel:
        """Return this panel with another title and another hint on what to look for."""
        return replace(self, title=title, reading=reading)

    def measure(self, view: View) -> DataFrame:
        """Return the numbers at full resolution, averaged over seeds if the view asks for it.

        A figure of a moment has those of the view's step.
        """
        every = self.every(view)
        return newest(every, view.step) if self.moment else every

    def every(self, view: View) -> DataFrame:
        """Return the numbers at all steps, averaged over seeds if the view asks for it."""
        if not view.averaged:
            return self.numbers(view)
        if not self.averages:
            return self.numbers(view.of_first_seed())
        return over_seeds(self.numbers(view), self.averages, view.statistic)

    def counterpart(
        self, specs: Sequence[RunSpec], choice: str = "", unit: str = STEPS
    ) -> DataFrame:
        """Return the papers' curves that belong beneath the figure of these runs.

        All runs must have the same model. The papers trained with SGD only, so runs with another
        optimiser get no curves. Their curves are over steps only, so another `unit` gets none.
        """
        networks = by_sgd(specs) if choice != self.without and unit == STEPS else frozenset()
        return reference.counterpart(self.paper, FAMILY[specs[0].model], networks)

    def note(self, specs: Sequence[RunSpec], theirs: DataFrame | None) -> str:
        """Return what to keep in mind when comparing the papers' curves with ours, or ""."""
        if theirs is None or theirs.empty:
            return ""
        return reference.NOTES.get((FAMILY[specs[0].model], self.paper), "")

    def played(self, view: View) -> go.Figure:
        """Return the figure of a moment with a frame for every measured step.

        The frames are named after their steps. The last is shown, and `layout.meta` names it.
        """
        every = self.every(view)
        steps = [int(step) for step in sorted(every["step"].unique())]
        if not steps:
            return self.draw(every, view)
        drawn = {step: self.draw(newest(every, step), view) for step in steps}
        fig = drawn[steps[-1]]
        fig.frames = [
            go.Frame(name=str(step), data=each._data, _validate=False)
            for step, each in drawn.items()
        ]
        return tell_page(fig, frame=str(steps[-1]))

    def figure(self, view: View) -> tuple[DataFrame, go.Figure]:
        """Return the numbers as they are drawn, and the figure."""
        numbers = self.fewer(self.measure(view))
        return numbers, self.picture(numbers, view)

    def picture(self, numbers: DataFrame, view: View) -> go.Figure:
        """Draw the numbers, with the unit and smoothing of the view if it is over steps."""
        return arranged(self.draw(numbers, view), numbers, view.specs, view.lines)


def by_sgd(specs: Sequence[RunSpec]) -> reference.Networks:
    """Return the networks that were trained with SGD, as in the papers."""
    return frozenset((spec.norm, spec.lr) for spec in specs if spec.optimizer == "sgd")


def no_counterpart(panels: Iterable[Panel], specs: Sequence[RunSpec]) -> str:
    """Return in one sentence why none of these panels has a paper's curve for these runs."""
    shows = [panel.paper for panel in panels]
    return reference.absence(shows, FAMILY[specs[0].model], by_sgd(specs))


def metrics_of(panels: Iterable[Panel]) -> frozenset[str] | None:
    """Return the metrics that these panels and their `view` are computed from; None means all."""
    chosen = {"train_loss", "test_loss"}  # `diverged` needs them
    for panel in panels:
        if panel.metrics is None:
            return None
        chosen.update(panel.metrics)
    return frozenset(chosen)


Grid = Sequence[Sequence[Panel]]  # rows of panels, as a page shows them


def view(
    rows: DataFrame,
    specs: Sequence[RunSpec],
    *,
    step: int | None = None,
    layers: Sequence[str] = (),
    choice: str = "",
    statistic: str = EACH,
    lines: Lines = IN_STEPS,
) -> View:
    """Return the view of these runs.

    Defaults are the last step of the longest run and up to three hidden layers.
    """
    steps = {spec.id: spec.steps for spec in specs}
    time = Time(max(steps.values()), diverged(rows, steps))
    hidden = [block.name for block in specs[0].blocks()[:-1]]
    chosen = tuple(layers or default_layers(hidden))
    return View(
        rows,
        time,
        time.steps if step is None else step,
        chosen,
        choice,
        specs=tuple(specs),
        statistic=statistic,
        lines=lines,
    )


def regime(specs: Sequence[RunSpec]) -> str:
    """Say under which conditions and with which seeds runs were measured, in one line."""
    seeds = sorted({spec.seed for spec in specs})
    of = "seed" if len(seeds) == 1 else "seeds"
    regimes = shared([spec.regime().split(" · ") for spec in specs])
    return f"{regimes} · {of} {', '.join(map(str, seeds))}"


def shared(regimes: Sequence[Sequence[str]]) -> str:
    """Write several regimes, each a list of parts, in one line.

    If all have the same number of parts, a part that they share is written only once.
    """
    if len(set(map(len, regimes))) == 1:
        return " · ".join(" / ".join(dict.fromkeys(parts)) for parts in zip(*regimes, strict=True))
    return " / ".join(dict.fromkeys(" · ".join(parts) for parts in regimes))


def classifies(spec: RunSpec) -> bool:
    """Return whether the run is a classification, so that it has an accuracy."""
    return bool(SOURCES[spec.data].classes)


def regresses(spec: RunSpec) -> bool:
    """Return whether the run is a regression, so that it has no accuracy."""
    return not classifies(spec)
