"""Named sets of questions; pages, command line and tests share them. Each compares one thing: the normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from bnviz import paths
from bnviz.data import SOURCES, available
from bnviz.spec import RunSpec

NORMS = ("none", "batch", "noisy")
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Preset:
    """A comparison that is worth making: what its runs have in common, and what they can and cannot show."""

    name: str
    label: str
    summary: str
    knobs: dict[str, Any]
    norms: tuple[str, ...] = NORMS
    rates: tuple[float, ...] = ()  # several learning rates, where it compares them
    figure: str = ""  # the figure that it repeats
    page: str = ""  # the page that shows it; the presets without one serve every page on images
    layers: tuple[int, ...] = ()  # those that the figure shows
    ships: tuple[int, ...] = ()  # the seeds whose finished runs come with bnviz

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """One, or those that are compared."""
        return self.rates or (self.knobs["lr"],)

    def specs(self, **changes: Any) -> list[RunSpec]:
        """One question a network and learning rate. SpecError where a change is no valid knob."""
        norms = (changes.pop("norm"),) if "norm" in changes else self.norms
        rates = (changes.pop("lr"),) if "lr" in changes else self.learning_rates
        return [
            RunSpec.of(**(self.knobs | changes | {"norm": norm, "lr": lr}))
            for lr in rates
            for norm in norms
        ]


ON_CIFAR = "A quarter of VGG-11's width, 2,000 steps on all of CIFAR-10; the paper has 15,000 and never says how wide its network is."
ON_DLN = (
    "A linear network of 25 layers on 1,000 Gaussian samples, full batch, exactly the paper's size. Scale and factor of its loss are "
    "our reading; runs differ much between seeds, so compare within one."
)


def probes(accuracy: int, evaluation: int, rest: int, landscape: int) -> dict[str, int]:
    """Intervals of the probes of the main comparison, in steps."""
    return {
        "accuracy": accuracy,
        "evaluation": evaluation,
        "landscape": landscape,
        "covariate_shift": rest,
        "activations": rest,
    }


LP = ("none", "batch", "l1", "l2", "linf")
PAIR = ("none", "batch")
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
LIU = {
    "data": "mnist",
    "optimizer": "adadelta",
    "lr": 1.0,
    "schedule": "step",
    "decay_every": 2000,
    "batch": 64,
    "steps": 20_000,
    "probes": {"accuracy": 20, "evaluation": 200},
}
THEORY = {"precision": "float64", "theory_units": 8}
SURFACE = QUICK | {"probes": {"accuracy": 1, "evaluation": 50, "surface": 20}}
ON_IMAGES = ("training", "distributions", "covariate_shift", "landscape", "norms", "sweep")


def of_2018(
    knobs: dict[str, Any],
    scale: str,
    label: str,
    number: str,
    page: str,
    shows: str,
    norms: tuple[str, ...] = NORMS,
    rates: tuple[float, ...] = (),
    layers: tuple[int, ...] = (),
    ships: tuple[int, ...] = (),
) -> Preset:
    """A figure of the 2018 paper. Where two ask the same questions, their runs are the same."""
    label, figure = label.format(number), f"2018, Fig. {number}"
    return Preset(
        f"fig{number}", label, f"{shows} {scale}", knobs, norms, rates, figure, page, layers, ships
    )


on_cifar = partial(of_2018, CLASS, ON_CIFAR, "Fig. {}")
on_dln = partial(of_2018, DLN, ON_DLN, "Fig. {} · DLN")

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="quick",
            label="Quick",
            summary=(
                "A small VGG on 4,000 images for 200 steps. It shows BatchNorm learning faster and its narrower loss band. It "
                "cannot show generalisation (BatchNorm soon knows these few images by heart) nor what comes later. It starts "
                "from He's initial weights at learning rate 0.02: at the paper's Glorot and 0.1 the plain network has hardly "
                "begun to learn after 200 steps, and its band is then the narrower one, because nothing moves."
            ),
            knobs=QUICK,
        ),
        Preset(
            name="class",
            label="Class",
            ships=SEEDS,
            summary=(
                "A small VGG on all of CIFAR-10 for 2,000 steps, with the paper's learning rate and initial weights. It shows "
                "the order of the networks and of their loss bands; not the paper's accuracies, which take the full width."
            ),
            knobs=CLASS,
        ),
        Preset(
            name="few-images",
            label="Few images",
            summary=(
                "The class comparison on 4,000 images for 200 steps. At the paper's learning rate and initial weights the plain network has "
                "hardly begun to learn by then, and its loss band is the narrower one, because nothing moves: the reverse of the paper's Fig. 4."
            ),
            knobs=CLASS
            | {
                "data": "cifar10-sample",
                "steps": 200,
                "probes": probes(accuracy=1, evaluation=50, rest=20, landscape=10),
            },
            page="landscape",
            ships=SEEDS,
        ),
        Preset(
            name="paper",
            label="Paper",
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
        on_cifar(
            "1",
            "training",
            "Accuracy at two learning rates, 0.1 and 0.5.",
            PAIR,
            (0.1, 0.5),
            layers=(3,),
            ships=SEEDS[:1],
        ),
        on_cifar(
            "2",
            "distributions",
            "Accuracy and distributions with and without noise, and noise without BatchNorm.",
            (*NORMS, "noise"),
            layers=(2, 5, 8),
            ships=SEEDS,
        ),
        on_cifar(
            "3a",
            "covariate_shift",
            "Covariate shift at learning rates 0.1 and 0.01.",
            PAIR,
            (0.1, 0.01),
            layers=(5, 10),
            ships=SEEDS[:1],
        ),
        on_dln(
            "3b",
            "covariate_shift",
            "Covariate shift at learning rates 1e-6 and 1e-7.",
            PAIR,
            (1e-6, 1e-7),
            (9, 17),
            ships=SEEDS[:1],
        ),
        on_cifar("4", "landscape", "The landscape of the VGG.", PAIR, ships=SEEDS),
        on_cifar("5a", "norms", "Accuracy under five normalisations.", LP, ships=SEEDS[:1]),
        on_dln("5b", "norms", "The loss under five normalisations.", LP, ships=SEEDS[:1]),
        on_cifar(
            "6",
            "norms",
            "Distributions under five normalisations.",
            LP,
            layers=(8,),
            ships=SEEDS[:1],
        ),
        on_cifar(
            "8",
            "distributions",
            "Mean and variance of one unit from step to step.",
            layers=(2, 5, 8),
            ships=SEEDS,
        ),
        on_dln("9", "distributions", "Distributions.", PAIR, layers=(1, 11, 24), ships=SEEDS),
        on_dln("10", "landscape", "The landscape.", PAIR, ships=SEEDS),
        on_cifar(
            "11a",
            "landscape",
            "How far the gradient turns against the step size.",
            PAIR,
            ships=SEEDS,
        ),
        on_dln(
            "11b",
            "landscape",
            "How far the gradient turns against the step size.",
            PAIR,
            ships=SEEDS,
        ),
        on_cifar("12", "norms", "The landscape under five normalisations.", LP, ships=SEEDS[:1]),
        on_dln("13", "norms", "The landscape under five normalisations.", LP, ships=SEEDS[:1]),
        Preset(
            name="mnist",
            label="Fig. 1 of 2015",
            summary=(
                "Three hidden layers of 100 sigmoids on binary MNIST, batch 60, 50,000 steps, as the paper says. It names neither learning "
                "rate nor initial deviation: with 0.1 and 0.05 the plain network starts as late as the paper's."
            ),
            knobs=MNIST,
            norms=PAIR,
            figure="2015, Fig. 1",
            page="mnist",
            layers=(3,),
            ships=SEEDS,
        ),
        Preset(
            name="mnist-quick",
            label="Quick",
            summary="The same network on 4,000 images for 5,000 steps: the head start, not the final accuracies.",
            knobs=MNIST
            | {
                "data": "mnist-sample",
                "steps": 5000,
                "probes": {"accuracy": 10, "evaluation": 100, "activations": 20},
            },
            norms=PAIR,
            page="mnist",
            layers=(3,),
        ),
        *(
            Preset(
                name=f"liu-{model}",
                label=label,
                summary=(
                    f"{label} on MNIST with Adadelta from 1.0, decaying by 0.7 every 2,000 of 20,000 steps, batch 64. The report "
                    "names neither steps, interval nor batch; with an interval of one epoch nothing would be left of the learning rate."
                ),
                knobs=LIU | {"model": model},
                norms=PAIR,
                figure=figure,
                page="lenet",
                ships=SEEDS if model == "mlp" else SEEDS[:1],
            )
            for model, label, figure in (
                ("mlp", "MLP", "Liu, Fig. 2"),
                ("lenet", "LeNet", "Liu, Fig. 3"),
                ("lenetr", "LeNet, ReLU", "Liu, Fig. 4"),
            )
        ),
        Preset(
            name="lenet-quick",
            label="Quick",
            summary="LeNet with sigmoids on 4,000 images for 2,000 steps, decaying every 200: the head start, not the final accuracies.",
            knobs=LIU
            | {"model": "lenet", "data": "mnist-sample", "steps": 2000, "decay_every": 200}
            | {"probes": {"accuracy": 5, "evaluation": 50}},
            norms=PAIR,
            page="lenet",
        ),
        Preset(
            name="theory-mlp",
            label="MLP",
            summary="The sigmoid network on 4,000 MNIST images for 2,000 steps, in double precision, until it knows them by heart.",
            knobs=MNIST
            | THEORY
            | {
                "data": "mnist-sample",
                "steps": 2000,
                "probes": {"accuracy": 5, "evaluation": 500, "theory": 100},
            },
            norms=PAIR,
            figure="2018, Sec. 4",
            page="theory",
            ships=SEEDS,
        ),
        Preset(
            name="theory-dln",
            label="DLN",
            summary=f"The deep linear network. {ON_DLN}",
            knobs=DLN | THEORY | {"probes": {"accuracy": 5, "theory": 500}},
            norms=PAIR,
            figure="2018, Sec. 4",
            page="theory",
            ships=SEEDS[:1],
        ),
        Preset(
            name="theory-vgg",
            label="VGG",
            summary="A small VGG-11 on 4,000 CIFAR-10 images for 200 steps, in double precision: convolutions, m = batch × height × width.",
            knobs=CLASS
            | THEORY
            | {
                "theory_units": 4,
                "data": "cifar10-sample",
                "steps": 200,
                "probes": {"accuracy": 1, "evaluation": 50, "theory": 50},
            },
            norms=PAIR,
            figure="2018, Sec. 4",
            page="theory",
            ships=SEEDS[:1],
        ),
        Preset(
            name="surface",
            label="VGG",
            summary=(
                "A small VGG on 4,000 images for 200 steps, its loss on a grid of 17 × 17 around the network every 20 steps: along the "
                "gradient, four training steps far, and along a random direction of the same length."
            ),
            knobs=SURFACE,
            norms=PAIR,
            page="surface",
            ships=SEEDS[:1],
        ),
        Preset(
            name="surface-filters",
            label="VGG, filter-normalised",
            summary=(
                "The same network along two random directions in which every filter is as long as the network's own (Li et al. 2018), "
                "up to once its length either way: far beyond what a step of training moves."
            ),
            knobs=SURFACE
            | {"surface_along": "random", "surface_scaled": True, "surface_extent": 1.0},
            norms=PAIR,
            page="surface",
            ships=SEEDS[:1],
        ),
        Preset(
            name="surface-dln",
            label="DLN",
            summary=f"The deep linear network, its loss on a grid every 500 steps. {ON_DLN}",
            knobs=DLN | {"probes": {"accuracy": 5, "surface": 500}},
            norms=PAIR,
            page="surface",
            ships=SEEDS[:1],
        ),
        Preset(
            name="dln",
            label="DLN",
            summary=f"The deep linear network. {ON_DLN}",
            knobs=DLN,
            norms=PAIR,
            page="sweep",
        ),
    )
}


def offered(page: str) -> list[str]:
    """The presets of a page: the three scales where it shows images classified, and those that repeat its figures."""
    own = [name for name, preset in PRESETS.items() if preset.page == page]
    return [name for name, preset in PRESETS.items() if not preset.page and page in ON_IMAGES] + own


def first(page: str = "training") -> str:
    """The preset to offer first: one whose runs ship, so that every figure is full at once; the largest scale of those that do."""
    own = [name for name in offered(page) if PRESETS[name].page == page]
    scales = [name for name in offered(page) if not PRESETS[name].page]
    full = [name for name in [*reversed(scales), *own] if shipped(PRESETS[name])]
    at_hand = [name for name in offered(page) if available(PRESETS[name].knobs["data"])]
    return [*full, *at_hand, *offered(page)][0]


def shipped(preset: Preset) -> bool:
    """Whether the runs of its first seed come with this bnviz."""
    return all((paths.GALLERY / spec.id).exists() for spec in preset.specs())


def missing(specs: list[RunSpec]) -> list[str]:
    """Data that these questions need and that is not at hand."""
    return [
        name for name in SOURCES if not available(name) and any(spec.data == name for spec in specs)
    ]
