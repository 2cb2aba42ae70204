"""The runs of a cache folder: ask for one, find it, list and delete them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from bnviz import paths
from bnviz.runs import disk, parts
from bnviz.runs.estimate import refusal
from bnviz.runs.run import ACTIVE, ID, Run, framed
from bnviz.spec import RunSpec, SpecError
from bnviz.words import shorten

RESET_S = 10.0  # for running workers to stop in; they obey within two seconds


class Store:
    """The runs of one cache folder, beside those that ship with bnviz."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.cache()

    def submit(self, spec: RunSpec) -> Run:
        """Queue a run, unless a run of the same settings is here; return it.

        A failed or cancelled run is queued again. Of a damaged run, what cannot be read is deleted
        and computed again. SpecError if the run cannot fit this machine, OSError if this account
        may not write.
        """
        run = self.run(spec.id)
        if run.state != "done" and (problem := refusal(spec, self.root)):
            raise SpecError(problem)
        if run.state == "damaged":  # or not there yet; a run that ships stays as it is
            run = Run(self.root / spec.id)
            run.mend(spec)
            run = Run(self.root / spec.id)
        if run.state in ("failed", "cancelled") or (run.folder / "cancel").exists():
            run.retry()  # also if its worker is just about to stop: it is then queued again
        return run

    def run(self, id: str) -> Run:
        """Return the run of an id, of the cache or else of those that ship; it may not exist yet.

        ValueError if it is not an id.
        """
        if not ID.fullmatch(id):
            raise ValueError(
                f"{shorten(id)} is not a run id, which has 16 hex digits; "
                "`python -m bnviz runs` lists them"
            )
        shipped = Run(paths.GALLERY / id)
        return (
            shipped if shipped.readable and not (self.root / id).exists() else Run(self.root / id)
        )

    def runs(self) -> list[Run]:
        """Return every run of this cache, oldest first."""
        return sorted(self._folders(), key=lambda run: run.queued_at if run.readable else 0)

    def all_runs(self) -> list[Run]:
        """Return every run of this cache and those that ship, oldest first.

        A run that is in both is taken from the cache.
        """
        shipped = [
            run
            for run in Store(paths.GALLERY)._folders()
            if run.readable and not (self.root / run.id).exists()
        ]
        return sorted(
            [*self._folders(), *shipped], key=lambda run: run.queued_at if run.readable else 0
        )

    def finished(self, specs: Iterable[RunSpec]) -> dict[str, Run]:
        """Return those of these runs that have finished, by id."""
        runs = (self.run(id) for id in dict.fromkeys(spec.id for spec in specs))
        return {run.id: run for run in runs if run.finished}

    def find(self, prefix: str) -> Run:
        """Return the one run whose id begins with `prefix`, of the cache or those that ship.

        ValueError if there is none, or several.
        """
        matches = [run for run in self.all_runs() if prefix and run.id.startswith(prefix)]
        if len(matches) != 1:
            some = "no run" if not matches else f"{len(matches)} runs"
            raise ValueError(
                f"{some} with an id that begins with {shorten(prefix)}; "
                "`python -m bnviz runs` lists them"
            )
        return matches[0]

    def reset(self, seconds: float = RESET_S) -> tuple[int, list[Run]]:
        """Delete every run of this cache; data sets and the runs that ship stay.

        Active runs are cancelled first, so that no worker starts one meanwhile. Return how many
        runs are deleted, and the runs that did not stop in time.
        """
        runs = left = list(self._folders())
        for run in runs:
            if run.state in ACTIVE:
                with contextlib.suppress(OSError):  # it is gone already
                    run.cancel()
        until = time.monotonic() + seconds
        while (left := [run for run in left if not gone(run)]) and time.monotonic() < until:
            time.sleep(0.1)
        return len(runs) - len(left), left

    def sweep(self) -> list[Path]:
        """Remove the temporary files of killed writers, and return them.

        A run that is being computed is left alone.
        """
        idle = [run.folder for run in self.runs() if run.state != "running"]
        folders = [self.root, *idle, *(folder / "rows" for folder in idle)]
        return [path for folder in folders for path in disk.sweep(folder)]

    def _folders(self) -> list[Run]:
        try:
            return [Run(folder) for folder in self.root.iterdir() if ID.fullmatch(folder.name)]
        except OSError:  # no cache yet, or an unreadable one, which `supervisor.trouble` reports
            return []


def gone(run: Run) -> bool:
    """Delete a run if that is allowed, and return whether it is gone."""
    try:
        return run.delete()
    except OSError:
        return False


def joined(
    runs: Iterable[Run],
    metrics: Collection[str] | None = None,
    steps: Collection[int] | None = None,
) -> pd.DataFrame:
    """Return the labelled rows of several runs in one frame."""
    return framed([run.labelled_table(metrics, steps) for run in runs])


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return one frame of several with labelled rows, with common categories."""
    for name in (*parts.WORDS, "run", "norm"):
        words = sorted({word for frame in frames for word in frame[name].cat.categories})
        frames = [frame.assign(**{name: frame[name].cat.set_categories(words)}) for frame in frames]
    return pd.concat(frames, ignore_index=True)
