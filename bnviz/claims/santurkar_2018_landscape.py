"""Claims of Santurkar et al. (2018) on the loss landscape."""

from functools import partial

from bnviz.claims import evidence_landscape as walks
from bnviz.claims.claim import TIMES, Claim
from bnviz.claims.evidence import difference, of, ratio
from bnviz.claims.evidence_landscape import landscape
from bnviz.presets import PAIR

of_2018 = partial(Claim, group="2018")
deep = partial(of_2018, preset="deep", norms=PAIR, page="landscape")

BANDS = (
    deep(
        name="band-narrower",
        says="With BatchNorm, the loss varies less along the gradient.",
        source="2018, Sec. 3, Fig. 4a",
        theirs="5.7× over the first 5,000 steps, 6.2× over 15,000",
        value=5.7,
        quantity="mean width of the loss band, highest minus lowest, ratio of standard to "
        "BatchNorm",
        figure="loss-width",
        measure=ratio(landscape("width", "mean"), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="band-narrower-log",
        says="With BatchNorm, the loss also varies less on the logarithmic axis of the paper's"
        " figure.",
        source="2018, Sec. 3, Fig. 4a",
        theirs="3.7× over the first 5,000 steps, 1.9× over the first 2,000",
        value=3.7,
        quantity="mean ln(highest / lowest loss over the step sizes), ratio of standard to "
        "BatchNorm",
        figure="landscape",
        measure=ratio(landscape("log_width", "mean"), "none", "batch"),
        low=1,
        unit=TIMES,
        note="A difference looks wider on a logarithmic axis where the loss is lower. The L2 "
        "penalty in the paper's loss, and in ours here, adds to both edges.",
    ),
    deep(
        name="noisy-band",
        says="With noisy BatchNorm, the loss also varies less along the gradient than in the "
        "standard network.",
        source="2018, Sec. 3",
        theirs="no figure",
        quantity="mean width of the loss band, ratio of standard to noisy BatchNorm",
        figure="loss-width",
        measure=ratio(landscape("width", "mean"), "none", "noisy"),
        norms=("none", "noisy"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="random-direction",
        says="With BatchNorm, the loss also varies less along random directions.",
        source="2018, Sec. 3, text",
        theirs="no figure; said to behave similarly",
        quantity="mean width of the loss band along a random direction as long as the gradient, "
        "ratio of standard to BatchNorm",
        figure="loss-width",
        measure=ratio(landscape("width", "mean", along="random"), "none", "batch"),
        low=1,
        unit=TIMES,
        address={"view": "along a random direction"},
    ),
)

GRADIENTS = (
    deep(
        name="gradient-predictiveness",
        says="With BatchNorm, the gradient is more predictive.",
        source="2018, Sec. 3, Fig. 4b",
        theirs="2.8× over the first 5,000 steps, 2.2× over the first 2,000",
        value=2.8,
        quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, ratio of standard to BatchNorm, "
        "median over the probes",
        figure="gradient-predictiveness",
        measure=walks.at_each_probe("median", "distance_high", "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="gradient-direction",
        says="With BatchNorm, the gradient turns less over one training step.",
        source="2018, Sec. 3, text",
        theirs="no figure; it measures distances only",
        quantity="cos(∇L(θ − ηg), g) at η = lr, median over the probes, BatchNorm minus standard",
        figure="gradient-cosine",
        measure=difference(walks.cosine("median"), "batch", "none"),
        low=0,
    ),
    deep(
        name="gradient-relative",
        says="With BatchNorm, the gradient changes by a smaller share of its length over one "
        "training step.",
        source="2018, Sec. 3",
        theirs="no figure",
        quantity="‖∇L(θ − ηg) − g‖ / ‖g‖ at η = lr, median over the probes, ratio of standard to "
        "BatchNorm",
        figure="scale-free",
        measure=ratio(walks.scale_free("relative", "median"), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="beta-lower",
        says="Early in training, effective β is lower with BatchNorm.",
        source="2018, Sec. 3, Fig. 4c",
        theirs="1.2× (21.0 against 16.9)",
        value=1.2,
        quantity="effective β, median over the first 1,000 steps, ratio of standard to BatchNorm",
        figure="effective-beta",
        measure=ratio(landscape("beta", "median", 0, 1000), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="beta-scale-free",
        says="Early in training, effective β times the squared length of the weights is lower "
        "with BatchNorm.",
        source="2018, Sec. 3; Dinh et al. 2017",
        theirs="no figure",
        quantity="effective β times ‖W‖², median over the first 1,000 steps, ratio of standard to "
        "BatchNorm",
        figure="scale-free",
        measure=ratio(walks.scale_free("normalised", "median", 1000), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="beta-plateau",
        says="BatchNorm's effective β stays near 20, which is one over the smallest step size.",
        source="2018, Fig. 4c",
        theirs="0.99 over the first 5,000 steps, 0.89 over the first 2,000",
        value=0.99,
        quantity="effective β of BatchNorm times the smallest η, median over the probes after step "
        "0",
        figure="effective-beta",
        measure=of(landscape("plateau", "median", 1), "batch"),
        norms=("batch",),
        low=0.75,
        high=1.3,
    ),
    deep(
        name="distance-grows",
        says="A longer step changes the standard network's gradient much more, but BatchNorm's"
        " only a little more.",
        source="2018, Fig. 11",
        theirs="2.3× (4.3 against 1.9)",
        value=2.3,
        quantity="median ‖∇L(θ − ηg) − g‖ at the largest step size divided by that at the "
        "smallest, ratio of standard to BatchNorm",
        figure="step-sizes",
        measure=ratio(walks.growth, "none", "batch"),
        low=1,
        unit=TIMES,
    ),
)

ON_THE_DLN = (
    of_2018(
        name="dln-band-early",
        says="Early in training, the standard deep linear network's loss explodes along the "
        "gradient; BatchNorm's does not.",
        source="2018, Fig. 10a",
        theirs="6 · 10⁹× (6 · 10¹⁴ against 10⁵)",
        value=6e9,
        quantity="highest loss over the step sizes in the first 200 steps, ratio of standard to "
        "BatchNorm; holds at 10 or more",
        figure="landscape",
        measure=ratio(landscape("loss_high", "max", 0, 200), "none", "batch"),
        preset="fig10",
        norms=PAIR,
        low=10,
        unit=TIMES,
        page="landscape",
    ),
    of_2018(
        name="dln-band-late",
        says="Late in training, the standard deep linear network has the smoother landscape.",
        source="2018, Fig. 10a",
        theirs="24× (8,300 against 340)",
        value=24,
        quantity="mean width of the loss band from step 7,500 on, ratio of BatchNorm to standard",
        figure="loss-width",
        measure=ratio(landscape("width", "mean", 7500), "batch", "none"),
        preset="fig10",
        norms=PAIR,
        low=1,
        unit=TIMES,
        page="landscape",
        note="The standard network has stalled: its gradient has nearly vanished.",
    ),
    of_2018(
        name="dln-edge",
        says="In the deep linear network, BatchNorm's effective β is 2/lr, the edge of stability.",
        source="2018, Fig. 10c",
        theirs="1.006 · 2/lr in the median; at single probes up to 0.17 off",
        value=0.17,
        quantity="largest |β · lr/2 − 1| at any probe from step 500 on",
        figure="effective-beta",
        measure=of(landscape("off_edge", "max", 500), "batch"),
        preset="fig10",
        norms=("batch",),
        high=0.1,
        page="landscape",
    ),
)

CLAIMS = (*BANDS, *GRADIENTS, *ON_THE_DLN)
