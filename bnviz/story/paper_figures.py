"""Every figure of the papers: what it shows there, and which of our numbers stand beside it.

The prose is typed here. The numbers are not: each is a `Number`, measured on the rows of finished
runs when `bnviz.story.results` writes docs/RESULTS.md.
"""

from __future__ import annotations

from bnviz.claims import evidence, theory
from bnviz.claims.evidence import final, of
from bnviz.claims.evidence_rates import best, first_best
from bnviz.presets import PAIR
from bnviz.presets.ioffe_2015 import RATES
from bnviz.story.figures_2018 import ON_THE_DLN, ON_THE_VGG
from bnviz.story.numbers import Number, each, named
from bnviz.story.paper_figure import PaperFigure, at_step

TEST = final("test_accuracy")


def of_the_report(title: str, preset: str, theirs: str, claim: str, note: str = "") -> PaperFigure:
    """Return a comparison of the MNIST report: two test accuracies over training."""
    return PaperFigure(
        title=title,
        preset=preset,
        theirs=theirs,
        ours="test accuracy with BatchNorm against standard: {batch} against {none}% at step 200, "
        "{batch_last} against {none_last}% in the end; BatchNorm is above in {above}% of the "
        "measurements",
        numbers={
            **each(at_step("test_accuracy", 200), *PAIR, scale=100),
            **named("last", each(TEST, *PAIR, scale=100)),
            "above": Number(evidence.ahead("batch", "none", 1)),
        },
        claims=(claim,),
        note=note,
    )


def of_section_4(label: str, note: str = "") -> PaperFigure:
    """Return what the theorems say of one network, with their conditions as we measure them."""
    preset = theory.NETWORKS[label]
    return PaperFigure(
        title=f"Section 4, {label}",
        preset=preset,
        theirs="under conditions, BatchNorm shortens the gradient and lowers the curvature",
        ours="median γ/σ, averaged over training: {gain}; {smaller}% of the units have a shorter "
        "gradient in front of BatchNorm than behind it; {inner}% have ⟨ŷ, g⟩ ≥ 0",
        numbers={
            "gain": Number(evidence.condition("gain")),
            "smaller": Number(evidence.condition("smaller", 100)),
            "inner": Number(evidence.condition("inner", 100)),
        },
        claims=tuple(claim.name for claim in theory.CLAIMS if claim.preset == preset),
        note=note,
    )


def of_figure_3(label: str, theirs: str, *claims: str, note: str = "") -> PaperFigure:
    """Return a line of Fig. 3 of the 2015 paper: one network at one learning rate."""
    preset = next(preset for preset in RATES if preset.label == label)
    (norm,) = preset.norms
    return PaperFigure(
        title=f"2015, 2–3, {label}",
        preset=preset.name,
        theirs=theirs,
        ours="test accuracy is at best {best}%, at step {at}",
        numbers={
            "best": Number(of(best(), norm, 100)),
            "at": Number(of(first_best(), norm)),
        },
        claims=claims,
        note=note,
    )


ON_MNIST = (
    PaperFigure(
        title="2015, 1a, test accuracy",
        preset="mnist",
        theirs="BatchNorm rises sooner and ends higher, at 98.2 against 97.2%",
        ours=(
            "BatchNorm is above in {above}% of the measurements after step 2,000 and ends at "
            "{batch} against {none}%"
        ),
        numbers={
            "above": Number(evidence.ahead("batch", "none", 2001)),
            **each(TEST, "batch", "none", scale=100),
        },
        claims=("mnist-sooner", "mnist-higher"),
    ),
    PaperFigure(
        title="2015, 1b–c, percentiles of a sigmoid's input",
        preset="mnist",
        theirs=(
            "the standard network's percentiles swing in the first 10,000 steps; BatchNorm's do not"
        ),
        ours="the median (mean over 1,000 steps) travels {none} in the first 10,000 steps without "
        "BatchNorm, {batch} with it",
        numbers={
            network: Number(
                of(evidence.travel(["fc3"], pooled=False, stop=10_001), network), "geometric mean"
            )
            for network in ("none", "batch")
        },
        claims=("mnist-steadier",),
    ),
    of_the_report(
        title="Liu, Fig. 2, perceptron",
        preset="liu-mlp",
        theirs="BatchNorm is faster and ends higher",
        claim="report-mlp",
        note="BatchNorm is ahead at first, behind for a while, then ahead again",
    ),
    of_the_report(
        title="Liu, Fig. 3, LeNet",
        preset="liu-lenet",
        theirs="BatchNorm is faster and ends higher",
        claim="report-lenet",
    ),
    of_the_report(
        title="Liu, Fig. 4, LeNet with ReLUs",
        preset="liu-lenetr",
        theirs="there is no visible difference",
        claim="report-relu",
    ),
)

OF_JACOBIANS = (
    PaperFigure(
        title="2015, Section 3.3, Jacobians",
        preset="mnist-jacobians",
        theirs="BatchNorm may bring the singular values of layer Jacobians close to 1",
        ours="the median singular value over steps 5,000–10,000 is {batch} with BatchNorm and "
        "{none} without",
        numbers=each(evidence.stretch(5000), "batch", "none"),
        claims=("jacobians-near-one", "jacobians-nearer"),
    ),
)

AT_RATES = (
    of_figure_3("Inception", "72.2% at 31.0 million steps, with which the others are compared"),
    of_figure_3(
        "BN-Baseline",
        "72.2% at 13.3 million steps, at best 72.7%",
        "rates-half-the-steps",
        "rates-as-accurate",
    ),
    of_figure_3("BN-x5", "72.2% at 2.1 million steps, at best 73.0%", "rates-fourteen-times"),
    of_figure_3(
        "BN-x30",
        "72.2% at 2.7 million steps, at best 74.8%",
        "rates-thirty-slower",
        "rates-thirty-higher",
    ),
    of_figure_3("BN-x5-Sigmoid", "at best 69.8%", "rates-sigmoids"),
    of_figure_3("Inception, sigmoid", "never better than chance", "rates-sigmoids-alone"),
    of_figure_3("Inception x5", "its parameters overflow", "rates-overflow"),
)

IN_THEORY = (
    of_section_4("MLP", "two of the statements are wrong as printed"),
    of_section_4("DLN"),
    of_section_4("VGG"),
)


def place(figure: PaperFigure) -> int:
    """Return the number of a figure of the 2018 paper."""
    return int(figure.title.partition(",")[0].rstrip("ab"))


FIGURES = (
    *sorted((*ON_THE_VGG, *ON_THE_DLN), key=place),
    *ON_MNIST,
    *OF_JACOBIANS,
    *AT_RATES,
    *IN_THEORY,
)
