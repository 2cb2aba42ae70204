"""Distributions of the inputs to each hidden layer's non-linearity (2018, Fig. 1c, 2 and 8).

They are those of one channel per layer over batch x height x width, and of all channels pooled.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import TYPE_CHECKING

from bnviz.training.probes import Row

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment
    from bnviz.training.models import Block

LABEL = "Activation distributions"
INTERVAL = 100
SORT_S = 6e-8  # for each value
TENSORS = 2  # the values as they are, and sorted


def due(step: int, interval: int) -> bool:
    """Return whether to measure at this step: every interval, and the step after it.

    Fig. 8 shows the change between two successive steps.
    """
    return step % interval == 0 or (step - 1) % interval == 0


def measure(moment: Moment) -> Iterator[Row]:
    """Yield activation_mean, activation_variance, activation_quantile and activation_histogram.

    They describe the forward pass of this training step, with its batch and its noise. The variance
    is the biased one. `at` is the level of a quantile and the left edge of a bin; both are measured
    only at every interval, not at the step after it. `unit` is the channel, and None if all
    channels are pooled.
    """
    import torch

    objective = moment.objective
    inputs: dict[str, Tensor] = {}

    def keep(block: Block, _: Tensor, x: Tensor) -> None:
        if block is not objective.blocks[-1]:
            inputs[block.name] = x

    with torch.no_grad():
        objective.outputs(objective.views(moment.theta), moment.batch.inputs, tap=keep)
    full = moment.step % moment.interval == 0
    for layer, x in inputs.items():
        unit = chosen_unit(moment.spec.seed, layer, x.shape[1])
        for channel, values in ((unit, x[:, unit].flatten()), (None, x.flatten())):
            yield Row(moment.step, "activation_mean", layer, channel, None, float(values.mean()))
            yield Row(
                moment.step,
                "activation_variance",
                layer,
                channel,
                None,
                float(values.var(correction=0)),
            )
            if full:
                yield from distribution(moment, layer, channel, ascending(values))


def distribution(moment: Moment, layer: str, unit: int | None, values: Tensor) -> Iterator[Row]:
    """Yield the quantiles and the histogram of sorted values.

    Quantiles are interpolated linearly; the bins span the range of the values.
    """
    import torch

    spec = moment.spec
    levels = torch.tensor(spec.quantiles, dtype=torch.float64)
    for level, value in zip(spec.quantiles, quantiles(values, levels).tolist(), strict=True):
        yield Row(moment.step, "activation_quantile", layer, unit, level, value)
    edges = torch.linspace(float(values[0]), float(values[-1]), spec.bins + 1, dtype=torch.float64)
    below = torch.searchsorted(values, edges[1:-1].to(values))
    counts = below.diff(prepend=below.new_zeros(1), append=below.new_full((1,), len(values)))
    for edge, count in zip(edges.tolist(), counts.tolist(), strict=False):
        yield Row(moment.step, "activation_histogram", layer, unit, edge, float(count))


def quantiles(values: Tensor, levels: Tensor) -> Tensor:
    """Return the quantiles of sorted values at these levels in 0..1, in float64 on the CPU.

    Between two values the quantile is interpolated linearly.
    """
    place = levels * (len(values) - 1)
    low, high = (
        values[index.long().to(values.device)].double().cpu()
        for index in (place.floor(), place.ceil())
    )
    return low + (high - low) * place.frac()


def ascending(values: Tensor) -> Tensor:
    """Return the sorted values; on a CPU NumPy sorts them, several times faster than torch."""
    import numpy as np
    import torch

    return values.sort().values if values.is_cuda else torch.from_numpy(np.sort(values.numpy()))


def chosen_unit(seed: int, layer: str, channels: int) -> int:
    """Return the channel that is measured in a layer, the paper's "random activation".

    It is the same for every normalisation.
    """
    import torch

    from bnviz.training.seeds import generator

    return int(torch.randint(channels, (), generator=generator(seed, "unit", layer)))


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many intervals, with the moments of the steps after."""
    every = spec.probes["activations"]
    after = ceil((spec.steps - 1) / every) if every > 1 else 0
    whole = len(spec.quantiles) + spec.bins
    return 2 * (len(spec.blocks()) - 1) * (2 * (times + after) + whole * times)


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of an interval: two forward passes, and all values sorted once."""
    values = spec.batch * sum(prod(block.output) for block in spec.blocks()[:-1])
    return 2 / 3 * step + 2 * values * SORT_S
