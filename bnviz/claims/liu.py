"""Claims of a report on MNIST by Ziyuan Liu."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, Claim
from bnviz.presets import PAIR

of_report = partial(Claim, group="report", norms=PAIR, page="lenet")

CLAIMS = (
    of_report(
        name="report-mlp",
        says="A perceptron is better with BatchNorm at equal iterations.",
        source="Liu, Fig. 2",
        theirs="faster and higher, no number",
        quantity="measurements at which BatchNorm's test accuracy is above standard's; at least 95 %",
        measure=evidence.ahead("batch", "none", 1),
        preset="liu-mlp",
        low=95,
        unit="%",
    ),
    of_report(
        name="report-lenet",
        says="A LeNet with sigmoids is better with BatchNorm at equal iterations.",
        source="Liu, Fig. 3",
        theirs="faster and higher, no number",
        quantity="measurements at which BatchNorm's test accuracy is above standard's; at least 95 %",
        measure=evidence.ahead("batch", "none", 1),
        preset="liu-lenet",
        low=95,
        unit="%",
    ),
    of_report(
        name="report-relu",
        says="With ReLUs a LeNet shows no visible difference.",
        source="Liu, Fig. 4",
        theirs="none visible, no number",
        quantity="distance of the two test accuracies, mean over training; below 1 point nothing is visible",
        measure=evidence.apart("batch", "none", 1),
        preset="liu-lenetr",
        high=1,
        unit=POINTS,
    ),
)
