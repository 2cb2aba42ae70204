"""The probes: a file here that defines LABEL, INTERVAL and measure(moment) -> rows is a probe.

Its name is that of the file. A probe looks at one moment of the training and changes nothing:
parameters, population statistics, optimiser and generators end up the same to the bit with the
probe and without it (tests/test_probes.py). It measures at step 0 and every `interval` steps,
unless it defines `due(step, interval)`. The modules do not import torch at the top, so that menus
can read them.
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


# Modules, of which mypy knows no protocol: they have LABEL, INTERVAL, measure and perhaps due.
PROBES: dict[str, Any] = {
    module.__name__.rsplit(".", 1)[1]: module
    for module in modules(__name__, __path__)
    if hasattr(module, "measure")
}


def due(probe: str, step: int, interval: int) -> bool:
    """Return whether a probe measures at this step."""
    own = getattr(PROBES[probe], "due", None)
    return bool(own(step, interval)) if own else step % interval == 0
