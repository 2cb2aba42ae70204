"""Crops of test images, over which predictions are averaged (2015, Fig. 4; Szegedy et al. 2015).

The networks take images of one size, so an image is first enlarged and crops of its own size are
cut out, as the papers cut 224 pixels out of 256. All images here are square: the left, middle and
right square of GoogLeNet's 144 crops are then the same, and 48 crops have the average of all 144.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

CROP = 224  # pixels of the papers' crops, cut out of images of these sizes
SIZES = (256, 288, 320, 352)


def crops(images: Tensor, count: int) -> Iterator[Tensor]:
    """Yield crops of the images (n, H, W, C), uint8, all in the same shape and with equal weight.

    1 : the whole image
    10 : the corners and the centre of the image enlarged by 256 / 224, and their mirror images
    144 : the same at four sizes, each with the whole image, and their mirror images
    """
    from torchvision.transforms.v2 import functional  # type: ignore[import-untyped]

    if count == 1:
        yield images
        return
    pixels = images.permute(0, 3, 1, 2)
    own = [*pixels.shape[2:]]
    for size in SIZES if count == 144 else SIZES[:1]:
        larger = functional.resize(pixels, [round(side * size / CROP) for side in own])
        views = [*functional.ten_crop(larger, own)]
        if count == 144:
            views += [pixels, functional.horizontal_flip(pixels)]
        for view in views:
            yield view.permute(0, 2, 3, 1)
