"""Claims of Ioffe & Szegedy (2015), arXiv 1502.03167, on MNIST."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import difference, final, of, ratio
from bnviz.presets import PAIR

of_2015 = partial(
    Claim, group="2015", preset="mnist", norms=PAIR, page="mnist", source="2015, Fig. 1"
)
SINGULAR_VALUE = (
    "median singular value σ of the Jacobian from one hidden layer's input of the sigmoids to the "
    "next, geometric mean over layers and steps 5,000 to 10,000"
)
of_jacobians = partial(
    of_2015,
    source="2015, Sec. 3.3",
    theirs="close to one: a conjecture that the paper does not measure",
    preset="mnist-jacobians",
    figure="jacobians",
    address={"layers": "fc3"},
)

CLAIMS = (
    of_2015(
        name="mnist-sooner",
        says="With BatchNorm, the test accuracy on MNIST rises sooner and stays higher.",
        theirs="100% of its curve, from step 4,000 on",
        value=100,
        quantity="share of measurements after step 2,000 at which BatchNorm is above standard; "
        "holds if it is above at all of them",
        figure="test-accuracy",
        measure=evidence.ahead("batch", "none", 2001),
        low=100,
        unit="%",
    ),
    of_2015(
        name="mnist-higher",
        says="With BatchNorm, the test accuracy on MNIST is higher in the end.",
        theirs="about 1 point (98.2 against 97.2%)",
        value=1,
        quantity="test accuracy after 50,000 steps, BatchNorm minus standard",
        figure="test-accuracy",
        measure=difference(final("test_accuracy"), "batch", "none", 100),
        low=0,
        unit=POINTS,
    ),
    of_2015(
        name="mnist-steadier",
        says="With BatchNorm, the distribution of a sigmoid's input is more stable.",
        theirs="5× (1.2 against 0.2)",
        value=5,
        quantity="range over which the median of a unit of layer 3 (mean over every ten "
        "measurements in a row) moves up to step 10,000, ratio of standard to BatchNorm",
        figure="quantiles",
        measure=ratio(evidence.travel(["fc3"], pooled=False, stop=10_001), "none", "batch"),
        low=1,
        unit=TIMES,
        address={"layers": "fc3"},
    ),
    of_jacobians(
        name="jacobians-near-one",
        says="With BatchNorm, the Jacobians of layers have singular values close to 1.",
        norms=("batch",),
        quantity=f"{SINGULAR_VALUE}; we say that close is from ½ to 2",
        measure=of(evidence.stretch(5000), "batch"),
        low=0.5,
        high=2,
    ),
    of_jacobians(
        name="jacobians-nearer",
        says="With BatchNorm, the Jacobians of layers have singular values closer to 1.",
        quantity=f"distance from 1, as |log σ|, of the {SINGULAR_VALUE}; ratio of standard to "
        "BatchNorm",
        measure=ratio(evidence.distance_from_one(5000), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
)
