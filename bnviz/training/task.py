"""The tasks: classify images, or learn a linear map.

A task keeps its data on the device, returns the batch of a step, and computes the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from bnviz.data import SOURCES, read
from bnviz.spec import RunSpec
from bnviz.training import transforms
from bnviz.training.seeds import generator
from bnviz.training.vectors import wide

CHUNK = 10_000  # images whose levels are counted at once
PADDING = 4  # pixels on every side before the random crop


class Batch(NamedTuple):
    """The inputs and targets of a batch."""

    inputs: Tensor  # (batch, channels, height, width) or (batch, units)
    targets: Tensor  # class labels (batch,) or vectors (batch, outputs)


class Task:
    """Base class of the tasks. The examples stay on the device; batches are drawn by index."""

    classifies: bool
    test_inputs: Tensor  # as they are stored
    test_targets: Tensor

    def __init__(self, spec: RunSpec, device: torch.device, dtype: torch.dtype) -> None:
        self.spec, self.device, self.dtype = spec, device, dtype
        self.count = SOURCES[spec.data].train_count
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def examples(self, chosen: Tensor | slice, step: int) -> Batch:
        """Return the training examples at the indices `chosen`, as the network gets them."""
        raise NotImplementedError

    def prepared(self, inputs: Tensor) -> Tensor:
        """Convert stored inputs to what the network gets."""
        raise NotImplementedError

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss without the penalty; its scale does not depend on the batch's size."""
        raise NotImplementedError

    @staticmethod
    def hits(outputs: Tensor, targets: Tensor) -> Tensor:
        """Return (batch,): 1 for each correctly classified example, else 0.

        The value is NaN if an output of the example is not finite, for then it names no class.
        """
        right = wide(outputs.argmax(1) == targets)
        return right.where(outputs.isfinite().all(1), torch.nan)

    def batch(self, step: int) -> Batch:
        """Return the training batch of a step, which is the same for every network.

        Each epoch shuffles the examples anew and drops an incomplete last batch. A batch of all
        examples keeps one order at every step, so that with plain gradient descent L(θ − lr g) at
        one step equals, to the bit, the loss at the next.
        """
        if self.spec.batch == self.count:
            return self.examples(slice(None), step)
        epoch, nth = divmod(step, self.count // self.spec.batch)
        return self.examples(
            self._order(epoch)[nth * self.spec.batch : (nth + 1) * self.spec.batch], step
        )

    def training_batches(self) -> Iterator[Batch]:
        """Yield the training batches of the first epoch in order."""
        return (self.batch(step) for step in range(self.count // self.spec.batch))

    def test_batches(self) -> Iterator[Batch]:
        """Yield the whole test set in batches, of which the last may be smaller."""
        size = self.spec.batch
        for inputs, targets in zip(
            self.test_inputs.split(size), self.test_targets.split(size), strict=True
        ):
            yield Batch(self.prepared(inputs), targets)

    def _shuffled(self, epoch: int) -> Tensor:
        order = torch.randperm(self.count, generator=generator(self.spec.seed, "batches", epoch))
        return order.to(self.device)


class Images(Task):
    """Classify images with uint8 pixels."""

    classifies = True

    def __init__(self, spec: RunSpec, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(spec, device, dtype)
        arrays = read(spec.data)
        self.images, self.test_inputs = (
            self._resident(a) for a in (arrays.train_images, arrays.test_images)
        )
        self.labels, self.test_targets = (
            self._resident(a).long() for a in (arrays.train_labels, arrays.test_labels)
        )
        mean, deviation = pixel_statistics(spec.data)
        self.mean = torch.tensor(mean, device=device, dtype=dtype)
        self.deviation = torch.tensor(deviation, device=device, dtype=dtype)

    def examples(self, chosen: Tensor | slice, step: int) -> Batch:
        images = self.images[chosen]
        if self.spec.augment:
            images = self._augmented(images, step)
        if transforms.wanted(self.spec):
            images = transforms.changed(images, self.spec, step)
        return Batch(self.prepared(images), self.labels[chosen])

    def prepared(self, inputs: Tensor) -> Tensor:
        if self.spec.pixels == "binary":
            pixels = (inputs > 127).to(self.dtype)
        else:
            pixels = inputs.to(self.dtype).sub_(self.mean).div_(self.deviation)
        # The images are stored with channels last. The permuted view keeps that memory layout, in
        # which convolutions are fastest.
        return pixels.permute(0, 3, 1, 2)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy in nats, averaged over the batch."""
        return cross_entropy(outputs, targets)

    def _resident(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array)).to(self.device)

    def _augmented(self, images: Tensor, step: int) -> Tensor:
        count, height, width, _ = images.shape
        draw = generator(self.spec.seed, "augment", step)
        down, right = torch.randint(0, 2 * PADDING + 1, (2, count, 1, 1), generator=draw).to(
            self.device
        )
        flip = torch.randint(0, 2, (count, 1, 1), generator=draw).bool().to(self.device)
        rows = torch.arange(height, device=self.device)[None, :, None] + down
        columns = torch.arange(width, device=self.device)[None, None, :]
        columns = torch.where(flip, width - 1 - columns, columns) + right
        padded = pad(images, (0, 0, PADDING, PADDING, PADDING, PADDING))
        return padded[torch.arange(count, device=self.device)[:, None, None], rows, columns]


class LinearMap(Task):
    """Learn the map x -> Ax, with all entries of x and A drawn from N(0, 1) by the seed.

    Source: Santurkar et al. (2018), App. A.1.
    """

    classifies = False

    def __init__(self, spec: RunSpec, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(spec, device, dtype)
        (units,) = SOURCES[spec.data].shape
        matrix, self.inputs, self.test_inputs = (
            torch.randn(rows, units, generator=generator(spec.seed, name), dtype=torch.float64).to(
                device, dtype
            )
            for name, rows in (
                ("map", units),
                ("samples", self.count),
                ("test", SOURCES[spec.data].test_count),
            )
        )
        self.targets, self.test_targets = self.inputs @ matrix.T, self.test_inputs @ matrix.T

    def examples(self, chosen: Tensor | slice, step: int) -> Batch:
        return Batch(self.inputs[chosen], self.targets[chosen])

    def prepared(self, inputs: Tensor) -> Tensor:
        return inputs

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return spec.loss_factor times the squared distance, summed over the batch.

        The sum over fewer examples is scaled up to a full batch.
        """
        return (outputs - targets).square().sum() * (
            self.spec.loss_factor * self.spec.batch / len(targets)
        )


def task(spec: RunSpec, device: torch.device, dtype: torch.dtype) -> Task:
    """Return the task of a run; DataError if its data are missing."""
    kind = Images if SOURCES[spec.data].classes else LinearMap
    return kind(spec, device, dtype)


@lru_cache
def pixel_statistics(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of each channel over all training pixels.

    Both are (channels,), on the scale 0..255, and computed from the exact counts of all levels. The
    deviation of a channel that is the same everywhere is given as 1, so that it becomes 0.
    """
    images = read(data).train_images
    counts = np.zeros((images.shape[-1], 256), np.intp)
    for start in range(0, len(images), CHUNK):  # bincount takes eight bytes a pixel
        chunk = images[start : start + CHUNK]
        for channel, of_channel in enumerate(counts):
            of_channel += np.bincount(chunk[..., channel].ravel(), minlength=256)
    levels, total = np.arange(256), counts.sum(axis=1)
    mean = counts @ levels / total
    varied = (counts > 0).sum(axis=1) > 1
    return mean, np.sqrt(np.where(varied, counts @ levels**2 / total - mean**2, 1.0))
