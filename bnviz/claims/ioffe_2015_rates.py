"""Claims of Ioffe & Szegedy (2015), Sec. 4.2.2: Inception at several learning rates.

The paper trains on ImageNet for millions of steps; these runs are far shorter, on small images.
"""

from functools import partial

from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import difference, of
from bnviz.claims.evidence_rates import best, diverged, relative_speed, speed_up
from bnviz.presets.ioffe_2015 import LR

BASE, FIVE, THIRTY = LR, 5 * LR, 30 * LR
STEPS = "test accuracy is measured every 200 steps"

of_network = partial(
    Claim, group="2015", page="learning_rates", figure="rates-speed-up", norms=("batch",)
)
of_plain = partial(of_network, norms=("none",), figure="rates-accuracy")

CLAIMS = (
    of_network(
        name="rates-half-the-steps",
        says="With BatchNorm, Inception reaches the same accuracy in less than half the steps.",
        source="2015, Sec. 4.2.2",
        theirs="2.3× (13.3 against 31.0 million steps)",
        value=2.3,
        quantity=f"steps to the best accuracy of Inception, Inception over BN-Baseline; {STEPS}",
        measure=speed_up("batch", "none"),
        preset="bn-baseline",
        others=("inception",),
        low=2,
        unit=TIMES,
    ),
    of_network(
        name="rates-as-accurate",
        says="With BatchNorm, Inception is at least as accurate at its best.",
        source="2015, Fig. 3",
        theirs="0.5 points (72.7 against 72.2%)",
        value=0.5,
        quantity="best test accuracy, BN-Baseline minus Inception",
        measure=difference(best(), "batch", "none", 100),
        preset="bn-baseline",
        others=("inception",),
        low=0,
        unit=POINTS,
    ),
    of_network(
        name="rates-fourteen-times",
        says="At five times the learning rate, BN-x5 takes 14 times fewer steps than Inception.",
        source="2015, Sec. 4.2.2",
        theirs="14.8× (2.1 against 31.0 million steps)",
        value=14.8,
        quantity=f"steps to the best accuracy of Inception, Inception over BN-x5; {STEPS}; we say "
        "that it holds from half the paper's factor on",
        measure=speed_up("batch", "none"),
        preset="bn-x5",
        others=("inception",),
        low=7,
        unit=TIMES,
    ),
    of_network(
        name="rates-thirty-slower",
        says="At thirty times the learning rate, BN-x30 is slower at first than BN-x5.",
        source="2015, Sec. 4.2.2",
        theirs="1.3× (2.7 against 2.1 million steps)",
        value=1.3,
        quantity=f"steps to the best accuracy of Inception, BN-x30 over BN-x5; {STEPS}",
        measure=relative_speed(FIVE, THIRTY, BASE),
        preset="bn-x30",
        others=("bn-x5", "inception"),
        low=1,
        unit=TIMES,
    ),
    of_network(
        name="rates-thirty-higher",
        says="At thirty times the learning rate, BN-x30 ends more accurate than BN-x5.",
        source="2015, Sec. 4.2.2",
        theirs="1.8 points (74.8 against 73.0%)",
        value=1.8,
        quantity="best test accuracy, BN-x30 minus BN-x5",
        measure=difference(best("lr"), THIRTY, FIVE, 100),
        preset="bn-x30",
        others=("bn-x5",),
        low=0,
        unit=POINTS,
        figure="rates-accuracy",
    ),
    of_network(
        name="rates-sigmoids",
        says="With BatchNorm, Inception trains with sigmoids too.",
        source="2015, Sec. 4.2.2",
        theirs="−2.4 points (69.8 against 72.2%)",
        value=-2.4,
        quantity="best test accuracy, BN-x5-Sigmoid minus Inception; we say that it holds down to "
        "5 points below",
        measure=difference(best(), "batch", "none", 100),
        preset="bn-x5-sigmoid",
        others=("inception",),
        low=-5,
        unit=POINTS,
        figure="rates-accuracy",
    ),
    of_plain(
        name="rates-sigmoids-alone",
        says="Without BatchNorm, Inception with sigmoids stays at chance.",
        source="2015, Sec. 4.2.2",
        theirs="never better than 1 in 1,000, which is chance there",
        quantity="best test accuracy; chance is 10%, and up to 12% counts as chance",
        measure=of(best(), "none", 100),
        preset="inception-sigmoid",
        high=12,
        unit="%",
    ),
    of_plain(
        name="rates-overflow",
        says="Without BatchNorm, five times the learning rate makes the parameters overflow.",
        source="2015, Sec. 4.2.2",
        theirs="they reach machine infinity",
        quantity="share of the seeds whose training loss overflows; holds if all do",
        measure=diverged("none"),
        preset="inception-x5",
        low=100,
        unit="%",
    ),
)
