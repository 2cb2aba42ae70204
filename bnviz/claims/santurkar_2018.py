"""Claims of Santurkar et al. (2018) on training and on distributions."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import accuracy, difference, final, first_step, of, ratio, share_of_gap
from bnviz.presets import PAIR

of_2018 = partial(Claim, group="2018", page="training")
deep = partial(of_2018, preset="deep", norms=PAIR)

TRAINING = (
    deep(
        name="batch-faster",
        says="With BatchNorm, the network learns faster at learning rate 0.1.",
        source="2018, Fig. 1a",
        theirs="26.0 points (84.3 against 58.3%)",
        value=26.0,
        quantity="training accuracy over steps 1,000–1,999, BatchNorm minus standard",
        figure="training-accuracy",
        measure=difference(accuracy(1000, 2000), "batch", "none", 100),
        low=0,
        unit=POINTS,
    ),
    deep(
        name="batch-sooner",
        says="With BatchNorm, the network gets 90% of a batch right sooner.",
        source="2018, Fig. 1a",
        theirs="2.1× (step 3,300 against 1,600)",
        value=2.1,
        quantity="first of every hundredth step at which 90% of the batch is right, ratio of "
        "standard to BatchNorm; a network that never gets there counts with the last of "
        "these steps",
        figure="training-accuracy",
        measure=ratio(first_step(0.9, 100), "none", "batch"),
        low=1,
        unit=TIMES,
    ),
    deep(
        name="batch-better",
        says="With BatchNorm, the network ends with a higher test accuracy.",
        source="2018, Fig. 1b",
        theirs="4.3 points after 5,000 steps (81.2 against 76.9%), 2.9 after 15,000",
        value=4.3,
        quantity="test accuracy after the last step, BatchNorm minus standard",
        figure="test-accuracy",
        measure=difference(final("test_accuracy"), "batch", "none", 100),
        low=0,
        unit=POINTS,
    ),
    of_2018(
        name="batch-better-augmented",
        says="On augmented images, the network also ends with a higher test accuracy with "
        "BatchNorm.",
        source="2018, App. A.1",
        theirs="4 points (92 against 88%)",
        value=4,
        quantity="test accuracy after a short run of 2,000 steps on augmented images, BatchNorm "
        "minus standard",
        figure="test-accuracy",
        measure=difference(final("test_accuracy"), "batch", "none", 100),
        preset="augmented",
        norms=PAIR,
        low=0,
        unit=POINTS,
    ),
    of_2018(
        name="batch-faster-momentum",
        says="With momentum, the network also learns faster with BatchNorm.",
        source="2018, App. A.1, which names no momentum",
        theirs="no figure",
        quantity="training accuracy over steps 1,000–1,999 of a short run with momentum 0.9 at "
        "learning rate 0.01, BatchNorm minus standard",
        figure="training-accuracy",
        measure=difference(accuracy(1000, 2000), "batch", "none", 100),
        preset="momentum",
        norms=PAIR,
        low=0,
        unit=POINTS,
    ),
    deep(
        name="batch-at-half",
        says="BatchNorm still trains at learning rate 0.5.",
        source="2018, Fig. 1b",
        theirs="−2.7 points after 15,000 steps, −9.9 after 2,000 (69.2 against 79.1%)",
        value=-2.7,
        quantity="test accuracy of BatchNorm after the last step, at learning rate 0.5 minus at "
        "0.1; it may lose up to 10 points",
        figure="test-accuracy",
        measure=difference(final("test_accuracy", by="lr"), 0.5, 0.1, 100),
        norms=("batch",),
        rates=(0.1, 0.5),
        low=-10,
        unit=POINTS,
    ),
    deep(
        name="standard-at-half",
        says="At learning rate 0.5, the standard network stays at chance.",
        source="2018, Fig. 1",
        theirs="10.0% to the end",
        value=10.0,
        quantity="training accuracy of the standard network over steps 4,500–4,999; holds within 2 "
        "points of chance, 10%",
        figure="training-accuracy",
        measure=of(accuracy(4500, 5000), "none", 100),
        norms=("none",),
        rates=(0.5,),
        low=8,
        high=12,
        unit="%",
    ),
    deep(
        name="noisy-as-fast",
        says="There is almost no gap between BatchNorm and noisy BatchNorm.",
        source="2018, Sec. 2, Fig. 2",
        theirs="19% (84.3 and 79.3 against 58.3%)",
        value=19,
        quantity="BatchNorm's lead over noisy BatchNorm as a share of its lead over standard, in "
        "training accuracy over steps 1,000–1,999; holds if it is at most a third",
        figure="training-accuracy",
        measure=share_of_gap(accuracy(1000, 2000), "noisy", "none", "batch", 100),
        norms=("none", "batch", "noisy"),
        high=33,
        unit="%",
        note="In test accuracy it is far behind; its population statistics were gathered with the "
        "noise on. The paper shows training accuracy only.",
    ),
    deep(
        name="noisy-above-standard",
        says="Noisy BatchNorm learns much faster than the standard network.",
        source="2018, Sec. 2, Fig. 2",
        theirs="21 points (79.3 against 58.3%)",
        value=21,
        quantity="training accuracy over steps 1,000–1,999, noisy BatchNorm minus standard; at "
        "least 5 points",
        figure="training-accuracy",
        measure=difference(accuracy(1000, 2000), "noisy", "none", 100),
        norms=("none", "noisy"),
        low=5,
        unit=POINTS,
    ),
    of_2018(
        name="noise-alone",
        says="The same noise without BatchNorm prevents training entirely.",
        source="2018, Sec. 2, text",
        theirs="no figure; training is prevented",
        quantity="training accuracy of the standard network with noise over steps 1,500–1,999; "
        "holds within 2 points of chance, 10%",
        figure="training-accuracy",
        measure=of(accuracy(1500, 2000), "noise", 100),
        preset="noise-alone",
        norms=("noise",),
        low=8,
        high=12,
        unit="%",
    ),
)

FIG_8 = ("conv2", "conv9", "conv13")
in_fig_8 = partial(
    deep,
    page="distributions",
    figure="moment-changes",
    address={"layers": ",".join(FIG_8)},
    unit=TIMES,
)
MEDIAN = "median over training, geometric mean over layers 2, 9 and 13"

DISTRIBUTIONS = (
    in_fig_8(
        name="noisy-less-stable",
        says="Noisy BatchNorm's means change more from step to step than the standard network's.",
        source="2018, Sec. 2, Fig. 8a",
        theirs="9.7× (layers 2, 9, 13: 8.5, 4.1, 26)",
        value=9.7,
        quantity=f"|μ_{{t+1}} − μ_t| of one unit, {MEDIAN}, ratio of noisy BatchNorm to standard",
        measure=ratio(evidence.moment_change("mean", *FIG_8), "noisy", "none"),
        low=4,
        norms=("none", "noisy"),
    ),
    in_fig_8(
        name="noisy-variance",
        says="Noisy BatchNorm's variances change more from step to step than the standard "
        "network's.",
        source="2018, Sec. 2, Fig. 8a",
        theirs="15× (layers 2, 9, 13: 11, 8.4, 34)",
        value=15,
        quantity=f"|σ²_{{t+1}} − σ²_t| of one unit, {MEDIAN}, ratio of noisy BatchNorm to standard",
        measure=ratio(evidence.moment_change("variance", *FIG_8), "noisy", "none"),
        low=1,
        norms=("none", "noisy"),
    ),
    in_fig_8(
        name="noisy-own-spread",
        says="Even relative to their own spread, noisy BatchNorm's means change more than the "
        "standard network's.",
        source="2018, Sec. 2",
        theirs="no figure",
        quantity=f"|μ_{{t+1}} − μ_t| / σ_t of one unit, {MEDIAN}, ratio of noisy BatchNorm to "
        "standard",
        measure=ratio(evidence.mean_change_in_spreads(*FIG_8), "noisy", "none"),
        low=1,
        norms=("none", "noisy"),
    ),
    in_fig_8(
        name="batch-steadier",
        says="The standard network's means change more from step to step than BatchNorm's.",
        source="2018, Fig. 8a",
        theirs="18× in layer 2; in layers 9 and 13 BatchNorm's change is too small to read",
        quantity=f"|μ_{{t+1}} − μ_t| of one unit, {MEDIAN}, ratio of standard to BatchNorm",
        measure=ratio(evidence.moment_change("mean", *FIG_8), "none", "batch"),
        low=5,
        note="This holds by construction: with BatchNorm, the mean of a batch is β, which moves "
        "only as far as training moves it. Next to its Fig. 1c, the paper calls the difference in "
        "stability marginal.",
    ),
    in_fig_8(
        name="standard-drifts",
        says="The standard network's means drift farther from where they start than BatchNorm's.",
        source="2018, Fig. 8b",
        theirs="by eye",
        quantity="|μ_t − μ_0| of one unit at every hundredth step t after step 0, "
        f"{MEDIAN}, ratio of standard to BatchNorm",
        figure="moment-drift",
        measure=ratio(evidence.mean_drift(*FIG_8), "none", "batch"),
        low=1,
        note="With BatchNorm, the mean of a batch is β, which starts at 0.",
    ),
    *(
        of_2018(
            name=f"dln-spread-{layer}",
            says=f"In layer {layer} of the standard deep linear network, σ is large and "
            "uncontrolled.",
            source="2018, Sec. 4, Fig. 9",
            theirs="no number; layer 24 is the widest of its figure",
            quantity=f"distance from the 5% to the 95% quantile of a unit of layer {layer} at "
            "the last measurement, ratio of standard to BatchNorm",
            figure="quantiles",
            measure=ratio(evidence.spread(f"fc{layer}", "last"), "none", "batch"),
            preset="fig9",
            norms=PAIR,
            low=1,
            unit=TIMES,
            page="distributions",
            address={"layers": f"fc{layer}"},
        )
        for layer in (1, 11, 24)
    ),
)

CLAIMS = (*TRAINING, *DISTRIBUTIONS)
