"""LeNet-5 with max pooling, with sigmoids (`lenet`) or ReLUs (`lenetr`), as the MNIST report compares them.

The report's widths stand in a picture that we do not have; these are LeCun's (1998).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bnviz.training.models.block import Block, Shape, require_images, scaled

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

CHANNELS = (
    (6, 2),
    (16, 0),
)  # channels and padding of the two 5 x 5 convolutions, each with 2 x 2 max pooling
UNITS = (120, 84)
SIDE = 12  # pixels: both convolutions and poolings leave one


def lenet(activation: str, spec: RunSpec, shape: Shape, outputs: int) -> tuple[Block, ...]:
    """Two convolutions and two hidden layers, each normalised before its non-linearity, then `outputs` units."""
    require_images(spec, shape, SIDE)
    blocks: list[Block] = []
    for number, (channels, padding) in enumerate(CHANNELS, 1):
        sides = (side + 2 * padding - 4 for side in shape[1:])
        output = (scaled(channels, spec.width), *sides)
        blocks.append(
            Block(f"conv{number}", shape, output, 5, padding, activation=activation, pool=2)
        )
        shape = blocks[-1].pooled
    for units in UNITS:
        blocks.append(
            Block(
                f"fc{len(blocks) + 1}", shape, (scaled(units, spec.width),), activation=activation
            )
        )
        shape = blocks[-1].output
    return (
        *blocks,
        Block(
            f"fc{len(blocks) + 1}", shape, (outputs,), normalised=spec.norm_output, activation=None
        ),
    )


MODELS = {"lenet": partial(lenet, "sigmoid"), "lenetr": partial(lenet, "relu")}
