"""Residual networks for 32 x 32 images, of 6n + 2 layers (He et al. 2015, Sec. 4.2).

The shortcuts have no weights (their option A, as in their networks for CIFAR-10): where the size
changes, a shortcut takes every other position, and the channels that it lacks count as 0. So the
network with and without its additions has the same weights.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bnviz.training.models.block import Network, Shape, require_images, scaled
from bnviz.training.models.branching import Branching, Place

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

CHANNELS = (16, 32, 64)  # of the three stages; the second and the third halve the size
PAIRS = {"resnet20": 3, "resnet56": 9}  # pairs of convolutions in each stage
SETTINGS = ("skip",)
SIDE = 8  # pixels of the smallest image: two positions are left a side


def resnet(pairs: int, spec: RunSpec, image: Shape, classes: int) -> Network:
    """Return the first convolution, three stages of pairs, the mean of all positions, the outputs.

    `spec.width` scales all layers but the outputs; `spec.skip` decides about the additions.
    """
    require_images(spec, image, SIDE)
    net = Branching(spec, image)
    place = net.convolution(net.input, scaled(CHANNELS[0], spec.width), 3, 1, "relu")
    for stage, channels in enumerate(CHANNELS):
        for nth in range(pairs):
            stride = 2 if stage and not nth else 1
            place = pair(net, place, scaled(channels, spec.width), stride)
    return net.classified(net.operation("mean", place), classes)


def pair(net: Branching, place: Place, channels: int, stride: int) -> Place:
    """Add two convolutions, and their input to their output in front of the last ReLU."""
    first = net.convolution(place, channels, 3, stride, "relu")
    if not net.spec.skip:
        return net.convolution(first, channels, 3, 1, "relu")
    second = net.convolution(first, channels, 3, 1, None)
    # The maximum of a single position is that position.
    shortcut = net.operation("max", place, stride=stride) if stride > 1 else place
    return net.operation("add", second, shortcut, activation="relu")


MODELS = {name: partial(resnet, pairs) for name, pairs in PAIRS.items()}
