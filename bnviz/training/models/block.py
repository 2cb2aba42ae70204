"""A network as data: a sequence of blocks, each one weight layer and what follows it. No torch here: menus and checks read it too."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """Weight layer -> normalisation -> non-linearity -> max pooling.

    Shapes are those of one example, (channels, height, width) or (units,); `output` is taken before pooling, where the
    normalisation stands. `kernel` None makes it a fully connected layer. The last block of a network gives its outputs.
    """

    name: str  # kind and number, counted over the network: "conv3", "fc9"
    input: Shape
    output: Shape
    kernel: int | None = None
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
        """Shape of what the next block gets."""
        channels, *size = self.output
        return (channels, *(side // self.pool for side in size))


def require_images(spec: RunSpec, shape: Shape, side: int) -> None:
    """ValueError where the data are no images of at least `side` x `side` pixels."""
    if len(shape) != 3 or min(shape[1:]) < side:
        found = f"are {shape[1]} × {shape[2]}" if len(shape) == 3 else "are no images"
        raise ValueError(
            f"model {spec.model} needs images of at least {side} × {side} pixels, and {spec.data}'s {found}"
        )


def scaled(channels: int, width: float) -> int:
    """Channels at this width factor; ValueError where none is left."""
    if round(channels * width) < 1:
        least = f"choose a width of at least {1 / channels:.2g}"
        raise ValueError(f"width {width:g} leaves no channel in a layer of {channels}; {least}")
    return round(channels * width)
