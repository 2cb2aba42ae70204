"""Compute runs in this process, for tests and scripts."""

from __future__ import annotations

from bnviz.runs.run import Run


class Inline:
    """An engine whose `start` returns when the run has ended, so no worker is ever alive."""

    def start(self, run: Run) -> None:
        from bnviz.runs.worker import answer

        answer(run)

    def alive(self) -> set[str]:
        return set()

    def stop(self, run: Run) -> None:
        """Do nothing: there is no worker to stop."""
