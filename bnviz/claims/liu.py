"""Claims of a report on MNIST by Ziyuan Liu."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, Claim
from bnviz.presets import PAIR

of_report = partial(Claim, group="report", norms=PAIR, page="lenet", figure="test-accuracy")

CLAIMS = (
    of_report(
        name="report-mlp",
        says="After the same number of iterations, a perceptron is more accurate with BatchNorm.",
        source="Liu, Fig. 2",
        theirs="faster and higher, no number",
        quantity="share of measurements after step 0 at which BatchNorm's test accuracy is above "
        "the standard network's; holds at 95% or more",
        measure=evidence.ahead("batch", "none", 1),
        preset="liu-mlp",
        low=95,
        unit="%",
    ),
    of_report(
        name="report-lenet",
        says="After the same number of iterations, a LeNet with sigmoids is more accurate with"
        " BatchNorm.",
        source="Liu, Fig. 3",
        theirs="faster and higher, no number",
        quantity="share of measurements after step 0 at which BatchNorm's test accuracy is above "
        "the standard network's; holds at 95% or more",
        measure=evidence.ahead("batch", "none", 1),
        preset="liu-lenet",
        low=95,
        unit="%",
    ),
    of_report(
        name="report-relu",
        says="With ReLUs, BatchNorm makes no visible difference to a LeNet.",
        source="Liu, Fig. 4",
        theirs="none visible, no number",
        quantity="absolute difference of the two test accuracies, mean over the measurements after "
        "step 0; up to 1 point counts as not visible",
        measure=evidence.apart("batch", "none", 1),
        preset="liu-lenetr",
        high=1,
        unit=POINTS,
    ),
)
