"""Claims about the theorems of Santurkar et al. (2018), Section 4."""

from functools import partial

from bnviz.claims import evidence
from bnviz.claims.claim import Claim

in_theory = partial(
    Claim,
    group="theory",
    preset="theory-mlp",
    norms=("batch",),
    page="theory",
    source="2018, Sec. 4",
)

CLAIMS = (
    in_theory(
        name="theorem-4-1",
        says="Theorem 4.1, with 1/m, is an equality.",
        theirs="proved with 1/m in later versions",
        quantity="largest difference between the two sides, relative to the largest terms; double "
        "precision",
        measure=evidence.deviation("theorem_4_1"),
        high=1e-12,
    ),
    in_theory(
        name="theorem-4-1-printed",
        says="Theorem 4.1 as printed in v3, with 1/√m, bounds the gradient.",
        theirs="printed so",
        quantity="share of checks in which the printed bound is exceeded",
        measure=evidence.exceeded("theorem_4_1", "fails"),
        high=0,
        unit="%",
    ),
    in_theory(
        name="theorem-4-2",
        says="Theorem 4.2, in its first form, is an equality.",
        theirs="proved",
        quantity="largest difference between the two sides, terms in ε included, relative to the "
        "largest terms; double precision",
        measure=evidence.deviation("theorem_4_2"),
        high=1e-12,
    ),
    in_theory(
        name="theorem-4-2-condition",
        says="The condition ⟨ŷ, g⟩ ≥ 0, under which Theorem 4.2 promises a lower curvature, is "
        "met.",
        theirs="assumed",
        quantity="share of units that meet the condition, mean over training; holds if it is most "
        "of them",
        measure=evidence.condition("inner", 100),
        low=50,
        unit="%",
    ),
    in_theory(
        name="theorem-4-4",
        says="Theorem 4.4, as its proof gives it, bounds the gradient of the weights.",
        theirs="proved",
        quantity="share of checks in which the bound is exceeded",
        measure=evidence.exceeded("theorem_4_4", "broken"),
        high=0,
        unit="%",
    ),
    in_theory(
        name="theorem-4-4-printed",
        says="Theorem 4.4 as printed bounds the gradient of the weights.",
        theirs="printed so",
        quantity="share of checks in which the printed bound is exceeded",
        measure=evidence.exceeded("theorem_4_4", "fails"),
        high=0,
        unit="%",
    ),
    in_theory(
        name="lemma-4-5",
        says="Lemma 4.5 is an equality.",
        theirs="proved",
        quantity="largest difference between the two sides, relative to the largest terms; double "
        "precision",
        measure=evidence.deviation("lemma_4_5"),
        high=1e-12,
    ),
    in_theory(
        name="batch-shortens",
        says="BatchNorm makes the gradient shorter.",
        theirs="follows from Theorem 4.1 if γ < σ, which the paper expects",
        quantity="share of units whose gradient is shorter in front of BatchNorm than behind it, "
        "mean over training; holds if it is most of them",
        measure=evidence.condition("smaller", 100),
        low=50,
        unit="%",
        note="γ/σ is above 1 here, so the gradient gets longer.",
    ),
)
