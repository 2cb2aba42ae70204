"""The loss L(θ) and its gradient ∇L(θ) on one batch, at any θ. Only this module runs a network.

It computes the parts of the network one by one; each reads the outputs of parts before it.
All parameters are in one flat tensor θ, layer after layer; a gradient has the same layout. A
training step, the landscape L(θ − ηg) and the covariate shift are then vector arithmetic, and a
probe that evaluates another θ has nothing to restore afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import init
from torch.nn.functional import (
    avg_pool2d,
    conv2d,
    linear,
    local_response_norm,
    max_pool2d,
    pad,
)

from bnviz.spec import RunSpec
from bnviz.training.batched import Evaluator
from bnviz.training.models import Block, Operation, layers
from bnviz.training.models.block import INPUT, ancestors
from bnviz.training.norms import NORMS
from bnviz.training.replay import CudaGraph, Replay
from bnviz.training.seeds import generator
from bnviz.training.task import Batch, Task, task

Parameters = dict[str, dict[str, Tensor]]  # layer -> "weight", "bias", "gamma", … -> a view of θ
Values = dict[str, Tensor]  # part of the network -> its output for a batch
# Takes a layer, its input, its affine output (before the normalisation) and its normalised output.
Tap = Callable[[Block, Tensor, Tensor, Tensor], None]

ACTIVATIONS: dict[str | None, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    None: lambda x: x,
}
INITIALISERS: dict[str, Callable[..., Tensor]] = {
    "glorot_uniform": init.xavier_uniform_,
    "glorot_normal": init.xavier_normal_,
    "he_normal": partial(init.kaiming_normal_, nonlinearity="relu"),
}


class Evaluation(NamedTuple):
    """L(θ) and ∇L(θ) on one batch."""

    loss: Tensor  # the whole objective, with the penalty
    penalty: Tensor  # the L2 part of it
    gradient: Tensor  # flat, as θ
    outputs: Tensor  # (batch, outputs)


class Objective:
    """The objective of a run, as a function of θ: its network on its task."""

    def __init__(self, spec: RunSpec, task: Task) -> None:
        self.spec, self.task = spec, task
        self.network = spec.network()
        self.blocks = layers(self.network)
        self._ancestors = ancestors(self.network)
        self.masks: dict[str, Tensor] = {}  # dropout -> the factors of this step (batch, *shape)
        self._last_reader = {name: part.name for part in self.network for name in part.reads}
        self.norms = {
            block.name: NORMS[spec.norm if block.normalised else "none"](
                spec, block.output, task.device, task.dtype
            )
            for block in self.blocks
        }
        self.shapes = {block.name: self._shapes(block) for block in self.blocks}
        self._sizes = [
            shape.numel() for shapes in self.shapes.values() for shape in shapes.values()
        ]
        self.size = sum(self._sizes)
        on_gpu = task.device.type == "cuda"
        self.replay = Replay(self._evaluate, CudaGraph) if on_gpu else None
        self.evaluations = Evaluator(self)

    def initial(self) -> Tensor:
        """Return θ at step 0.

        Weights depend only on (seed, layer): every normalisation, device and precision starts from
        the same ones.
        """
        theta = torch.zeros(self.size, dtype=torch.float32)
        for layer, parameters in self.views(theta).items():
            for name, view in parameters.items():
                if name == "weight":
                    self._initialise(view, layer)
                elif name != "bias":
                    view.fill_(self.norms[layer].parameters[name])
        return theta.to(self.task.device, self.task.dtype)

    def _initialise(self, weight: Tensor, layer: str) -> None:
        draw = generator(self.spec.seed, "weights", layer)
        if self.spec.init == "gaussian":
            init.normal_(weight, std=self.spec.init_std, generator=draw)
        else:
            INITIALISERS[self.spec.init](weight, generator=draw)

    def views(self, theta: Tensor) -> Parameters:
        """Return the parameters of each layer by name, as views of θ in their own shapes."""
        parts = iter(theta.split(self._sizes))
        return {
            layer: {name: next(parts).view(shape) for name, shape in shapes.items()}
            for layer, shapes in self.shapes.items()
        }

    def layers(self, theta: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield each layer's name with its part of θ (or of a gradient), flat."""
        sizes = [sum(shape.numel() for shape in shapes.values()) for shapes in self.shapes.values()]
        return zip(self.shapes, theta.split(sizes), strict=True)

    def weights(self, theta: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield each layer's name with its weight, without bias, γ and β."""
        return ((layer, parameters["weight"]) for layer, parameters in self.views(theta).items())

    def outputs(
        self, views: Parameters, inputs: Tensor, *, training: bool = True, tap: Tap | None = None
    ) -> Tensor:
        """Return the network's outputs (batch, outputs).

        `tap` is called for every layer with weights.
        """
        values = {INPUT: inputs}
        for part in self.network:
            values[part.name] = self.step_through(part, views, values, training=training, tap=tap)
            for name in part.reads:
                if self._last_reader[name] == part.name:  # free its memory
                    del values[name]
        return values[self.network[-1].name]

    def step_through(
        self,
        part: Block | Operation,
        views: Parameters,
        values: Values,
        *,
        training: bool = True,
        tap: Tap | None = None,
    ) -> Tensor:
        """Return the output of one part of the network, which reads its inputs in `values`."""
        inputs = [values[name] for name in part.reads]
        if isinstance(part, Operation):
            if part.kind == "dropout":
                return (
                    inputs[0] * self.masks[part.name][: len(inputs[0])] if training else inputs[0]
                )
            return ACTIVATIONS[part.activation](OPERATIONS[part.kind](part, inputs))
        (x,) = inputs
        y, z = self._normalised(part, views, x, training)
        if tap is not None:
            tap(part, x, y, z)
        return activated(part, z)

    def between(self, views: Parameters, first: Block, second: Block, z: Tensor) -> Tensor:
        """Return the normalised output of a layer, given that of the layer that it reads."""
        return self._normalised(second, views, activated(first, z), training=True)[1]

    def _normalised(
        self, block: Block, views: Parameters, x: Tensor, training: bool
    ) -> tuple[Tensor, Tensor]:
        """Return a layer's affine output, and that output normalised."""
        norm, parameters = self.norms[block.name], views[block.name]
        with self._casting():
            y = apply_layer(block, norm.weight(parameters["weight"]), parameters.get("bias"), x)
            z = norm(y, parameters, training)
            if block is self.network[-1]:
                z = z.to(self.task.dtype)
        return y, z

    def _casting(self) -> AbstractContextManager[object]:
        """Open a block in which layers compute in the precision of the run."""
        if self.spec.precision != "bfloat16":
            return nullcontext()
        return torch.autocast(self.task.device.type, torch.bfloat16)

    def evaluate(self, theta: Tensor, batch: Batch, tap: Tap | None = None) -> Evaluation:
        """Return L and ∇L at θ in training mode, with batch statistics and this step's noise."""
        if self.replay and tap is None:
            return Evaluation(*self.replay(theta, *batch))
        return self._evaluate(theta, *batch, tap)

    def _evaluate(
        self, theta: Tensor, inputs: Tensor, targets: Tensor, tap: Tap | None = None
    ) -> Evaluation:
        theta = theta.detach().requires_grad_()
        loss, penalty, outputs = self.loss(self.views(theta), Batch(inputs, targets), tap)
        (gradient,) = torch.autograd.grad(loss, theta)
        return Evaluation(loss.detach(), penalty.detach(), gradient, outputs.detach())

    def curvature(self, theta: Tensor, batch: Batch) -> Callable[[Tensor], Tensor]:
        """Return the function v -> ∇²L(θ) v, the Hessian-vector product; both are flat, as θ.

        It may be called any number of times, because it keeps one autograd graph. Do not run the
        network in between: a normalisation overwrites its batch statistics in every forward pass,
        and autograd would then raise an error.
        """
        theta = theta.detach().requires_grad_()
        loss, _, _ = self.loss(self.views(theta), batch)
        (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)

        def product(vector: Tensor) -> Tensor:
            (result,) = torch.autograd.grad(gradient, theta, vector, retain_graph=True)
            return result

        return product

    def weight_gradient(
        self, views: Parameters, block: Block, values: Values, targets: Tensor
    ) -> Tensor:
        """Return ∇L with respect to the weight of one block, in the shape of that weight.

        `values` has the outputs of the block's ancestors, whatever their parameters are. All else
        is computed at the parameters `views`. The numbers are those of `evaluate`.
        """
        weight = views[block.name]["weight"].detach().requires_grad_()
        views = views | {block.name: views[block.name] | {"weight": weight}}
        values = dict(values)
        for part in self.network:
            if part.name not in self._ancestors[block.name]:
                values[part.name] = self.step_through(part, views, values)
        outputs = values[self.network[-1].name]
        loss = self.task.loss(outputs, targets) + self.penalty({block.name: views[block.name]})
        (gradient,) = torch.autograd.grad(loss, weight)
        return gradient

    def penalty(self, views: Parameters) -> Tensor:
        """Return λ/2 times the squared norm of all weights; γ, β and biases are not penalised."""
        weights = [parameters["weight"] for parameters in views.values()]
        if self.spec.l2 == 0:
            return weights[0].new_zeros(())
        return torch.stack([weight.square().sum() for weight in weights]).sum() * (self.spec.l2 / 2)

    def loss(
        self, views: Parameters, batch: Batch, tap: Tap | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return L, the penalty in it, and the outputs, in training mode and with their graph."""
        outputs = self.outputs(views, batch.inputs, tap=tap)
        penalty = self.penalty(views)
        return self.task.loss(outputs, batch.targets) + penalty, penalty, outputs

    @contextmanager
    def keeping_nothing(self) -> Iterator[None]:
        """Open a block in which no normalisation keeps the statistics of a batch."""
        for norm in self.norms.values():
            norm.keeping = False
        try:
            yield
        finally:
            for norm in self.norms.values():
                norm.keeping = True

    def draw_noise(self, step: int) -> None:
        """Draw the noise of a training step; all probes of that step see the same noise.

        The masks of dropout are small, so they are drawn on the CPU: the same ones on every device.
        """
        for layer, norm in self.norms.items():
            norm.draw(generator(self.spec.seed, "noise", layer, step, device=self.task.device))
        for part in self.network:
            if isinstance(part, Operation) and part.kind == "dropout":
                draw = generator(self.spec.seed, "dropout", part.name, step)
                kept = torch.rand((self.spec.batch, *part.output), generator=draw) >= part.rate
                mask = kept.to(self.task.dtype) / (1 - part.rate)
                # Always in the same memory, see `replay`.
                self.masks.setdefault(part.name, mask.to(self.task.device)).copy_(mask)

    def commit(self) -> None:
        """Update the population statistics with the batch statistics of the last evaluation."""
        for norm in self.norms.values():
            norm.commit(self.spec.averaging)

    def state(self) -> dict[str, Tensor]:
        """Return the population statistics by name ("conv1.mean", …): the tensors, not copies."""
        return {
            f"{layer}.{name}": value
            for layer, norm in self.norms.items()
            for name, value in norm.state().items()
        }

    def _shapes(self, block: Block) -> dict[str, torch.Size]:
        norm, channels = self.norms[block.name], block.output[:1]
        shapes = {"weight": block.weight} | ({} if norm.replaces_bias else {"bias": channels})
        return {
            name: torch.Size(shape)
            for name, shape in (shapes | dict.fromkeys(norm.parameters, channels)).items()
        }


def apply_layer(block: Block, weight: Tensor, bias: Tensor | None, x: Tensor) -> Tensor:
    """Return the output of a block's affine layer, which its normalisation gets."""
    if block.kernel is None:
        return linear(x.flatten(1), weight, bias)
    return conv2d(x, weight, bias, block.stride, block.padding)


def objective_of(spec: RunSpec, device: str) -> Objective:
    """Return the objective of a run on a device, in its precision; DataError without its data."""
    dtype = torch.float64 if spec.precision == "float64" else torch.float32
    return Objective(spec, task(spec, torch.device(device), dtype))


def activated(block: Block, z: Tensor) -> Tensor:
    """Return the output of a block: its non-linearity of z, and max pooling."""
    x = ACTIVATIONS[block.activation](z)
    return max_pool2d(x, block.pool) if block.pool > 1 else x


def total(part: Operation, inputs: list[Tensor]) -> Tensor:
    """Return the sum of two inputs; channels that one of them lacks count as 0 in it."""
    missing = [part.output[0] - x.shape[1] for x in inputs]
    left, right = (
        pad(x, (0, 0, 0, 0, 0, more)) if more else x
        for x, more in zip(inputs, missing, strict=True)
    )
    return left + right


OPERATIONS: dict[str, Callable[[Operation, list[Tensor]], Tensor]] = {
    "add": total,
    "concatenate": lambda part, inputs: torch.cat(inputs, 1),
    "max": lambda part, inputs: max_pool2d(inputs[0], part.kernel, part.stride, part.padding),
    # The average of the positions that there are, without those of the padding.
    "average": lambda part, inputs: avg_pool2d(
        inputs[0], part.kernel, part.stride, part.padding, count_include_pad=False
    ),
    "mean": lambda part, inputs: inputs[0].mean((2, 3), keepdim=True),  # over all positions
    # Over five neighbouring channels (Krizhevsky et al. 2012), with the constants of torch.
    "lrn": lambda part, inputs: local_response_norm(inputs[0], 5),
}
