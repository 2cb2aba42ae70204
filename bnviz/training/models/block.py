"""A network as data: layers, which have weights, and operations, which have none, in order.

Each names what it reads, so that a network is a directed acyclic graph. A network in a row names
nothing: each block reads the one before. This module does not import torch, because menus and
checks read it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

Shape = tuple[int, ...]
INPUT = "input"  # the name under which a block reads the network's input


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
    stride: int = 1
    reads: tuple[str, ...] = ()  # the name of its input; none for the output of the block before

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


@dataclass(frozen=True)
class Operation:
    """An operation without weights, such as pooling or a join of branches, and a non-linearity."""

    name: str  # kind and number, counted over the network: "add3"
    kind: str  # "dropout", or a key of bnviz.training.objective.OPERATIONS
    output: Shape  # of one example
    reads: tuple[str, ...] = ()  # the names of its inputs; none for the output of the block before
    activation: str | None = None
    kernel: int = 1  # these three are of pooling
    stride: int = 1
    padding: int = 0
    rate: float = 0.0  # of dropout: the share of the values that become 0


Network = tuple[Block | Operation, ...]


def wired(network: Network) -> Network:
    """Return the network with the names of what each part reads, where they were left out."""
    before = [INPUT, *(part.name for part in network)]
    return tuple(
        replace(part, reads=part.reads or (name,))
        for part, name in zip(network, before, strict=False)
    )


def layers(network: Network) -> tuple[Block, ...]:
    """Return the parts of a network that have weights."""
    return tuple(part for part in network if isinstance(part, Block))


def ancestors(network: Sequence[Block | Operation]) -> dict[str, frozenset[str]]:
    """Return, by name, the names of all that the input of each part depends on, INPUT included.

    The network must be `wired`.
    """
    found: dict[str, frozenset[str]] = {INPUT: frozenset()}
    for part in network:
        found[part.name] = frozenset(part.reads).union(*(found[name] for name in part.reads))
    return found


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
