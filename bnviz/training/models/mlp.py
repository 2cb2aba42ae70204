"""A fully connected network of three hidden layers with 100 sigmoid units each.

It is the network of Ioffe & Szegedy (2015), Sec. 4.1, and of the MNIST report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnviz.training.models.block import Block, Shape, scaled

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

UNITS = (100, 100, 100)


def mlp(spec: RunSpec, shape: Shape, outputs: int) -> tuple[Block, ...]:
    """Return the hidden layers, each normalised before its sigmoid, and `outputs` units.

    `spec.width` scales the hidden layers; `spec.norm_output` normalises the outputs too.
    """
    blocks: list[Block] = []
    for number, units in enumerate(UNITS, 1):
        blocks.append(
            Block(f"fc{number}", shape, (scaled(units, spec.width),), activation="sigmoid")
        )
        shape = blocks[-1].output
    return (
        *blocks,
        Block(
            f"fc{len(blocks) + 1}", shape, (outputs,), normalised=spec.norm_output, activation=None
        ),
    )


MODELS = {"mlp": mlp}
