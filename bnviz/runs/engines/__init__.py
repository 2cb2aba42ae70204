"""The engines that run workers: each can start one, list those alive, and stop one."""

from __future__ import annotations

from typing import Protocol

from bnviz.runs.run import Run


class Engine(Protocol):
    """The interface of an engine."""

    def start(self, run: Run) -> None:
        """Start a worker that computes this run."""

    def alive(self) -> set[str]:
        """Return the ids of the runs whose worker, started by this engine, is alive."""

    def stop(self, run: Run) -> None:
        """End a worker that does not end by itself, even one that another supervisor started."""
