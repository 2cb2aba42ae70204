"""Named sets of questions; pages, command line and tests share them. Each compares one thing: the normalisation."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

from bnviz.data import SOURCES, available
from bnviz.spec import RunSpec

NORMS = ("none", "batch", "noisy")


@dataclass(frozen=True)
class Preset:
    """A comparison that is worth making: what its runs have in common, and what they can and cannot show."""

    name: str
    label: str
    cost: str
    summary: str
    knobs: dict[str, Any]
    norms: tuple[str, ...] = NORMS

    def specs(self, **changes: Any) -> list[RunSpec]:
        """One question a network. SpecError where a change is no valid knob."""
        return [RunSpec.of(**(self.knobs | {"norm": norm} | changes)) for norm in self.norms]


def probes(accuracy: int, evaluation: int, rest: int, landscape: int) -> dict[str, int]:
    """Intervals of every probe, in steps."""
    return {
        "accuracy": accuracy,
        "evaluation": evaluation,
        "landscape": landscape,
        "covariate_shift": rest,
        "activations": rest,
    }


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="quick",
            label="Quick",
            cost="about a minute on two CPU cores",
            summary="",
            knobs={
                "model": "vgg11",
                "width": 0.25,
                "data": "cifar10-sample",
                "steps": 200,
                "lr": 0.1,
                "probes": probes(accuracy=1, evaluation=50, rest=20, landscape=10),
            },
        ),
        Preset(
            name="class",
            label="Class",
            cost="about ten minutes on two CPU cores",
            summary="",
            knobs={
                "model": "vgg11",
                "width": 0.25,
                "data": "cifar10",
                "steps": 2000,
                "lr": 0.1,
                "probes": probes(accuracy=1, evaluation=200, rest=50, landscape=20),
            },
        ),
        Preset(
            name="paper",
            label="Paper",
            cost="hours on one GPU, days on a CPU",
            summary="",
            knobs={
                "model": "vgg16",
                "width": 1.0,
                "hidden": (4096, 4096),
                "data": "cifar10",
                "steps": 15_000,
                "lr": 0.1,
                "l2": 5e-4,
                "probes": probes(accuracy=1, evaluation=1000, rest=100, landscape=100),
            },
        ),
    )
}


def first() -> str:
    """The preset to offer first: the largest that ends while a reader waits, with the hardware and the data at hand."""
    has_gpu = shutil.which("nvidia-smi") is not None  # torch would know better, and takes seconds to load
    return "class" if has_gpu and available("cifar10") else "quick"


def missing(specs: list[RunSpec]) -> list[str]:
    """Data that these questions need and that is not at hand."""
    return [name for name in SOURCES if not available(name) and any(spec.data == name for spec in specs)]
