"""The figures of Santurkar et al. (2018). Figures that need the same runs share them."""

from __future__ import annotations

from functools import partial
from typing import Any

from bnviz.presets.preset import (
    DEEP,
    DLN,
    LP,
    ON_DEEP,
    ON_DLN,
    PAIR,
    SEEDS,
    Preset,
)

ONE = SEEDS[:1]


def of_2018(
    knobs: dict[str, Any],
    scale: str,
    label: str,
    number: str,
    page: str,
    shows: str,
    **more: Any,
) -> Preset:
    """Return the preset of one figure; `more` are further fields of Preset."""
    return Preset(
        name=f"fig{number}",
        label=label.format(number),
        summary=f"{shows} {scale}",
        knobs=knobs,
        figure=f"2018, Fig. {number}",
        page=page,
        **more,
    )


deep = partial(of_2018, DEEP, ON_DEEP, "Fig. {}")
on_dln = partial(of_2018, DLN, ON_DLN, "Fig. {} · DLN")

ACCURACY = "Accuracy at two learning rates, 0.1 and 0.5."
NOISE = "Accuracy and distributions with and without noise after BatchNorm."
SHIFT = "Covariate shift at learning rates {} and {}."
LANDSCAPE = "The loss landscape along the gradient."
TURNING = "How far the gradient changes, by step size."
MOMENTS = "Mean and variance of one channel from step to step."
UNDER_FIVE = "{} under five normalisations."

FIGURES = (
    deep("1", "training", ACCURACY, norms=PAIR, rates=(0.1, 0.5), layers=(3,), ships=ONE),
    deep("2", "distributions", NOISE, layers=(2, 9, 13), ships=SEEDS),
    deep(
        "3a",
        "covariate_shift",
        SHIFT.format("0.1", "0.01"),
        norms=PAIR,
        rates=(0.1, 0.01),
        layers=(5, 10),
        ships=ONE,
    ),
    on_dln(
        "3b",
        "covariate_shift",
        SHIFT.format("1e-6", "1e-7"),
        norms=PAIR,
        rates=(1e-6, 1e-7),
        layers=(9, 17),
        ships=SEEDS,
    ),
    deep("4", "landscape", LANDSCAPE, norms=PAIR, ships=SEEDS),
    deep("5a", "norms", UNDER_FIVE.format("Accuracy"), norms=LP, ships=SEEDS[:2]),
    on_dln("5b", "norms", UNDER_FIVE.format("Loss"), norms=LP, ships=SEEDS),
    deep("6", "norms", UNDER_FIVE.format("Distributions"), norms=LP, layers=(11,), ships=SEEDS[:2]),
    deep("8", "distributions", MOMENTS, layers=(2, 9, 13), ships=SEEDS),
    on_dln("9", "distributions", "Distributions.", norms=PAIR, layers=(1, 11, 24), ships=SEEDS),
    on_dln("10", "landscape", LANDSCAPE, norms=PAIR, ships=SEEDS),
    deep("11a", "landscape", TURNING, norms=PAIR, ships=SEEDS),
    on_dln("11b", "landscape", TURNING, norms=PAIR, ships=SEEDS),
    deep("12", "norms", UNDER_FIVE.format("The landscape"), norms=LP, ships=SEEDS[:2]),
    on_dln("13", "norms", UNDER_FIVE.format("The landscape"), norms=LP, ships=SEEDS),
)
