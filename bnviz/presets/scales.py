"""The main comparison, standard against BatchNorm against noisy BatchNorm, at several scales."""

from __future__ import annotations

from bnviz.presets.preset import CLASS, DEEP, PAIR, QUICK, SEEDS, Preset, probes

SHORT = {"accuracy": 1, "evaluation": 200}  # the probes of runs that show accuracy only
HALF_THE_NOISE = {
    "noise_mean": 0.25,
    "noise_mean_spread": 0.05,
    "noise_scale": 1.125,
    "noise_scale_spread": 0.05,
}

SCALES = (
    Preset(
        name="quick",
        label="Quick",
        summary=(
            "A small VGG on 4,000 images for 200 steps. It shows that the BatchNorm network learns "
            "fastest and noisy BatchNorm second, and that their loss bands are narrower. It cannot "
            "show generalisation (the BatchNorm network soon memorises so few images) or what "
            "happens later. It starts from He initialisation at learning rate 0.02: with the "
            "paper's Glorot weights and 0.1 the standard network has barely started to learn after "
            "200 steps, and its band is the narrower one. The noise is half the paper's, because "
            "200 steps are few."
        ),
        knobs=QUICK | HALF_THE_NOISE,
        ships=SEEDS,
    ),
    Preset(
        name="class",
        label="Class",
        summary=(
            "A small VGG on all of CIFAR-10 for 2,000 steps, with the paper's learning rate and "
            "initial weights. It shows the order of the networks and of their loss bands. It does "
            "not show the paper's accuracies: it is narrower and trains for fewer steps."
        ),
        knobs=CLASS,
    ),
    Preset(
        name="deep",
        label="Deep",
        ships=SEEDS,
        summary=(
            "VGG-16 at a quarter of its width on all of CIFAR-10 for 5,000 steps, with the paper's "
            "learning rate and initial weights, two hidden layers and an L2 penalty of 0.0005. It "
            "has the depth that the paper's figures suggest, so layers carry the paper's numbers. "
            "It does not show the paper's accuracies: it is narrower and trains for fewer steps."
        ),
        knobs=DEEP,
    ),
    Preset(
        name="noise-alone",
        label="Noise alone",
        ships=SEEDS,
        summary=(
            "The deep comparison's standard network with and without the noise of noisy BatchNorm, "
            "for 2,000 steps. The paper says that the noise prevents it from training."
        ),
        knobs=DEEP
        | {
            "steps": 2000,
            "random_direction": False,
            "probes": {"accuracy": 1, "evaluation": 500, "activations": 100},
        },
        norms=("none", "noise"),
        page="training",
    ),
    Preset(
        name="augmented",
        label="Augmented",
        ships=SEEDS,
        summary=(
            "A small VGG on all of CIFAR-10 for 2,000 steps, on shifted and mirrored images. The "
            "paper reports the test accuracies of long augmented runs. This one is short: it shows "
            "the order of the networks, not the paper's accuracies."
        ),
        knobs=CLASS | {"augment": True, "probes": SHORT},
        norms=PAIR,
        page="training",
    ),
    Preset(
        name="momentum",
        label="Momentum",
        ships=SEEDS,
        summary=(
            "A small VGG on all of CIFAR-10 for 2,000 steps, with momentum 0.9 and a learning rate "
            "of 0.01. The paper uses plain SGD. This short run shows whether the order of the "
            "networks depends on that."
        ),
        knobs=CLASS | {"momentum": 0.9, "lr": 0.01, "probes": SHORT},
        norms=PAIR,
        page="training",
    ),
    Preset(
        name="few-images",
        label="Few images",
        summary=(
            "The class comparison on 4,000 images for 200 steps. At the paper's learning rate and "
            "initial weights the standard network has barely started to learn by then, and its "
            "loss band is the narrower one: the reverse of the paper's Fig. 4."
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
        name="fine-steps",
        label="Fine steps",
        ships=SEEDS,
        summary=(
            "A small VGG on all of CIFAR-10 for 1,000 steps, whose landscape is also measured at a "
            "tenth and a hundredth of the learning rate. Effective β is a maximum over the step "
            "sizes. In these runs the order of the networks depends on the smallest of them."
        ),
        knobs=CLASS
        | {
            "steps": 1000,
            "step_sizes": (0.01, 0.1, 0.5, 1.0, 2.0, 4.0),
            "probes": {"accuracy": 1, "evaluation": 200, "landscape": 20},
        },
        norms=PAIR,
        page="landscape",
    ),
    Preset(
        name="paper",
        label="Paper",
        summary=(
            "As close to the paper as its text allows: VGG-16 with two hidden layers of 4,096 "
            "units, all of CIFAR-10, 15,000 steps at learning rate 0.1, and an L2 penalty of "
            "0.0005, which the paper's figures suggest. Depth, widths and penalty are our reading."
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
