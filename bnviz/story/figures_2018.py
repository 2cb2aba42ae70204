"""The figures of Santurkar et al. (2018): what each shows, and our numbers beside it.

The prose is typed here; the numbers are measured (see `bnviz.story.paper_figure`).
"""

from __future__ import annotations

from bnviz.claims import evidence
from bnviz.claims.evidence import Measure, accuracy, final, of, ratio
from bnviz.claims.evidence_landscape import cosine, growth, landscape
from bnviz.presets import LP, PAIR
from bnviz.story.numbers import Number, OverSeeds, each, named
from bnviz.story.paper_figure import PaperFigure, at_rate, at_step, below, distance, spread

ENDS: dict[str, OverSeeds] = {"low": "min", "high": "max"}
EDGE = 1e-6 / 2  # takes β to units of 2/lr, at the deep linear network's learning rate
MIDDLE = accuracy(1000, 2000)  # the window in which the claims compare training accuracies
SHIFT = evidence.covariate_shift
TEST = final("test_accuracy")
WIDTH = landscape("width", "mean")


def farther(layer: str) -> Measure:
    """Measure the ratio of BatchNorm's median ‖G − G′‖ to the standard network's in a layer."""
    return ratio(SHIFT("ics_l2", "median", layer), "batch", "none")


VGG_FIGURES_1_TO_4 = (
    PaperFigure(
        title="1, accuracy and histograms",
        preset="deep",
        theirs="BatchNorm is ahead from the start and ends at 82.9 against 80.0% test accuracy",
        ours="training accuracy {batch} against {none}% over steps 1,000–1,999, test accuracy "
        "{batch_test} against {none_test}%",
        numbers={
            **each(MIDDLE, "batch", "none", scale=100),
            **named("test", each(TEST, "batch", "none", scale=100)),
        },
        claims=("batch-faster", "batch-sooner", "batch-better"),
    ),
    PaperFigure(
        title="1, learning rate 0.5",
        preset="fig1",
        theirs="BatchNorm ends at 80%, and the standard network stays at chance",
        ours="test accuracy of BatchNorm {batch}%, training accuracy of the standard network "
        "{none_early}% over the first 1,000 steps and {none_late}% over the last 500",
        numbers={
            **each(at_rate(0.5, TEST), "batch", scale=100),
            **named("early", each(at_rate(0.5, accuracy(0, 1000)), "none", scale=100)),
            **named("late", each(at_rate(0.5, accuracy(4500, 5000)), "none", scale=100)),
        },
        claims=("batch-at-half", "standard-at-half"),
    ),
    PaperFigure(
        title="1, with augmentation (short run)",
        preset="augmented",
        theirs="BatchNorm ends at 92 and the standard network at 88% test accuracy (text)",
        ours="test accuracy after 2,000 steps: BatchNorm {batch}%, standard {none}%",
        numbers=each(TEST, "batch", "none", scale=100),
        claims=("batch-better-augmented",),
    ),
    PaperFigure(
        title="1, with momentum (short run)",
        preset="momentum",
        theirs="the paper names no momentum",
        ours="training accuracy over steps 1,000–1,999: BatchNorm {batch}%, standard {none}%",
        numbers=each(MIDDLE, "batch", "none", scale=100),
        claims=("batch-faster-momentum",),
    ),
    PaperFigure(
        title="2, noise",
        preset="fig2",
        theirs="noisy BatchNorm nearly reaches BatchNorm; both are far above the standard network",
        ours="training accuracy over steps 1,000–1,999: BatchNorm {batch}%, noisy BatchNorm "
        "{noisy}%, standard {none}%",
        numbers=each(MIDDLE, "batch", "noisy", "none", scale=100),
        claims=("noisy-as-fast", "noisy-above-standard"),
    ),
    PaperFigure(
        title="2, noise without BatchNorm",
        preset="noise-alone",
        theirs="the noise prevents training (text, no figure)",
        ours="training accuracy over steps 1,500–1,999: {noise}% with noise, {none}% without",
        numbers=each(accuracy(1500, 2000), "noise", "none", scale=100),
        claims=("noise-alone",),
    ),
    PaperFigure(
        title="3a, covariate shift",
        preset="deep",
        theirs="BatchNorm's shift is similar or worse",
        ours="median cosine with BatchNorm against standard: {batch_5} against {none_5} in layer "
        "5, {batch_10} against {none_10} in layer 10; median ‖G − G′‖ {far_5} and {far_10} times "
        "as large with BatchNorm",
        numbers={
            **named("5", each(SHIFT("ics_cosine", "median", "conv5"), *PAIR)),
            **named("10", each(SHIFT("ics_cosine", "median", "conv10"), *PAIR)),
            "far_5": Number(farther("conv5"), "geometric mean"),
            "far_10": Number(farther("conv10"), "geometric mean"),
        },
        claims=tuple(
            f"ics-{by}-{layer}-{when}"
            for by in ("distance", "cosine")
            for layer in (5, 10)
            for when in ("early", "late")
        ),
        note="a cosine nearer to 1 and a smaller distance mean less shift",
    ),
    PaperFigure(
        title="3a, learning rate 0.01",
        preset="fig3a",
        theirs="at first BatchNorm's shift is larger",
        ours="median cosine in layer 5 with BatchNorm against standard {batch} against {none}, "
        "‖G − G′‖ {batch_far} against {none_far}",
        numbers={
            **each(at_rate(0.01, SHIFT("ics_cosine", "median", "conv5")), *PAIR),
            **named("far", each(at_rate(0.01, SHIFT("ics_l2", "median", "conv5")), *PAIR)),
        },
        claims=("ics-low-rate",),
    ),
    PaperFigure(
        title="4, loss landscape",
        preset="fig4",
        theirs="BatchNorm's loss band is six times narrower over the whole training, its gradient "
        "is more predictive, and effective β settles at 20 in both networks",
        ours="mean width of the loss band {width} times as large without BatchNorm, {log} times on "
        "a logarithmic axis; median gradient distance {distance} times as large; cosine after one "
        "step {batch_cosine} with BatchNorm, {none_cosine} without; median effective β {batch} "
        "with BatchNorm, {none} without; over the first 250 steps the band is {early} times as "
        "wide without BatchNorm",
        numbers={
            "width": Number(ratio(WIDTH, "none", "batch"), "geometric mean"),
            "log": Number(ratio(landscape("log_width", "mean"), "none", "batch"), "geometric mean"),
            "distance": Number(
                ratio(landscape("distance_high", "median"), "none", "batch"), "geometric mean"
            ),
            "early": Number(
                ratio(landscape("width", "mean", 0, 250), "none", "batch"), "geometric mean"
            ),
            **each(landscape("beta", "median"), "batch", "none"),
            **named("cosine", each(cosine("median"), "batch", "none")),
        },
        claims=(
            "band-narrower",
            "band-narrower-log",
            "noisy-band",
            "random-direction",
            "gradient-predictiveness",
            "gradient-direction",
            "gradient-relative",
            "beta-lower",
            "beta-scale-free",
            "beta-plateau",
            "band-at-first",
        ),
        note="in the first 250 steps the order of the bands is reversed, in the paper's figure too",
    ),
)

