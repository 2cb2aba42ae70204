"""Claims of Santurkar et al. (2018) on training, distributions and internal covariate shift."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.evidence import accuracy, covariate_shift, difference, final, of, ratio
from bnviz.presets import PAIR

of_2018 = partial(Claim, group="2018")
on_cifar = partial(of_2018, preset="class", norms=PAIR)

TRAINING = (
    on_cifar(
        name="batch-faster",
        says="With BatchNorm, the network learns faster at learning rate 0.1.",
        source="2018, Fig. 1a",
        theirs="24.4 points (85.4 against 61.0 %)",
        quantity="training accuracy over steps 1,000–1,999, BatchNorm minus standard",
        measure=difference(accuracy(1000, 2000), "batch", "none", 100),
        low=0,
        unit=POINTS,
        page="training",
    ),
    on_cifar(
        name="batch-better",
        says="With BatchNorm, the network ends with a higher test accuracy.",
        source="2018, Fig. 1b",
        theirs="2.9 points after 15,000 steps (82.9 against 80.0 %), 11.6 after 2,000",
        quantity="test accuracy after the last step, BatchNorm minus standard",
        measure=difference(final("test_accuracy"), "batch", "none", 100),
        low=0,
        unit=POINTS,
        page="training",
    ),
    on_cifar(
        name="batch-at-half",
        says="BatchNorm still trains at learning rate 0.5.",
        source="2018, Fig. 1b",
        theirs="−2.7 points after 15,000 steps, −9.9 after 2,000 (69.2 against 79.1 %)",
        quantity="test accuracy of BatchNorm after the last step, at learning rate 0.5 minus at "
        "0.1; may lose up to 10 points",
        measure=difference(final("test_accuracy", by="lr"), 0.5, 0.1, 100),
        norms=("batch",),
        rates=(0.1, 0.5),
        low=-10,
        unit=POINTS,
        page="training",
    ),
    on_cifar(
        name="standard-at-half",
        says="At learning rate 0.5, the standard network stays at chance.",
        source="2018, Fig. 1",
        theirs="10.0 % to the end",
        quantity="training accuracy of the standard network over steps 1,500–1,999; holds within 2 "
        "points of chance, 10 %",
        measure=of(accuracy(1500, 2000), "none", 100),
        norms=("none",),
        rates=(0.5,),
        low=8,
        high=12,
        unit="%",
        page="training",
    ),
    on_cifar(
        name="noisy-as-fast",
        says="The gap between BatchNorm and noisy BatchNorm is almost non-existent.",
        source="2018, Sec. 2, Fig. 2",
        theirs="−5.0 points (79.3 against 84.3 %)",
        quantity="training accuracy over steps 1,000–1,999, noisy BatchNorm minus BatchNorm; may "
        "lose up to 6 points",
        measure=difference(accuracy(1000, 2000), "noisy", "batch", 100),
        norms=("batch", "noisy"),
        low=-6,
        unit=POINTS,
        page="training",
        note="In test accuracy it is far behind; its population statistics were gathered with the "
        "noise on. The paper shows training accuracy only.",
    ),
    on_cifar(
        name="noisy-above-standard",
        says="Noisy BatchNorm learns much faster than the standard network.",
        source="2018, Sec. 2, Fig. 2",
        theirs="21 points (79.3 against 58.3 %)",
        quantity="training accuracy over steps 1,000–1,999, noisy BatchNorm minus standard; at "
        "least 5 points",
        measure=difference(accuracy(1000, 2000), "noisy", "none", 100),
        norms=("none", "noisy"),
        low=5,
        unit=POINTS,
        page="training",
    ),
    on_cifar(
        name="noise-alone",
        says="The same noise without BatchNorm prevents training entirely.",
        source="2018, Sec. 2, text",
        theirs="no figure; training is prevented",
        quantity="training accuracy of the standard network with noise over steps 1,500–1,999; "
        "holds within 2 points of chance, 10 %",
        measure=of(accuracy(1500, 2000), "noise", 100),
        norms=("noise",),
        low=8,
        high=12,
        unit="%",
        page="training",
        note="Our vgg16 stays at chance for 1,000 steps; our vgg11 begins to learn, but late.",
    ),
)

DISTRIBUTIONS = (
    on_cifar(
        name="noisy-less-stable",
        says="Noisy BatchNorm's distributions are less stable than the standard network's.",
        source="2018, Sec. 2, Fig. 8a",
        theirs="9.7× (layers 2, 9, 13: 8.5, 4.1, 26)",
        quantity="|μ_{t+1} − μ_t| of one unit, median over training, geometric mean over layers 2, "
        "5 and 8, ratio of noisy BatchNorm to standard",
        measure=ratio(evidence.mean_change("conv2", "conv5", "conv8"), "noisy", "none"),
        norms=("none", "noisy"),
        low=4,
        unit=TIMES,
        page="distributions",
        address={"layers": "conv2,conv5,conv8"},
    ),
    on_cifar(
        name="batch-steadier",
        says="The standard network's distributions change more from step to step than BatchNorm's.",
        source="2018, Fig. 8a",
        theirs="18× in layer 2; in layers 9 and 13 BatchNorm's change is too small to read",
        quantity="|μ_{t+1} − μ_t| of one unit, median over training, geometric mean over layers 2, "
        "5 and 8, ratio of standard to BatchNorm",
        measure=ratio(evidence.mean_change("conv2", "conv5", "conv8"), "none", "batch"),
        low=5,
        unit=TIMES,
        page="distributions",
        address={"layers": "conv2,conv5,conv8"},
        note="Next to its Fig. 1c, the paper calls the difference in stability marginal.",
    ),
    on_cifar(
        name="ics-layer-5",
        says="BatchNorm does not reduce internal covariate shift.",
        source="2018, Sec. 2, Fig. 3a",
        theirs="−0.02 over the first 2,000 steps (0.72 against 0.74), 0.08 over the second "
        "thousand of them",
        quantity="median cos ∠(G, G′) in layer 5, BatchNorm minus standard; up to 0.1 counts as "
        "similar",
        measure=difference(covariate_shift("ics_cosine", "median", "conv5"), "batch", "none"),
        high=0.1,
        page="covariate_shift",
        address={"layers": "conv5"},
    ),
    on_cifar(
        name="ics-last-layer",
        says="BatchNorm does not reduce internal covariate shift in deep layers.",
        source="2018, Sec. 2, Fig. 3a",
        theirs="−0.10 in layer 10 over the first 2,000 steps (0.36 against 0.46)",
        quantity="median cos ∠(G, G′) in layer 10, BatchNorm minus standard; up to 0.1 counts as "
        "similar",
        measure=difference(covariate_shift("ics_cosine", "median", "fc10"), "batch", "none"),
        high=0.1,
        page="covariate_shift",
        address={"layers": "fc10"},
        note="Layer 10 is the last layer of our network, but not of theirs.",
    ),
    on_cifar(
        name="ics-low-rate",
        says="At learning rate 0.01, BatchNorm has more internal covariate shift than the standard "
        "network.",
        source="2018, Fig. 3a",
        theirs="−0.24 over the first 2,000 steps (0.70 against 0.94); after step 4,000 the reverse",
        quantity="median cos ∠(G, G′) in layer 5, BatchNorm minus standard",
        measure=difference(covariate_shift("ics_cosine", "median", "conv5"), "batch", "none"),
        rates=(0.01,),
        high=0,
        page="covariate_shift",
        address={"layers": "conv5"},
    ),
    of_2018(
        name="dln-no-shift",
        says="The standard deep linear network has almost no internal covariate shift.",
        source="2018, Sec. 2, Fig. 3b",
        theirs="0.996 at learning rate 1e-7",
        quantity="smallest cos ∠(G, G′) over training in layers 9 and 17 of the standard network "
        "at 1e-7",
        measure=of(covariate_shift("ics_cosine", "min", "fc9", "fc17"), "none"),
        cosine=True,
        preset="fig3b",
        norms=("none",),
        rates=(1e-7,),
        low=0.99,
        page="covariate_shift",
        address={"layers": "fc9,fc17"},
    ),
    of_2018(
        name="dln-batch-shift",
        says="With BatchNorm, the deep linear network's internal covariate shift is orders of "
        "magnitude larger.",
        source="2018, Sec. 2, Fig. 3b",
        theirs="1,700× (4,300 against 2.5)",
        quantity="median ‖G − G′‖ in layer 9 at learning rate 1e-7, ratio of BatchNorm to "
        "standard; at least 100 counts as orders of magnitude",
        measure=ratio(covariate_shift("ics_l2", "median", "fc9"), "batch", "none"),
        preset="fig3b",
        norms=PAIR,
        rates=(1e-7,),
        low=100,
        unit=TIMES,
        page="covariate_shift",
        address={"layers": "fc9,fc17"},
    ),
    of_2018(
        name="dln-batch-cosine",
        says="With BatchNorm, the deep linear network's gradients change direction.",
        source="2018, Sec. 2, Fig. 3b",
        theirs="0.55 in layer 9, 0.04 in layer 17",
        quantity="median cos ∠(G, G′) in layers 9 and 17 of the network with BatchNorm at 1e-7",
        measure=of(covariate_shift("ics_cosine", "median", "fc9", "fc17"), "batch"),
        cosine=True,
        preset="fig3b",
        norms=("batch",),
        rates=(1e-7,),
        high=0.9,
        page="covariate_shift",
        address={"layers": "fc9,fc17"},
    ),
)

CLAIMS = (*TRAINING, *DISTRIBUTIONS)
