"""Distributions of the inputs to each hidden layer's non-linearity (2018, Fig. 1c, 2 and 8).

They are those of one channel per layer over batch x height x width, and of all channels pooled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import ceil, prod
from typing import TYPE_CHECKING

from bnviz.training.probes import Reading, Row, one, several
from bnviz.training.vectors import wide

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment

LABEL = "Activation distributions"
INTERVAL = 100
SORT_S = 6e-8  # for each value
TAPS = True
TENSORS = 2  # the values as they are, and sorted


def due(step: int, interval: int) -> bool:
    """Return whether to measure at this step: every interval, and the step after it.

    Fig. 8 shows the change between two successive steps.
    """
    return step % interval == 0 or (step - 1) % interval == 0


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield activation_mean, activation_variance, activation_quantile and activation_histogram.

    They describe the forward pass of this training step, with its batch and its noise. The variance
    is the biased one. `at` is the level of a quantile and the left edge of a bin; both are measured
    only at every interval, not at the step after it. `unit` is the channel, and None if all
    channels are pooled.
    """
    full = moment.step % moment.interval == 0
    for layer, x in moment.activations.items():
        unit = chosen_unit(moment.spec.seed, layer, x.shape[1])
        for channel, values in ((unit, x[:, unit].flatten()), (None, x.flatten())):
            variance = values.var(correction=0)
            yield one(moment.step, "activation_mean", layer, channel, None, values.mean())
            yield one(moment.step, "activation_variance", layer, channel, None, variance)
            if full:
                yield from distribution(moment, layer, channel, ascending(values))


def distribution(moment: Moment, layer: str, unit: int | None, values: Tensor) -> Iterator[Reading]:
    """Yield the quantiles and the histogram of sorted values.

    Quantiles are interpolated linearly; the bins span the range of the values.
    """
    import torch

    spec, step = moment.spec, moment.step
    places = [(step, "activation_quantile", layer, unit, level) for level in spec.quantiles]
    yield several(quantiles(values, spec.quantiles), places)

    def histogram(numbers: list[float]) -> Iterator[Row]:
        low, high, *counts = numbers
        edges = torch.linspace(low, high, spec.bins + 1, dtype=torch.float64).tolist()
        for edge, count in zip(edges, counts, strict=False):
            yield Row(step, "activation_histogram", layer, unit, edge, count)

    ends = torch.stack([values[0], values[-1]])
    counts = histogram_counts(values, spec.bins)
    yield Reading(torch.cat([wide(ends), wide(counts)]), histogram)


def histogram_counts(values: Tensor, bins: int) -> Tensor:
    """Return how many of the sorted values are in each of the equal bins that span them (bins,)."""
    import torch

    low, high = wide(values[0]), wide(values[-1])
    width, place = (high - low) / bins, torch.arange(1, bins, device=values.device)
    # As torch.linspace does, from the nearer end: so that both ends are exact.
    edges = torch.where(place * 2 < bins + 1, low + width * place, high - width * (bins - place))
    below = torch.searchsorted(values, edges.to(values))
    return below.diff(prepend=below.new_zeros(1), append=below.new_full((1,), len(values)))


def quantiles(values: Tensor, levels: Sequence[float]) -> Tensor:
    """Return the quantiles of sorted values at these levels in 0..1 (levels,).

    Between two values the quantile is interpolated linearly.
    """
    import torch

    place = torch.tensor(levels, dtype=torch.float64) * (len(values) - 1)
    low, high = (
        wide(values[index.long().to(values.device)]) for index in (place.floor(), place.ceil())
    )
    return low + (high - low) * place.frac().to(low)


def ascending(values: Tensor) -> Tensor:
    """Return the sorted values; on a CPU NumPy sorts them, several times faster than torch."""
    import numpy as np
    import torch

    if values.device.type == "cpu":
        return torch.from_numpy(np.sort(values.numpy()))
    return values.sort().values


@lru_cache
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
    """Return the seconds of an interval: all values sorted once."""
    values = spec.batch * sum(prod(block.output) for block in spec.blocks()[:-1])
    return 2 * values * SORT_S
