"""VGG for 32 x 32 images: configurations A, B, D and E of Simonyan & Zisserman (2015) with 3 x 3 convolutions, no dropout."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bnviz.models.block import Block, Shape

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

CHANNELS = (64, 128, 256, 512, 512)  # a stage each; 2 x 2 max pooling after every stage
CONVOLUTIONS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def vgg(convolutions: tuple[int, ...], spec: RunSpec, image: Shape, classes: int) -> tuple[Block, ...]:
    """Convolutions in five stages, then the hidden fully connected layers, then `classes` outputs; `width` scales every layer."""
    blocks: list[Block] = []
    shape = image
    for channels, count in zip(CHANNELS, convolutions, strict=True):
        for nth in range(count):
            output = (scaled(channels, spec.width), *shape[1:])
            pool = 2 if nth == count - 1 else 1
            blocks.append(Block(f"conv{len(blocks) + 1}", shape, output, kernel=3, pool=pool))
            shape = blocks[-1].pooled
    for units in spec.hidden:
        blocks.append(Block(f"fc{len(blocks) + 1}", shape, (scaled(units, spec.width),), normalised=spec.norm_hidden))
        shape = blocks[-1].pooled
    output_layer = Block(f"fc{len(blocks) + 1}", shape, (classes,), normalised=False, activation=None)
    return (*blocks, output_layer)


def scaled(channels: int, width: float) -> int:
    """Channels at this width factor; ValueError where none is left."""
    if round(channels * width) < 1:
        raise ValueError(f"leaves no channel in a layer of {channels}; choose a width of at least {1 / channels:.2g}")
    return round(channels * width)


MODELS = {name: partial(vgg, convolutions) for name, convolutions in CONVOLUTIONS.items()}
