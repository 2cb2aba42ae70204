"""A network as data: a sequence of blocks, each a layer with weights and what follows it.

This module does not import torch, because menus and checks read it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """A layer with weights, followed by normalisation, non-linearity and max pooling.

    Shapes are those of one example: (channels, height, width) or (units,). The last block of a
    network computes its outputs.
    """

    name: str  # kind and number, counted over the network: "conv3", "fc9"
    input: Shape
    output: Shape  # before pooling, where the normalisation stands
    kernel: int | None = None  # side of a convolution's kernel; None for a fully connected layer
    padding: int = 0
    normalised: bool = True
    activation: str | None = "relu"
    pool: int = 1

    @property
    def weight(self) -> Shape:
        """Shape of the weight, as torch lays it out: (out, in, k, k) or (out, in)."""
        if self.kernel is None:
            return (self.output[0], prod(self.input))
        return (self.output[0], self.input[0], self.kernel, self.kernel)

    @property
    def pooled(self) -> Shape:
        """Shape of one example after pooling: the input of the next block."""
        channels, *size = self.output
        return (channels, *(side // self.pool for side in size))


def require_images(spec: RunSpec, shape: Shape, side: int) -> None:
    """Raise ValueError unless the data are images of at least `side` x `side` pixels."""
    if len(shape) != 3 or min(shape[1:]) < side:
        found = f"'s are {shape[1]} × {shape[2]}" if len(shape) == 3 else " has no images"
        raise ValueError(
            f"model {spec.model} needs images of at least {side} × {side} pixels, "
            f"but {spec.data}{found}"
        )


def scaled(channels: int, width: float) -> int:
    """Return the number of channels at this width factor; ValueError if none is left."""
    if round(channels * width) < 1:
        least = f"choose a width of at least {1 / channels:.2g}"
        raise ValueError(f"width {width:g} leaves no channel in a layer of {channels}; {least}")
    return round(channels * width)
