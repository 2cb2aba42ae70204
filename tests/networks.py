"""Residual and Inception networks written by hand with torch.nn, with every normalisation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, pad

from bnviz.training.objective import Objective
from tests.oracle import FixedNoise

PLAIN = ("none", "noise")  # their convolutions have a bias
# Channels of each module: 1 x 1; 3 x 3 reduce; 3 x 3; double 3 x 3 reduce; double 3 x 3; pooling.
PAPERS_TABLE = """
    64  64  64  64  96 avg 32
    64  64  96  64  96 avg 64
     0 128 160  64  96 max through
   224  64  96  96 128 avg 128
   192  96 128  96 128 avg 128
   160 128 160 128 160 avg 96
    96 128 192 160 192 avg 96
     0 128 192 192 256 max through
   352 192 320 160 224 avg 128
   352 192 320 192 224 max 128
"""
SMALL_TABLE = """
    24  24  24  24  32 avg 16
    24  24  32  24  32 avg 24
     0  48  64  24  32 max through
    80  32  48  32  48 avg 40
    56  48  64  48  64 avg 40
     0  48  64  64  88 max through
   120  64 104  56  72 avg 40
   120  64 104  64  72 max 40
"""


class Lp(nn.Module):
    """(x − mean) / N_p(x), then γ and β."""

    def __init__(self, name: str, channels: int) -> None:
        super().__init__()
        self.name = name
        self.gamma = nn.Parameter(torch.ones(channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.transpose(0, 1).flatten(1)
        scale = {
            "l1": lambda: rows.abs().mean(1) + 1e-5,
            "l2": lambda: (rows.pow(2).mean(1) + 1e-5).sqrt(),
            "linf": lambda: rows.abs().max(1).values + 1e-5,
        }[self.name]()
        shifted = x - rows.mean(1)[:, None, None]
        return shifted / scale[:, None, None] * self.gamma + self.beta


class Affine(nn.Module):
    """Γ x + β."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma + self.beta


class Standardised(nn.Conv2d):
    """A convolution whose filters have zero mean and unit length."""

    def forward(self, x: Tensor) -> Tensor:
        rows = self.weight.flatten(1)
        rows = rows - rows.mean(1, keepdim=True)
        rows = rows / (rows.pow(2).sum(1, keepdim=True) + 1e-5).sqrt()
        return self._conv_forward(x, rows.view_as(self.weight), None)


def response(x: Tensor) -> Tensor:
    """Return local response normalisation over five channels, with torch's constants."""
    squares = pad(x.pow(2), (0, 0, 0, 0, 2, 2))
    mean = sum(squares[:, shift : shift + x.shape[1]] for shift in range(5)) / 5
    return x / (1 + 1e-4 * mean) ** 0.75


