"""VGG for 32 x 32 images, without dropout.

These are configurations A, B, D and E of Simonyan & Zisserman (2015), with 3 x 3 convolutions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bnviz.training.models.block import Block, Shape, require_images, scaled

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

CHANNELS = (64, 128, 256, 512, 512)  # of the five stages; each ends in 2 x 2 max pooling
CONVOLUTIONS = {  # in each stage
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
SETTINGS = ("hidden", "norm_hidden")
SIDE = 32  # pixels of the smallest image: five poolings reduce it to one


def vgg(
    convolutions: tuple[int, ...], spec: RunSpec, image: Shape, classes: int
) -> tuple[Block, ...]:
    """Return the convolutions of five stages, the hidden dense layers and `classes` outputs.

    `spec.width` scales all layers but the outputs.
    """
    require_images(spec, image, SIDE)
    blocks: list[Block] = []
    shape = image
    for channels, count in zip(CHANNELS, convolutions, strict=True):
        for nth in range(count):
            output = (scaled(channels, spec.width), *shape[1:])
            pool = 2 if nth == count - 1 else 1
            blocks.append(
                Block(f"conv{len(blocks) + 1}", shape, output, kernel=3, padding=1, pool=pool)
            )
            shape = blocks[-1].pooled
    for units in spec.hidden:
        blocks.append(
            Block(
                f"fc{len(blocks) + 1}",
                shape,
                (scaled(units, spec.width),),
                normalised=spec.norm_hidden,
            )
        )
        shape = blocks[-1].pooled
    name = f"fc{len(blocks) + 1}"
    return (*blocks, Block(name, shape, (classes,), normalised=spec.norm_output, activation=None))


MODELS = {name: partial(vgg, convolutions) for name, convolutions in CONVOLUTIONS.items()}
