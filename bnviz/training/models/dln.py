"""The deep linear network: y = W_k … W_1 x, with nothing but a normalisation between its layers (2018, App. A.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnviz.training.models.block import Block, Shape, scaled

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

UNITS = 10
SETTINGS = ("depth",)


def dln(spec: RunSpec, shape: Shape, outputs: int) -> tuple[Block, ...]:
    """`depth` layers of 10 units at width 1; the last one, normalised if `norm_output` says so, has as many as the data ask for."""
    units = [scaled(UNITS, spec.width)] * (spec.depth - 1) + [outputs]
    blocks: list[Block] = []
    for number, count in enumerate(units, 1):
        normalised = number < spec.depth or spec.norm_output
        blocks.append(Block(f"fc{number}", shape, (count,), normalised=normalised, activation=None))
        shape = blocks[-1].output
    return tuple(blocks)


MODELS = {"dln": dln}
