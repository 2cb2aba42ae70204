"""What runs cost on this machine, for every page and command.

The time is the estimate, corrected by the time that finished runs of the same model took here.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bnviz.runs.estimate import ask_seconds, estimate
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.supervisor import slots
from bnviz.spec import RunSpec
from bnviz.words import duration, in_bytes, in_words

RECENT = 60  # newest runs from which we learn how fast the machine is
LONG_ENOUGH_S = 2.0  # shorter runs do not tell how fast it is


@dataclass(frozen=True)
class Machine:
    """The speed of this machine."""

    slots: int  # runs at once
    # model -> measured time of its runs, in multiples of the estimate
    factors: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, specs: Sequence[RunSpec]) -> float:
        """Return how long all these runs take, in seconds, if they share the cores."""
        each = [estimate(spec).seconds * self.factor(spec) for spec in specs]
        at_once = min(self.slots, os.cpu_count() or 1)
        return max(sum(each) / at_once, *each, 0.0) if each else 0.0

    def factor(self, spec: RunSpec) -> float:
        """Return the correction of the estimate: from runs of this model, else from all models."""
        return self.factors.get(spec.model, median(self.factors.values()) if self.factors else 1.0)

    def long(self, specs: Sequence[RunSpec]) -> bool:
        """Return whether to ask the reader before these runs start."""
        return self.seconds(specs) > ask_seconds()

    def price(self, specs: Sequence[RunSpec]) -> str:
        """Return the cost as text: time, memory, and size on the disk.

        For example "about 9 min for all 3, up to 1.2 GB of memory each, 1.2 million rows (40 MB)".
        """
        each = [estimate(spec) for spec in specs]
        both, alike = (f" for all {len(each)}", " each") if len(each) > 1 else ("", "")
        rows, disk = sum(one.rows for one in each), sum(one.disk for one in each)
        memory = in_bytes(max(one.memory for one in each))
        return (
            f"about {duration(self.seconds(specs))}{both}, up to {memory} of memory{alike}, "
            f"{in_words(rows)} rows ({in_bytes(disk)})"
        )

    def left(self, runs: Sequence[Run]) -> float:
        """Return the seconds until the last of these unfinished runs ends."""
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
    """Return this machine with `at_once` runs at once; 0 means as many as its supervisor starts."""
    return Machine(
        at_once or slots(), factors([run for run in store.runs()[-RECENT:] if run.state == "done"])
    )


def factors(finished: Sequence[Run]) -> dict[str, float]:
    """Return by model how long runs took here, in multiples of the estimate.

    The fastest run of a model counts, because the others shared their core.
    """
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
    """Return the settings whose runs have not finished."""
    return [spec for spec in specs if store.run(spec.id).state != "done"]
