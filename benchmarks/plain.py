"""The measurements as public re-implementations write them: deep copies, loops over parameters.

`tests/test_benchmarks.py` checks that they give the same numbers as the probes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bnviz.training.objective import Objective
from bnviz.training.task import Batch


def network(objective: Objective, theta: Tensor) -> nn.Sequential:
    """Return the network of a run without noise in torch.nn, with the parameters θ."""
    batch_norm = objective.spec.norm == "batch"
    layers: list[nn.Module] = []
    for block in objective.blocks:
        bare = not (batch_norm and block.normalised)
        if block.kernel:
            layers.append(
                nn.Conv2d(block.input[0], block.output[0], block.kernel, padding=1, bias=bare)
            )
        else:
            layers += [nn.Flatten(), nn.Linear(block.weight[1], block.weight[0], bias=bare)]
        if not bare:
            norm = nn.BatchNorm2d if block.kernel else nn.BatchNorm1d
            layers.append(norm(block.output[0]))
        layers += [nn.ReLU()] if block.activation else []
        layers += [nn.MaxPool2d(block.pool)] if block.pool > 1 else []
    model = nn.Sequential(*layers).to(theta.device, theta.dtype)
    model = model.to(memory_format=torch.channels_last)
    fill(model, objective, theta)
    return model


def fill(model: nn.Sequential, objective: Objective, theta: Tensor) -> None:
    """Copy θ into the parameters of a network."""
    views = objective.views(theta).values()
    with torch.no_grad():
        for parameter, view in zip(
            model.parameters(), (view for each in views for view in each.values()), strict=True
        ):
            parameter.copy_(view)


def one_pass(model: nn.Sequential, batch: Batch) -> Tensor:
    """Zero the gradients, go forward and back, and return the loss."""
    model.zero_grad()
    loss = cross_entropy(model(batch.inputs), batch.targets)
    loss.backward()
    return loss


def gradients(model: nn.Module) -> list[Tensor]:
    """Return a copy of each parameter's gradient."""
    each = (parameter.grad for parameter in model.parameters())
    return [gradient.clone() for gradient in each if gradient is not None]


def landscape(
    model: nn.Sequential, batch: Batch, etas: Sequence[float]
) -> list[tuple[float, float]]:
    """Return L(θ − ηg) and ‖∇L(θ − ηg) − g‖ for each η."""
    one_pass(model, batch)
    g = gradients(model)
    found = []
    for eta in etas:
        there = copy.deepcopy(model)
        with torch.no_grad():
            for parameter, direction in zip(there.parameters(), g, strict=True):
                parameter.sub_(eta * direction)
        loss = one_pass(there, batch).item()
        squares = [
            (new - old).double().square().sum().item()
            for new, old in zip(gradients(there), g, strict=True)
        ]
        found.append((loss, sum(squares) ** 0.5))
    return found


def covariate_shift(
    before: nn.Sequential, after: nn.Sequential, batch: Batch
) -> list[tuple[float, float]]:
    """Return ‖G − G'‖ and cos ∠(G, G') of each layer's weight; `after` has made its update."""
    found = []
    for layer in weight_layers(before):
        mixed = copy.deepcopy(before)
        for index in range(layer):
            mixed[index].load_state_dict(after[index].state_dict())
        g = []
        for model in (before, mixed):
            one_pass(model, batch)
            (weight, *_) = model[layer].parameters()
            assert weight.grad is not None
            g.append(weight.grad.double().flatten().clone())
        cosine = (g[0] @ g[1] / (g[0].norm() * g[1].norm())).item()
        found.append(((g[0] - g[1]).norm().item(), cosine))
    return found


def weight_layers(model: nn.Sequential) -> list[int]:
    """Return the indices of the convolutional and dense layers."""
    return [place for place, part in enumerate(model) if isinstance(part, nn.Conv2d | nn.Linear)]
