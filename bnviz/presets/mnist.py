"""MNIST: Fig. 1 of Ioffe & Szegedy (2015), and the report's three networks."""

from __future__ import annotations

from bnviz.presets.preset import MNIST, PAIR, SEEDS, Preset

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


def of_the_report(model: str, label: str, number: int, ships: tuple[int, ...]) -> Preset:
    """Return the preset of one network of the report."""
    return Preset(
        name=f"liu-{model}",
        label=label,
        summary=(
            f"{label} on MNIST with Adadelta from 1.0, decaying by 0.7 every 2,000 of 20,000 "
            "steps, batch 64. The report gives neither the number of steps, the interval nor the "
            "batch; if it decayed every epoch, almost nothing would be left of the learning rate."
        ),
        knobs=LIU | {"model": model},
        norms=PAIR,
        figure=f"Liu, Fig. {number}",
        page="lenet",
        ships=ships,
    )


ON_MNIST = (
    Preset(
        name="mnist",
        label="Fig. 1 of 2015",
        summary=(
            "Three hidden layers of 100 sigmoids on binary MNIST, batch 60, 50,000 steps, as in "
            "the paper. It gives neither the learning rate nor the initial deviation: with 0.1 and "
            "0.05 the standard network starts as late as the paper's."
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
        summary=(
            "The same network on 4,000 images for 5,000 steps. It shows the head start, not the "
            "final accuracies."
        ),
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
    Preset(
        name="mnist-jacobians",
        label="Jacobians",
        summary=(
            "The same network on all of MNIST for 10,000 steps, with the singular values of the "
            "Jacobian from one hidden layer to the next."
        ),
        knobs=MNIST
        | {"steps": 10_000, "probes": {"accuracy": 50, "evaluation": 500, "jacobian": 100}},
        norms=PAIR,
        figure="2015, Sec. 3.3",
        page="mnist",
        layers=(3,),
        ships=SEEDS,
    ),
    of_the_report("mlp", "MLP", 2, SEEDS),
    of_the_report("lenet", "LeNet", 3, SEEDS[:1]),
    of_the_report("lenetr", "LeNet, ReLU", 4, SEEDS[:1]),
    Preset(
        name="lenet-quick",
        label="Quick",
        summary=(
            "LeNet with sigmoids on 4,000 images for 2,000 steps, decaying every 200. It shows the "
            "head start, not the final accuracies."
        ),
        knobs=LIU
        | {
            "model": "lenet",
            "data": "mnist-sample",
            "steps": 2000,
            "decay_every": 200,
            "probes": {"accuracy": 5, "evaluation": 50},
        },
        norms=PAIR,
        page="lenet",
    ),
)
