"""Claims of Santurkar et al. (2018) on lp normalisation, each about one of L1, L2 and L∞."""

from functools import partial
from typing import Any

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import accuracy, difference, final, of, ratio
from bnviz.claims.evidence_landscape import landscape

of_2018 = partial(Claim, group="2018", page="norms")
deep = partial(of_2018, preset="deep")
Theirs = dict[str, Any]  # the paper's value in words and as a number
NAMES = {"l1": "L1", "l2": "L2", "linf": "L∞"}


def told(words: str, number: float) -> Theirs:
    """Return the paper's value as a claim takes it."""
    return {"theirs": words, "value": number}


def on_vgg(norm: str, good: Theirs, band: Theirs, predictive: Theirs) -> tuple[Claim, ...]:
    """Return the claims about one lp norm in a VGG, given the paper's values."""
    return as_good(norm, good), *smoother(norm, band, predictive), shifting(norm)


def as_good(norm: str, theirs: Theirs) -> Claim:
    """Return the claim that a VGG learns as fast with one lp norm as with BatchNorm."""
    name = NAMES[norm]
    return deep(
        name=f"{norm}-as-good",
        says=f"Normalising by {name} is as good as BatchNorm.",
        source="2018, Sec. 3.3, Fig. 5a",
        **theirs,
        quantity=f"training accuracy over steps 1,000–1,999, {name} minus BatchNorm; it may lose up"
        " to 6 points, as with noise",
        figure="training-accuracy",
        measure=difference(accuracy(1000, 2000), norm, "batch", 100),
        norms=("batch", norm),
        low=-6,
        unit=POINTS,
    )


def smoother(norm: str, band: Theirs, predictive: Theirs) -> tuple[Claim, ...]:
    """Return the claims that one lp norm makes the loss landscape of a VGG smoother."""
    name, than_standard = NAMES[norm], partial(deep, norms=("none", norm), low=1, unit=TIMES)
    return (
        than_standard(
            name=f"{norm}-band",
            says=f"With {name}, the loss also varies less along the gradient than in the standard "
            "network.",
            source="2018, Fig. 12b",
            **band,
            quantity=f"mean width of the loss band, highest minus lowest, ratio of standard to "
            f"{name}",
            figure="loss-width",
            measure=ratio(landscape("width", "mean"), "none", norm),
        ),
        than_standard(
            name=f"{norm}-predictive",
            says=f"With {name}, the gradient is also more predictive than in the standard network.",
            source="2018, Fig. 12c",
            **predictive,
            quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, median over the probes, ratio "
            f"of standard to {name}",
            figure="gradient-predictiveness",
            measure=ratio(landscape("distance_high", "median"), "none", norm),
        ),
    )


def shifting(norm: str) -> Claim:
    """Return the claim that one lp norm shifts the distributions of a VGG."""
    name = NAMES[norm]
    return deep(
        name=f"{norm}-shift",
        says=f"With {name}, the distributions shift more than in the standard network.",
        source="2018, Sec. 3.3, Fig. 6",
        theirs="more, by eye",
        quantity="how far a unit's quantiles in layer 11 move from the first to the last "
        f"measurement, in units of their 5–95% spread, ratio of {name} to standard",
        figure="quantiles",
        measure=ratio(evidence.shift("conv11"), norm, "none"),
        norms=("none", norm),
        low=1,
        unit=TIMES,
        address={"layers": "conv11"},
    )


