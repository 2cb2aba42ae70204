"""The paper's story as data: the text of each chapter, its figure, and the runs of that figure.

The Start page, the presenter and the lesson tell the same story. The numbers in the texts are
measured on the finished runs of the chapters' presets. They are means over seeds 0 to 2, of ratios
the geometric mean, unless the text says that they come from one seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from pandas import DataFrame

from bnviz.claims import evidence, judging
from bnviz.claims.evidence import Table, accuracy, final, ratio
from bnviz.claims.evidence import covariate_shift as shift
from bnviz.claims.evidence_landscape import landscape
from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.figures.panel import Panel, View
from bnviz.presets import LP, NORMS, PAIR, PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.story.numbers import Number, each, named, told


@dataclass(frozen=True)
class Chapter:
    """A figure of the story and its texts.

    `text` is the short story for everybody, `look` tells a student what to look for in the figure,
    and `formula` says what is measured. The runs are those of `preset` with the networks `norms`
    and the seeds `seeds`. Several seeds are drawn as their mean with the interval `statistic`.
    """

    slug: str
    heading: str
    text: str  # with the names of `numbers` in braces
    reading: str
    formula: str
    panel: str  # a key of bnviz.figures.PANELS
    page: str  # the page that shows the figure with more settings
    preset: str = "deep"
    norms: tuple[str, ...] = PAIR
    seeds: tuple[int, ...] = (0, 1, 2)
    layers: tuple[str, ...] = ()
    statistic: str = "t"  # a key of bnviz.analysis.scales.STATISTICS
    numbers: Mapping[str, Number] = field(default_factory=dict, hash=False)
    metrics: tuple[str, ...] = ("train_accuracy", "test_accuracy")  # those that `numbers` read

    def specs(self) -> list[RunSpec]:
        """Return the specs of the chapter's runs, seed by seed."""
        return [
            spec
            for seed in self.seeds
            for spec in PRESETS[self.preset].specs(seed=seed)
            if spec.norm in self.norms
        ]

    def finished(self, store: Store) -> list[Run]:
        """Return the chapter's finished runs in this store."""
        return list(store.finished(self.specs()).values())

    def told(self, runs: Sequence[Run], sentence: str = "") -> str:
        """Return the text, or `sentence`, with its numbers measured on these finished runs."""
        return _told(self, sentence or self.text, tuple(run.folder for run in runs))

    @property
    def figure(self) -> Panel:
        """The chapter's panel, with its own heading and text."""
        return replace(
            PANELS[self.panel].told(self.heading, self.reading), slug=f"story-{self.slug}"
        )

    @property
    def link(self) -> str:
        """A link to the page that shows this figure with all its settings."""
        # The Norms page keeps its choice of networks apart from that of the other pages.
        networks = "networks" if self.page == "norms" else "norm"
        lists = {
            networks: self.norms,
            "seed": map(str, self.seeds),
            "layers": self.layers,
            "over": [self.statistic],
        }
        choices = {"preset": self.preset} | {
            name: ",".join(values) for name, values in lists.items()
        }
        choices = {name: text for name, text in choices.items() if text}
        return f"{self.page}?{urlencode(choices, safe=',')}"

    def view(self, runs: Sequence[Run], rows: DataFrame) -> View:
        """Return the view for the chapter's figure, from those of `rows` that belong to `runs`."""
        own = rows[rows["run"].isin([run.id for run in runs])]
        return panels.view(
            own, [run.spec for run in runs], layers=self.layers, statistic=self.statistic
        )


MIDDLE = accuracy(1000, 2000)  # the window in which the claims compare training accuracies
FIG_8 = ("conv2", "conv9", "conv13")  # the layers of the paper's Fig. 8
WALKS = ("loss_along", "gradient_distance", "gradient_norm")  # what the landscape probe measures


def of_seed_0(table: Table) -> Table:
    """Return the same table of the runs with seed 0 only."""
    return lambda rows: table(rows[rows["seed"] == 0])


