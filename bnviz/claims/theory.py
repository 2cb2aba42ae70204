"""Claims about the theorems of Santurkar et al. (2018), Section 4."""

from functools import partial
from typing import Any

from bnviz.claims import evidence
from bnviz.claims.claim import Claim

NETWORKS = {"MLP": "theory-mlp", "DLN": "theory-dln", "VGG": "theory-vgg"}  # name -> preset

of_section_4 = partial(
    Claim, group="theory", norms=("batch",), page="theory", source="2018, Sec. 4"
)
in_theory = partial(of_section_4, preset="theory-mlp")


def in_each(name: str, says: str, **about: Any) -> tuple[Claim, ...]:
    """Return the same claim about each of NETWORKS; `says` has the network's name as "{}"."""
    return tuple(
        of_section_4(
            name=f"{name}-{network.lower()}",
            says=says.format(network),
            preset=preset,
            figure="theorem-conditions",
            **about,
        )
        for network, preset in NETWORKS.items()
    )


# Statements that hold in any network or in none, checked in the MLP.
UNCONDITIONAL = (
    in_theory(
        name="theorem-4-1",
        says="With 1/m, the two sides of Theorem 4.1 are equal.",
        theirs="proved with 1/m in later versions",
        quantity="largest difference between the two sides, terms in ε included, relative to the "
        "largest terms; double precision",
        figure="theorem-4-1",
        measure=evidence.deviation("theorem_4_1"),
        high=1e-12,
    ),
    in_theory(
        name="theorem-4-1-printed",
        says="The bound of Theorem 4.1 as printed in v3, with 1/√m, is at least as large as "
        "the gradient.",
        theirs="printed so",
        quantity="share of checks in which the gradient is larger than the printed bound, by more "
        "than rounding; holds if there are none",
        figure="theorem-4-1",
        measure=evidence.exceeded("theorem_4_1", "fails"),
        high=0,
        unit="%",
    ),
    in_theory(
        name="theorem-4-2",
        says="The two sides of Theorem 4.2, in its first form, are equal.",
        theirs="proved",
        quantity="largest difference between the two sides, terms in ε included, relative to the "
        "largest terms; double precision",
        figure="theorem-4-2",
        measure=evidence.deviation("theorem_4_2"),
        high=1e-12,
    ),
    in_theory(
        name="theorem-4-4",
        says="The bound of Theorem 4.4, as its proof gives it, is at least as large as the "
        "gradient.",
        theirs="proved",
        quantity="share of checks in which the gradient is larger than the bound, by more than "
        "rounding; holds if there are none",
        figure="theorem-4-4",
        measure=evidence.exceeded("theorem_4_4", "broken"),
        high=0,
        unit="%",
    ),
    in_theory(
        name="theorem-4-4-printed",
        says="The bound of Theorem 4.4 as printed is at least as large as the gradient of the "
        "weights.",
        theirs="printed so",
        quantity="share of checks in which the gradient is larger than the printed bound, by more "
        "than rounding; holds if there are none",
        figure="theorem-4-4",
        measure=evidence.exceeded("theorem_4_4", "fails"),
        high=0,
        unit="%",
    ),
    in_theory(
        name="lemma-4-5",
        says="The two sides of Lemma 4.5 are equal.",
        theirs="proved",
        quantity="largest difference between the two sides, relative to the largest terms; double "
        "precision",
        figure="lemma-4-5",
        measure=evidence.deviation("lemma_4_5"),
        high=1e-12,
    ),
)

# What depends on the network: two conditions, and what would follow from the first.
GAIN = in_each(
    "gain-below-one",
    "In the {}, γ is smaller than σ.",
    theirs="σ is expected to be large, no number",
    quantity="median of γ/σ over the units, mean over training; holds if it is at most 1",
    measure=evidence.condition("gain"),
    high=1,
)
CONDITION = in_each(
    "theorem-4-2-condition",
    "Most units of the {} meet the condition of Theorem 4.2, ⟨ŷ, g⟩ ≥ 0.",
    theirs="assumed",
    quantity="share of units that meet the condition, mean over training; holds if at least "
    "half of them do",
    measure=evidence.condition("inner", 100),
    low=50,
    unit="%",
)
SHORTER = in_each(
    "batch-shortens",
    "In the {}, BatchNorm makes the gradient shorter.",
    theirs="follows from Theorem 4.1 if γ < σ, which the paper expects",
    quantity="share of units whose gradient is shorter in front of BatchNorm than behind it, "
    "mean over training; holds if it is at least half of them",
    measure=evidence.condition("smaller", 100),
    low=50,
    unit="%",
)
CONDITIONAL = {"gain": GAIN, "inner": CONDITION, "smaller": SHORTER}

CLAIMS = (*UNCONDITIONAL, *GAIN, *CONDITION, *SHORTER)
