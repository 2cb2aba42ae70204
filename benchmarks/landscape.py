"""Compare the cost of a landscape step with that of the same passes through a torch.nn network.

A landscape step evaluates K step sizes and the step itself, and is compared with K + 1 passes.

python -m benchmarks.landscape [width]   prints the ratio for each network; the aim is at most 1.10.

Both are timed in turns, in one process with one thread, in processor seconds, so that other work on
the machine does not count.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bnviz.spec import RunSpec
from bnviz.training.loop import Moment, Training
from bnviz.training.probes import landscape, read
from bnviz.training.task import Batch

ROUNDS = 15


def plain(training: Training, batch: Batch) -> Callable[[], None]:
    """Return one pass as anyone would write it: zero the gradients, forward, loss, backward.

    The network has its channels last, as our batches do.
    """
    layers: list[nn.Module] = []
    for block in training.objective.blocks:
        bare = training.spec.norm == "none" or not block.normalised
        if block.kernel:
            layers.append(
                nn.Conv2d(block.input[0], block.output[0], block.kernel, padding=1, bias=bare)
            )
        else:
            layers += [nn.Flatten(), nn.Linear(block.weight[1], block.weight[0])]
        layers += [] if bare else [nn.BatchNorm2d(block.output[0])]
        layers += [nn.ReLU()] if block.activation else []
        layers += [nn.MaxPool2d(block.pool)] if block.pool > 1 else []
    model = nn.Sequential(*layers).to(memory_format=torch.channels_last)

    def one_pass() -> None:
        model.zero_grad()
        cross_entropy(model(batch.inputs), batch.targets).backward()

    return one_pass


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call in seconds."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def ratio(norm: str, width: float) -> float:
    """Return the cost of a landscape step divided by that of K + 1 plain passes."""
    spec = RunSpec(norm=norm, width=width, probes={})
    training = Training(spec)
    objective, theta = training.objective, training.theta
    batch = objective.task.batch(0)
    objective.draw_noise(0)

    def landscape_step() -> None:
        moment = Moment(
            spec=spec,
            objective=objective,
            step=0,
            interval=1,
            lr=spec.lr,
            batch=batch,
            theta=theta,
            theta_next=theta,
            evaluation=objective.evaluate(theta, batch),
            kept={},
            activations={},
        )
        read(landscape.measure(moment))

    one_pass = plain(training, batch)
    passes = len(spec.step_sizes) + 1
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(landscape_step))
        theirs.append(sum(seconds(one_pass) for _ in range(passes)))
    landscape_s, plain_s = median(ours), median(theirs)
    print(f"{norm:6} landscape step {landscape_s:.3f} s · {passes} plain passes {plain_s:.3f} s")
    return landscape_s / plain_s


def main() -> None:
    """Print the ratio for each network that torch.nn has too."""
    torch.set_num_threads(1)
    width = float(sys.argv[1]) if len(sys.argv) > 1 else 0.25
    for norm in ("none", "batch"):
        print(f"{norm:6} ratio {ratio(norm, width):.3f}")


if __name__ == "__main__":
    main()