# What BatchNorm does, and whether its distributions are steadier.
STABILITY = (
    Chapter(
        slug="performance",
        heading="With BatchNorm the same network learns faster",
        text=(
            "These are two copies of one network. Both start from the same weights and see the "
            "same batches; one normalises its layers. Over steps 1,000 to 1,999 the training "
            "accuracy is {batch:.0f}% with BatchNorm and {none:.0f}% without. On test images "
            "the two stand at {batch_test:.0f}% and {none_test:.0f}% after 5,000 steps."
        ),
        numbers={
            **each(MIDDLE, *PAIR, scale=100),
            **named("test", each(final("test_accuracy"), *PAIR, scale=100)),
        },
        reading="Who is ahead at equal steps? Is the lead larger at the start or at the end?",
        formula="BatchNorm, for each channel over the batch: μ = mean x, σ² = mean (x − μ)², "
        "x̂ = (x − μ) / √(σ² + ε), y = γx̂ + β. γ and β are learned. Test accuracy is "
        "measured with averages of μ and σ² over the training batches.",
        panel="test-accuracy",
        page="training",
    ),
    Chapter(
        slug="distributions",
        heading="Are its distributions more stable?",
        text=(
            "BatchNorm was made to keep the input of every layer stable. In layer 5, one channel's "
            "median moves over a range of {batch:.2f} during training; in the standard network it "
            "moves over {none:.2f}. The third network adds random noise after BatchNorm, new at "
            "each step. Its median moves over {noisy:.2f}. (Seed 0; running means over ten "
            "measurements.)"
        ),
        numbers=each(of_seed_0(evidence.travel(["conv5"], pooled=False)), *NORMS),
        metrics=("activation_quantile",),
        reading="The lines show the median and the 15–85% and 5–95% ranges of one ReLU's input. "
        "A stable distribution gives level lines.",
        formula=(
            "Quantiles of the input of one ReLU of layer 5, over batch × height × width of one "
            "channel. The channel is the same in every network."
        ),
        panel="quantiles",
        page="distributions",
        norms=NORMS,
        layers=("conv5",),
    ),
    Chapter(
        slug="noise",
        heading="With noise after BatchNorm it still learns faster",
        text=(
            "The noise moves a channel's mean from step to step {moved:.0f} times as far as it "
            "moves in the standard network, or {own:.1f} times in units of its own spread. Over "
            "steps 1,000 to 1,999 the training accuracy is {noisy:.0f}% with noise, {batch:.0f}% "
            "with BatchNorm alone and {none:.0f}% in the standard network. So this network "
            "learns fast without stable distributions. What does the noise leave in place?"
        ),
        numbers={
            **each(MIDDLE, *NORMS, scale=100),
            "moved": Number(
                ratio(evidence.moment_change("mean", *FIG_8), "noisy", "none"), "geometric mean"
            ),
            "own": Number(
                ratio(evidence.mean_change_in_spreads(*FIG_8), "noisy", "none"), "geometric mean"
            ),
        },
        metrics=("train_accuracy", "activation_mean", "activation_variance"),
        reading="Which network does the noisy one resemble: BatchNorm or the standard network?",
        formula=(
            "After BatchNorm x ← s·x + m, for every element, with s ~ N(σ_j, 0.1), m ~ U(μ_j − "
            "0.1, μ_j + 0.1), and for every channel j at each step μ_j ~ U(−0.5, 0.5), σ_j ~ "
            "U(1, 1.25)."
        ),
        panel="training-accuracy",
        page="training",
        norms=NORMS,
    ),
    Chapter(
        slug="covariate-shift",
        heading="Is its covariate shift smaller?",
        text=(
            "Internal covariate shift is how much a layer's gradient changes when the layers "
            "before it are updated. In layer 5 the distance is {far_early:.1f} times as large with "
            "BatchNorm before step 2,000, and {far_late:.1f} times afterwards. The cosine is "
            "{batch_early:.2f} with BatchNorm and {none_early:.2f} without, then {batch_late:.2f} "
            "and {none_late:.2f}. The paper found no less shift with BatchNorm."
        ),
        numbers={
            **named("early", each(shift("ics_cosine", "median", "conv5", stop=2000), *PAIR)),
            **named("late", each(shift("ics_cosine", "median", "conv5", start=2000), *PAIR)),
            "far_early": Number(
                ratio(shift("ics_l2", "median", "conv5", stop=2000), *PAIR[::-1]), "geometric mean"
            ),
            "far_late": Number(
                ratio(shift("ics_l2", "median", "conv5", start=2000), *PAIR[::-1]), "geometric mean"
            ),
        },
        metrics=("ics_l2", "ics_cosine"),
        reading=(
            "Distance 0 and cosine 1 mean no shift. Which network is closer to them before step "
            "2,000, and which later?"
        ),
        formula=(
            "G is the gradient of the loss with respect to the weights of layer i at step t. "
            "G′ is the same gradient on the same batch, with layers 1 … i − 1 as they are "
            "after the step. The figure shows ‖G − G′‖₂ and cos ∠(G, G′)."
        ),
        panel="covariate-shift",
        page="covariate_shift",
        statistic="range",
        layers=("conv5",),
    ),
)

