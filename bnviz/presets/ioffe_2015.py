"""Inception at several learning rates: Section 4.2 and Figures 2 and 3 of Ioffe & Szegedy (2015).

The paper trains on ImageNet with many asynchronous replicas; here each is one synchronous run.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bnviz.presets.preset import Preset
from bnviz.spec import RunSpec

# At it Inception without BatchNorm trained best in 1,000 steps, among 0.01, 0.02, 0.04 and 0.08.
# The paper's 0.0015 is for ImageNet.
LR = 0.01
L2 = 5e-4
DECAY_EVERY = 80  # steps
INCEPTION = {
    "model": "inception",
    "width": 0.5,
    "data": "cifar10",
    "batch": 32,
    "init": "he_normal",
    "steps": 2000,
    "momentum": 0.9,
    "schedule": "step",
    "decay": 0.96,
    "decay_every": DECAY_EVERY,
    "l2": L2,
    "dropout": 0.4,
    "lrn": True,
    "probes": {"accuracy": 5, "evaluation": 200},
}
# What the paper changes together with the learning rate (Sec. 4.2.1).
ACCELERATED = {"dropout": 0.0, "lrn": False, "l2": L2 / 5, "decay_every": DECAY_EVERY // 6}
SCALE = (
    "A half-width Inception for small images, 2,000 steps on CIFAR-10. The paper's is far larger "
    "and takes up to 31 million steps on ImageNet."
)


def at_rate(name: str, label: str, says: str, norm: str, times: int, **changes: Any) -> Preset:
    """Return the preset of one network, which trains at `times` the base learning rate."""
    return Preset(
        name=name,
        label=label,
        summary=f"{says} {SCALE}",
        knobs=INCEPTION | changes | {"lr": times * LR},
        norms=(norm,),
        page="learning_rates",
        figure="2015, Fig. 3",
        ships=(0,),
    )


RATES = (
    at_rate(
        "inception",
        "Inception",
        "Inception without BatchNorm, with dropout and local response normalisation.",
        "none",
        1,
    ),
    at_rate("bn-baseline", "BN-Baseline", "The same with BatchNorm, all else alike.", "batch", 1),
    at_rate(
        "bn-x5",
        "BN-x5",
        "With BatchNorm at five times the learning rate, without dropout and local response "
        "normalisation, with a fifth of the L2 penalty and a decay six times as fast.",
        "batch",
        5,
        **ACCELERATED,
    ),
    at_rate("bn-x30", "BN-x30", "As BN-x5, at thirty times.", "batch", 30, **ACCELERATED),
    at_rate(
        "bn-x5-sigmoid",
        "BN-x5-Sigmoid",
        "As BN-x5, with sigmoids.",
        "batch",
        5,
        **ACCELERATED,
        activation="sigmoid",
    ),
    at_rate(
        "inception-sigmoid",
        "Inception, sigmoid",
        "Inception without BatchNorm, with sigmoids.",
        "none",
        1,
        activation="sigmoid",
    ),
    at_rate(
        "inception-x5",
        "Inception x5",
        "Inception without BatchNorm at five times the learning rate.",
        "none",
        5,
    ),
)
BASELINE = RATES[0]


def named(spec: RunSpec) -> str:
    """Return the paper's name of a network with these settings, whatever its seed; "" if none."""
    return _names(spec.seed, spec.keep_weights).get(spec.id, "")


@lru_cache(maxsize=16)
def _names(seed: int, keep_weights: bool) -> dict[str, str]:
    """Return the paper's names by the ids of the runs; live figures ask at every refresh."""
    return {
        spec.id: preset.label
        for preset in RATES
        for spec in preset.specs(seed=seed, keep_weights=keep_weights)
    }
