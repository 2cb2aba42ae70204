"""A network as data: a sequence of blocks, each one weight layer and what follows it. No torch here: menus and checks read it too."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """Weight layer -> normalisation -> non-linearity -> max pooling.

    Shapes are those of one example, (channels, height, width) or (units,); `output` is taken before pooling, where the
    normalisation stands. `kernel` None makes it a fully connected layer.
    """

    name: str  # kind and number, counted over the network: "conv3", "fc9"
    input: Shape
    output: Shape
    kernel: int | None = None
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