VGG_FIGURES_5_TO_12 = (
    PaperFigure(
        title="5a, lp normalisation",
        preset="fig5a",
        theirs="every lp normalisation is as good as BatchNorm",
        ours="training accuracy over steps 1,000–1,999: L1 {l1}%, L2 {l2}%, L∞ {linf}%, "
        "BatchNorm {batch}%, standard {none}%",
        numbers=each(MIDDLE, *LP, scale=100),
        claims=("l1-as-good", "l2-as-good", "linf-as-good"),
    ),
    PaperFigure(
        title="6, histograms under lp normalisation",
        preset="fig6",
        theirs="the lp normalisations shift the distributions more than the standard network does",
        ours="from the 5% to the 95% quantile of a unit in layer 11, first → last measurement: "
        "L1 {l1_first} → {l1_last}, L2 {l2_first} → {l2_last}, L∞ {linf_first} → {linf_last}, "
        "BatchNorm {batch_first} → {batch_last}, standard {none_first} → {none_last}",
        numbers={
            **named("first", each(spread("conv11", "first"), *LP)),
            **named("last", each(spread("conv11", "last"), *LP)),
        },
        claims=("l1-shift", "l2-shift", "linf-shift"),
        note="in ours, all but BatchNorm widen",
    ),
    PaperFigure(
        title="8, moments",
        preset="fig8",
        theirs=(
            "from one step to the next the mean of a unit changes most under noisy BatchNorm, far "
            "less in the standard network, and least under BatchNorm"
        ),
        ours=(
            "median change of μ from one step to the next in layers 2, 9, 13: noisy {noisy_2}, "
            "{noisy_9}, {noisy_13}; standard {none_2}, {none_9}, {none_13}; BatchNorm {batch_2}, "
            "{batch_9}, {batch_13}"
        ),
        numbers={
            name: number
            for layer in (2, 9, 13)
            for name, number in named(
                str(layer),
                each(evidence.moment_change("mean", f"conv{layer}"), "noisy", "none", "batch"),
            ).items()
        },
        claims=(
            "noisy-less-stable",
            "noisy-variance",
            "noisy-own-spread",
            "batch-steadier",
            "standard-drifts",
        ),
    ),
    PaperFigure(
        title="11, distance against step size, VGG",
        preset="fig11a",
        theirs=(
            "the gradient changes little with the step size under BatchNorm, and more and more in "
            "the standard network"
        ),
        ours=(
            "median distance from the smallest to the largest step size: {batch_first} to "
            "{batch_last} with BatchNorm, {none_first} to {none_last} without"
        ),
        numbers={
            **named("first", each(distance("first"), "batch", "none")),
            **named("last", each(distance("last"), "batch", "none")),
        },
        claims=("distance-grows", "beta-of-the-grid"),
    ),
    PaperFigure(
        title="12, loss landscape under lp normalisation, VGG",
        preset="fig12",
        theirs="the bands of the lp normalisations are as narrow as BatchNorm's",
        ours="mean width of the loss band: L1 {l1}, L2 {l2}, L∞ {linf}, BatchNorm {batch}, "
        "standard {none}",
        numbers=each(WIDTH, *LP),
        claims=tuple(f"{norm}-{number}" for number in ("band", "predictive") for norm in LP[2:]),
    ),
)

