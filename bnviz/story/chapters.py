"""The paper's story as data: the text of each chapter, its figure, and the runs of that figure.

The Start page, the presenter and the lesson tell the same story. The numbers in the texts were
measured on the runs of the chapters' presets. They are means over seeds 0 to 2 unless the text says
that they come from one seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pandas import DataFrame

from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.figures.panel import Panel, View
from bnviz.presets import LP, NORMS, PAIR, PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec


@dataclass(frozen=True)
class Chapter:
    """A figure of the story and its texts.

    `text` is the short story for everybody, `look` tells a student what to look for in the figure,
    and `formula` says what is measured. The runs are those of `preset` with the networks `norms`
    and the seeds `seeds`. Several seeds are drawn as their mean with the interval `statistic`.
    """

    slug: str
    heading: str
    text: str
    reading: str
    formula: str
    panel: str  # a key of bnviz.figures.PANELS
    page: str  # the page that shows the figure with more settings
    preset: str = "class"
    norms: tuple[str, ...] = PAIR
    seeds: tuple[int, ...] = (0, 1, 2)
    layers: tuple[str, ...] = ()
    statistic: str = "t"  # a key of bnviz.analysis.scales.STATISTICS

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


@dataclass(frozen=True)
class Question:
    """A question for a class, with its answer."""

    question: str
    answer: str


# What BatchNorm does, and whether its distributions are steadier.
STABILITY = (
    Chapter(
        slug="performance",
        heading="With BatchNorm the same network learns faster",
        text=(
            "These are two copies of one network. Both start from the same weights and see the "
            "same batches; one normalises its layers. BatchNorm reaches 50 % training accuracy "
            "after 140 steps, the standard network after 920. On test images BatchNorm leads "
            "from the second measurement on. After 2,000 steps it stands at 72 %, the standard "
            "network at 65 %."
        ),
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
            "BatchNorm was made to keep the input of every layer stable. In this layer it "
            "does: one channel's median drifts by 0.1 over the training, against 0.8 in the "
            "standard network. The third network adds random noise after BatchNorm, new at "
            "each step. Its median drifts by 1.0, the most of the three. (Seed 0. In layer 8 "
            "the standard network is as steady as BatchNorm.)"
        ),
        reading="The lines show the median and the 15–85 % and 5–95 % ranges of one ReLU's input. "
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
            "The noise moves a channel's mean from step to step four to thirteen times as far "
            "as it moves in the standard network. Over steps 1,000 to 1,999 the noisy network's "
            "training accuracy is 73 %, against 77 % with BatchNorm and 59 % for the standard "
            "network. So this network learns fast without stable distributions. What does the "
            "noise leave in place?"
        ),
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
        heading="Is its covariate shift smaller? At first it is larger",
        text=(
            "Internal covariate shift is how much a layer's gradient changes when the layers "
            "before it are updated. In the first 250 steps, while BatchNorm takes its lead, "
            "its gradient in layer 5 turns further: cosine 0.52, against 0.88 in the standard "
            "network. Over the last 1,000 steps it turns less: 0.70 against 0.56. The paper "
            "found no less shift with BatchNorm. Here that holds only at first."
        ),
        reading=(
            "Distance 0 and cosine 1 mean no shift. Which network is closer to them in the "
            "first 250 steps, and which later?"
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
            "Walk along the gradient, from half a training step to four steps, and see how "
            "much the loss varies: by 0.66 with BatchNorm and by 2.19 without, averaged over "
            "the training. In the first 250 steps the order is reversed (1.33 and 0.64). The "
            "paper's answer is a smoother landscape, which its theorems give if γ < σ and "
            "⟨ŷ, g⟩ ≥ 0. In our MLP, DLN and VGG neither holds for most units."
        ),
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
            "variance is no longer fixed, and the networks still learn nearly as fast. Training "
            "accuracy over steps 1,000 to 1,999 is 76, 77 and 76 %, against 78 % with "
            "BatchNorm and 59 % for the standard network (one seed)."
        ),
        reading="Do all normalised networks outrun the standard one, and how far apart are they?",
        formula=(
            "ŷ = (y − μ) / N_p(y) for each channel over the batch, with N₁ = mean |y|, N₂ = "
            "√(mean y²), N_∞ = max |y|, all taken before the mean is subtracted; then γŷ + β."
        ),
        panel="training-accuracy",
        page="norms",
        preset="fig5a",
        norms=LP,
        seeds=(0,),
    ),
    Chapter(
        slug="few-images",
        heading="On 4,000 images the order reverses",
        text=(
            "The networks and the learning rate are the same, but there are 4,000 images and "
            "200 steps. Now BatchNorm's band is the wider one: 1.94 against 0.60 on average, "
            "at all three seeds. The standard network has barely started to learn: its last "
            "training accuracy is 26 %, BatchNorm's is 67 %. A small demonstration can show the "
            "opposite of the paper."
        ),
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

QUESTIONS = (
    Question(
        "What does the band in the landscape figure show at one step?",
        "One network, one batch, one moment. The loss is evaluated at θ − ηg for four step sizes "
        "η along the gradient g. The band spans the lowest to the highest of the four. Training "
        "then continues from θ. It is not the range over several runs.",
    ),
    Question(
        "Before it learns anything, a network on CIFAR-10 has a loss of about 2.30. Why this "
        "number?",
        "A network that gives each of ten classes the probability 1/10 has the cross-entropy "
        "−ln(1/10) = ln 10 ≈ 2.30 on every image.",
    ),
    Question(
        "Why do all networks of a comparison start from the same weights and see the same batches?",
        "Chance is then the same for all of them. At one seed, they differ in the normalisation "
        "only. Differences can be taken seed by seed (they are paired), so fewer seeds are needed.",
    ),
    Question(
        "What is the hatched interval around a mean, and how does it differ from a band?",
        "It is the 95 % t-interval of the mean over n runs that differ only in their seed: mean "
        "± t·s/√n, with t = 4.30 for n = 3. On a logarithmic axis it is that of the logarithms. "
        "It says how well the mean is known. A band belongs to one run: it is a range over step "
        "sizes or a range of activations. More seeds do not make a band narrower.",
    ),
    Question(
        "Covariate shift compares a layer's gradient before and after the layers before it are "
        "updated. What is it in layer 1?",
        "Zero. Layer 1 has no layer before it, so G′ = G: the distance is 0 and the cosine 1, in "
        "every network.",
    ),
    Question(
        "What does noisy BatchNorm rule out, and what does it not rule out?",
        "It rules out that this network needs stable distributions to train fast: of the three "
        "networks its distributions move most, and it trains nearly as fast as BatchNorm. It does "
        "not show that stability never helps. Evaluated with statistics gathered under noise, its "
        "test accuracy (57 %) stays below the standard network's (65 %).",
    ),
    Question(
        "The L2 norm here is √(mean y²), taken before the mean is subtracted. When does it equal "
        "BatchNorm's σ?",
        "When the mean is 0, because mean y² = σ² + μ². Otherwise it is larger than σ, and the "
        "variance of the output, σ² / (σ² + μ²), is below 1 and changes with μ.",
    ),
    Question(
        "On 4,000 images and 200 steps BatchNorm's loss band is the wider one. Is the paper wrong?",
        "This does not show it. The two measurements are made in two regimes. After 200 steps on "
        "4,000 images the standard network's training accuracy is 26 %. On all images the order is "
        "the same at first and reverses later. A narrow band alone does not tell a smooth "
        "landscape from a network that has not begun to learn.",
    ),
    Question(
        "Narrower bands and faster training go together. Does that prove that one causes the "
        "other?",
        "No. Both could follow from something else, such as the scale of the activations. A "
        "network that is ahead also stands elsewhere in its landscape. Other norms and noisy "
        "BatchNorm show both too. That fits a link, but does not prove one. Proof would take an "
        "experiment that changes the smoothness of the landscape and nothing else. The paper's "
        "theorems promise a shorter gradient and a lower curvature under conditions (γ < σ, "
        "⟨ŷ, g⟩ ≥ 0). In the MLP, the DLN and the VGG that we checked, neither holds for most "
        "units.",
    ),
    Question(
        "In the paper, effective β of both VGGs settles at 20. Why is that a property of the "
        "grid of step sizes?",
        "β is the largest ‖∇L(θ − ηg) − g‖ / (η‖g‖) over the grid. If even the smallest step "
        "changes the gradient by its own length, the numerator is about ‖g‖ at every η, and the "
        "ratio is largest at the smallest η: 1/η_min = 1 / (½ · 0.1) = 20. Halve η_min, and the "
        "plateau can move to 40. (2/lr is also 20, by coincidence: the grid begins at half the "
        "learning rate.) In the deep linear network, trained on the full batch, the plateau is "
        "2/lr, the edge of stability, and does not move with the grid.",
    ),
)


def finished(store: Store) -> list[Run]:
    """Return the finished runs of all chapters. `claims.judging.rows` reads their rows."""
    specs = (spec for chapter in CHAPTERS.values() for spec in chapter.specs())
    return list(store.finished(specs).values())
