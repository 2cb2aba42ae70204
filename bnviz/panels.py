"""Every figure as data: its numbers, its picture, and what to look for. Pages, command line, bundles and lessons draw the same.

A panel turns a `View`, the rows of some runs and what the reader chose, into one frame and one plotly figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz import figures, surface_figures, sweeps
from bnviz.analysis import distributions, surface, theory
from bnviz.analysis.covariate_shift import covariate_shift, covariate_shift_at
from bnviz.analysis.distributions import (
    HISTOGRAM,
    histogram_at,
    histograms,
    moment_changes,
    moment_drift,
    quantile_bands,
)
from bnviz.analysis.ends import EVERY_STEP, PROBED
from bnviz.analysis.landscape import Direction, curvature, gradient_norms, landscape_bands, loss_slice, step_sizes
from bnviz.analysis.rows import default_layers, diverged
from bnviz.analysis.seeds import over_seeds
from bnviz.analysis.thinning import drawn
from bnviz.analysis.training import smooth, test_curve, test_error
from bnviz.data import SOURCES
from bnviz.figures import Time
from bnviz.papers import reference
from bnviz.spec import RunSpec

WINDOW = 20  # measurements in a running mean
MEASUREMENTS = 20  # of a run, where a probe is switched on by one button
RANDOM = "along a random direction"  # of which the papers show nothing
ALONG: dict[str, Direction] = {"along the gradient": "gradient", RANDOM: "random"}  # a switch -> direction
ONE, ALL = "one unit", "all units"
CONTOURS, RELIEF = "contours", "surface"
SWITCHES = (*ALONG, ONE, ALL, CONTOURS, RELIEF)  # the positions of the pages' own switches
EACH = "each"  # seeds drawn one by one
OF_HISTOGRAMS = ("activation_quantile", HISTOGRAM)
OF_MOMENTS = ("activation_mean", "activation_variance")
OF_SHIFT = ("ics_l2", "ics_cosine")
OF_LANDSCAPE = (
    "train_loss",
    "gradient_norm",
    "loss_along",
    "loss_along_random",
    "gradient_distance",
    "gradient_distance_random",
)
OF_SURFACE = ("surface_loss", "surface_length", *surface.PLACE)
NEEDED = "This one is about BatchNorm: choose it under Networks."


@dataclass(frozen=True)
class View:
    """What a figure is drawn from: rows of all runs, and what the reader chose."""

    rows: DataFrame
    time: Time
    step: int
    layers: tuple[str, ...]
    choice: str = ""  # the page's own switch
    paper: DataFrame | None = None  # the papers' curves under a panel, if they are shown and there are any
    specs: tuple[RunSpec, ...] = ()  # the questions
    statistic: str = EACH  # how several seeds are drawn: one of analysis.STATISTICS, or EACH

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
    """Probes with their intervals, and settings, that would have to be on; false where nothing is lacking."""

    probes: dict[str, int]
    settings: dict[str, bool]

    def __bool__(self) -> bool:
        return bool(self.probes or self.settings)


@dataclass(frozen=True)
class Panel:
    """One figure: its numbers, its picture, and in one sentence what to look for.

    `paper` is what `bnviz.reference` calls the papers' curves that belong under it; at the position `without` of the page's
    switch there are none. A panel is left out where no question fits `when`, or where they do not fit `together`; a `hint` then
    stands in its place. `say` puts the numbers into words. `averages` are the columns of which several seeds have a mean; without any the first seed is drawn.
    `fewer` leaves as many of the numbers as are drawn. `slug` names it on the command line. `number` is how one of its numbers
    is written in a sentence, and `probe` measures them. They are made of `metrics`, so that no others are read; None means all.
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

    def about(self, specs: Sequence[RunSpec]) -> bool:
        """Whether it is about any of these questions."""
        return any(map(self.when, specs)) and self.together(specs)

    def fits(self, specs: Sequence[RunSpec]) -> bool:
        """Whether it is about any of these questions, and that one measures it."""
        measured = [spec for spec in specs if not self.probe or self.probe in spec.probes]
        return self.about(specs) and any(map(self.when, measured))

    def lacking(self, specs: Sequence[RunSpec], choice: str = "") -> Lacking:
        """What these questions would have to measure besides, so that it shows something."""
        along_random = self.numbers is bands and choice == RANDOM
        measured = any(self.probe in spec.probes for spec in specs) or not self.probe
        return Lacking(
            {} if measured else {self.probe: max(1, specs[0].steps // MEASUREMENTS)},
            {} if not along_random or any(spec.random_direction for spec in specs) else {"random_direction": True},
        )

    @property
    def name(self) -> str:
        """For files, keys and the command line."""
        return self.slug or "".join(letter if letter.isalnum() else "-" for letter in self.title.lower()).strip("-")

    def told(self, title: str, look: str) -> Panel:
        """The same figure in another story."""
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
            (spec.norm, spec.lr) for spec in specs if spec.optimizer == "sgd" and choice != self.without
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


def histogram_steps(view: View) -> set[int]:
    """The steps whose histograms the panels draw, of all runs or of the first seed."""
    return set[int]().union(*(distributions.histogram_steps(seen.rows, view.step) for seen in (view, view.of_first_seed())))


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
        rows, time, time.steps if step is None else step, chosen, choice, specs=tuple(specs), statistic=statistic
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
    """Whether there is none."""
    return not classifies(spec)


def has_batchnorm(spec: RunSpec) -> bool:
    """Whether the theorems are about it."""
    return spec.norm == "batch"


def bands(view: View) -> DataFrame:
    """The landscape's bands along the direction that the page's switch says, the gradient where it has none."""
    return landscape_bands(view.rows, ALONG.get(view.choice, "gradient"))


def pooled(view: View) -> bool:
    """Whether the page's switch asks for all units of a layer."""
    return view.choice == ALL


def relief_or_contours(numbers: DataFrame, view: View) -> go.Figure:
    """The surface in the way that the page's switch says."""
    if view.choice == RELIEF:
        return surface_figures.reliefs(numbers, view.step)
    return surface_figures.contours(numbers, axes_of_surface(view.specs[0]), view.step)


def axes_of_surface(spec: RunSpec) -> tuple[str, str]:
    """What the axes are."""
    along = "along −g" if spec.surface_along == "gradient" else "random"
    if spec.surface_scaled:
        return f"a ({along},<br>filter-normalised)", "b (random, filter-normalised)"
    return f"a ({along},<br>in steps of training)", "b (random)"


def ends(view: View) -> DataFrame:
    """How the runs of a sweep end, by what the page's switch asks."""
    return sweeps.table(view.rows, view.specs, sweeps.end_of(view.specs, view.choice))


def swept(view: View) -> figures.Swept:
    """What the figures of a sweep share."""
    end = sweeps.end_of(view.specs, view.choice)
    return figures.Swept(sweeps.turned(view.specs).label, sweeps.ENDS[end], end in sweeps.SHARES, view.time.diverged)


# Training and test

TRAINING_ACCURACY = Panel(
    "Training accuracy",
    "How early does each network leave chance, and which stays behind?",
    lambda view: smooth(view.rows, "train_accuracy", WINDOW),
    lambda numbers, view: figures.training_accuracy(numbers, view.time, view.paper),
    paper="training_accuracy",
    when=classifies,
    averages=("mean",),
    fewer=drawn,
    probe="accuracy",
    metrics=("train_accuracy",),
    slug="training-accuracy",
    number=".1%",
)
TRAINING_LOSS = Panel(
    "Training loss",
    "Of the current batch and its running mean, on a logarithmic axis.",
    lambda view: smooth(view.rows, "train_loss", WINDOW),
    lambda numbers, view: figures.training_loss(numbers, view.time, view.paper),
    paper="training_loss",
    averages=("mean",),
    fewer=drawn,
    probe="accuracy",
    metrics=("train_loss",),
    slug="training-loss",
)
TEST_ACCURACY = Panel(
    "Test accuracy",
    "Who is ahead at equal steps?",
    lambda view: test_curve(view.rows),
    lambda numbers, view: figures.test_accuracy(numbers, view.time, view.paper),
    paper="test_accuracy",
    when=classifies,
    averages=("value",),
    fewer=drawn,
    probe="evaluation",
    metrics=("test_accuracy",),
    slug="test-accuracy",
    number=".1%",
)
TEST_ERROR = replace(
    TEST_ACCURACY,
    title="Test error",
    look="What is missing to all test images right, where the last percent is seen.",
    numbers=lambda view: test_error(view.rows),
    draw=lambda numbers, view: figures.test_error(numbers, view.time, view.paper),
    slug="test-error",
    number=".2%",
)

# Distributions

QUANTILES = Panel(
    "Quantiles over training",
    "Median, 15–85 % and 5–95 %: a stable distribution is a set of level lines.",
    lambda view: quantile_bands(view.rows, view.layers, pooled(view)),
    lambda numbers, view: figures.quantile_bands(numbers, view.time, view.paper),
    paper="quantile_bands",
    without=ALL,
    fewer=drawn,
    probe="activations",
    metrics=("activation_quantile",),
    slug="quantiles",
)
HISTOGRAMS = Panel(
    "Histograms over training",
    "One ridge a measurement, early behind and late in front: does the shape stay?",
    lambda view: histograms(view.rows, view.layers, pooled(view)),
    lambda numbers, view: figures.ridges(numbers, view.time),
    probe="activations",
    metrics=OF_HISTOGRAMS,
    slug="histograms",
)
HISTOGRAMS_AT_STEP = Panel(
    "Histograms at one step",
    "The networks on one axis, at the step chosen above.",
    lambda view: histogram_at(view.rows, view.step, view.layers, pooled(view)),
    lambda numbers, view: figures.histogram(numbers),
    probe="activations",
    metrics=OF_HISTOGRAMS,
    slug="histograms-at-step",
)
MOMENT_CHANGES = Panel(
    "Change from step to step",
    "Fig. 8a: does noise move mean and variance more than plain training does, and BatchNorm less?",
    lambda view: moment_changes(view.rows, view.layers),
    lambda numbers, view: figures.moment_changes(numbers, view.time, view.paper),
    paper="moment_changes",
    averages=("value",),
    fewer=drawn,
    probe="activations",
    metrics=OF_MOMENTS,
    slug="moment-changes",
)
MOMENT_DRIFT = Panel(
    "Drift since the start",
    "Fig. 8b: where mean and variance have wandered.",
    lambda view: moment_drift(view.rows, view.layers),
    lambda numbers, view: figures.moment_drift(numbers, view.time),
    fewer=drawn,  # no mean: each seed samples another unit, which wanders elsewhere
    probe="activations",
    metrics=OF_MOMENTS,
    slug="moment-drift",
)

# Internal covariate shift

COVARIATE_SHIFT = Panel(
    "Covariate shift over training",
    "Does BatchNorm keep the cosine nearer to 1 and the distance nearer to 0? Compare with the plain network.",
    lambda view: covariate_shift(view.rows, view.layers),
    lambda numbers, view: figures.covariate_shift(numbers, view.time, view.paper),
    paper="covariate_shift",
    averages=("value",),
    fewer=drawn,
    probe="covariate_shift",
    metrics=OF_SHIFT,
    slug="covariate-shift",
)
COVARIATE_SHIFT_AT_STEP = Panel(
    "All layers at one step",
    "The deeper a layer, the more layers move beneath it; layer 1 has none, so its shift is zero.",
    lambda view: covariate_shift_at(view.rows, view.step),
    lambda numbers, view: figures.covariate_shift_at(numbers),
    averages=("value",),
    probe="covariate_shift",
    metrics=OF_SHIFT,
    slug="covariate-shift-at-step",
)

# The landscape along the gradient

LANDSCAPE = Panel(
    "Loss range",
    "A narrow band means that the loss barely changes over the step sizes: a smoother landscape.",
    bands,
    lambda numbers, view: figures.loss_band(numbers, view.time, view.paper),
    paper="loss_band",
    without=RANDOM,
    averages=("loss_low", "loss_high"),
    fewer=drawn,
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="landscape",
)
GRADIENT_PREDICTIVENESS = Panel(
    "Gradient predictiveness",
    "A low band means that the gradient still points the right way after a step.",
    bands,
    lambda numbers, view: figures.gradient_predictiveness(numbers, view.time, view.paper),
    paper="gradient_predictiveness",
    without=RANDOM,
    averages=("distance_low", "distance_high"),
    fewer=drawn,
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="gradient-predictiveness",
)
EFFECTIVE_BETA = Panel(
    "Effective β-smoothness",
    "Lower is smoother. At 1/η_min the smallest step already loses the gradient; at 2/lr a full batch trains at the edge of stability.",
    bands,
    lambda numbers, view: figures.effective_beta(numbers, view.time, view.paper),
    paper="effective_beta",
    without=RANDOM,
    averages=("beta",),
    fewer=drawn,
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="effective-beta",
)
CURVATURE = Panel(
    "Curvature",
    "The largest eigenvalue of the Hessian and the curvature along the gradient. The dashed line is 2/lr, where plain gradient descent "
    "becomes unstable: a network that hovers there trains at the *edge of stability*, and its β settles there too.",
    lambda view: curvature(view.rows),
    lambda numbers, view: figures.curvature(numbers, view.time),
    fewer=drawn,
    probe="curvature",
    metrics=("hessian_top", "batch_sharpness"),
    slug="curvature",
)
GRADIENT_NORM = Panel(
    "Length of the gradient",
    "What the steps are multiples of: a long gradient looks farther along the landscape with the same step size.",
    lambda view: gradient_norms(view.rows),
    lambda numbers, view: figures.gradient_norm(numbers, view.time),
    averages=("value",),
    fewer=drawn,
    probe="landscape",
    metrics=("gradient_norm",),
    slug="gradient-norm",
)
LOSS_SLICE = Panel(
    "Loss at one step",
    "The slice behind the band: steep walls are what a learning rate must avoid.",
    lambda view: loss_slice(view.rows, view.step),
    lambda numbers, view: figures.loss_slice(numbers),
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="loss-slice",
)
STEP_SIZES = Panel(
    "Distance against step size",
    "One curve a step, blue early and red late: flat curves mean a gradient that can be trusted far away.",
    lambda view: step_sizes(view.rows),
    lambda numbers, view: figures.step_sizes(numbers, view.time, view.paper),
    paper="step_sizes",
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="step-sizes",
)

# The surface

SURFACE = Panel(
    "Surface of the loss",
    "The network stands in the middle: how far to the right does it go downhill, and how steep are the walls?",
    lambda view: surface.planes(view.rows),
    relief_or_contours,
    probe="surface",
    metrics=OF_SURFACE,
    slug="surface",
)
SURFACE_RISE = Panel(
    "Rise over the plane",
    "The highest loss minus the lowest: low is flat, and steady is a landscape without surprises.",
    lambda view: surface.rise(view.rows),
    lambda numbers, view: figures.surface_rise(numbers, view.time),
    probe="surface",
    metrics=("surface_loss",),
    slug="surface-rise",
)
PATH_SHARE = Panel(
    "How much of the path the plane shows",
    "Of the squared distance from the plane before: near 0 %, training came from elsewhere than the path suggests.",
    lambda view: surface.path_share(view.rows),
    lambda numbers, view: figures.path_share(numbers, view.time),
    probe="surface",
    metrics=OF_SURFACE,
    slug="path-share",
)

# The theorems of Sec. 4


def theorem(statement: str, look: str, true: str, printed: str) -> Panel:
    """Measured against bound, one panel for the statement as it is true and one as printed."""
    return Panel(
        theory.STATEMENTS[statement],
        look,
        lambda view: theory.sides(view.rows, statement, view.step),
        lambda numbers, view: figures.theorem(numbers, {"true": true, "printed": printed}),
        when=has_batchnorm,
        hint=NEEDED,
        probe="theory",
        metrics=theory.metrics(statement),
        slug=statement.replace("_", "-"),
    )


DEVIATIONS = Panel(
    "Verdict",
    "All checks of the training so far, and how far the two sides of each equality are apart: rounding, or more?",
    lambda view: theory.verdicts(view.rows),
    lambda numbers, view: figures.deviations(numbers, view.time),
    say=theory.verdict,
    probe="theory",
    metrics=theory.metrics(*theory.STATEMENTS),
    slug="theorem-deviations",
)
THEOREM_4_1 = theorem(
    "theorem_4_1",
    "A unit's squared gradient before BatchNorm. Above the dashed diagonal a bound fails.",
    "with 1/m",
    "with 1/√m, as printed",
)
THEOREM_4_2 = theorem(
    "theorem_4_2",
    "The curvature along that gradient. Do the terms in ε matter?",
    "with ε",
    "without ε, as printed",
)
THEOREM_4_4 = theorem(
    "theorem_4_4",
    "The squared gradient of a unit's weights. How loose is the bound?",
    "as its proof gives it",
    "as printed",
)
CONDITIONS = Panel(
    "What is asked and what comes of it",
    "Units with ⟨ŷ, g⟩ ≥ 0; the factor γ/σ, and the part of ‖g‖² that is removed beside it (medians); units whose gradient is "
    "smaller in front of BatchNorm than behind it.",
    lambda view: theory.conditions(view.rows),
    lambda numbers, view: figures.conditions(numbers, view.time),
    say=theory.asked,
    when=has_batchnorm,
    hint=NEEDED,
    probe="theory",
    metrics=theory.metrics("theorem_4_1", "theorem_4_2"),
    slug="theorem-conditions",
)
LEMMA_4_5 = Panel(
    "Lemma 4.5",
    "How far each layer has come from its initial weights, and how much less far to kW*, which to BatchNorm is as good.",
    lambda view: theory.distances(view.rows, view.step),
    lambda numbers, view: figures.lemma(numbers),
    probe="theory",
    metrics=theory.metrics("lemma_4_5"),
    slug="lemma-4-5",
)

# Sweeps

SWEEP = Panel(
    "Against the knob",
    "One point a run: where does one network still train and another no longer? A cross below the axis is a run that diverged.",
    ends,
    lambda numbers, view: figures.sweep_lines(numbers, swept(view)),
    together=sweeps.differ,
    averages=("value", "diverged"),
    fewer=lambda numbers: numbers.drop(columns=["diverged_from", "diverged_to"], errors="ignore"),
    metrics=(*EVERY_STEP, *PROBED),
    slug="sweep",
)
SWEEP_MAP = replace(
    SWEEP,
    title="Every run",
    look="One cell a run: how far to the right does a network keep its value? A cell is empty until its run has ended.",
    draw=lambda numbers, view: figures.sweep_map(numbers, swept(view)),
    slug="sweep-map",
)

PANELS = {panel.name: panel for panel in list(globals().values()) if isinstance(panel, Panel)}