ON_THE_VGG = VGG_FIGURES_1_TO_4 + VGG_FIGURES_5_TO_12

ON_THE_DLN = (
    PaperFigure(
        title="3b, covariate shift, DLN",
        preset="fig3b",
        theirs="at 1e-7 the standard network's cosine is 1 and BatchNorm's is far from it",
        ours="at 1e-7: smallest cosine of the standard network in layers 9 and 17 {cosine}, median "
        "‖G − G′‖ {times} times as large with BatchNorm; at 1e-6 the standard network's cosine "
        "falls to {turned}",
        numbers={
            "cosine": Number(
                of(at_rate(1e-7, SHIFT("ics_cosine", "min", "fc9", "fc17")), "none"), "min"
            ),
            "times": Number(
                ratio(at_rate(1e-7, SHIFT("ics_l2", "median", "fc9", "fc17")), "batch", "none"),
                "geometric mean",
            ),
            "turned": Number(
                of(at_rate(1e-6, SHIFT("ics_cosine", "min", "fc9", "fc17")), "none"), "min"
            ),
        },
        claims=("dln-no-shift", "dln-batch-shift", "dln-batch-cosine", "shift-at-1e-6"),
        note="the paper's text holds at the learning rate 1e-7 only",
    ),
    PaperFigure(
        title="5b, lp normalisation, DLN",
        preset="fig5b",
        theirs="loss after 10,000 steps: L1 < BatchNorm ≈ L2 < L∞ < standard",
        ours="training loss at step 9,995 as a multiple of BatchNorm's: L1 {l1}, L2 {l2}, L∞ "
        "{linf}, standard {none}; at step 1,000 L1 is below BatchNorm in {ahead}% of the seeds",
        numbers={
            **{
                network: Number(ratio(final("train_loss"), network, "batch"), "geometric mean")
                for network in ("l1", "l2", "linf", "none")
            },
            "ahead": Number(below(at_step("train_loss", 1000), "l1", "batch")),
        },
        claims=("dln-l1-above-batch", "dln-l1", "dln-l2", "dln-linf"),
        note="seeds differ so much that the paper's order may be that of its one seed",
    ),
    PaperFigure(
        title="9, histograms, DLN",
        preset="fig9",
        theirs="σ is large and uncontrolled in the standard network",
        ours=(
            "from the 5% to the 95% quantile of a unit in layer 24 at the last measurement: "
            "standard {none_low} to {none_high}, BatchNorm {batch_low} to {batch_high} over the "
            "seeds"
        ),
        numbers={
            f"{network}_{end}": Number(of(spread("fc24", "last"), network), over_seeds)
            for network in PAIR
            for end, over_seeds in ENDS.items()
        },
        claims=("dln-spread-1", "dln-spread-11", "dln-spread-24"),
    ),
    PaperFigure(
        title="10, loss landscape, DLN",
        preset="fig10",
        theirs=(
            "the standard network's loss reaches 10¹⁴ along the gradient early on; later it is "
            "the smoother one; BatchNorm's effective β stays at 2/lr"
        ),
        ours=(
            "largest loss along the gradient over the first 200 steps: standard {none} to "
            "{none_high} (lowest and highest seed), BatchNorm at most {batch}; from step 7,500 on "
            "BatchNorm's band is {late} times as wide; effective β between {edge_low} and "
            "{edge_high} of 2/lr from step 500 on"
        ),
        numbers={
            "none": Number(of(landscape("loss_high", "max", 0, 200), "none"), "min"),
            "none_high": Number(of(landscape("loss_high", "max", 0, 200), "none"), "max"),
            "batch": Number(of(landscape("loss_high", "max", 0, 200), "batch"), "max"),
            "late": Number(
                ratio(landscape("width", "mean", 7500), "batch", "none"), "geometric mean"
            ),
            "edge_low": Number(of(landscape("beta", "min", 500), "batch", EDGE), "min"),
            "edge_high": Number(of(landscape("beta", "max", 500), "batch", EDGE), "max"),
        },
        claims=("dln-band-early", "dln-band-late", "dln-edge"),
        note="how high the standard network's loss rises depends on the seed",
    ),
    PaperFigure(
        title="11, distance against step size, DLN",
        preset="fig11b",
        theirs=(
            "with BatchNorm the distance grows in proportion to the step size; without it, it "
            "explodes in early steps"
        ),
        ours=(
            "median distance at the largest step size as a multiple of that at the smallest, "
            "which is 3,162 times shorter: {batch} with BatchNorm, {none} without"
        ),
        numbers={
            network: Number(of(growth, network), "geometric mean") for network in ("batch", "none")
        },
        note="no claim tests this panel; our medians grow in proportion in both networks",
    ),
    PaperFigure(
        title="13, loss landscape under lp normalisation, DLN",
        preset="fig13",
        theirs="effective β is 2/lr in all but the standard network, and somewhat higher under L∞",
        ours="median effective β from step 500 on, in units of 2/lr: BatchNorm {batch}, L1 {l1}, "
        "L2 {l2}, L∞ {linf}",
        numbers=each(landscape("beta", "median", 500), *LP[1:], scale=EDGE),
        claims=(
            "dln-l1-edge",
            "dln-l2-edge",
            *(f"dln-{norm}-{number}" for number in ("band", "predictive") for norm in LP[2:]),
        ),
        note="L∞ lies further up than in the paper",
    ),
)
