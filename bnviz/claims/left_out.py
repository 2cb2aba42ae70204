"""Claims of the papers that we do not measure, each with the reason."""

from __future__ import annotations

from typing import NamedTuple


class LeftOut(NamedTuple):
    """A claim without a measurement.

    Attributes
    ----------
    says : the statement
    source : where the paper says it
    why : why it is not measured, or what stands in for a measurement
    group : a key of `bnviz.claims.claim.GROUPS`
    """

    says: str
    source: str
    why: str
    group: str


LEFT_OUT = (
    LeftOut(
        "For any weights there is a BatchNorm network with the same activations.",
        "2018, Observation 4.3",
        "it is algebra, with γ = σ and β = μ; our tests check it in double precision",
        "theory",
    ),
    LeftOut(
        "BatchNorm lowers the worst-case curvature in the weights.",
        "2018, Theorem C.1",
        "it compares maxima over all inputs of a bounded length, and a run sees only its batches",
        "theory",
    ),
    LeftOut(
        "The scale of the weights does not change a layer with BatchNorm: BN((aW)u) = BN(Wu).",
        "2015, Sec. 3.3",
        "it is algebra; the page *BatchNorm, taken apart* computes both sides",
        "2015",
    ),
    LeftOut(
        "With BatchNorm, the network needs no dropout and a fifth of the L2 penalty.",
        "2015, Sec. 4.2.1",
        "the presets `bn-x5` and `bn-x30` change them together with the learning rate, as the "
        "paper does, so what each of them does is not measured",
        "2015",
    ),
)
