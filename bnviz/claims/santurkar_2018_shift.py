"""Claims of Santurkar et al. (2018) on internal covariate shift.

Definition 2.1 is the distance ‖G − G′‖; the paper's Fig. 3 also shows the cosine of the angle
between G and G′. "Does not reduce" is judged by both, in each layer, early and late.
"""

from functools import partial
from typing import Any, Literal

from bnviz.claims.claim import INF, TIMES, Claim
from bnviz.claims.evidence import Table, covariate_shift, difference, of, ratio
from bnviz.presets import PAIR

EARLY, LATE = (0, 2000), (2000, INF)  # steps
SIMILAR = 0.9  # times, and 0.1 of a cosine: what counts as similar

of_2018 = partial(
    Claim,
    group="2018",
    page="covariate_shift",
    figure="covariate-shift",
    source="2018, Sec. 2, Fig. 3a",
)


def _by_distance(
    layer: int, when: tuple[float, float], theirs: str, value: float | None = None
) -> Claim:
    where = f"in layer {layer} {_window(when)[1]}"
    return _of_layer(
        "distance",
        layer,
        when,
        says=f"BatchNorm does not reduce the distance ‖G − G′‖ {where}.",
        theirs=theirs,
        value=value,
        quantity=f"median ‖G − G′‖ {where}, ratio of BatchNorm to standard; 0.9 or more counts as "
        "similar or larger",
        measure=ratio(_shift("ics_l2", layer, when), "batch", "none"),
        low=SIMILAR,
        unit=TIMES,
    )


def _by_cosine(layer: int, when: tuple[float, float], theirs: str, value: float) -> Claim:
    where = f"in layer {layer} {_window(when)[1]}"
    return _of_layer(
        "cosine",
        layer,
        when,
        says=f"BatchNorm does not bring the cosine nearer to 1 {where}.",
        theirs=theirs,
        value=value,
        quantity=f"median cos ∠(G, G′) {where}, BatchNorm minus standard; a difference of up to 0.1"
        " counts as similar",
        measure=difference(_shift("ics_cosine", layer, when), "batch", "none"),
        high=1 - SIMILAR,
    )


def _of_layer(by: str, layer: int, when: tuple[float, float], **about: Any) -> Claim:
    return of_2018(
        name=f"ics-{by}-{layer}-{_window(when)[0]}",
        preset="deep",
        norms=PAIR,
        address={"layers": f"conv{layer}"},
        **about,
    )


def _shift(metric: Literal["ics_l2", "ics_cosine"], layer: int, when: tuple[float, float]) -> Table:
    return covariate_shift(metric, "median", f"conv{layer}", start=when[0], stop=when[1])


def _window(when: tuple[float, float]) -> tuple[str, str]:
    return ("early", "before step 2,000") if when == EARLY else ("late", "from step 2,000 on")


NOT_READ = "could not be read off its figure"

CLAIMS = (
    _by_distance(5, EARLY, "2.3× (0.95 against 0.42)", 2.3),
    _by_distance(5, LATE, "0.98× up to step 5,000 (0.98 against 1.00)", 0.98),
    _by_distance(10, EARLY, NOT_READ),
    _by_distance(10, LATE, NOT_READ),
    _by_cosine(5, EARLY, "−0.03 (0.73 against 0.76)", -0.03),
    _by_cosine(5, LATE, "0.02 up to step 5,000 (0.58 against 0.56)", 0.02),
    _by_cosine(10, EARLY, "−0.10 (0.36 against 0.46)", -0.10),
    _by_cosine(10, LATE, "−0.05 up to step 5,000 (0.05 against 0.11)", -0.05),
    of_2018(
        name="ics-low-rate",
        says="At learning rate 0.01, BatchNorm has more internal covariate shift than the standard "
        "network.",
        source="2018, Fig. 3a",
        theirs="−0.24 over the first 2,000 steps (0.70 against 0.94); after step 4,000 the reverse",
        value=-0.24,
        quantity="median cos ∠(G, G′) in layer 5, BatchNorm minus standard",
        measure=difference(covariate_shift("ics_cosine", "median", "conv5"), "batch", "none"),
        preset="deep",
        norms=PAIR,
        rates=(0.01,),
        high=0,
        address={"layers": "conv5"},
    ),
    of_2018(
        name="dln-no-shift",
        says="The standard deep linear network has almost no internal covariate shift.",
        source="2018, Sec. 2, Fig. 3b",
        theirs="0.996 at learning rate 1e-7",
        value=0.996,
        quantity="smallest cos ∠(G, G′) over training in layers 9 and 17 of the standard network "
        "at 1e-7",
        measure=of(covariate_shift("ics_cosine", "min", "fc9", "fc17"), "none"),
        cosine=True,
        preset="fig3b",
        norms=("none",),
        rates=(1e-7,),
        low=0.99,
        address={"layers": "fc9,fc17"},
    ),
    of_2018(
        name="dln-batch-shift",
        says="With BatchNorm, the deep linear network's internal covariate shift is orders of "
        "magnitude larger.",
        source="2018, Sec. 2, Fig. 3b",
        theirs="1,700× (4,300 against 2.5)",
        value=1700,
        quantity="median ‖G − G′‖ in layer 9 at learning rate 1e-7, ratio of BatchNorm to "
        "standard; at least 100 counts as orders of magnitude",
        measure=ratio(covariate_shift("ics_l2", "median", "fc9"), "batch", "none"),
        preset="fig3b",
        norms=PAIR,
        rates=(1e-7,),
        low=100,
        unit=TIMES,
        address={"layers": "fc9,fc17"},
    ),
    of_2018(
        name="dln-batch-cosine",
        says="With BatchNorm, the deep linear network's gradients change direction.",
        source="2018, Sec. 2, Fig. 3b",
        theirs="0.55 in layer 9, 0.04 in layer 17",
        quantity="median cos ∠(G, G′) over all steps of layers 9 and 17 together, of the network "
        "with BatchNorm at 1e-7",
        measure=of(covariate_shift("ics_cosine", "median", "fc9", "fc17"), "batch"),
        cosine=True,
        preset="fig3b",
        norms=("batch",),
        rates=(1e-7,),
        high=0.9,
        address={"layers": "fc9,fc17"},
    ),
)
