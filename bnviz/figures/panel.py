"""A figure as data: its numbers, its picture, and what to look for.

Pages, command line, bundles and lessons draw the same panels. A panel turns a `View`, the rows of
some runs and what the reader chose, into one frame and one plotly figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz.analysis.landscape import Direction
from bnviz.analysis.rows import default_layers, diverged
from bnviz.analysis.seeds import over_seeds
from bnviz.data import SOURCES
from bnviz.figures.style import Time
from bnviz.papers import reference
from bnviz.spec import RunSpec

MEASUREMENTS = 20  # of a run, where a probe is switched on by one button
RANDOM = "along a random direction"  # of which the papers show nothing
ALONG: dict[str, Direction] = {
    "along the gradient": "gradient",
    RANDOM: "random",
}  # position of the switch -> direction
ONE, ALL = "one unit", "all units"
CONTOURS, RELIEF = "contours", "surface"
SWITCHES = (*ALONG, ONE, ALL, CONTOURS, RELIEF)  # the positions of the pages' own switches
EACH = "each"  # each seed is drawn by itself


@dataclass(frozen=True)
class View:
    """What a figure is drawn from: rows of all runs, and what the reader chose."""

    rows: DataFrame
    time: Time
    step: int
    layers: tuple[str, ...]
    choice: str = ""  # the page's own switch
    paper: DataFrame | None = (
        None  # the papers' curves under a panel, if they are shown and there are any
    )
    specs: tuple[RunSpec, ...] = ()  # the questions
    statistic: str = EACH  # how several seeds are drawn: one of STATISTICS, or EACH

    @property
    def averaged(self) -> bool:
        """Whether seeds are drawn as a mean."""
        return self.statistic != EACH and len({spec.seed for spec in self.specs}) > 1

    def of_first_seed(self) -> View:
        """The same without the other seeds."""
        first = min(spec.seed for spec in self.specs)
        specs = tuple(spec for spec in self.specs if spec.seed == first)
        return replace(self, rows=self.rows[self.rows["seed"] == first], specs=specs)


@dataclass(frozen=True)
class Lacking:
    """Probes, with their intervals, and settings that runs would need; false where nothing is lacking."""

    probes: dict[str, int]
    settings: dict[str, bool]

    def __bool__(self) -> bool:
        return bool(self.probes or self.settings)


@dataclass(frozen=True)
class Panel:
    """One figure: its numbers, its picture, and in one sentence what to look for.

    paper: what `bnviz.papers.reference` calls the papers' curves that belong under it
    without: the position of the page's switch at which there are no such curves
    when, together: which questions it is about, one by one and all together; for others the page shows `hint` instead
    say: puts the numbers into words
    averages: the columns that are averaged over seeds; without any, the first seed is drawn
    fewer: thins the numbers to those that are drawn
    slug: its name on the command line
    number: the format of one of its numbers in a sentence
    probe, metrics: what measures its numbers and which rows they are made of; None reads all rows
    needs: the setting of a run that a position of the page's switch needs, "" for none
    """

    title: str
    look: str
    numbers: Callable[[View], DataFrame]
    draw: Callable[[DataFrame, View], go.Figure]
    paper: str = ""
    without: str | None = None
    when: Callable[[RunSpec], bool] = lambda spec: True
    together: Callable[[Sequence[RunSpec]], bool] = lambda specs: True
    hint: str = ""
    say: Callable[[DataFrame], str] = lambda numbers: ""
    averages: tuple[str, ...] = ()
    fewer: Callable[[DataFrame], DataFrame] = lambda numbers: numbers
    slug: str = ""
    number: str = ".3g"
    probe: str = ""
    metrics: tuple[str, ...] | None = None
    needs: Callable[[str], str] = lambda choice: ""

    def about(self, specs: Sequence[RunSpec]) -> bool:
        """Whether it is about any of these questions."""
        return any(map(self.when, specs)) and self.together(specs)

    def fits(self, specs: Sequence[RunSpec]) -> bool:
        """Whether it is about any of these questions, and that one measures it."""
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
        """For files, keys and the command line."""
        return self.slug or "".join(
            letter if letter.isalnum() else "-" for letter in self.title.lower()
        ).strip("-")

    def told(self, title: str, look: str) -> Panel:
        """Return this panel with another title and another hint on what to look for."""
        return replace(self, title=title, look=look)

    def measure(self, view: View) -> DataFrame:
        """The numbers in full resolution: of each run, or of several seeds their mean."""
        if not view.averaged:
            return self.numbers(view)
        if not self.averages:
            return self.numbers(view.of_first_seed())
        return over_seeds(self.numbers(view), self.averages, view.statistic)

    def counterpart(self, specs: Sequence[RunSpec], choice: str = "") -> DataFrame:
        """The papers' curves that belong under it; they are all of SGD, and the questions about one model."""
        networks = frozenset(
            (spec.norm, spec.lr)
            for spec in specs
            if spec.optimizer == "sgd" and choice != self.without
        )
        return reference.counterpart(self.paper, reference.family(specs[0].model), networks)

    def figure(self, view: View) -> tuple[DataFrame, go.Figure]:
        """Its numbers as they are drawn, and the picture."""
        numbers = self.fewer(self.measure(view))
        return numbers, self.draw(numbers, view)


def metrics_of(panels: Iterable[Panel]) -> frozenset[str] | None:
    """The metrics that these panels and their `view` are made of; None means all."""
    chosen = {"train_loss", "test_loss"}  # they say where a run diverged
    for panel in panels:
        if panel.metrics is None:
            return None
        chosen.update(panel.metrics)
    return frozenset(chosen)


Grid = Sequence[Sequence[Panel]]  # figures side by side, row under row


def view(
    rows: DataFrame,
    specs: Sequence[RunSpec],
    *,
    step: int | None = None,
    layers: Sequence[str] = (),
    choice: str = "",
    statistic: str = EACH,
) -> View:
    """What a figure of these runs is drawn from; by default their last step and some layers."""
    steps = {spec.id: spec.steps for spec in specs}
    time = Time(max(steps.values()), step, diverged(rows, steps))
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
    )


def regime(specs: Sequence[RunSpec]) -> str:
    """Under which conditions runs were measured, and of which seeds."""
    seeds = sorted({spec.seed for spec in specs})
    of = "seed" if len(seeds) == 1 else "seeds"
    return f"{shared([spec.regime().split(' · ') for spec in specs])} · {of} {', '.join(map(str, seeds))}"


def shared(regimes: Sequence[Sequence[str]]) -> str:
    """Several regimes in one line: what they share is said once, if they are alike in their parts."""
    if len(set(map(len, regimes))) == 1:
        return " · ".join(" / ".join(dict.fromkeys(parts)) for parts in zip(*regimes, strict=True))
    return " / ".join(dict.fromkeys(" · ".join(parts) for parts in regimes))


def classifies(spec: RunSpec) -> bool:
    """Whether there is an accuracy."""
    return bool(SOURCES[spec.data].classes)


def regresses(spec: RunSpec) -> bool:
    """Whether there is no accuracy."""
    return not classifies(spec)
