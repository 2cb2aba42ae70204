"""LeNet-5 with max pooling and sigmoids (`lenet`) or ReLUs (`lenetr`), as in the MNIST report.

The report gives its widths in a figure that we do not have; ours are those of LeCun et al. (1998).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bnviz.training.models.block import Block, Shape, require_images, scaled

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

# Channels and padding of the two 5 x 5 convolutions, each followed by 2 x 2 max pooling.
CHANNELS = ((6, 2), (16, 0))
UNITS = (120, 84)  # of the hidden layers
SIDE = 12  # pixels of the smallest image: the convolutions and poolings reduce it to one


def lenet(activation: str, spec: RunSpec, shape: Shape, outputs: int) -> tuple[Block, ...]:
    """Return the blocks of LeNet-5: two convolutions, two hidden layers and `outputs` units.

    All but the outputs are normalised before their non-linearity; `spec.norm_output` normalises
    those too.
    """
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