# How much the loss varies along the gradient, where it varies less, and where it does not.
SMOOTHNESS = (
    Chapter(
        slug="landscape",
        heading="Does its loss vary less along the gradient?",
        text=(
            "Walk along the gradient, from half a training step to four steps. The loss varies by "
            "{batch:.2f} with BatchNorm and by {none:.2f} without, on average; in the first 250 "
            "steps by {batch_early:.2f} and {none_early:.2f}. On a logarithmic axis the first two "
            "are {batch_log:.2f} and {none_log:.2f}. The paper's answer is a smoother landscape, "
            "which its theorems give if γ < σ and ⟨ŷ, g⟩ ≥ 0. In our MLP, DLN and VGG the first "
            "holds for fewer than half of the units, the second for about half or fewer."
        ),
        numbers={
            **each(landscape("width", "mean"), *PAIR),
            **named("early", each(landscape("width", "mean", 0, 250), *PAIR)),
            **named("log", each(landscape("log_width", "mean"), *PAIR)),
        },
        metrics=WALKS,
        reading=(
            "Which band is narrower, and from which step on? Find where the standard network "
            "leaves 2.30, the loss of guessing."
        ),
        formula=(
            "The band spans the lowest to the highest L(θ − ηg) over η = ½, 1, 2 and 4 times "
            "the learning rate. g = ∇L(θ) on the batch of step t, and the same batch is used "
            "again at θ − ηg."
        ),
        panel="landscape",
        page="landscape",
        statistic="range",
    ),
    Chapter(
        slug="norms",
        heading="Do other normalisations learn as fast?",
        text=(
            "Divide by an average L1, L2 or L∞ norm instead of the standard deviation. The "
            "variance is no longer fixed. The training accuracy over steps 1,000 to 1,999 is "
            "{l1:.0f}, {l2:.0f} and {linf:.0f}%, against {batch:.0f}% with BatchNorm and "
            "{none:.0f}% for the standard network (two seeds)."
        ),
        numbers=each(MIDDLE, *LP, scale=100),
        reading="Do all normalised networks outrun the standard one, and how far apart are they?",
        formula=(
            "x̂ = (x − μ) / N_p(x) for each channel over the batch, with N₁ = mean |x|, N₂ = "
            "√(mean x²), N_∞ = max |x|, all taken before the mean is subtracted; then γx̂ + β."
        ),
        panel="training-accuracy",
        page="norms",
        preset="fig5a",
        norms=LP,
        seeds=(0, 1),
        statistic="range",
    ),
    Chapter(
        slug="few-images",
        heading="On 4,000 images the order reverses",
        text=(
            "A shallower network, vgg11, trains on 4,000 images for 200 steps at the same learning "
            "rate. Here BatchNorm's band is the wider one: {batch:.2f} against {none:.2f} on "
            "average. Over the last 20 steps the training accuracy is {batch_last:.0f}% with "
            "BatchNorm and {none_last:.0f}% without: the standard network has barely started to "
            "learn. A small demonstration can show the opposite of the paper."
        ),
        numbers={
            **each(landscape("width", "mean"), *PAIR),
            **named("last", each(accuracy(180, 200), *PAIR, scale=100)),
        },
        metrics=(*WALKS, "train_accuracy"),
        reading=(
            "Compare this with the first 200 steps of the same figure on all images. Is the order "
            "of the bands the same?"
        ),
        formula=(
            "As in the chapter on the landscape: the lowest to the highest L(θ − ηg) over η "
            "= ½, 1, 2 and 4 times the learning rate."
        ),
        panel="landscape",
        page="landscape",
        statistic="range",
        preset="few-images",
    ),
)

CHAPTERS = {chapter.slug: chapter for chapter in STABILITY + SMOOTHNESS}


@lru_cache(maxsize=64)
def _told(chapter: Chapter, sentence: str, folders: tuple[Path, ...]) -> str:
    # An accuracy counts only if the losses stayed finite.
    rows = judging.rows(map(Run, folders), {*chapter.metrics, "train_loss", "test_loss"})
    return told(sentence, chapter.numbers, rows)[0]


def finished(store: Store) -> list[Run]:
    """Return the finished runs of all chapters. `claims.judging.rows` reads their rows."""
    specs = (spec for chapter in CHAPTERS.values() for spec in chapter.specs())
    return list(store.finished(specs).values())
