"""The probes. A file here with LABEL, INTERVAL and measure(moment) -> rows is a probe under the file's name.

A probe looks at one moment of the training and changes nothing: parameters, population statistics, optimiser and generators
end in the same bits with it and without it (tests/test_probes.py). `due(step, interval)` may say when it fires; by default
at every `interval`-th step from 0 on. The modules import without torch, so that menus can read them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bnviz.discover import modules


class Row(NamedTuple):
    """One number: the schema of every probe. `layer`, `unit` and `at` are None where they do not apply."""

    step: int
    metric: str
    layer: str | None
    unit: int | None
    at: (
        float | None
    )  # where along the measured axis: a quantile level, a bin's left edge, a step size
    value: float


# A module's attributes are the protocol here: LABEL, INTERVAL, measure and, if it has one, due.
PROBES: dict[str, Any] = {
    module.__name__.rsplit(".", 1)[1]: module
    for module in modules(__name__, __path__)
    if hasattr(module, "measure")
}


def due(probe: str, step: int, interval: int) -> bool:
    """Whether a probe fires at this step."""
    own = getattr(PROBES[probe], "due", None)
    return bool(own(step, interval)) if own else step % interval == 0
