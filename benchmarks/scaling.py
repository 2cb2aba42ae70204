"""How the cost of a step and of a landscape step grows with the settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.lines import Line, timed
from bnviz.spec import RunSpec
from bnviz.training.loop import Training

USUAL: dict[str, Any] = {"model": "vgg11", "width": 0.25, "batch": 128, "norm": "batch"}
VARIED: dict[str, list[Any]] = {
    "width": [0.125, 0.5, 1.0],
    "model": ["vgg13", "vgg16", "vgg19"],
    "batch": [32, 64, 256],
    "step_sizes": [(1.0,), (0.5, 1.0), (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)],
}


def step(device: str, changed: dict[str, Any]) -> tuple[float, float]:
    """Return the seconds of a training step without probes, and with the landscape."""
    probes: list[dict[str, int]] = [{}, {"landscape": 1}]
    without, with_landscape = (
        Training(RunSpec.of(**(USUAL | changed), probes=measured), device) for measured in probes
    )
    bare, whole = timed(device, without.advance, with_landscape.advance)
    return bare, whole


def lines(device: str) -> Iterator[Line]:
    """Yield two lines for each value of a setting, as multiples of the usual settings' cost."""
    usual = step(device, {})
    yield Line("step: vgg11 × 0.25, batch 128, batch", usual[0])
    yield Line("step with its landscape at four step sizes", usual[1], "the step alone", usual[0])
    for setting, values in VARIED.items():
        for value in values:
            bare, whole = step(device, {setting: value})
            name = f"step sizes {len(value)}" if setting == "step_sizes" else f"{setting} {value}"
            if setting != "step_sizes":
                yield Line(f"step: {name}", bare, "the usual step", usual[0])
            yield Line(f"step with its landscape: {name}", whole, "the usual one", usual[1])
