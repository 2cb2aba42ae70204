"""How far a coarse precision moves the numbers of a figure, as measured.

`python -m benchmarks.precision` measures it: networks of the preset `quick`, at the same parameters
and batches in both precisions.
"""

from __future__ import annotations

from collections.abc import Sequence

from bnviz.figures.panel import Panel
from bnviz.spec import RunSpec

# Precision -> metric -> by less than which share of its value in float32 half of the measurements
# differ, and nine in ten.
DEVIATIONS: dict[str, dict[str, tuple[float, float]]] = {
    "bfloat16": {
        "activation_mean": (0.0017, 0.0886),
        "activation_quantile": (0.0021, 0.0111),
        "activation_variance": (0.0001, 0.0021),
        "gradient_cosine": (0.0205, 0.1214),
        "gradient_distance": (0.0113, 0.0344),
        "gradient_norm": (0.0044, 0.0165),
        "ics_cosine": (0.0083, 0.0313),
        "ics_l2": (0.0158, 0.069),
        "loss_along": (0.0031, 0.0175),
        "train_accuracy": (0.0053, 0.0263),
        "train_loss": (0.0005, 0.0014),
        "weight_norm": (0, 0),
    },
    "tf32": {},
}


def said(panel: Panel, specs: Sequence[RunSpec]) -> str:
    """Return in one sentence how far the precision of these runs moves the panel's numbers.

    "" if all of them are in float32 or float64.
    """
    coarse = sorted({spec.precision for spec in specs} & set(DEVIATIONS))
    return " ".join(sentence(name, panel.metrics) for name in coarse)


def sentence(precision: str, metrics: Sequence[str] | None) -> str:
    """Return the sentence for one precision; `metrics` are as in Panel."""
    known = DEVIATIONS[precision]
    found = [known[metric] for metric in metrics or known if metric in known]
    if not found:
        return f"How far {precision} moves these numbers is not measured."
    half, nine = (max(shares) for shares in zip(*found, strict=True))
    return (
        f"In {precision}, half of these numbers differ from those in float32 by less than "
        f"{100 * half:.2g}% of their size, and nine in ten by less than {100 * nine:.2g}%."
    )
