"""Where runs are answered. An engine has three verbs: start, alive, stop."""

from __future__ import annotations

from typing import Protocol

from bnviz.runs.store import Run


class Engine(Protocol):
    """Starts workers and knows which of those it started still live."""

    def start(self, run: Run) -> None:
        """Let a worker answer this run."""

    def alive(self) -> set[str]:
        """Ids of the runs whose worker lives."""

    def stop(self, run: Run) -> None:
        """End a worker that does not end by itself, also one that another supervisor started."""
