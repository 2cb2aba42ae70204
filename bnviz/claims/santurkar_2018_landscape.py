"""Claims of Santurkar et al. (2018) on the loss landscape and on lp norms."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims import evidence_landscape as walks
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import accuracy, difference, extreme, final, of, ratio
from bnviz.claims.evidence_landscape import landscape
from bnviz.presets import LP, PAIR

of_2018 = partial(Claim, group="2018")
deep = partial(of_2018, preset="deep", norms=PAIR, page="landscape")
on_vgg11 = partial(of_2018, preset="class", norms=PAIR)

BANDS = (
    deep(
        name="band-narrower",
        says="With BatchNorm, the loss varies less along the gradient.",
        source="2018, Sec. 3, Fig. 4a",
        theirs="5.7× over the first 5,000 steps, 6.2× over 15,000",
        quantity="mean width of the loss band, highest minus lowest, ratio of standard to "
        "BatchNorm",
        measure=ratio(landscape("width", "mean"), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="band-narrower-log",
        says="On the logarithmic axis of the paper's figure, too, the loss varies less with "
        "BatchNorm.",
        source="2018, Sec. 3, Fig. 4a",
        theirs="3.7× over the first 5,000 steps, 1.9× over the first 2,000",
        quantity="mean ln(highest / lowest loss over the step sizes), ratio of standard to "
        "BatchNorm",
        measure=ratio(landscape("log_width", "mean"), "none", "batch"),
        low=1,
        unit=TIMES,
        note="A difference looks wider on a logarithmic axis where the loss is lower. The L2 "
        "penalty in the paper's loss, and in ours here, adds to both edges.",
    ),
    deep(
        name="noisy-band",
        says="With noisy BatchNorm, too, the loss varies less along the gradient than in the "
        "standard network.",
        source="2018, Sec. 3",
        theirs="no figure",
        quantity="mean width of the loss band, ratio of standard to noisy BatchNorm",
        measure=ratio(landscape("width", "mean"), "none", "noisy"),
        norms=("none", "noisy"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="random-direction",
        says="Along random directions, too, the loss varies less with BatchNorm.",
        source="2018, Sec. 3, text",
        theirs="no figure; said to behave similarly",
        quantity="mean width of the loss band along a random direction as long as the gradient, "
        "ratio of standard to BatchNorm",
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
        quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, ratio of standard to BatchNorm, "
        "median over the probes",
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
        measure=difference(walks.cosine("median"), "batch", "none"),
        low=0,
    ),
    deep(
        name="gradient-relative",
        says="With BatchNorm, the gradient changes less over one training step as a share of its "
        "length.",
        source="2018, Sec. 3",
        theirs="no figure",
        quantity="‖∇L(θ − ηg) − g‖ / ‖g‖ at η = lr, median over the probes, ratio of standard to "
        "BatchNorm",
        measure=ratio(walks.scale_free("relative", "median"), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="beta-lower",
        says="With BatchNorm, the effective β-smoothness is better early in training.",
        source="2018, Sec. 3, Fig. 4c",
        theirs="1.2× (21.0 against 16.9)",
        quantity="effective β, median over the first 1,000 steps, ratio of standard to BatchNorm",
        measure=ratio(landscape("beta", "median", 0, 1000), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="beta-scale-free",
        says="With BatchNorm, effective β times the squared length of the weights is lower early "
        "in training.",
        source="2018, Sec. 3; Dinh et al. 2017",
        theirs="no figure",
        quantity="effective β times ‖W‖², median over the first 1,000 steps, ratio of standard to "
        "BatchNorm",
        measure=ratio(walks.scale_free("normalised", "median", 1000), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="beta-plateau",
        says="BatchNorm's effective β stays near 20, which is 1/η_min of the grid.",
        source="2018, Fig. 4c",
        theirs="0.99 over the first 5,000 steps, 0.89 over the first 2,000",
        quantity="effective β of BatchNorm in units of 1/η_min, median over the probes after step "
        "0",
        measure=of(landscape("plateau", "median", 1), "batch"),
        norms=("batch",),
        low=0.75,
        high=1.3,
    ),
    deep(
        name="distance-grows",
        says="The longer the step, the more the standard network's gradient changes; BatchNorm's "
        "changes little.",
        source="2018, Fig. 11",
        theirs="2.3× (4.3 against 1.9)",
        quantity="median ‖∇L(θ − ηg) − g‖ at the largest step size divided by that at the "
        "smallest, ratio of standard to BatchNorm",
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
        quantity="highest loss over the step sizes in the first 200 steps, ratio of standard to "
        "BatchNorm; holds from 10 on",
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
        quantity="mean width of the loss band from step 7,500 on, ratio of BatchNorm to standard",
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
        says="BatchNorm's effective β in the deep linear network is 2/lr, the edge of stability.",
        source="2018, Fig. 10c",
        theirs="1.006 · 2/lr in the median; at single probes up to 0.17 off",
        quantity="largest |β · lr/2 − 1| at any probe from step 500 on",
        measure=of(landscape("off_edge", "max", 500), "batch"),
        preset="fig10",
        norms=("batch",),
        high=0.1,
        page="landscape",
    ),
)

LP_NORMS = (
    on_vgg11(
        name="lp-as-good",
        says="Normalising by an lp norm is as good as BatchNorm.",
        source="2018, Sec. 3.3, Fig. 5a",
        theirs="−0.1 points (L∞, 84.2 against 84.3 %)",
        quantity="training accuracy over steps 1,000–1,999, the worst of L1, L2 and L∞ minus "
        "BatchNorm; may lose up to 6 points, as with noise",
        measure=difference(extreme(accuracy(1000, 2000), "min", *LP[2:]), "min", "batch", 100),
        norms=LP[1:],
        low=-6,
        unit=POINTS,
        page="norms",
    ),
    on_vgg11(
        name="lp-bands",
        says="The lp norms smooth the landscape as well.",
        source="2018, Fig. 12b",
        theirs="0.33× over the first 2,000 steps (L1, as wide as BatchNorm's)",
        quantity="mean width of the loss band, ratio of the widest of L1, L2 and L∞ to standard",
        measure=ratio(extreme(landscape("width", "mean"), "max", *LP[2:]), "max", "none"),
        norms=("none", *LP[2:]),
        high=1,
        unit=TIMES,
        page="norms",
    ),
    on_vgg11(
        name="lp-predictive",
        says="With the lp norms, the gradient is more predictive as well.",
        source="2018, Fig. 12c",
        theirs="2.0× over the first 2,000 steps (L1, the least of the three)",
        quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, median over the probes, ratio of "
        "standard to the largest of L1, L2 and L∞",
        measure=ratio(extreme(landscape("distance_high", "median"), "max", *LP[2:]), "none", "max"),
        norms=("none", *LP[2:]),
        low=1,
        unit=TIMES,
        page="norms",
    ),
    on_vgg11(
        name="lp-shift",
        says="The lp norms' distributions shift more than the standard network's.",
        source="2018, Sec. 3.3, Fig. 6",
        theirs="more, by eye",
        quantity="how far a unit's quantiles in layer 8 move from the first to the last "
        "measurement, in units of their 5–95 % spread, ratio of the smallest of L1, L2 and L∞ to "
        "standard",
        measure=ratio(extreme(evidence.shift("conv8"), "min", *LP[2:]), "min", "none"),
        norms=("none", *LP[2:]),
        low=1,
        unit=TIMES,
        page="norms",
        address={"layers": "conv8"},
    ),
    of_2018(
        name="dln-l1",
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
        page="norms",
        note="Both spend a long time on the same plateaus, so in most seeds they end level. Which "
        "one leaves a plateau first depends on chance.",
    ),
    of_2018(
        name="dln-lp",
        says="On the deep linear network, every lp norm is better than no normalisation.",
        source="2018, Fig. 5b",
        theirs="0.59× (L∞, 986 against 1,661)",
        quantity="training loss at its last measurement, step 9,995, ratio of the highest of L1, "
        "L2 and L∞ to standard",
        measure=ratio(extreme(final("train_loss"), "max", *LP[2:]), "max", "none"),
        preset="fig5b",
        norms=("none", *LP[2:]),
        high=1,
        unit=TIMES,
        page="norms",
    ),
    of_2018(
        name="dln-lp-band",
        says="Early in training, the losses of the lp norms on the deep linear network do not "
        "explode along the gradient.",
        source="2018, Fig. 13b",
        theirs="6 · 10⁹× (6 · 10¹⁴ against 10⁵)",
        quantity="highest loss over the step sizes in the first 200 steps, ratio of standard to "
        "the highest of L1, L2 and L∞; holds from 10 on",
        measure=ratio(
            extreme(landscape("loss_high", "max", 0, 200), "max", *LP[2:]), "none", "max"
        ),
        preset="fig13",
        norms=("none", *LP[2:]),
        low=10,
        unit=TIMES,
        page="norms",
    ),
    of_2018(
        name="dln-lp-predictive",
        says="Early in training, the gradients of the lp norms on the deep linear network do not "
        "explode along the gradient.",
        source="2018, Fig. 13c",
        theirs="5 · 10⁹× (2 · 10¹⁶ against 4 · 10⁶)",
        quantity="largest ‖∇L(θ − ηg) − g‖ in the first 200 steps, ratio of standard to the "
        "largest of L1, L2 and L∞; holds from 10 on",
        measure=ratio(
            extreme(landscape("distance_high", "max", 0, 200), "max", *LP[2:]), "none", "max"
        ),
        preset="fig13",
        norms=("none", *LP[2:]),
        low=10,
        unit=TIMES,
        page="norms",
    ),
    of_2018(
        name="dln-lp-edge",
        says="With L1 and L2, the effective β of the deep linear network is 2/lr as well.",
        source="2018, Fig. 13d",
        theirs="medians 1.005 · 2/lr (L1) and 1.001 (L2)",
        quantity="|β · lr/2 − 1|, median over the probes from step 500 on, the larger of L1 and L2",
        measure=of(extreme(landscape("off_edge", "median", 500), "max", "l1", "l2"), "max"),
        preset="fig13",
        norms=("l1", "l2"),
        high=0.1,
        page="norms",
    ),
)

CLAIMS = (*BANDS, *GRADIENTS, *ON_THE_DLN, *LP_NORMS)
