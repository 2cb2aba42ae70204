"""L(θ) and ∇L(θ) of one batch, at any θ: the only code that runs a network.

All parameters live in one flat tensor θ, layer after layer; a gradient has the same layout. So a training step, the landscape
f(θ − ηg), covariate shift and their undoing are vector arithmetic, and nothing is ever "restored" by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import init
from torch.nn.functional import conv2d, linear, max_pool2d

from bnviz.models import Block
from bnviz.norms import NORMS
from bnviz.seeds import generator
from bnviz.spec import RunSpec
from bnviz.task import Batch, Task

Parameters = dict[str, dict[str, Tensor]]  # layer -> "weight", "bias", "gamma", … -> a view of θ
Tap = Callable[[Block, Tensor], None]

ACTIVATIONS: dict[str | None, Callable[[Tensor], Tensor]] = {"relu": torch.relu, None: lambda x: x}
INITIALISERS: dict[str, Callable[..., Tensor]] = {
    "glorot_uniform": init.xavier_uniform_,
    "glorot_normal": init.xavier_normal_,
    "he_normal": partial(init.kaiming_normal_, nonlinearity="relu"),
}


class Evaluation(NamedTuple):
    """L(θ) and ∇L(θ) of a batch. `loss` is the whole objective, `penalty` the part of it that is L2."""

    loss: Tensor
    penalty: Tensor
    gradient: Tensor  # flat, as θ
    outputs: Tensor  # (batch, classes)


class Objective:
    """The network of a spec as a function of θ, on one task."""

    def __init__(self, spec: RunSpec, task: Task) -> None:
        self.spec, self.task = spec, task
        self.blocks = spec.blocks()
        self.norms = {
            block.name: NORMS[spec.norm if block.normalised else "none"](spec, block.output, task.device, task.dtype)
            for block in self.blocks
        }
        self.shapes = {block.name: self._shapes(block) for block in self.blocks}
        self._sizes = [shape.numel() for shapes in self.shapes.values() for shape in shapes.values()]
        self.size = sum(self._sizes)

    def initial(self) -> Tensor:
        """θ at step 0. Weights depend on (seed, layer) alone, not on the normalisation, the device or the precision."""
        theta = torch.zeros(self.size, dtype=torch.float32)
        for layer, parameters in self.views(theta).items():
            for name, view in parameters.items():
                if name == "weight":
                    INITIALISERS[self.spec.init](view, generator=generator(self.spec.seed, "weights", layer))
                elif name != "bias":
                    view.fill_(self.norms[layer].parameters[name])
        return theta.to(self.task.device, self.task.dtype)

    def views(self, theta: Tensor) -> Parameters:
        """Each layer's parameters as views of θ."""
        parts = iter(theta.split(self._sizes))
        return {
            layer: {name: next(parts).view(shape) for name, shape in shapes.items()}
            for layer, shapes in self.shapes.items()
        }

    def layers(self, theta: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each layer's stretch of θ (or of a gradient): all its parameters in one flat piece."""
        sizes = [sum(shape.numel() for shape in shapes.values()) for shapes in self.shapes.values()]
        return zip(self.shapes, theta.split(sizes), strict=True)

    def outputs(self, views: Parameters, inputs: Tensor, *, training: bool = True, tap: Tap | None = None) -> Tensor:
        """The network's outputs (batch, classes). `tap` sees the input of every layer's non-linearity."""
        x = inputs
        for block in self.blocks:
            x = apply_layer(block, views[block.name], x)
            x = self.norms[block.name](x, views[block.name], training)
            if tap is not None:
                tap(block, x)
            x = ACTIVATIONS[block.activation](x)
            if block.pool > 1:
                x = max_pool2d(x, block.pool)
        return x

    def evaluate(self, theta: Tensor, batch: Batch) -> Evaluation:
        """L and ∇L at θ, in training mode: batch statistics, and the noise of this step."""
        theta = theta.detach().requires_grad_()
        loss, penalty, outputs = self._loss(self.views(theta), batch)
        (gradient,) = torch.autograd.grad(loss, theta)
        return Evaluation(loss.detach(), penalty.detach(), gradient, outputs.detach())

    def weight_gradient(self, theta: Tensor, batch: Batch, layer: str) -> Tensor:
        """∇L at θ for one layer's weight alone, in its shape: the same numbers as in `evaluate` at half the cost."""
        views = self.views(theta.detach().requires_grad_())
        loss, _, _ = self._loss(views, batch)
        (gradient,) = torch.autograd.grad(loss, views[layer]["weight"])
        return gradient

    def penalty(self, views: Parameters) -> Tensor:
        """λ/2 times the squared norm of all weights; γ, β and biases are not weights."""
        weights = [parameters["weight"] for parameters in views.values()]
        if self.spec.l2 == 0:
            return weights[0].new_zeros(())
        return torch.stack([weight.square().sum() for weight in weights]).sum() * (self.spec.l2 / 2)

    def _loss(self, views: Parameters, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        outputs = self.outputs(views, batch.inputs)
        penalty = self.penalty(views)
        return self.task.loss(outputs, batch.labels) + penalty, penalty, outputs

    def draw_noise(self, step: int) -> None:
        """Draw the noise of a training step; it stays the same for every probe of that step."""
        for layer, norm in self.norms.items():
            norm.draw(generator(self.spec.seed, "noise", layer, step, device=self.task.device))

    def commit(self) -> None:
        """Let the batch statistics of the evaluation just made enter the population statistics."""
        for norm in self.norms.values():
            norm.commit(self.spec.averaging)

    def state(self) -> dict[str, Tensor]:
        """The population statistics, live: "conv1.mean", …"""
        return {f"{layer}.{name}": value for layer, norm in self.norms.items() for name, value in norm.state().items()}

    def _shapes(self, block: Block) -> dict[str, torch.Size]:
        norm, channels = self.norms[block.name], block.output[:1]
        shapes = {"weight": block.weight} | ({} if norm.replaces_bias else {"bias": channels})
        return {name: torch.Size(shape) for name, shape in (shapes | dict.fromkeys(norm.parameters, channels)).items()}


def apply_layer(block: Block, parameters: dict[str, Tensor], x: Tensor) -> Tensor:
    """The affine part of a block, before its normalisation."""
    weight, bias = parameters["weight"], parameters.get("bias")
    if block.kernel is None:
        return linear(x.flatten(1), weight, bias)
    return conv2d(x, weight, bias, padding=block.kernel // 2)
