"""Claims of Santurkar et al. (2018) on lp normalisation, each about one of L1, L2 and L∞."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import accuracy, difference, final, of, ratio
from bnviz.claims.evidence_landscape import landscape

of_2018 = partial(Claim, group="2018", page="norms")
deep = partial(of_2018, preset="deep")
NAMES = {"l1": "L1", "l2": "L2", "linf": "L∞"}


def as_good(norm: str, theirs: str) -> Claim:
    """Return the claim that a VGG with an lp norm trains as well as with BatchNorm."""
    return deep(
        name=f"{norm}-as-good",
        says=f"Normalising by {NAMES[norm]} is as good as BatchNorm.",
        source="2018, Sec. 3.3, Fig. 5a",
        theirs=theirs,
        quantity=f"training accuracy over steps 1,000–1,999, {NAMES[norm]} minus BatchNorm; may "
        "lose up to 6 points, as with noise",
        measure=difference(accuracy(1000, 2000), norm, "batch", 100),
        norms=("batch", norm),
        low=-6,
        unit=POINTS,
    )


def band(norm: str, theirs: str) -> Claim:
    """Return the claim that the loss band of a VGG is narrower with an lp norm."""
    return deep(
        name=f"{norm}-band",
        says=f"With {NAMES[norm]}, too, the loss varies less along the gradient than in the "
        "standard network.",
        source="2018, Fig. 12b",
        theirs=theirs,
        quantity="mean width of the loss band, highest minus lowest, ratio of standard to "
        f"{NAMES[norm]}",
        measure=ratio(landscape("width", "mean"), "none", norm),
        norms=("none", norm),
        low=1,
        unit=TIMES,
    )


def predictive(norm: str, theirs: str) -> Claim:
    """Return the claim that the gradient of a VGG is more predictive with an lp norm."""
    return deep(
        name=f"{norm}-predictive",
        says=f"With {NAMES[norm]}, too, the gradient is more predictive than in the standard "
        "network.",
        source="2018, Fig. 12c",
        theirs=theirs,
        quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, median over the probes, ratio of "
        f"standard to {NAMES[norm]}",
        measure=ratio(landscape("distance_high", "median"), "none", norm),
        norms=("none", norm),
        low=1,
        unit=TIMES,
    )


def shift(norm: str) -> Claim:
    """Return the claim that an lp norm's distributions shift more than the standard network's."""
    return deep(
        name=f"{norm}-shift",
        says=f"The distributions of {NAMES[norm]} shift more than the standard network's.",
        source="2018, Sec. 3.3, Fig. 6",
        theirs="more, by eye",
        quantity="how far a unit's quantiles in layer 11 move from the first to the last "
        f"measurement, in units of their 5–95 % spread, ratio of {NAMES[norm]} to standard",
        measure=ratio(evidence.shift("conv11"), norm, "none"),
        norms=("none", norm),
        low=1,
        unit=TIMES,
        address={"layers": "conv11"},
    )


def on_the_dln(norm: str, loss: str, band: str, predictive: str) -> tuple[Claim, ...]:
    """Return the claims about one lp norm in the DLN; the strings are the paper's values."""
    name = NAMES[norm]
    dln = partial(of_2018, preset="fig13", unit=TIMES, norms=("none", norm))
    return (
        dln(
            name=f"dln-{norm}",
            says=f"On the deep linear network, {name} is better than no normalisation.",
            source="2018, Fig. 5b",
            theirs=loss,
            quantity=f"training loss at its last measurement, step 9,995, ratio of {name} to "
            "standard",
            measure=ratio(final("train_loss"), norm, "none"),
            high=1,
        ),
        dln(
            name=f"dln-{norm}-band",
            says=f"Early in training, the loss of the deep linear network with {name} does not "
            "explode along the gradient.",
            source="2018, Fig. 13b",
            theirs=band,
            quantity="highest loss over the step sizes in the first 200 steps, ratio of standard "
            f"to {name}; holds from 10 on",
            measure=ratio(landscape("loss_high", "max", 0, 200), "none", norm),
            low=10,
        ),
        dln(
            name=f"dln-{norm}-predictive",
            says=f"Early in training, the gradient of the deep linear network with {name} does not "
            "explode along the gradient.",
            source="2018, Fig. 13c",
            theirs=predictive,
            quantity="largest ‖∇L(θ − ηg) − g‖ in the first 200 steps, ratio of standard to "
            f"{name}; holds from 10 on",
            measure=ratio(landscape("distance_high", "max", 0, 200), "none", norm),
            low=10,
        ),
    )


def at_the_edge(norm: str, theirs: str) -> Claim:
    """Return the claim that the DLN with one lp norm trains at the edge of stability."""
    name = NAMES[norm]
    return of_2018(
        name=f"dln-{norm}-edge",
        says=f"With {name}, the effective β of the deep linear network is 2/lr as well.",
        source="2018, Fig. 13d",
        theirs=theirs,
        quantity="|β · lr/2 − 1|, median over the probes from step 500 on",
        measure=of(landscape("off_edge", "median", 500), norm),
        preset="fig13",
        norms=(norm,),
        high=0.1,
    )


BETTER_THAN_BATCH = of_2018(
    name="dln-l1-above-batch",
    says="On the deep linear network, L1 is better than BatchNorm.",
    source="2018, Sec. 3.3, Fig. 5b",
    theirs="0.20× (97 against 480)",
    quantity="training loss at its last measurement, step 9,995, ratio of L1 to BatchNorm",
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
    as_good("l1", "0.6 points (84.9 against 84.3 %)"),
    as_good("l2", "0.2 points (84.5 against 84.3 %)"),
    as_good("linf", "−0.1 points (84.2 against 84.3 %)"),
    band("l1", "4.7× over the first 5,000 steps"),
    band("l2", "6.6× over the first 5,000 steps"),
    band("linf", "8.4× over the first 5,000 steps"),
    predictive("l1", "2.1× over the first 5,000 steps"),
    predictive("l2", "2.7× over the first 5,000 steps"),
    predictive("linf", "2.6× over the first 5,000 steps"),
    *map(shift, NAMES),
    BETTER_THAN_BATCH,
    *on_the_dln("l1", "0.059× (97 against 1,661)", "6 · 10⁹×", "9 · 10⁹×"),
    *on_the_dln("l2", "0.29× (481 against 1,661)", "7 · 10⁹×", "5 · 10⁹×"),
    *on_the_dln("linf", "0.59× (986 against 1,661)", "1.4 · 10¹⁰×", "1.2 · 10¹⁰×"),
    at_the_edge("l1", "median 1.005 · 2/lr"),
    at_the_edge("l2", "median 1.001 · 2/lr"),
)
