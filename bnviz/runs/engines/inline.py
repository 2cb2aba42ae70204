"""Answers a run here and now, in this process: for tests and scripts."""

from __future__ import annotations

from bnviz.runs.store import Run


class Inline:
    """Runs to the end before `start` returns, so nothing is ever alive."""

    def start(self, run: Run) -> None:
        """Answer the run."""
        from bnviz.runs.worker import answer

        answer(run)

    def alive(self) -> set[str]:
        """Nothing is."""
        return set()

    def stop(self, run: Run) -> None:
        """Nothing to stop."""
