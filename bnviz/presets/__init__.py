"""Named sets of runs, shared by pages, command line and tests; each compares normalisations.

One file a source: `scales` has the main comparison, the others repeat figures of the papers.
"""

from __future__ import annotations

from bnviz import paths
from bnviz.data import SOURCES, available
from bnviz.presets.ioffe_2015 import RATES
from bnviz.presets.mnist import ON_MNIST
from bnviz.presets.preset import (
    DEEP,
    DLN,
    LP,
    NORMS,
    ON_DEEP,
    ON_DLN,
    PAIR,
    SEEDS,
    Preset,
)
from bnviz.presets.santurkar_2018 import FIGURES
from bnviz.presets.scales import SCALES
from bnviz.presets.surface import SURFACES
from bnviz.presets.theory import SECTION_4
from bnviz.spec import RunSpec

SWEPT = (
    Preset("vgg", "VGG", ON_DEEP, DEEP, norms=PAIR, page="sweep"),
    Preset("dln", "DLN", f"The deep linear network. {ON_DLN}", DLN, norms=PAIR, page="sweep"),
)
PRESETS = {
    preset.name: preset
    for preset in (*SCALES, *FIGURES, *ON_MNIST, *RATES, *SECTION_4, *SURFACES, *SWEPT)
}
ON_IMAGES = ("training", "distributions", "covariate_shift", "landscape", "norms", "sweep")

__all__ = ["LP", "NORMS", "PAIR", "PRESETS", "SEEDS", "Preset", "first", "missing", "offered"]


def offered(page: str) -> list[str]:
    """Return the names of a page's presets: the scales on pages on images, then the page's own."""
    own = [name for name, preset in PRESETS.items() if preset.page == page]
    return [name for name, preset in PRESETS.items() if not preset.page and page in ON_IMAGES] + own


def layers(page: str, model: str) -> tuple[int, ...]:
    """Return the layers that the page's first figure of this network shows, () if there is none."""
    return next(
        (
            preset.layers
            for preset in PRESETS.values()
            if preset.page == page and preset.layers and preset.knobs["model"] == model
        ),
        (),
    )


def first(page: str = "training") -> str:
    """Return the preset that a page opens with.

    It is one whose runs come with bnviz, so that every figure is full at once: the largest scale of
    those, else the page's own. If there is none, it is one whose data is here. On the pages on
    norms and sweeps the page's own come first, because the scales compare other networks.
    """
    own = [name for name in offered(page) if PRESETS[name].page == page]
    scales = [name for name in offered(page) if not PRESETS[name].page]
    order = [*own, *scales] if page in ("norms", "sweep") else [*reversed(scales), *own]
    full = [name for name in order if shipped(PRESETS[name])]
    at_hand = [name for name in offered(page) if available(PRESETS[name].knobs["data"])]
    return [*full, *at_hand, *offered(page)][0]


def shipped(preset: Preset) -> bool:
    """Return whether the runs of its first seed come with bnviz."""
    return all((paths.GALLERY / spec.id).exists() for spec in preset.specs())


def missing(specs: list[RunSpec]) -> list[str]:
    """Return the data sets that these runs need and that are not here."""
    return [
        name for name in SOURCES if not available(name) and any(spec.data == name for spec in specs)
    ]
