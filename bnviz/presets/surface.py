"""The loss surface on a plane through the parameters."""

from __future__ import annotations

from typing import Any

from bnviz.presets.preset import DLN, ON_DLN, PAIR, QUICK, SEEDS, Preset

ON_A_PLANE = QUICK | {"probes": {"accuracy": 1, "evaluation": 50, "surface": 20}}


# Li et al. (2018), Fig. 5: the surface with and without skip connections, at the same weights.
RESIDUAL = ON_A_PLANE | {
    "model": "resnet20",
    "width": 0.5,
    "lr": 0.1,
    "surface_along": "random",
    "surface_scaled": True,
    "surface_extent": 1.0,
}


def of_the_surface(
    name: str, label: str, summary: str, knobs: dict[str, Any], ships: tuple[int, ...] = SEEDS[:1]
) -> Preset:
    """Return the preset of one plane."""
    return Preset(name, label, summary, knobs, norms=PAIR, page="surface", ships=ships)


SURFACES = (
    of_the_surface(
        "surface",
        "VGG",
        "A small VGG on 4,000 images for 200 steps. Every 20 steps its loss is measured on a grid "
        "of 17 × 17 points around the parameters, along the gradient (up to four training steps) "
        "and along a random direction of the same length.",
        ON_A_PLANE,
    ),
    of_the_surface(
        "surface-filters",
        "VGG, filter-normalised",
        "The same network along two random directions in which every filter is as long as the "
        "network's own (Li et al. 2018), up to once that length each way: far more than one "
        "training step moves the parameters.",
        ON_A_PLANE | {"surface_along": "random", "surface_scaled": True, "surface_extent": 1.0},
    ),
    of_the_surface(
        "surface-residual",
        "ResNet",
        "A half-width ResNet-20 on 4,000 images for 200 steps, along two random filter-normalised "
        "directions. Li et al. (2018) compare it with the same network without skip connections.",
        RESIDUAL,
        ships=(),
    ),
    of_the_surface(
        "surface-plain",
        "ResNet without skips",
        "The same network from the same weights, without its skip connections.",
        RESIDUAL | {"skip": False},
        ships=(),
    ),
    of_the_surface(
        "surface-dln",
        "DLN",
        f"The deep linear network; its loss on a grid every 500 steps. {ON_DLN}",
        DLN | {"probes": {"accuracy": 5, "surface": 500}},
    ),
)
