"""The same networks written with torch.nn: an independent reference for loss and probes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bnviz.training.objective import Objective


class FixedNoise(nn.Module):
    """Compute x * scale + shift with the noise of one step."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.scale, self.shift = scale.clone(), shift.clone()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


def network(objective: Objective, theta: Tensor) -> nn.Sequential:
    """Return a torch.nn network with the parameters θ and the noise of the current step."""
    norm = objective.spec.norm
    modules: list[nn.Module] = []
    for block in objective.blocks:
        plain = norm in ("none", "noise") or not block.normalised
        if block.kernel:
            modules.append(
                nn.Conv2d(block.input[0], block.output[0], block.kernel, padding=1, bias=plain)
            )
        else:
            modules += [nn.Flatten(), nn.Linear(block.weight[1], block.weight[0], bias=plain)]
        if block.normalised and norm in ("batch", "noisy"):
            modules.append(
                nn.BatchNorm2d(block.output[0]) if block.kernel else nn.BatchNorm1d(block.output[0])
            )
        if block.normalised and norm in ("noise", "noisy"):
            drawn = objective.norms[block.name]
            modules.append(FixedNoise(drawn.scale, drawn.shift))
        if block.activation:
            modules.append(nn.ReLU())
        if block.pool > 1:
            modules.append(nn.MaxPool2d(block.pool))
    made = nn.Sequential(*modules).to(theta.dtype)
    flat = [view for parameters in objective.views(theta).values() for view in parameters.values()]
    with torch.no_grad():
        for parameter, view in zip(made.parameters(), flat, strict=True):
            if parameter.dim() == 1 or parameter.shape == view.shape:
                parameter.copy_(view)
    return made


def weight_layers(model: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """Return the convolutional and dense layers, in order."""
    return [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def parameters_by_layer(model: nn.Sequential) -> list[list[nn.Parameter]]:
    """Return each weight layer's parameters with those of the normalisation after it."""
    groups: list[list[nn.Parameter]] = []
    for module in model:
        if isinstance(module, nn.Conv2d | nn.Linear):
            groups.append([])
        if groups:
            groups[-1] += list(module.parameters())
    return groups


def loss(model: nn.Module, inputs: Tensor, labels: Tensor, l2: float = 0.0) -> Tensor:
    """Return the cross-entropy plus λ/2 ‖weights‖², where λ is `l2`."""
    value = nn.functional.cross_entropy(model(inputs), labels)
    if l2:
        value = value + l2 / 2 * sum(layer.weight.square().sum() for layer in weight_layers(model))
    return value
