"""The probes: what is measured during training. A file here is a probe under the file's name.

A probe changes nothing: parameters, population statistics, optimiser and generators end in the same
bits with it and without it (tests/test_probes.py). Its module must have

    LABEL      its name on pages
    INTERVAL   steps between two measurements, unless the settings say otherwise
    measure    (moment) -> rows

and may have, listed with its default,

    VERSION    1; raise it when the numbers change, since it is part of a run's id
    DEFAULT    False: whether it measures unless it is switched off
    DIVERGED   False: whether it also measures the step at which the loss stops being finite
    due        (step, interval) -> whether it measures then; at every interval, from step 0
    finish     (objective, theta, step) -> rows after the last step; none
    keep       (kept, step, theta) -> the θ to hand to its next measurement as `kept`; none
    rows       (spec, times) -> the number of rows of that many intervals; one a layer, and one more
    seconds    (spec, step) -> the seconds an interval takes, if a training step takes `step`; 0
    copies     (spec, times) -> how many copies of θ it holds; 0
    TENSORS    0: tensors as large as all layers' outputs that it holds beside those of a step

The modules import without torch, so that pages can read them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bnviz.discover import modules


class Row(NamedTuple):
    """One measured number. `layer`, `unit` and `at` are None if they do not apply."""

    step: int
    metric: str
    layer: str | None
    unit: int | None  # of a dense layer, or channel of a convolution
    at: float | None  # place on the metric's axis: a quantile level, a bin's left edge, a step size
    value: float


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
