"""The deep linear network y = W_k … W_1 x, with only a normalisation between the layers.

Source: Santurkar et al. (2018), App. A.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnviz.training.models.block import Block, Shape, scaled

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

UNITS = 10
SETTINGS = ("depth",)


def dln(spec: RunSpec, shape: Shape, outputs: int) -> tuple[Block, ...]:
    """Return `spec.depth` layers: 10 units each at width 1, and `outputs` in the last one.

    All but the last are normalised; `spec.norm_output` normalises that one too.
    """
    units = [scaled(UNITS, spec.width)] * (spec.depth - 1) + [outputs]
    blocks: list[Block] = []
    for number, count in enumerate(units, 1):
        normalised = number < spec.depth or spec.norm_output
        blocks.append(Block(f"fc{number}", shape, (count,), normalised=normalised, activation=None))
        shape = blocks[-1].output
    return tuple(blocks)


MODELS = {"dln": dln}
