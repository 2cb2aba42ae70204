"""The probes: what is measured during training. A file here is a probe under the file's name.

A probe changes nothing: parameters, population statistics, optimiser and generators end in the same
bits with it and without it (tests/test_probes.py). Its module must have

    LABEL      its name on pages
    INTERVAL   steps between two measurements, unless the settings say otherwise
    measure    (moment) -> readings

and may have, listed with its default,

    VERSION    1; raise it when the numbers change, since it is part of a run's id
    DEFAULT    False: whether it measures unless it is switched off
    DIVERGED   False: whether it also measures the step at which the loss stops being finite
    due        (step, interval) -> whether it measures then; at every interval, from step 0
    TAPS       False: whether it looks at Moment.activations
    finish     (objective, theta, step) -> readings after the last step; none
    keep       (kept, step, theta) -> the θ to hand to its next measurement as `kept`; none
    rows       (spec, times) -> the number of rows of that many intervals; one a layer, and one more
    seconds    (spec, step) -> the seconds an interval takes, if a training step takes `step`; 0
    copies     (spec, times) -> how many copies of θ it holds; 0
    TENSORS    0: tensors as large as all layers' outputs that it holds beside those of a step

A probe reads no number from the device, because the device would have to finish all its work first.
It yields readings, which the training brings over together.

The modules import without torch, so that pages can read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bnviz.discover import modules

if TYPE_CHECKING:
    from torch import Tensor


class Row(NamedTuple):
    """One measured number. `layer`, `unit` and `at` are None if they do not apply."""

    step: int
    metric: str
    layer: str | None
    unit: int | None  # of a dense layer, or channel of a convolution
    at: float | None  # place on the metric's axis: a quantile level, a bin's left edge, a step size
    value: float


Place = tuple[int, str, str | None, int | None, float | None]  # a Row without its value


class Reading(NamedTuple):
    """Numbers that are still on the device, and a function that makes rows of them."""

    values: Tensor  # of any shape
    rows: Callable[[list[float]], Iterable[Row]]  # takes all values in order


def one(
    step: int, metric: str, layer: str | None, unit: int | None, at: float | None, value: Tensor
) -> Reading:
    """Return the reading of a single row; `value` has no dimensions."""
    return several(value, [(step, metric, layer, unit, at)])


def several(values: Tensor, places: Sequence[Place]) -> Reading:
    """Return the reading of a row for each value, whose other columns are `places`, in order."""
    return Reading(
        values,
        lambda numbers: (
            Row(*place, number) for place, number in zip(places, numbers, strict=True)
        ),
    )


def bring(tensors: Sequence[Tensor]) -> list[list[float]]:
    """Return the values of tensors on one device as lists, in a single transfer from it."""
    import torch

    from bnviz.training.vectors import wide

    flat = [wide(tensor.detach()).reshape(-1) for tensor in tensors]
    values = torch.cat(flat).cpu().split([len(part) for part in flat])
    return [part.tolist() for part in values]


def read(readings: Iterable[Reading]) -> list[Row]:
    """Return the rows of readings, in one transfer."""
    readings = list(readings)
    numbers = bring([reading.values for reading in readings]) if readings else []
    return [
        row
        for reading, values in zip(readings, numbers, strict=True)
        for row in reading.rows(values)
    ]


# Modules: mypy cannot check them against a protocol, because they are found at run time.
PROBES: dict[str, Any] = {
    module.__name__.rsplit(".", 1)[1]: module
    for module in modules(__name__, __path__)
    if hasattr(module, "measure")
}


def due(probe: str, step: int, interval: int) -> bool:
    """Return whether a probe measures at this step."""
    own = optional(probe, "due")
    return bool(own(step, interval)) if own else step % interval == 0


def optional(probe: str, name: str, otherwise: Any = None) -> Any:
    """Return what a probe's module has under a name that it need not have."""
    return getattr(PROBES[probe], name, otherwise)
