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
            summary=(
                "A small VGG on 4,000 images for 200 steps. It shows BatchNorm learning faster and its narrower loss band. It "
                "cannot show generalisation (BatchNorm soon knows these few images by heart) nor what comes later. It starts "
                "from He's initial weights at learning rate 0.02: at the paper's Glorot and 0.1 the plain network has hardly "
                "begun to learn after 200 steps, and its band is then the narrower one, because nothing moves."
            ),
            knobs={
                "model": "vgg11",
                "width": 0.25,
                "init": "he_normal",
                "data": "cifar10-sample",
                "steps": 200,
                "lr": 0.02,
                "probes": probes(accuracy=1, evaluation=50, rest=20, landscape=10),
            },
        ),
        Preset(
            name="class",
            label="Class",
            cost="about ten minutes on two CPU cores; its runs ship with bnviz",
            summary=(
                "A small VGG on all of CIFAR-10 for 2,000 steps, with the paper's learning rate and initial weights. It shows "
                "the order of the networks and of their loss bands; not the paper's accuracies, which take the full width."
            ),
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
            cost="hours on a GPU (not timed yet), weeks on a CPU",
            summary=(
                "As near to the paper as its text allows: VGG-16 with two hidden layers of 4096, all of CIFAR-10, 15,000 steps "
                "at 0.1, and the L2 penalty of 0.0005 that its figures betray. Depth, widths and penalty are our reading."
            ),
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
