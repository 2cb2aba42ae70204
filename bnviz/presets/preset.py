"""What a preset is, and the settings that several presets share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bnviz.spec import RunSpec

NORMS = ("none", "batch", "noisy")
PAIR = ("none", "batch")
LP = ("none", "batch", "l1", "l2", "linf")
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Preset:
    """A comparison worth making: the settings its runs share, and what they can and cannot show."""

    name: str
    label: str
    summary: str
    knobs: dict[str, Any]
    norms: tuple[str, ...] = NORMS
    rates: tuple[float, ...] = ()  # the learning rates, if it compares several
    figure: str = ""  # the paper's figure that it repeats
    page: str = ""  # the page that shows it; without one, every page on images does
    layers: tuple[int, ...] = ()  # the layers that the figure shows
    ships: tuple[int, ...] = ()  # the seeds whose finished runs come with bnviz

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """The learning rates that it compares, or its only one."""
        return self.rates or (self.knobs["lr"],)

    @property
    def gist(self) -> str:
        """The beginning of its summary, up to the first comma, colon or full stop."""
        return re.split(r"[.,:](?: |$)", self.summary)[0]

    def specs(self, **changes: Any) -> list[RunSpec]:
        """Return one spec for each network and learning rate. SpecError for an invalid change."""
        norms = (changes.pop("norm"),) if "norm" in changes else self.norms
        rates = (changes.pop("lr"),) if "lr" in changes else self.learning_rates
        return [
            RunSpec.of(**(self.knobs | changes | {"norm": norm, "lr": lr}))
            for lr in rates
            for norm in norms
        ]


def probes(accuracy: int, evaluation: int, rest: int, landscape: int) -> dict[str, int]:
    """Return the intervals of the main comparison's probes, in steps."""
    return {
        "accuracy": accuracy,
        "evaluation": evaluation,
        "landscape": landscape,
        "covariate_shift": rest,
        "activations": rest,
    }


QUICK = {
    "model": "vgg11",
    "width": 0.25,
    "init": "he_normal",
    "data": "cifar10-sample",
    "steps": 200,
    "lr": 0.02,
    "probes": probes(accuracy=1, evaluation=50, rest=20, landscape=10),
}
CLASS = {
    "model": "vgg11",
    "width": 0.25,
    "data": "cifar10",
    "steps": 2000,
    "lr": 0.1,
    "probes": probes(accuracy=1, evaluation=200, rest=50, landscape=20),
}
DEEP = {
    "model": "vgg16",
    "width": 0.25,
    "hidden": (4096, 4096),
    "data": "cifar10",
    "steps": 5000,
    "lr": 0.1,
    "l2": 5e-4,
    "random_direction": True,
    "probes": probes(accuracy=1, evaluation=500, rest=100, landscape=50),
}
DLN = {
    "model": "dln",
    "data": "gaussian",
    "batch": 1000,
    "steps": 10_000,
    "lr": 1e-6,
    "norm_output": True,
    "precision": "float64",
    "step_sizes": (0.01, 0.1, 1.0, 10.0, 10**1.5),
    "probes": probes(accuracy=5, evaluation=1000, rest=50, landscape=50)
    | {"activations": 500, "curvature": 500},
}
MNIST = {
    "model": "mlp",
    "data": "mnist",
    "pixels": "binary",
    "init": "gaussian",
    "batch": 60,
    "steps": 50_000,
    "lr": 0.1,
    "probes": {"accuracy": 50, "evaluation": 500, "activations": 100},
}

ON_DEEP = (
    "VGG-16 at a quarter of its width, 5,000 steps on all of CIFAR-10 with an L2 penalty. The "
    "paper trains for 15,000 steps and does not say how deep and wide its network is."
)
ON_DLN = (
    "A linear network of 25 layers on 1,000 Gaussian samples, full batch: exactly the paper's "
    "size. The scale and factor of its loss are our reading. Runs differ much between seeds, so "
    "compare networks within one seed."
)
