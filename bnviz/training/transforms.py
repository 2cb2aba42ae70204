"""Random changes to training images by torchvision: resized crops, flips, distorted colours.

Each image is changed by its own draws. They come from the CPU, so all devices change it alike.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from bnviz.training.seeds import generator

if TYPE_CHECKING:
    from bnviz.spec import RunSpec


def wanted(spec: RunSpec) -> bool:
    """Return whether a run changes its images in any of these ways."""
    return spec.resized_crop or spec.flip or spec.photometric


def changed(images: Tensor, spec: RunSpec, step: int) -> Tensor:
    """Return the images (n, H, W, C) of a step's batch, uint8, each changed at random."""
    transform = _transform(images.shape[1:3], spec.resized_crop, spec.flip, spec.photometric)
    # torchvision takes no generator of its own: it draws from the global one of the CPU.
    with torch.random.fork_rng(devices=[]):
        seed = generator(spec.seed, "transforms", step).initial_seed()
        torch.default_generator.manual_seed(seed)
        one_by_one = [transform(image) for image in images.permute(0, 3, 1, 2)]
    return torch.stack(one_by_one).permute(0, 2, 3, 1)


@lru_cache
def _transform(size: tuple[int, int], resized_crop: bool, flip: bool, photometric: bool) -> Any:
    """Return the chosen transforms, one after another, with torchvision's default ranges."""
    from torchvision.transforms import v2  # type: ignore[import-untyped]

    chosen = {
        v2.RandomResizedCrop(size, antialias=True): resized_crop,
        v2.RandomHorizontalFlip(): flip,
        v2.RandomPhotometricDistort(p=0.5): photometric,
    }
    return v2.Compose([transform for transform, wanted in chosen.items() if wanted])
