"""The paper's story as data: what each chapter says, the figure that shows it, and the runs that the figure is drawn from.

The Start page, the presenter and the lesson tell the same. What the texts say of numbers was measured on the runs of their presets:
a mean is over seeds 0 to 2, and where it is of one seed they say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pandas import DataFrame

from bnviz import panels
from bnviz.panels import PANELS, Panel, View
from bnviz.presets import LP, NORMS, PAIR, PRESETS
from bnviz.spec import RunSpec
from bnviz.store import Run, Store


@dataclass(frozen=True)
class Chapter:
    """One figure and what it says.

    `text` is for the back row, `look` for who studies the figure, `formula` is what is measured. The runs are those of `preset` with
    the networks `norms` and the seeds `seeds`; several are drawn as their mean with the interval `statistic`.
    """

    slug: str
    heading: str
    text: str
    look: str
    formula: str
    panel: str  # of panels.PANELS
    page: str  # that has more
    preset: str = "class"
    norms: tuple[str, ...] = PAIR
    seeds: tuple[int, ...] = (0, 1, 2)
    layers: tuple[str, ...] = ()
    statistic: str = "t"  # over the seeds: one of analysis.STATISTICS

    def specs(self) -> list[RunSpec]:
        """The questions, seed after seed."""
        return [
            spec for seed in self.seeds for spec in PRESETS[self.preset].specs(seed=seed) if spec.norm in self.norms
        ]

    def finished(self, store: Store) -> list[Run]:
        """Those of its runs that are done."""
        runs = [store.run(spec.id) for spec in self.specs()]
        return [run for run in runs if run.readable and run.state == "done"]

    @property
    def figure(self) -> Panel:
        """Its panel, as this chapter tells it."""
        return replace(PANELS[self.panel].told(self.heading, self.look), slug=f"story-{self.slug}")

    @property
    def link(self) -> str:
        """The page that shows the same with every choice open."""
        networks = "networks" if self.page == "norms" else "norm"  # that page keeps its choice for itself
        lists = {networks: self.norms, "seed": map(str, self.seeds), "layers": self.layers, "over": [self.statistic]}
        choices = {"preset": self.preset} | {name: ",".join(values) for name, values in lists.items()}
        choices = {name: text for name, text in choices.items() if text}
        return f"{self.page}?{urlencode(choices, safe=',')}"

    def view(self, runs: Sequence[Run], rows: DataFrame) -> View:
        """What its figure is drawn from: those of `rows` that are of its runs."""
        own = rows[rows["run"].isin([run.id for run in runs])]
        return panels.view(own, [run.spec for run in runs], layers=self.layers, statistic=self.statistic)


@dataclass(frozen=True)
class Question:
    """For a class, with its answer."""

    question: str
    answer: str


CHAPTERS = {
    chapter.slug: chapter
    for chapter in (
        Chapter(
            slug="performance",
            heading="With BatchNorm the same network learns faster",
            text="Two copies of one network, the same initial weights, the same batches; one normalises its layers. It has half of its "
            "training images right after 140 steps, the plain network after 920. On test images it is ahead from the second "
            "measurement on, and at 72 % against 65 % after 2,000 steps.",
            look="Who is ahead at equal steps? Is the lead greater at the start or at the end?",
            formula="BatchNorm, for each channel over the batch: μ = mean x, σ² = mean (x − μ)², x̂ = (x − μ) / √(σ² + ε), y = γx̂ + β. "
            "γ and β are learnt. Test accuracy is measured with averages of μ and σ² over the training batches.",
            panel="test-accuracy",
            page="training",
        ),
        Chapter(
            slug="distributions",
            heading="Because its distributions are stable?",
            text="BatchNorm was made to keep what enters every layer stable, and in this layer it does: the median of one unit wanders by 0.1 "
            "over the training, in the plain network by 0.8. The third network is BatchNorm shaken by noise, anew at each step: it "
            "wanders by 1.0, the least steady of all. (Seed 0; in layer 8 the plain network is as steady as BatchNorm.)",
            look="Median, 15–85 % and 5–95 % of what enters one ReLU: a stable distribution is a set of level lines.",
            formula="Quantiles of the input of one ReLU of layer 5, over batch × height × width of one channel, the same channel in every network.",
            panel="quantiles",
            page="distributions",
            norms=NORMS,
            layers=("conv5",),
        ),
        Chapter(
            slug="noise",
            heading="No: shake them, and it still learns fast",
            text="The noise moves a unit's mean from step to step four to thirteen times as far as the plain network's moves. Yet over steps "
            "1,000 to 1,999 that network has 73 % of its training images right, BatchNorm 77 %, and the plain one 59 %. Stable "
            "distributions can hardly be the reason.",
            look="Which network does the shaken one resemble, the one with BatchNorm or the plain one?",
            formula="After BatchNorm x ← s·x + m, for every element, with s ~ N(σ_j, 0.1), m ~ U(μ_j − 0.1, μ_j + 0.1), and for every channel j at each "
            "step μ_j ~ U(−0.5, 0.5), σ_j ~ U(1, 1.25).",
            panel="training-accuracy",
            page="training",
            norms=NORMS,
        ),
        Chapter(
            slug="covariate-shift",
            heading="Because of less covariate shift? At first it has more",
            text="Internal covariate shift is how much a layer's gradient changes because the layers below it have been updated. In the first 250 steps, "
            "when BatchNorm takes its lead, its gradient in layer 5 turns farther: cosine 0.52, plain 0.88. Over the last 1,000 steps it "
            "turns less: 0.70 against 0.56. The paper's finding, no less shift with BatchNorm, holds here at first only.",
            look="Ideal are distance 0 and cosine 1. Which network is nearer to them in the first 250 steps, and which later?",
            formula="G is the gradient of the loss by the weights of layer i at step t; G′ is the same, on the same batch, with layers 1 … i − 1 as they "
            "are after the step. Drawn are ‖G − G′‖₂ and cos ∠(G, G′).",
            panel="covariate-shift",
            page="covariate_shift",
            statistic="range",
            layers=("conv5",),
        ),
        Chapter(
            slug="landscape",
            heading="Because its landscape is smoother",
            text="Walk along the gradient, from half a training step to four, and see how far the loss ranges: by 0.66 with BatchNorm, by 2.19 "
            "without, averaged over the training. A gradient that can be trusted farther allows a step that goes farther. In the first 250 steps "
            "the order is the reverse (1.33 and 0.64): the plain network has not begun to learn, and nothing moves.",
            look="A narrow band is a smooth landscape, but only once the network learns: find where the plain network leaves 2.30, the loss of guessing.",
            formula="The band reaches from the lowest to the highest L(θ − ηg) over η = ½, 1, 2 and 4 times the learning rate; g = ∇L(θ) on the batch of "
            "step t, and the same batch again at θ − ηg.",
            panel="landscape",
            page="landscape",
            statistic="range",
        ),
        Chapter(
            slug="norms",
            heading="And not only BatchNorm does it",
            text="Divide by an average L1, L2 or L∞ norm instead of the standard deviation. Nothing fixes the variance any more, and the networks "
            "learn nearly as fast: 76, 77 and 76 % of the training images right over steps 1,000 to 1,999, BatchNorm 78 %, plain 59 % (one seed).",
            look="Do all normalised networks leave the plain one behind, and how far are they from each other?",
            formula="ŷ = (y − μ) / N_p(y) for each channel over the batch, with N₁ = mean |y|, N₂ = √(mean y²), N_∞ = max |y| before the mean is taken away; "
            "then γŷ + β.",
            panel="training-accuracy",
            page="norms",
            preset="fig5a",
            norms=LP,
            seeds=(0,),
        ),
        Chapter(
            slug="few-images",
            heading="On 4,000 images the order reverses",
            text="The same networks and learning rate, but 4,000 images and 200 steps: now BatchNorm's band is the wider one, 1.94 against 0.60 on "
            "average, at all three seeds. The plain network still guesses (26 % of its last training images right, BatchNorm 67 %), and where nothing is "
            "learnt nothing moves. A small demonstration can show the opposite of the paper.",
            look="Compare with the same figure on all images: is this another landscape, or its first 200 steps?",
            formula="The same as for the smoother landscape: from the lowest to the highest L(θ − ηg) over η = ½, 1, 2 and 4 times the learning rate.",
            panel="landscape",
            page="landscape",
            statistic="range",
            preset="few-images",
        ),
    )
}

QUESTIONS = (
    Question(
        "What does one band on the landscape figure show at one step?",
        "One network, one batch, one moment. The loss is evaluated at θ − ηg for four step sizes η along the gradient g, and the band reaches from the "
        "lowest to the highest of the four. Training then goes on from θ. It is not the range over several runs.",
    ),
    Question(
        "Before it learns anything, a network on CIFAR-10 has a loss of about 2.30. Why this number?",
        "Who gives each of ten classes the probability 1/10 has the cross-entropy −ln(1/10) = ln 10 ≈ 2.30, whatever the image.",
    ),
    Question(
        "Why do all networks of a comparison start from the same weights and see the same batches?",
        "So that chance is the same for all. What differs at one seed is then due to the normalisation, and differences can be taken seed by seed "
        "(they are paired), which needs fewer seeds.",
    ),
    Question(
        "What is the hatched interval around a mean, and how does it differ from a band?",
        "The 95 % t-interval of the mean over n runs that differ in their seed only: mean ± t·s/√n, with t = 4.30 for n = 3. It says how well "
        "the mean is known. A band lies within a run: it is a range over step sizes or a range of activations, and more seeds do not make it narrower.",
    ),
    Question(
        "Covariate shift compares a layer's gradient before and after the layers below it are updated. What is it in layer 1?",
        "Zero: no layer is below it, so G′ = G, the distance is 0 and the cosine 1, in every network.",
    ),
    Question(
        "What does noisy BatchNorm rule out, and what does it not?",
        "That stable distributions are needed for fast training: its distributions are the least stable, and it trains nearly as fast as BatchNorm. It "
        "does not show that stability is never of use: evaluated with statistics gathered under noise, its test accuracy (57 %) stays below the "
        "plain network's (65 %).",
    ),
    Question(
        "The L2 norm here is √(mean y²) before the mean is taken away. When does it equal BatchNorm's σ?",
        "When the mean is 0, since mean y² = σ² + μ². Otherwise it is larger than σ, and the variance of the output, σ² / (σ² + μ²), is below 1 and "
        "changes as μ does.",
    ),
    Question(
        "On 4,000 images and 200 steps BatchNorm's loss band is the wider one. Is the paper wrong?",
        "No. Both measurements are right in their regime. After 200 steps the plain network still guesses: its gradient is small, so θ − ηg is "
        "almost θ, and its band is narrow because nothing moves. On all images the order is the same at first and turns once the plain network "
        "learns. A narrow band means a smooth landscape only for networks that learn.",
    ),
    Question(
        "Narrower bands and faster training go together. Does that prove that the one causes the other?",
        "No. Both could follow from something else, such as the scale of the activations, and a network that is ahead stands elsewhere in "
        "its landscape. That other norms and noisy BatchNorm show both as well makes it likelier. It would take an experiment that makes the landscape "
        "smoother and nothing else; the paper's theorems give a reason, under assumptions that its networks need not meet.",
    ),
    Question(
        "In the paper, effective β of both VGGs settles at 20. Why is that a property of the grid of step sizes?",
        "β is the largest ‖∇L(θ − ηg) − g‖ / (η‖g‖) over the grid. If already the smallest step loses the gradient, the numerator is about ‖g‖ at every η, and "
        "the ratio is largest at the smallest: 1/η_min = 1 / (½ · 0.1) = 20. Halve η_min, and the plateau can move to 40. (That 2/lr is 20 as well is chance: the grid begins at half the learning rate.) In the deep linear network, "
        "trained on the full batch, the plateau is 2/lr, the edge of stability, and does not move with the grid.",
    ),
)


def finished(store: Store) -> list[Run]:
    """The runs of the whole story that are done; `bnviz.claims.judging.rows` has what their figures are drawn from."""
    return list({run.id: run for chapter in CHAPTERS.values() for run in chapter.finished(store)}.values())
