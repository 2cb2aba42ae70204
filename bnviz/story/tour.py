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
    something to do with the controls of the page `page`, or at the station itself if it is "", and
    `seen` what the reader should see there.
    """

    slug: str
    title: str
    before: str  # with the names of the chapter's numbers in braces
    part: Part
    guess: Guess
    chapter: Chapter
    then: str
    seen: str
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
    told = replace(
        CHAPTERS[chapter],
        slug=f"tour-{slug}",
        heading=question,
        text=text,
        statistic="range",  # easier to read than an interval
        **own,
    )
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
        "At the last measurement, step 4,900, the range is {last:.1f} wide, {times:.0f} times as "
        "wide as at the start (seed 0). So these numbers change while the layers behind them learn "
        "from them. The lines are the 5, 15, 50, 85 and 95% quantiles. Level lines would mean that "
        "the distribution stays the same. They show one channel of one layer, and they do not show "
        "what the number of a single image does.",
        before="A network is a chain of layers. Each turns the numbers it gets into new ones "
        "and passes them on. Here is the standard network: it learns to tell ten kinds of images "
        "apart, without BatchNorm. We follow one channel of its layer 5, in front of the ReLU: all "
        "its numbers in a batch of 128 images, every hundred steps. Nine in ten of them lie "
        "between the 5% and the 95% quantile. At step 0 this range is {first:.2f} wide.",
        part="distributions",
        guess=Choice(
            "How wide is the range at the end of training, near step 5,000?",
            ("About as wide as at the start", "Two to three times as wide", "More than ten times"),
            measured=2,
        ),
        norms=("none",),
        numbers={
            "first": Number(spread("first")),
            "last": Number(spread("last")),
            "times": Number(widening),
        },
        then="The page *Distributions* opens with the standard network. Add BatchNorm and choose "
        "other layers. Whose lines are level?",
        seen="In layers 4 to 10, BatchNorm's lines are much more level than the standard "
        "network's. At both ends of the network the two differ less.",
        page="distributions",
    ),
    station(
        "batchnorm",
        "Five numbers",
        "performance",
        "What does BatchNorm do to five numbers?",
        "They stay as they are. The mean rises by 1 too, and it is subtracted. Whatever the layers "
        "before it do, x̂ has mean 0 and standard deviation 1 (apart from ε), and so y has mean β "
        "and standard deviation γ.",
        before="BatchNorm looks at one channel at a time. From each of its numbers x in the batch, "
        "here five, it subtracts their mean μ. Then it divides by √(σ² + ε): σ is their standard "
        "deviation, and ε is tiny. The result is x̂. The output is y = γx̂ + β. The network learns "
        "γ and β.",
        part="batchnorm",
        guess=Choice(
            "Add 1 to each of the five numbers. What happens to the five outputs?",
            ("They rise by 1", "They stay as they are", "They move closer together"),
            measured=1,
        ),
        numbers={},
        then="Press *One outlier*, or drag one of the five numbers away from the others. What "
        "happens to the outputs of the other four?",
        seen="They move together. The outlier makes σ large, and every number is divided by it.",
    ),
    station(
        "faster",
        "Who learns faster?",
        "performance",
        "Which network learns faster?",
        "On test images BatchNorm ends at {batch_test:.0f}% and the standard network at "
        "{none_test:.0f}%. Earlier the gap is wider: over steps 1,000 to 1,999 they get "
        "{batch:.0f}% and {none:.0f}% of the training images right.",
        before="Two copies of one network start from the same weights and see the same batches. "
        "One normalises its layers with BatchNorm, the other does not. So whatever differs comes "
        "from BatchNorm, and not from a lucky start. The two are compared seed by seed, which "
        "needs fewer seeds. The line is the standard network's accuracy "
        "on 10,000 images that it has not trained on. Guessing gives 10%.",
        part="end",
        guess=Sketch(
            "Drag the circles to draw BatchNorm's test accuracy.", "batch", ("none",), "value"
        ),
        then="**Which network breaks first?** Raise the learning rate below, and train both "
        "networks.",
        seen="The standard network breaks first. At the largest learning rate it diverges within a "
        "few steps: its loss is no longer a number, and it stops. BatchNorm goes on and learns.",
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
        "network learns fast although its distributions move most. It does not need stable ones. "
        "That does not rule out that stability helps elsewhere.",
        before="BatchNorm was made to keep the input of every layer stable. Is that why it "
        "helps? Here is a test. A third network has random noise after BatchNorm: every number "
        "is multiplied and shifted at random, anew at each step. Now a channel's mean moves "
        "{moved:.0f} times as far from step to step as in the standard network.",
        part="noise",
        guess=Sketch(
            "Drag the circles to draw the training accuracy of the network with noise.",
            "noisy",
            PAIR,
            "mean",
        ),
        then="On the page *Distributions*, add noisy BatchNorm. Which of the three medians moves "
        "most from one measurement to the next?",
        seen="That of noisy BatchNorm: it jumps at every measurement. The other two move little "
        "from one to the next.",
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
        "In layer 5 the median distance is {far_early:.1f} times as large with BatchNorm before "
        "step 2,000, and {far_late:.1f} times afterwards. (The number in the figure is a geometric "
        "mean over all steps, so it differs.) The cosine is {batch_early:.2f} with BatchNorm and "
        "{none_early:.2f} without, then {batch_late:.2f} and {none_late:.2f}: at first no nearer "
        "to 1, later somewhat nearer. The paper found no less shift with BatchNorm either.",
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
        then="On the page *Covariate shift*, choose layer 10. Is the order of the distances the "
        "same there?",
        seen="Yes. In layer 10 too the distance is larger with BatchNorm, most clearly before step "
        "2,000.",
        page="covariate_shift",
    ),
    station(
        "walk",
        "Walk along the gradient",
        "landscape",
        "How much does the loss change along the gradient?",
        "On average the loss varies by {batch:.2f} with BatchNorm and by {none:.2f} without. In "
        "the first 250 steps it is the other way round, {batch_early:.2f} against "
        "{none_early:.2f}: there the standard network has not begun to learn. The paper finds "
        "BatchNorm's band narrower over the whole of its training, which is longer.",
        before="A training step follows the gradient downhill for a length given by the "
        "learning rate. Now walk along the same line half a step, one, two and four steps, and "
        "look at the loss at these four points: the same network, the same batch. The lowest "
        "and the highest of them are the ends of a band. Before a network has learned anything, "
        "it gives each of ten classes the probability 1/10, and its loss is −ln(1/10) = ln 10 = "
        "2.30. The loss in the figure also has a penalty on large weights, so both networks start "
        "somewhat higher.",
        part="walk",
        guess=Choice(
            "How wide is BatchNorm's band, on average over training?",
            ("Wider than the standard network's", "About as wide", "Half as wide or less"),
            measured=2,
        ),
        then="**Is it always so?** Train the pair below on few images and for few steps.",
        seen="Here BatchNorm's band is the wider one on average, and BatchNorm is ahead all the "
        "same. After 200 steps the standard network has barely begun to learn.",
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
        "All three. Over steps 1,000 to 1,999 the training accuracy is {l1:.0f}% with L1, "
        "{l2:.0f}% with L2 and {linf:.0f}% with L∞, against {batch:.0f}% with BatchNorm and "
        "{none:.0f}% in the standard network (two seeds).",
        before="BatchNorm subtracts the mean μ of a channel's numbers x and divides by their "
        "standard deviation σ, so that the variance is fixed. Three other norms subtract μ too, "
        "but divide by something else, taken before μ is subtracted: the mean of |x| (L1), "
        "√(mean x²) (L2), or the largest |x| (L∞). These do not fix the variance: mean x², for "
        "one, is σ² + μ².",
        part="batchnorm",
        guess=Choice(
            "How many of the three learn faster than the standard network?",
            ("None", "One or two", "All three"),
            measured=2,
        ),
        then="On the page *Norms*, compare the widths of their loss bands. Whose is widest?",
        seen="The standard network's. The bands of the three norms are about as narrow as "
        "BatchNorm's.",
        page="norms",
    ),
    station(
        "open",
        "What is still open",
        "few-images",
        "Is the smoother landscape the reason?",
        "No. Two things can go together without one causing the other: both may follow from a "
        "third, such as the scale of the numbers in the network. And they do not always go "
        "together. On 4,000 images BatchNorm's band is {batch:.2f} wide and the standard network's "
        "{none:.2f}, and yet BatchNorm gets {batch_last:.0f}% of the training images right and the "
        "standard network {none_last:.0f}%. Proof would take an experiment that changes the "
        "smoothness of the landscape and nothing else.",
        before="Here is what was measured on all images. BatchNorm learns faster. It does so with "
        "stable and with unstable distributions. The distance ‖G − G′‖ is not smaller with it. Its "
        "loss varies less along the gradient, over the whole of training: the paper calls such a "
        "landscape smoother. The other norms learn fast as well, and their loss varies less too.",
        part="",
        guess=Choice(
            "Does this prove that the smaller variation makes it learn faster?",
            ("Yes", "No"),
            measured=1,
        ),
        then="On the page *Claims*, see which statements of the papers hold on the runs here, and "
        "which do not.",
        seen="About half of the statements hold. Some do not, and many are undecided: their "
        "interval or their single seed does not settle them.",
        page="claims",
    ),
)
STATIONS = STABILITY + SMOOTHNESS
BY_SLUG = {station.slug: station for station in STATIONS}

# What the tour leaves the reader with.
SUMMARY = """\
- BatchNorm learns faster than the standard network, from the same weights and on the same batches.
- With noise after it, its distributions move most, and it still learns fast.
- The distance ‖G − G′‖ is larger with BatchNorm, not smaller.
- On all images its loss varies less along the gradient. In a short training on few images it varies
  more, and BatchNorm is ahead there too.
- Other norms learn about as fast. Why they all help is not settled by these measurements.
"""
