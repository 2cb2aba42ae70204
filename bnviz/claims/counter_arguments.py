"""Our counter-arguments to the papers' text and figures, and to small demonstrations."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims import evidence_landscape as walks
from bnviz.claims.claim import TIMES, Claim
from bnviz.claims.evidence import covariate_shift, of, ratio
from bnviz.claims.evidence_landscape import landscape
from bnviz.presets import PAIR

HIDDEN = (*(f"conv{layer}" for layer in range(1, 14)), "fc14", "fc15")  # of vgg16
counter = partial(Claim, group="counter", norms=PAIR)

CLAIMS = (
    counter(
        name="not-two-orders",
        says="Contrary to the text, the gradient does not become “close to two orders of "
        "magnitude” more predictive.",
        source="2018, Sec. 3 against its Fig. 4b",
        theirs="2.8× in its own figure over the first 5,000 steps",
        value=2.8,
        quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, ratio of standard to BatchNorm, "
        "median over the probes; holds up to one order of magnitude",
        figure="gradient-predictiveness",
        measure=walks.at_each_probe("median", "distance_high", "none", "batch"),
        preset="deep",
        high=10,
        unit=TIMES,
        page="landscape",
    ),
    counter(
        name="not-at-once",
        says="No single probe comes close to two orders of magnitude either.",
        source="2018, Sec. 3 against its Fig. 4b",
        theirs="79× in one spike of its own figure, 12× in the first 5,000 steps",
        value=79,
        quantity="largest ‖∇L(θ − ηg) − g‖ over the step sizes, ratio of standard to BatchNorm, at "
        "the probe where it is largest; holds up to one and a half orders of magnitude, 32×",
        figure="gradient-predictiveness",
        measure=walks.at_each_probe("max", "distance_high", "none", "batch"),
        preset="deep",
        high=10**1.5,
        unit=TIMES,
        page="landscape",
    ),
    counter(
        name="shift-at-1e-6",
        says="At learning rate 1e-6, unlike at 1e-7, the standard deep linear network's "
        "gradients change direction.",
        source="2018, Sec. 2 against its Fig. 3b",
        theirs="−1.00 in its own figure (layer 17), which later versions leave out",
        value=-1.00,
        quantity="smallest cos ∠(G, G′) over training in layers 9 and 17 of the standard network "
        "at 1e-6",
        figure="covariate-shift",
        measure=of(covariate_shift("ics_cosine", "min", "fc9", "fc17"), "none"),
        cosine=True,
        preset="fig3b",
        norms=("none",),
        rates=(1e-6,),
        high=0.99,
        page="covariate_shift",
        address={"layers": "fc9,fc17"},
    ),
    counter(
        name="beta-of-the-grid",
        says="Effective β says more about the grid than about the landscape: halving the smallest "
        "step nearly doubles it.",
        source="2018, Figs. 4c, 11",
        theirs="1.97× in its own Fig. 11",
        value=1.97,
        quantity="effective β of BatchNorm divided by its value without the smallest step size, "
        "median from step 1,000 on; holds if nearer to 2 than to 1",
        figure="beta-by-smallest",
        measure=of(walks.finer_grid(1000), "batch"),
        preset="deep",
        norms=("batch",),
        low=1.5,
        unit=TIMES,
        page="landscape",
    ),
    counter(
        name="beta-on-a-fine-grid",
        says="If the smallest step is a hundredth of the learning rate, BatchNorm's effective "
        "β is the larger one.",
        source="against 2018, Fig. 4c",
        theirs="shows no such step size",
        quantity="effective β over step sizes from lr/100 on, median over the probes, ratio of "
        "standard to BatchNorm",
        figure="beta-by-smallest",
        measure=ratio(walks.beta_from(0.01), "none", "batch"),
        preset="fine-steps",
        high=1,
        unit=TIMES,
        page="landscape",
    ),
    counter(
        name="beta-on-its-grid",
        says="If the smallest step is half the learning rate, as in the paper, the standard "
        "network's effective β is the larger one in the same runs.",
        source="2018, Fig. 4c",
        theirs="1.2× over the first 1,000 steps",
        value=1.2,
        quantity="effective β over step sizes from lr/2 on, median over the probes, ratio of "
        "standard to BatchNorm",
        figure="beta-by-smallest",
        measure=ratio(walks.beta_from(0.5), "none", "batch"),
        preset="fine-steps",
        low=1,
        unit=TIMES,
        page="landscape",
    ),
    counter(
        name="pooling-hides",
        says="Pooled histograms hide how far the distributions of single channels shift.",
        source="against histograms over all units of a layer",
        theirs="shows single units only",
        quantity="range over which the median (mean over every ten measurements in a row) moves, "
        "geometric mean over the hidden layers of BatchNorm, ratio of one unit to all units pooled",
        figure="quantiles",
        measure=evidence.hidden_by_pooling("batch", HIDDEN),
        preset="deep",
        norms=("batch",),
        low=1,
        unit=TIMES,
        page="distributions",
        address={"view": "all units", "layers": "conv2,conv9,conv13"},
    ),
    counter(
        name="band-at-first",
        says="At the very beginning, BatchNorm's loss band is wider than the standard network's.",
        source="2018, Fig. 4a",
        theirs="0.61× in its own figure (steps 0, 100, 200: 0.75 against 1.23)",
        value=0.61,
        quantity="mean width of the loss band over the first 250 steps, ratio of standard to "
        "BatchNorm",
        figure="loss-width",
        measure=ratio(landscape("width", "mean", 0, 250), "none", "batch"),
        preset="deep",
        high=1,
        unit=TIMES,
        page="landscape",
        note="The standard network has barely started to learn: its loss is still near ln 10 and "
        "barely changes.",
    ),
    counter(
        name="band-on-a-sample",
        says="With 4,000 images, 200 steps and the paper's learning rate, BatchNorm's loss band is "
        "wider than the standard network's.",
        source="against small demonstrations",
        theirs="shows no such run",
        quantity="mean width of the loss band, ratio of standard to BatchNorm",
        figure="loss-width",
        measure=ratio(landscape("width", "mean"), "none", "batch"),
        preset="few-images",
        high=1,
        unit=TIMES,
        page="landscape",
        note="The standard network has barely started to learn, while BatchNorm memorises the few "
        "images.",
    ),
)
