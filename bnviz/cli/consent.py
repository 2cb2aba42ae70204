"""Say what runs cost before the command line computes them, and ask first if they take long."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bnviz.runs import estimate, prices
from bnviz.runs.store import Store
from bnviz.spec import RunSpec, SpecError


def consent(specs: Sequence[RunSpec], yes: bool, slots: int = 0) -> None:
    """Print what the unfinished runs cost, and ask at a terminal if they take over ten minutes.

    `yes` skips the question. Raises SpecError, before anything is queued, if a run does not fit
    this machine or if the reader declines.
    """
    store = Store()
    left = prices.unfinished(store, specs)
    for spec in left:
        if problem := estimate.refusal(spec, store.root):
            raise SpecError(problem)
    if not left:
        return
    machine = prices.here(store, slots)
    count = "1 run" if len(left) == 1 else f"{len(left)} runs"
    print(f"{count}: {machine.price(left)}", file=sys.stderr)
    if machine.long(left) and not yes and sys.stdin.isatty() and not agreed():
        raise SpecError("nothing was started; --yes starts it without asking")


def agreed() -> bool:
    """Ask the reader whether to start, and return the answer."""
    try:
        return input("Start? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False
