"""Build a network with branches part by part: names, shapes and padding follow from the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bnviz.training.models.block import INPUT, Block, Network, Operation, Shape, layers

if TYPE_CHECKING:
    from bnviz.spec import RunSpec


class Place(NamedTuple):
    """The output of a part, or the network's input: what another part can read."""

    name: str
    shape: Shape  # of one example


class Branching:
    """A network under construction, for images of the shape (channels, height, width)."""

    def __init__(self, spec: RunSpec, image: Shape) -> None:
        self.spec, self.parts = spec, list[Block | Operation]()
        self.input = Place(INPUT, image)

    def convolution(
        self, place: Place, channels: int, kernel: int, stride: int, activation: str | None
    ) -> Place:
        """Add a normalised convolution with an odd kernel, padded by half its size."""
        output = (channels, *reduced(place.shape, stride))
        block = Block(
            f"conv{len(layers(tuple(self.parts))) + 1}",
            place.shape,
            output,
            kernel,
            kernel // 2,
            activation=activation,
            stride=stride,
            reads=(place.name,),
        )
        return self._added(block)

    def operation(
        self,
        kind: str,
        *places: Place,
        kernel: int = 1,
        stride: int = 1,
        activation: str | None = None,
        rate: float = 0.0,
    ) -> Place:
        """Add an operation on the outputs of one or more parts, padded by half its kernel.

        A concatenation has the channels of all, any other operation those of the widest.
        """
        channels = [place.shape[0] for place in places]
        sides = (1, 1) if kind == "mean" else reduced(places[0].shape, stride)
        operation = Operation(
            f"{kind}{1 + sum(getattr(part, 'kind', '') == kind for part in self.parts)}",
            kind,
            (sum(channels) if kind == "concatenate" else max(channels), *sides),
            tuple(place.name for place in places),
            activation,
            kernel,
            stride,
            kernel // 2,
            rate,
        )
        return self._added(operation)

    def classified(self, place: Place, classes: int) -> Network:
        """Return the whole network, with a fully connected layer for its outputs at the end."""
        name = f"fc{len(layers(tuple(self.parts))) + 1}"
        normalised = self.spec.norm_output
        outputs = Block(
            name,
            place.shape,
            (classes,),
            normalised=normalised,
            activation=None,
            reads=(place.name,),
        )
        return (*self.parts, outputs)

    def _added(self, part: Block | Operation) -> Place:
        self.parts.append(part)
        return Place(part.name, part.output)


def reduced(shape: Shape, stride: int) -> Shape:
    """Return height and width after a padded convolution or pooling with an odd kernel."""
    return tuple((side - 1) // stride + 1 for side in shape[1:])
