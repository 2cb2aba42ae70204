"""Claims of Ioffe & Szegedy (2015), arXiv 1502.03167, on MNIST."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import difference, final, ratio
from bnviz.presets import PAIR

of_2015 = partial(
    Claim, group="2015", preset="mnist", norms=PAIR, page="mnist", source="2015, Fig. 1"
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
)
