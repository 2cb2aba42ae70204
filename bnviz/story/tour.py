"""The guided tour as data: eight stations, each with a question, a guess and what was measured.

A station asks before it shows. Its figure and its numbers are those of a chapter, measured on runs
that ship with bnviz. Its check questions are among `questions.QUESTIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from pandas import DataFrame, Series

from bnviz.claims import evidence
from bnviz.claims.evidence import Measure, of
from bnviz.presets import PAIR, PRESETS
from bnviz.spec import RunSpec
from bnviz.story.chapters import CHAPTERS, Chapter, of_seed_0
from bnviz.story.numbers import Number
from bnviz.story.questions import QUESTIONS, Question

# A part of the drawing of the experiment, "" for none.
Part: TypeAlias = Literal["distributions", "batchnorm", "noise", "shift", "walk", "end", ""]


@dataclass(frozen=True)
class Choice:
    """A guess among options. The shipped runs confirm the one with the index `measured`."""

    ask: str
    options: tuple[str, ...]
    measured: int


@dataclass(frozen=True)
class Sketch:
    """A guess that the reader draws, as heights at `steps`, in the unit of the figure.

    The curves of the networks `given` are shown before, and that of `drawn` is asked for. They are
    the column `column` of the chapter's numbers. `top` is the upper end of the axis.
    """

    ask: str
    drawn: str
    given: tuple[str, ...]
    column: str
    steps: tuple[int, ...] = (0, 1000, 2000, 3000, 4000, 5000)
    top: float = 1.0


Guess: TypeAlias = Choice | Sketch


@dataclass(frozen=True)
class Live:
    """Runs that the reader starts at a station, and what will be seen.

    They are those of `preset`, of the networks `norms`, at one of the learning rates `rates` if
    there are any, and with the knobs `changes`.
    """

    ask: str
    preset: str
    panel: str  # a key of bnviz.figures.PANELS
    norms: tuple[str, ...] = PAIR
    rates: tuple[float, ...] = ()
    changes: dict[str, Any] = field(default_factory=dict, hash=False)

    def specs(self, seed: int, lr: float | None = None) -> list[RunSpec]:
        """Return the specs of the runs with this seed, at this learning rate if there are rates."""
        knobs = self.changes | ({} if lr is None else {"lr": lr})
        specs = PRESETS[self.preset].specs(seed=seed, **knobs)
        return [spec for spec in specs if spec.norm in self.norms]


@dataclass(frozen=True)
class Station:
    """One station of the tour.

    `before` is what the reader must know in order to guess, and `part` is lit up in the drawing of
    the experiment. `chapter` has the figure, and its text says what was measured. `then` is
    something to do with the controls of the page `page`, or at the station itself if it is "".
    """

    slug: str
    title: str
    before: str  # with the names of the chapter's numbers in braces
    part: Part
    guess: Guess
    chapter: Chapter
    then: str
    page: str = ""
    live: Live | None = None

    @property
    def question(self) -> str:
        """What the station asks."""
        return self.chapter.heading

    @property
    def address(self) -> str:
        """The address of the page `page`, with the settings of the figure if it shows that."""
        return self.chapter.link if self.page == self.chapter.page else self.page

    @property
    def checks(self) -> list[Question]:
        """The questions that a reader can answer after this station."""
        return [question for question in QUESTIONS if question.station == self.slug]


def station(slug: str, title: str, chapter: str, question: str, text: str, **more: Any) -> Station:
    """Return a station with the figure and the numbers of a chapter, but its own heading and text.

    `panel`, `norms`, `numbers` and `metrics` replace those of the chapter.
    """
    own = {
        name: more.pop(name) for name in ("panel", "norms", "numbers", "metrics") if name in more
    }
    told = replace(CHAPTERS[chapter], slug=f"tour-{slug}", heading=question, text=text, **own)
    return Station(slug, title, chapter=told, **more)


def spread(when: Literal["first", "last"]) -> Measure:
    """Measure the range from the 5 to the 95% quantile of layer 5 in the standard network."""
    return of(of_seed_0(evidence.spread("conv5", when)), "none")


def widening(rows: DataFrame) -> Series[float]:
    """Measure how many times as wide that range is at the end as at the start."""
    return spread("last")(rows) / spread("first")(rows)


# Who learns faster, and whether stable distributions are the reason.
STABILITY = (
    station(
        "input",
        "A layer's input",
        "distributions",
        "What does a layer's input look like while the network learns?",
        "At the last measurement the range is {last:.1f} wide, {times:.0f} times as wide as at "
        "the start. So what layer 5 passes on changes all the time, while the next layer learns "
        "from it (seed 0). The lines are the 5, 15, 50, 85 and 95% quantiles.",
        before="A network is a chain of layers. Each turns the numbers it gets into new ones "
        "and passes them on. Here is a network without BatchNorm and noise, which learns to "
        "tell ten kinds of images apart: the standard network. We follow one channel of its "
        "layer 5, in front of the ReLU: all its numbers in a batch of 128 images, every hundred "
        "steps. Nine in ten of them lie between the 5% and the 95% quantile. At step 0 this "
        "range is {first:.2f} wide.",
        part="distributions",
        guess=Choice(
            "How wide is the range after 5,000 steps?",
            ("About as wide as at the start", "Two to three times as wide", "More than ten times"),
            measured=2,
        ),
        norms=("none",),
        numbers={
            "first": Number(spread("first")),
            "last": Number(spread("last")),
            "times": Number(widening),
        },
        then="On the page *Distributions*, choose other layers and add BatchNorm. Whose lines are "
        "level?",
        page="distributions",
    ),
    station(
        "batchnorm",
        "Five numbers",
        "performance",
        "What does BatchNorm do to five numbers?",
        "They stay as they are. The mean rises by 1 too, and it is subtracted. BatchNorm fixes "
        "mean and spread of a channel, whatever the layers before it do.",
        before="BatchNorm looks at one channel at a time. From each of its numbers x in the batch, "
        "here five, it subtracts their mean μ. Then it divides by their spread √(σ² + ε), where ε "
        "is tiny, multiplies by γ and adds β. The network learns γ and β.",
        part="batchnorm",
        guess=Choice(
            "Add 1 to each of the five numbers. What happens to the five outputs?",
            ("They rise by 1", "They stay as they are", "They move closer together"),
            measured=1,
        ),
        numbers={},
        then="Press *One outlier*, or drag one of the five numbers away from the others. What "
        "happens to the outputs of the other four?",
    ),
    station(
        "faster",
        "Who learns faster?",
        "performance",
        "Which network learns faster?",
        "On test images BatchNorm ends at {batch_test:.0f}% and the standard network at "
        "{none_test:.0f}%. Earlier the gap is wider. The accuracy on the training batches, which "
        "is not in this figure, is {batch:.0f}% against {none:.0f}% over steps 1,000 to 1,999.",
        before="Two copies of one network start from the same weights and see the same batches. "
        "One normalises its layers with BatchNorm, the other does not. So whatever differs comes "
        "from BatchNorm, and not from a lucky start. The line is the standard network's accuracy "
        "on 10,000 images that it has not trained on. Guessing gives 10%.",
        part="end",
        guess=Sketch("Draw BatchNorm's test accuracy.", "batch", ("none",), "value"),
        then="**Which network breaks first?** Raise the learning rate, and train both networks "
        "again.",
        live=Live(
            "A small pair trains on 4,000 images for 200 steps. You will see how far both training "
            "accuracies get above the 10% of guessing.",
            "quick",
            "training-accuracy",
            rates=(0.04, 0.08, 0.16, 0.32),
            changes={"probes": {"accuracy": 1}},
        ),
    ),
    station(
        "noise",
        "Is it stability?",
        "noise",
        "Does BatchNorm help because inputs stay stable?",
        "Over steps 1,000 to 1,999 the training accuracy is {noisy:.0f}% with noise, "
        "{batch:.0f}% with BatchNorm alone and {none:.0f}% in the standard network. So this "
        "network learns fast although its distributions move most.",
        before="BatchNorm was made to keep the input of every layer stable. Is that why it "
        "helps? Here is a test. A third network has random noise after BatchNorm: every number "
        "is multiplied and shifted at random, anew at each step. Now a channel's mean moves "
        "{moved:.0f} times as far from step to step as in the standard network.",
        part="noise",
        guess=Sketch(
            "Draw the training accuracy of the network with noise.", "noisy", PAIR, "mean"
        ),
        then="On the page *Distributions*, add noisy BatchNorm. Compare how far its median moves "
        "with how fast it learns.",
        page="distributions",
    ),
)

# Covariate shift, the landscape, and what is left to explain.
SMOOTHNESS = (
    station(
        "shift",
        "Is it covariate shift?",
        "covariate-shift",
        "Does BatchNorm reduce covariate shift?",
        "In layer 5 the distance is {far_early:.1f} times as large with BatchNorm before step "
        "2,000, and {far_late:.1f} times afterwards; the number in the figure is the mean over all "
        "of training. The paper found no less shift with BatchNorm either.",
        before="When the layers before a layer take a step, the layer's own gradient changes "
        "too. The paper of Santurkar and others (2018) calls this *internal covariate shift*. "
        "We measure it in layer 5. G is its gradient on a batch. G′ is its gradient on the same "
        "batch after layers 1 to 4 have taken their step. The distance ‖G − G′‖ is 0 if nothing "
        "has changed, and the cosine of the angle between the two is 1.",
        part="shift",
        guess=Choice(
            "How large is the distance with BatchNorm before step 2,000?",
            ("Less than half the standard network's", "About the same", "More than twice as large"),
            measured=2,
        ),
        then="On the page *Covariate shift*, choose layer 10. Is the order the same there?",
        page="covariate_shift",
    ),
    station(
        "walk",
        "Walk along the gradient",
        "landscape",
        "How much does the loss change along the gradient?",
        "On average the loss varies by {batch:.2f} with BatchNorm and by {none:.2f} without. In "
        "the first 250 steps it is the other way round, {batch_early:.2f} against "
        "{none_early:.2f}: there the standard network has not begun to learn.",
        before="A training step follows the gradient downhill for a length given by the "
        "learning rate. Now walk along the same line half a step, one, two and four steps, and "
        "look at the loss at these four points: the same network, the same batch. The lowest "
        "and the highest of them are the ends of a band. Before a network has learned anything, "
        "it gives each of ten classes the probability 1/10, and its loss is −ln(1/10) = ln 10 = "
        "2.30. The loss in the figure also has a penalty on large weights, so it starts "
        "somewhat higher.",
        part="walk",
        guess=Choice(
            "How wide is BatchNorm's band, on average over training?",
            ("Wider than the standard network's", "About as wide", "Half as wide or less"),
            measured=2,
        ),
        then="**Is it always so?** Train the pair on few images and for few steps.",
        live=Live(
            "A smaller pair trains on 4,000 images for 200 steps. You will see how wide both bands "
            "are. Which is the wider one on average?",
            "few-images",
            "loss-width",
            changes={"probes": {"landscape": 10, "accuracy": 1}},
        ),
    ),
    station(
        "norms",
        "Does only BatchNorm do it?",
        "norms",
        "Does only BatchNorm do it?",
        "All three: {l1:.0f}, {l2:.0f} and {linf:.0f}% over steps 1,000 to 1,999, against "
        "{batch:.0f}% with BatchNorm and {none:.0f}% in the standard network (one seed).",
        before="Write y for the numbers of a channel. BatchNorm subtracts their mean μ and "
        "divides by their standard deviation σ, so that the variance is fixed. Three other "
        "norms subtract μ too, but divide by something else: the mean of |y| (L1), √(mean y²) "
        "(L2), or the largest |y| (L∞). These do not fix the variance: mean y², for one, is σ² "
        "+ μ².",
        part="batchnorm",
        guess=Choice(
            "How many of the three learn faster than the standard network?",
            ("None", "One or two", "All three"),
            measured=2,
        ),
        then="On the page *Norms*, compare the widths of their loss bands.",
        page="norms",
    ),
    station(
        "open",
        "What is still open",
        "few-images",
        "Is the smoother landscape the reason?",
        "No. On 4,000 images BatchNorm's band is {batch:.2f} wide and the standard network's "
        "{none:.2f}, and yet BatchNorm reaches {batch_last:.0f}% and the standard network "
        "{none_last:.0f}%. What goes together need not cause one another. Proof would take an "
        "experiment that changes the smoothness of the landscape and nothing else.",
        before="Here is what was measured. BatchNorm learns faster. It does so with stable and "
        "with unstable distributions. Its covariate shift is not smaller. Its loss varies less "
        "along the gradient. So does that of the other norms, which learn fast as well (page "
        "*Norms*).",
        part="",
        guess=Choice(
            "Does this prove that the smaller variation makes it learn faster?",
            ("Yes", "No"),
            measured=1,
        ),
        then="On the page *Claims*, see which statements of the papers hold on the runs here, and "
        "which do not.",
        page="claims",
    ),
)
STATIONS = STABILITY + SMOOTHNESS
BY_SLUG = {station.slug: station for station in STATIONS}
