"""The theorems of Section 4 (2018), checked in three networks."""

from __future__ import annotations

from typing import Any

from bnviz.presets.preset import CLASS, DLN, MNIST, ON_DLN, PAIR, SEEDS, Preset

THEORY = {"precision": "float64", "theory_units": 8}


def of_section_4(
    name: str, label: str, summary: str, knobs: dict[str, Any], ships: tuple[int, ...]
) -> Preset:
    """Return the preset of one network."""
    return Preset(
        name=name,
        label=label,
        summary=summary,
        knobs=knobs,
        norms=PAIR,
        figure="2018, Sec. 4",
        page="theory",
        ships=ships,
    )


SECTION_4 = (
    of_section_4(
        "theory-mlp",
        "MLP",
        "The sigmoid network on 4,000 MNIST images for 2,000 steps, in double precision. By then "
        "it has memorised them.",
        MNIST
        | THEORY
        | {
            "data": "mnist-sample",
            "steps": 2000,
            "probes": {"accuracy": 5, "evaluation": 500, "theory": 100},
        },
        SEEDS,
    ),
    of_section_4(
        "theory-dln",
        "DLN",
        f"The deep linear network. {ON_DLN}",
        DLN | THEORY | {"probes": {"accuracy": 5, "theory": 500}},
        SEEDS,
    ),
    of_section_4(
        "theory-vgg",
        "VGG",
        "A small VGG-11 on 4,000 CIFAR-10 images for 200 steps, in double precision. In a "
        "convolution, m = batch × height × width.",
        CLASS
        | THEORY
        | {
            "theory_units": 4,
            "data": "cifar10-sample",
            "steps": 200,
            "probes": {"accuracy": 1, "evaluation": 50, "theory": 50},
        },
        SEEDS,
    ),
)