def on_the_dln(norm: str, loss: Theirs, band: Theirs, predictive: Theirs) -> tuple[Claim, ...]:
    """Return the claims about one lp norm in the DLN, given the paper's values."""
    name = NAMES[norm]
    dln = partial(of_2018, preset="fig13", unit=TIMES, norms=("none", norm))
    return (
        dln(
            name=f"dln-{norm}",
            says=f"The deep linear network reaches a lower loss with {name} than without.",
            source="2018, Fig. 5b",
            **loss,
            quantity=f"training loss at its last measurement, step 9,995, {name} to standard",
            figure="training-loss",
            measure=ratio(final("train_loss"), norm, "none"),
            high=1,
        ),
        dln(
            name=f"dln-{norm}-band",
            says=f"Early in training, the loss of the deep linear network with {name} does not "
            "explode along the gradient.",
            source="2018, Fig. 13b",
            **band,
            quantity="highest loss over the step sizes in the first 200 steps, ratio of standard "
            f"to {name}; holds at 10 or more",
            figure="landscape",
            measure=ratio(landscape("loss_high", "max", 0, 200), "none", norm),
            low=10,
        ),
        dln(
            name=f"dln-{norm}-predictive",
            says=f"Early in training, the gradient of the deep linear network with {name} does not "
            "explode along its own direction.",
            source="2018, Fig. 13c",
            **predictive,
            quantity="largest ‖∇L(θ − ηg) − g‖ in the first 200 steps, ratio of standard to "
            f"{name}; holds at 10 or more",
            figure="gradient-predictiveness",
            measure=ratio(landscape("distance_high", "max", 0, 200), "none", norm),
            low=10,
        ),
    )


def at_the_edge(norm: str, theirs: str) -> Claim:
    """Return the claim that the DLN with one lp norm trains at the edge of stability."""
    name = NAMES[norm]
    return of_2018(
        name=f"dln-{norm}-edge",
        says=f"With {name}, the effective β of the deep linear network is also 2/lr.",
        source="2018, Fig. 13d",
        theirs=theirs,
        quantity="|β · lr/2 − 1|, median over the probes from step 500 on",
        figure="effective-beta",
        measure=of(landscape("off_edge", "median", 500), norm),
        preset="fig13",
        norms=(norm,),
        high=0.1,
    )


BETTER_THAN_BATCH = of_2018(
    name="dln-l1-above-batch",
    says="The deep linear network reaches a lower loss with L1 than with BatchNorm.",
    source="2018, Sec. 3.3, Fig. 5b",
    theirs="0.20× (97 against 480)",
    value=0.20,
    quantity="training loss at its last measurement, step 9,995, ratio of L1 to BatchNorm",
    figure="training-loss",
    measure=ratio(final("train_loss"), "l1", "batch"),
    preset="fig5b",
    seeds=(0, 1, 2, 3, 4),
    norms=("batch", "l1"),
    high=1,
    unit=TIMES,
    note="Both spend a long time on the same plateaus, so in most seeds they end level. Which "
    "one leaves a plateau first depends on chance.",
)

CLAIMS = (
    *on_vgg(
        "l1",
        good=told("0.6 points (84.9 against 84.3%)", 0.6),
        band=told("4.7× over the first 5,000 steps", 4.7),
        predictive=told("2.1× over the first 5,000 steps", 2.1),
    ),
    *on_vgg(
        "l2",
        good=told("0.2 points (84.5 against 84.3%)", 0.2),
        band=told("6.6× over the first 5,000 steps", 6.6),
        predictive=told("2.7× over the first 5,000 steps", 2.7),
    ),
    *on_vgg(
        "linf",
        good=told("−0.1 points (84.2 against 84.3%)", -0.1),
        band=told("8.4× over the first 5,000 steps", 8.4),
        predictive=told("2.6× over the first 5,000 steps", 2.6),
    ),
    BETTER_THAN_BATCH,
    *on_the_dln(
        "l1",
        loss=told("0.059× (97 against 1,661)", 0.059),
        band=told("6 · 10⁹×", 6e9),
        predictive=told("9 · 10⁹×", 9e9),
    ),
    *on_the_dln(
        "l2",
        loss=told("0.29× (481 against 1,661)", 0.29),
        band=told("7 · 10⁹×", 7e9),
        predictive=told("5 · 10⁹×", 5e9),
    ),
    *on_the_dln(
        "linf",
        loss=told("0.59× (986 against 1,661)", 0.59),
        band=told("1.4 · 10¹⁰×", 1.4e10),
        predictive=told("1.2 · 10¹⁰×", 1.2e10),
    ),
    at_the_edge("l1", "median 1.005 · 2/lr"),
    at_the_edge("l2", "median 1.001 · 2/lr"),
)