class Made:
    """Makes convolutions followed by a normalisation, and keeps them in order."""

    def __init__(self, objective: Objective) -> None:
        self.norm, self.drawn = objective.spec.norm, list(objective.norms.values())
        self.units: list[nn.Module] = []
        self.lrn = objective.spec.lrn
        masks = [mask.flatten(1) for mask in objective.masks.values()]
        self.mask = masks[0] if masks else None

    def unit(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Module:
        kind = Standardised if self.norm == "weight" else nn.Conv2d
        bias = self.norm in PLAIN
        layer = kind(inputs, outputs, kernel, stride, kernel // 2, bias=bias)
        unit = nn.Sequential(layer, *self.after(outputs))
        self.units.append(unit)
        return unit

    def after(self, channels: int) -> list[nn.Module]:
        noise: list[nn.Module] = []
        if self.norm in ("noise", "noisy"):
            drawn = self.drawn[len(self.units)]
            noise = [FixedNoise(drawn.scale, drawn.shift)]
        groups = max(g for g in (1, 2, 4, 8) if channels % g == 0)
        norms: dict[str, Callable[[], list[nn.Module]]] = {
            "none": lambda: [],
            "noise": lambda: noise,
            "batch": lambda: [nn.BatchNorm2d(channels)],
            "noisy": lambda: [nn.BatchNorm2d(channels), *noise],
            "layer": lambda: [nn.GroupNorm(1, channels)],
            "group": lambda: [nn.GroupNorm(groups, channels)],
            "instance": lambda: [nn.GroupNorm(channels, channels)],
            "weight": lambda: [Affine(channels)],
        }
        return norms[self.norm]() if self.norm in norms else [Lp(self.norm, channels)]


class ResNet(nn.Module):
    """He et al. (2015) for CIFAR-10 with shortcuts of kind A."""

    def __init__(self, made: Made, pairs: int, width: float, skip: bool) -> None:
        super().__init__()
        self.skip = skip
        channels = round(16 * width)
        self.first = made.unit(3, channels, 3)
        self.pairs = nn.ModuleList()
        self.strides: list[int] = []
        for stage in range(3):
            for nth in range(pairs):
                stride = 1 + (stage > 0 and nth == 0)
                wide = round(16 * 2**stage * width)
                two = [made.unit(channels, wide, 3, stride), made.unit(wide, wide, 3)]
                self.pairs.append(nn.ModuleList(two))
                self.strides.append(stride)
                channels = wide
        self.last = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for (first, second), stride in zip(self.pairs, self.strides, strict=True):
            inside = second(first(x).relu())
            if self.skip:
                shortcut = x[:, :, ::stride, ::stride]
                more = inside.shape[1] - x.shape[1]
                inside = inside + pad(shortcut, (0, 0, 0, 0, 0, more))
            x = inside.relu()
        return self.last(x.flatten(2).mean(2))


class Module(nn.Module):
    """One module of Inception."""

    def __init__(self, made: Made, inputs: int, row: str, width: float, act: Callable) -> None:
        super().__init__()
        self.act = act
        *numbers, self.pool, behind = row.split()
        one, narrow, three, narrower, double = (round(int(number) * width) for number in numbers)
        self.stride = 2 if behind == "through" else 1
        self.one = made.unit(inputs, one, 1) if one else None
        self.three = nn.ModuleList(
            [made.unit(inputs, narrow, 1), made.unit(narrow, three, 3, self.stride)]
        )
        self.twice = nn.ModuleList(
            [
                made.unit(inputs, narrower, 1),
                made.unit(narrower, double, 3),
                made.unit(double, double, 3, self.stride),
            ]
        )
        projected = 0 if behind == "through" else round(int(behind) * width)
        self.projection = made.unit(inputs, projected, 1) if projected else None
        self.channels = one + three + double + (projected or inputs)

    def pooled(self, x: Tensor) -> Tensor:
        if self.pool == "max":
            return max_pool2d(x, 3, self.stride, 1)
        inside = avg_pool2d(torch.ones_like(x[:1, :1]), 3, self.stride, 1)
        return avg_pool2d(x, 3, self.stride, 1) / inside

    def forward(self, x: Tensor) -> Tensor:
        act = self.act
        branches = [act(self.one(x))] if self.one else []
        for branch in (self.three, self.twice):
            y = x
            for unit in branch:
                y = act(unit(y))
            branches.append(y)
        pooled = self.pooled(x)
        branches.append(act(self.projection(pooled)) if self.projection else pooled)
        return torch.cat(branches, 1)


class Inception(nn.Module):
    """Either network, for 32 x 32 or for 224 x 224 images."""

    def __init__(self, made: Made, large: bool, width: float, act: Callable) -> None:
        super().__init__()
        self.large, self.act = large, act
        self.lrn, self.mask = made.lrn, made.mask
        stem = [round(number * width) for number in ((64, 64, 192) if large else (32, 32, 64))]
        self.first = made.unit(3, stem[0], 7 if large else 3, 2 if large else 1)
        self.second = made.unit(stem[0], stem[1], 1)
        self.third = made.unit(stem[1], stem[2], 3)
        channels, self.modules_ = stem[2], nn.ModuleList()
        for row in (PAPERS_TABLE if large else SMALL_TABLE).strip().splitlines():
            self.modules_.append(Module(made, channels, row, width, act))
            channels = self.modules_[-1].channels
        self.last = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool2d(self.act(self.first(x)), 3, 2, 1)
        x = response(x) if self.lrn else x
        x = self.act(self.third(self.act(self.second(x))))
        x = response(x) if self.lrn else x
        if self.large:
            x = max_pool2d(x, 3, 2, 1)
        for module in self.modules_:
            x = module(x)
        x = x.flatten(2).mean(2)
        return self.last(x if self.mask is None else x * self.mask)


def network(objective: Objective, theta: Tensor) -> tuple[nn.Module, list[nn.Module]]:
    """Return the network of a run with the parameters θ, and its layers in order."""
    spec, made = objective.spec, Made(objective)
    if spec.model.startswith("resnet"):
        pairs = (int(spec.model.removeprefix("resnet")) - 2) // 6
        model: nn.Module = ResNet(made, pairs, spec.width, spec.skip)
    else:
        act = torch.relu if spec.activation == "relu" else torch.sigmoid
        model = Inception(made, spec.model == "inception224", spec.width, act)
    model.double()
    layers = [*made.units, model.last]
    flat = [view for parameters in objective.views(theta).values() for view in parameters.values()]
    with torch.no_grad():
        for parameter, view in zip(parameters_of(layers), flat, strict=True):
            parameter.data = view.clone().view(view.shape + (1,) * (parameter.dim() - view.dim()))
    return model, layers


def parameters_of(layers: list[nn.Module]) -> list[nn.Parameter]:
    """Return all parameters, layer after layer."""
    return [parameter for layer in layers for parameter in layer.parameters()]
