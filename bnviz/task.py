"""The data set on the device, its batches by (seed, step), and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from bnviz.data import read
from bnviz.seeds import generator
from bnviz.spec import RunSpec

PADDING = 4  # pixels on every side before the random crop


class Batch(NamedTuple):
    """Inputs (batch, channels, height, width), standardised by the training set, and class labels (batch,)."""

    inputs: Tensor
    labels: Tensor


class Task:
    """A data set as uint8 tensors that stay on the device; batches are drawn by index."""

    def __init__(self, spec: RunSpec, device: torch.device, dtype: torch.dtype) -> None:
        self.spec, self.device, self.dtype = spec, device, dtype
        arrays = read(spec.data)
        self.train_images, self.test_images = (self._resident(a) for a in (arrays.train_images, arrays.test_images))
        self.train_labels, self.test_labels = (
            self._resident(a).long() for a in (arrays.train_labels, arrays.test_labels)
        )
        mean, deviation = pixel_statistics(spec.data)
        self.mean = torch.tensor(mean, device=device, dtype=dtype)
        self.deviation = torch.tensor(deviation, device=device, dtype=dtype)
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def batch(self, step: int) -> Batch:
        """The training batch of a step: whole batches of a fresh shuffle in every epoch, the same for every network."""
        size = self.spec.batch
        epoch, nth = divmod(step, len(self.train_labels) // size)
        chosen = self._order(epoch)[nth * size : (nth + 1) * size]
        images = self.train_images[chosen]
        if self.spec.augment:
            images = self._augmented(images, step)
        return Batch(self._standardised(images), self.train_labels[chosen])

    def training_batches(self) -> Iterator[Batch]:
        """One epoch's worth of training batches, in the order of step 0 on."""
        return (self.batch(step) for step in range(len(self.train_labels) // self.spec.batch))

    def test_batches(self) -> Iterator[Batch]:
        """The whole test set, the last batch possibly smaller."""
        for images, labels in zip(
            self.test_images.split(self.spec.batch), self.test_labels.split(self.spec.batch), strict=True
        ):
            yield Batch(self._standardised(images), labels)

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy in nats, mean over the batch."""
        return cross_entropy(outputs, labels)

    def _resident(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array)).to(self.device)

    def _shuffled(self, epoch: int) -> Tensor:
        order = torch.randperm(len(self.train_labels), generator=generator(self.spec.seed, "batches", epoch))
        return order.to(self.device)

    def _standardised(self, images: Tensor) -> Tensor:
        # Stored with channels last, so the permuted view already has the memory layout that convolutions like best.
        return images.to(self.dtype).sub_(self.mean).div_(self.deviation).permute(0, 3, 1, 2)

    def _augmented(self, images: Tensor, step: int) -> Tensor:
        count, height, width, _ = images.shape
        draw = generator(self.spec.seed, "augment", step)
        down, right = torch.randint(0, 2 * PADDING + 1, (2, count, 1, 1), generator=draw).to(self.device)
        flip = torch.randint(0, 2, (count, 1, 1), generator=draw).bool().to(self.device)
        rows = torch.arange(height, device=self.device)[None, :, None] + down
        columns = torch.arange(width, device=self.device)[None, None, :]
        columns = torch.where(flip, width - 1 - columns, columns) + right
        padded = pad(images, (0, 0, PADDING, PADDING, PADDING, PADDING))
        return padded[torch.arange(count, device=self.device)[:, None, None], rows, columns]


@lru_cache
def pixel_statistics(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel over the training pixels, in units of 0..255, from exact counts."""
    images = read(data).train_images
    counts = np.stack([np.bincount(images[..., channel].ravel(), minlength=256) for channel in range(images.shape[-1])])
    levels, total = np.arange(256), counts.sum(axis=1)
    mean = counts @ levels / total
    return mean, np.sqrt(counts @ levels**2 / total - mean**2)
