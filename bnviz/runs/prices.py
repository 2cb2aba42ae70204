"""What runs cost on this machine, all together: every page and command takes the time from here.

It is the estimate, corrected by what finished runs of the same model took here.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bnviz.runs.estimate import ASK_S, estimate
from bnviz.runs.store import Run, Store
from bnviz.runs.supervisor import slots
from bnviz.spec import RunSpec
from bnviz.words import duration, in_bytes

RECENT = 60  # finished runs, of which we learn how fast the machine is
LONG_ENOUGH_S = 2.0  # to tell how fast it is


@dataclass(frozen=True)
class Machine:
    """How many runs go at once, and how many times as long as estimated those of a model take."""

    slots: int
    factors: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, specs: Sequence[RunSpec]) -> float:
        """How long a reader waits for all these runs: they share the cores, a thread each."""
        each = [estimate(spec).seconds * self.factor(spec) for spec in specs]
        at_once = min(self.slots, os.cpu_count() or 1)
        return max(sum(each) / at_once, *each, 0.0) if each else 0.0

    def factor(self, spec: RunSpec) -> float:
        """By runs of the same model, else by those of the others."""
        return self.factors.get(spec.model, median(self.factors.values()) if self.factors else 1.0)

    def long(self, specs: Sequence[RunSpec]) -> bool:
        """Whether somebody should be asked before these runs start."""
        return self.seconds(specs) > ASK_S

    def price(self, specs: Sequence[RunSpec]) -> str:
        """What the reader is told, as in "about 9 min for all 3, up to 1.2 GB of memory each, 1.2 million rows (40 MB)"."""
        each = [estimate(spec) for spec in specs]
        both, alike = (f" for all {len(each)}", " each") if len(each) > 1 else ("", "")
        rows, disk = sum(one.rows for one in each), sum(one.disk for one in each)
        counted = f"{rows / 1e6:,.1f} million" if rows >= 1e6 else f"{rows:,}"
        return (
            f"about {duration(self.seconds(specs))}{both}, up to {in_bytes(max(one.memory for one in each))} of memory{alike}, "
            f"{counted} rows ({in_bytes(disk)})"
        )

    def left(self, runs: Sequence[Run]) -> float:
        """Seconds until the last of these unfinished runs ends."""
        under_way, waiting = [0.0], []
        for run in runs:
            meta = run.meta()
            if meta.get("step") and run.state == "running":
                under_way.append(
                    meta.get("seconds", 0.0) / meta["step"] * (run.spec.steps - meta["step"])
                )
            else:
                waiting.append(run.spec)
        return max(under_way) + self.seconds(waiting)


def here(store: Store, at_once: int = 0) -> Machine:
    """This machine with so many runs at once, or as many as its supervisor starts."""
    return Machine(
        at_once or slots(), factors([run for run in store.runs()[-RECENT:] if run.state == "done"])
    )


def factors(finished: Sequence[Run]) -> dict[str, float]:
    """How many times as long as estimated runs took here, by model. The least disturbed counts: the others shared their core."""
    took = defaultdict[str, list[float]](list)
    for run in finished:
        meta, spec = run.meta(), run.spec
        if (
            meta.get("seconds", 0) > LONG_ENOUGH_S
            and meta.get("step") == spec.steps
            and not meta.get("imported")
        ):
            took[spec.model].append(meta["seconds"] / estimate(spec).seconds)
    return {model: min(ratios) for model, ratios in took.items()}


def unfinished(store: Store, specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Those that nobody has answered yet."""
    return [spec for spec in specs if store.run(spec.id).state != "done"]
