"""Before the command line computes: what it costs, and a question to whoever sits at the terminal where it takes long."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bnviz.runs import estimate, prices
from bnviz.runs.store import Store
from bnviz.spec import RunSpec, SpecError


def consent(specs: Sequence[RunSpec], yes: bool, slots: int = 0) -> None:
    """Say what the runs cost that are not finished. Above ten minutes ask at a terminal, unless `yes` is the answer.

    SpecError, before anything is queued, where one cannot fit this machine or the answer is no.
    """
    store = Store()
    left = prices.unfinished(store, specs)
    for spec in left:
        if problem := estimate.refusal(spec, store.root):
            raise SpecError(problem)
    if not left:
        return
    machine = prices.here(store, slots)
    print(f"{len(left)} run{'s' * (len(left) > 1)}: {machine.price(left)}", file=sys.stderr)
    if machine.long(left) and not yes and sys.stdin.isatty() and not agreed():
        raise SpecError("nothing was started; --yes starts it without asking")


def agreed() -> bool:
    """Whether the reader says yes."""
    try:
        return input("Start? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False
