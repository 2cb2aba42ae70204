"""Inception: modules of parallel convolutions, with two 3 x 3 in place of a 5 x 5.

`inception224` is the network of Ioffe & Szegedy (2015), Sec. 4.2, for images of 224 x 224 pixels;
its table is in their appendix (Fig. 5). `inception` is ours for 32 x 32 images: a shorter stem, the
same kinds of modules, and about a third of the channels.

Each convolution is normalised before its non-linearity. Two parts of Inception without BatchNorm
are settings: `dropout` in front of the outputs, as in Szegedy et al. (2014), and local response
normalisation (`lrn`) before the second and after the third convolution, as implementations of their
network have it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bnviz.training.models.block import Network, Shape, require_images, scaled
from bnviz.training.models.branching import Branching, Place

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

SETTINGS = ("activation", "dropout", "lrn")
SIDE = 32  # pixels of the smallest image: five strides of 2 reduce it to one


class Module(NamedTuple):
    """Channels of the branches of a module at width 1, in the order of the paper's table.

    A module that halves the size has no 1 x 1 branch and passes its pooled input through.
    """

    single: int  # 1 x 1
    reduced: int  # 1 x 1 in front of the 3 x 3
    triple: int  # 3 x 3
    double_reduced: int  # 1 x 1 in front of the double 3 x 3
    double: int  # both 3 x 3 convolutions
    pool: str  # "average" or "max", over 3 x 3 positions
    projected: int  # 1 x 1 behind the pooling


class Layout(NamedTuple):
    """The stem and the modules of a network."""

    kernel: int  # of the first convolution
    stride: int  # of it
    stem: tuple[int, int, int]  # channels of the three convolutions: first, 1 x 1, 3 x 3
    pools: int  # how many poolings of stride 2 the stem has, the second behind its last convolution
    modules: tuple[Module, ...]


SMALL = Layout(
    kernel=3,
    stride=1,
    stem=(32, 32, 64),
    pools=1,
    modules=(
        Module(24, 24, 24, 24, 32, "average", 16),
        Module(24, 24, 32, 24, 32, "average", 24),
        Module(0, 48, 64, 24, 32, "max", 0),
        Module(80, 32, 48, 32, 48, "average", 40),
        Module(56, 48, 64, 48, 64, "average", 40),
        Module(0, 48, 64, 64, 88, "max", 0),
        Module(120, 64, 104, 56, 72, "average", 40),
        Module(120, 64, 104, 64, 72, "max", 40),
    ),
)
PAPERS = Layout(
    kernel=7,
    stride=2,
    stem=(64, 64, 192),
    pools=2,
    modules=(
        Module(64, 64, 64, 64, 96, "average", 32),  # 3a
        Module(64, 64, 96, 64, 96, "average", 64),
        Module(0, 128, 160, 64, 96, "max", 0),
        Module(224, 64, 96, 96, 128, "average", 128),  # 4a
        Module(192, 96, 128, 96, 128, "average", 128),
        Module(160, 128, 160, 128, 160, "average", 96),
        Module(96, 128, 192, 160, 192, "average", 96),
        Module(0, 128, 192, 192, 256, "max", 0),
        Module(352, 192, 320, 160, 224, "average", 128),  # 5a
        Module(352, 192, 320, 192, 224, "max", 128),
    ),
)


def inception(layout: Layout, spec: RunSpec, image: Shape, classes: int) -> Network:
    """Return the stem, the modules, the mean of all positions, and the outputs.

    `spec.width` scales all layers but the outputs; `spec.activation` is the non-linearity.
    """
    require_images(spec, image, SIDE)
    net = Branching(spec, image)
    place = stem(net, layout)
    for module in layout.modules:
        place = joined(net, place, module)
    place = net.operation("mean", place)
    if spec.dropout:
        place = net.operation("dropout", place, rate=spec.dropout)
    return net.classified(place, classes)


def stem(net: Branching, layout: Layout) -> Place:
    """Add the convolutions and poolings in front of the modules."""
    first, narrow, wide = layout.stem
    place = convolution(net, net.input, first, layout.kernel, layout.stride)
    place = net.operation("max", place, kernel=3, stride=2)
    place = net.operation("lrn", place) if net.spec.lrn else place
    place = convolution(net, convolution(net, place, narrow, 1), wide, 3)
    place = net.operation("lrn", place) if net.spec.lrn else place
    return net.operation("max", place, kernel=3, stride=2) if layout.pools > 1 else place


def joined(net: Branching, place: Place, module: Module) -> Place:
    """Add the branches of a module and their concatenation."""
    stride = 1 if module.single else 2
    branches = [convolution(net, place, module.single, 1)] if module.single else []
    narrow = convolution(net, place, module.reduced, 1)
    branches.append(convolution(net, narrow, module.triple, 3, stride))
    narrow = convolution(net, place, module.double_reduced, 1)
    first = convolution(net, narrow, module.double, 3)
    branches.append(convolution(net, first, module.double, 3, stride))
    pooled = net.operation(module.pool, place, kernel=3, stride=stride)
    branches.append(convolution(net, pooled, module.projected, 1) if module.projected else pooled)
    return net.operation("concatenate", *branches)


def convolution(net: Branching, place: Place, channels: int, kernel: int, stride: int = 1) -> Place:
    """Add a convolution with this number of channels at width 1."""
    count = scaled(channels, net.spec.width)
    return net.convolution(place, count, kernel, stride, net.spec.activation)


MODELS = {"inception": partial(inception, SMALL), "inception224": partial(inception, PAPERS)}
