"""A run is a folder; its state is read off its files, so nothing can fall out of date.

spec.json (queued) · lock (running, held by the worker) · rows/*.parquet · checkpoint.safetensors · meta.json · log.txt ·
cancel · error.txt (failed) · done.json. Every file has one writer and appears whole: written under another name, then renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from bnviz import paths
from bnviz.analysis.rows import diverged
from bnviz.runs import damage, parts
from bnviz.runs.disk import discard, put, read_json, rename
from bnviz.runs.estimate import refusal
from bnviz.runs.parts import EMPTY as EMPTY
from bnviz.runs.parts import SCHEMA as SCHEMA
from bnviz.runs.parts import TEXT as TEXT
from bnviz.spec import RunSpec, SpecError
from bnviz.training.probes import Row
from bnviz.words import shorten

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

State = Literal["done", "running", "damaged", "failed", "cancelled", "interrupted", "queued"]
ACTIVE: tuple[State, ...] = (
    "running",
    "interrupted",
    "queued",
)  # more rows will come by themselves
ID = re.compile(r"[0-9a-f]{16}")
LONGEST_ERROR = 300  # letters of a sentence
LONGEST_TEXT = 2**20  # bytes of a log that a page shows
RESET_S = 10.0  # for running workers to stop in; they heed cancel within two seconds
WAITING_S = 30.0  # a reader who has not looked again by then no longer waits for a run


@dataclass(frozen=True)
class Run:
    """One run's folder. Reading never disturbs a writer, and never raises: what cannot be read makes the run damaged."""

    folder: Path

    @property
    def id(self) -> str:
        """The id of its spec: the folder's name."""
        return self.folder.name

    @cached_property
    def spec(self) -> RunSpec:
        """The question. SpecError in one sentence where spec.json is missing or damaged."""
        return self._question[0]

    @cached_property
    def queued_at(self) -> int:
        """When it was asked, in nanoseconds: its place in the queue."""
        return self._question[1]

    @cached_property
    def _question(self) -> tuple[RunSpec, int]:
        path = self.folder / "spec.json"
        try:
            about = path.stat()
        except FileNotFoundError:
            raise SpecError(f"run {self.id}: there is no spec.json; ask for it again") from None
        except OSError as problem:
            raise SpecError(f"run {self.id}: spec.json {damage.said(problem)}") from None
        return read_question(path, about.st_mtime_ns, about.st_size)

    @property
    def state(self) -> State:
        """done, else running, damaged, failed, cancelled, interrupted, else queued; a result that cannot be read is damaged."""
        if self._has("done.json"):
            return "damaged" if self.damage() else "done"
        if held(self.folder / "lock"):
            return "running"
        if self.damage():
            return "damaged"
        if self._has("done.json"):  # it was finished between the two looks
            return "done"
        if self._has("error.txt"):
            return "failed"
        if self._has("cancel"):
            return "cancelled"
        return "interrupted" if self._has("meta.json") else "queued"

    def damage(self) -> dict[Path, str]:
        """The files that cannot be used, and why, in words that follow their names."""
        found = damage.found(self.folder)
        if not found and not self.readable:
            return {self.folder / "spec.json": "is damaged or asks for something unknown"}
        return found

    @property
    def readable(self) -> bool:
        """Whether spec.json still asks a valid question."""
        try:
            return bool(self.spec)
        except SpecError:
            return False

    def meta(self) -> dict[str, Any]:
        """Where and when it runs, as far as that can be read: step, steps, seconds, device, threads, versions."""
        try:
            told = read_json(self.folder / "meta.json")
        except (OSError, ValueError):
            return {}
        return {
            name: fact
            for name, fact in told.items()
            if damage.is_a(fact, damage.KINDS.get(name, object))
        }

    def rows(
        self, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
    ) -> pd.DataFrame:
        """The rows so far that can be read, in the order they were measured: those of these metrics and steps, or all.

        Columns as in SCHEMA. `metric` and `layer` are categories, which take a fraction of the memory.
        """
        table = parts.joined(self.folder / "rows", metrics, steps)
        return in_order(table.to_pandas().astype({"unit": "float64"}))

    def measured(self) -> pd.DataFrame:
        """The pairs of metric and layer that there are rows of."""
        return parts.pairs(self.folder / "rows")

    def labelled_rows(
        self, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
    ) -> pd.DataFrame:
        """The rows with what tells runs apart: run, norm, lr and seed, as bnviz.analysis takes them."""
        rows, spec = self.rows(metrics, steps), self.spec
        run, norm = (constant(word, len(rows)) for word in (self.id, spec.norm))
        return rows.assign(run=run, norm=norm, lr=spec.lr, seed=spec.seed)

    def parts(self) -> list[Path]:
        """The files that hold the rows: one once the run is done."""
        return parts.listed(self.folder / "rows")

    def error(self) -> str:
        """One sentence on why it failed or what is damaged, and what to do; "" if neither. The traceback follows in error.txt."""
        if self.state == "damaged":
            path, what = next(
                iter(self.damage().items()), (self.folder, "was damaged a moment ago")
            )
            named = f": {path.relative_to(self.folder)}" if path != self.folder else ": its folder"
            again = "compute it again" if self.readable else "ask for it again"
            return f"run {self.id} is damaged{named} {what}; delete the run, or {again}."
        text = self._text("error.txt")
        return text.partition("\n")[0][:LONGEST_ERROR]

    def log(self) -> str:
        """What the worker printed, and the traceback of a failure."""
        return "\n".join(filter(None, (self._text("log.txt"), self._text("error.txt"))))

    def lock(self) -> FileLock:
        """The lock its worker holds; a page that merely looks may hold it for an instant, so the worker tries for a while."""
        return FileLock(self.folder / "lock", timeout=2)

    def cancel(self) -> None:
        """Ask the worker to stop; rows so far stay."""
        (self.folder / "cancel").touch()

    def retry(self) -> None:
        """Queue a failed or cancelled run again; it goes on from its checkpoint."""
        for name in ("error.txt", "cancel"):
            discard(self.folder / name)

    def mend(self, spec: RunSpec) -> None:
        """Discard what cannot be used, and ask again: the run goes on from what is left. OSError where that is not allowed."""
        for path in (
            *self.damage(),
            self.folder / "done.json",
        ):  # to be written anew, if only that was damaged
            discard(path)
        if not Run(self.folder).readable:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.write("spec.json", question(spec))

    def delete(self) -> bool:
        """Forget the run; False, and nothing happens, while it is running. OSError where that is not allowed."""
        if self.folder.is_dir() and not self.folder.is_symlink():
            try:
                with self.alone():
                    discard(
                        self.folder / "spec.json"
                    )  # a worker that waits for the lock finds nothing to do
            except Timeout:
                return False
        gone = self.folder.with_name(f".{self.id}.{uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):  # somebody else has deleted it
            rename(self.folder, gone)
        with contextlib.suppress(OSError):
            discard(gone)
        return True

    def alone(self) -> contextlib.AbstractContextManager[Any]:
        """Its lock at once, or Timeout; where the lock is none, nobody can hold it."""
        lock = self.folder / "lock"
        whole = lock.is_file() or not os.path.lexists(lock)
        return FileLock(lock, timeout=0) if whole else contextlib.nullcontext()

    def wait(self, reader: str, seconds: float = WAITING_S) -> None:
        """Note that this reader waits for the run, for so long."""
        mark = self.folder / "waiting" / reader
        with contextlib.suppress(OSError):  # the run was deleted or damaged
            mark.parent.mkdir(exist_ok=True)
            mark.touch()
            os.utime(mark, (time.time(), time.time() + seconds))

    def readers(self) -> list[str]:
        """Who waits for the run."""
        try:
            marks = [
                (mark.name, mark.stat().st_mtime) for mark in (self.folder / "waiting").glob("*")
            ]
        except OSError:  # somebody left just now
            return []
        return sorted(name for name, until in marks if until > time.time())

    def leave(self, reader: str) -> bool:
        """This reader no longer waits; cancels and says True unless somebody else still does."""
        with contextlib.suppress(OSError):
            (self.folder / "waiting" / reader).unlink(missing_ok=True)
            if any(
                other.stat().st_mtime > time.time() for other in (self.folder / "waiting").glob("*")
            ):
                return False
        with contextlib.suppress(OSError):  # as above
            self.cancel()
        return True

    def write(self, name: str, content: dict[str, Any] | str) -> None:
        """Put a small file in place, whole or not at all."""
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        put(
            self.folder / name, text.encode("utf-8"), durable=name != "meta.json"
        )  # which the next attempt writes anew

    def write_rows(self, name: str, rows: list[Row] | pa.Table) -> None:
        """Put rows in place as rows/<name>.parquet."""
        parts.write(self.folder / "rows", name, rows)

    def finish(self) -> None:
        """Make one file of all parts, which readers take as soon as it is there, and say that the run is done."""
        if not self.complete:
            self.write_rows("all", pa.concat_tables([EMPTY, *map(parts.load, self.parts())]))
        told = outcome(self.rows(["train_loss", "test_loss"]), self.spec.steps)
        if "step" not in self.meta():  # it could not be read, and was discarded
            diverged_at = told["diverged_at"]
            made = self.spec.steps if diverged_at is None else min(diverged_at + 1, self.spec.steps)
            self.write("meta.json", {"steps": self.spec.steps, "step": made})
        self.write("done.json", told)
        parts.remove(
            [*(self.folder / "rows").glob("[0-9]*.parquet"), self.folder / "checkpoint.safetensors"]
        )

    @property
    def diverged_at(self) -> int | None:
        """The step at which a finished run's loss was no longer a number."""
        try:
            return damage.outcome(read_json(self.folder / "done.json"))
        except (OSError, ValueError):
            return None

    @property
    def complete(self) -> bool:
        """Whether all rows are written. A worker may have died after that and before it wrote done.json."""
        return self._has("rows/all.parquet")

    def _has(self, name: str) -> bool:
        return os.path.lexists(self.folder / name)

    def _text(self, name: str) -> str:
        """The end of a text file, "" where it cannot be read."""
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - LONGEST_TEXT))
                return file.read(LONGEST_TEXT).decode("utf-8", "replace")
        except OSError:
            return ""


class Store:
    """The runs of one cache folder, and those that ship with bnviz beside them."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.cache()

    def submit(self, spec: RunSpec) -> Run:
        """Ask a question. The same question is the same run; a failed or cancelled one is queued again.

        SpecError for one that cannot fit this machine. Of a damaged one, what cannot be read is discarded and computed again.
        OSError where this account may not do that.
        """
        run = self.run(spec.id)
        if run.state != "done" and (problem := refusal(spec, self.root)):
            raise SpecError(problem)
        if run.state == "damaged":  # or not there yet; one that ships stays as it is
            run = Run(self.root / spec.id)
            run.mend(spec)
            run = Run(self.root / spec.id)
        if run.state in ("failed", "cancelled") or (run.folder / "cancel").exists():
            run.retry()  # also where a worker is just about to heed the wish to cancel: it is taken up again
        return run

    def run(self, id: str) -> Run:
        """The run of an id, in the cache or else among those that ship; it may not exist yet. ValueError for no id at all."""
        if not ID.fullmatch(id):
            raise ValueError(
                f"{shorten(id)} is no run id: 16 hex digits; `python -m bnviz runs` lists them"
            )
        shipped = Run(paths.GALLERY / id)
        return (
            shipped if shipped.readable and not (self.root / id).exists() else Run(self.root / id)
        )

    def runs(self) -> list[Run]:
        """Every run of this cache, oldest question first."""
        return sorted(self._folders(), key=lambda run: run.queued_at if run.readable else 0)

    def all_runs(self) -> list[Run]:
        """Every run of this cache and those that ship, oldest question first; one that is in both is that of the cache."""
        shipped = [
            run
            for run in Store(paths.GALLERY)._folders()
            if run.readable and not (self.root / run.id).exists()
        ]
        return sorted(
            [*self._folders(), *shipped], key=lambda run: run.queued_at if run.readable else 0
        )

    def find(self, prefix: str) -> Run:
        """The one run, of the cache or those that ship, whose id begins so. ValueError where none or several do."""
        matches = [run for run in self.all_runs() if prefix and run.id.startswith(prefix)]
        if len(matches) != 1:
            some = "no run" if not matches else f"{len(matches)} runs"
            raise ValueError(
                f"{some} with an id that begins with {shorten(prefix)}; `python -m bnviz runs` lists them"
            )
        return matches[0]

    def reset(self, seconds: float = RESET_S) -> tuple[int, list[Run]]:
        """Forget every run of this cache; its data and the runs that ship stay. How many are gone, and those that would not stop in time.

        What runs is cancelled first, and what waits, so that no worker begins it meanwhile.
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

    def _folders(self) -> list[Run]:
        try:
            return [Run(folder) for folder in self.root.iterdir() if ID.fullmatch(folder.name)]
        except OSError:  # no cache yet, or none that can be read, which `supervisor.trouble` says
            return []


def gone(run: Run) -> bool:
    """Delete a run if that is allowed; whether it is gone."""
    try:
        return run.delete()
    except OSError:
        return False


def held(lock: Path) -> bool:
    """Whether a process holds this lock. The OS frees it when the process dies, so liveness is never guessed."""
    try:
        if not lock.is_file():
            return False
        if fcntl:  # a shared lock, so that those who merely look do not see each other
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        else:
            with FileLock(lock, timeout=0):
                pass
    except (BlockingIOError, Timeout):
        return True
    except OSError:  # it was deleted, or is another account's
        return False
    return False


def question(spec: RunSpec) -> dict[str, Any]:
    """What spec.json says of a question that is asked now."""
    return {"spec": spec.model_dump(mode="json"), "queued_at": time.time_ns()}


def outcome(rows: pd.DataFrame, steps: int) -> dict[str, int | None]:
    """What done.json says of all rows of a run of so many steps: the step at which it diverged."""
    return {"diverged_at": diverged(rows.assign(run=""), {"": steps}).get("")}


@lru_cache(maxsize=4096)
def read_question(path: Path, mtime_ns: int, size: int) -> tuple[RunSpec, int]:
    """The question of a spec.json and its place in the queue, checked once a process: the supervisor looks at all of them often.

    SpecError in one sentence where it is damaged, wrong, or not that of its folder.
    """
    id = path.parent.name
    try:
        question = read_json(path)
        knobs, queued_at = dict(question["spec"]), int(question["queued_at"])
    except OSError as problem:
        raise SpecError(f"run {id}: spec.json {damage.said(problem)}") from None
    except (ValueError, KeyError, TypeError, OverflowError):
        raise SpecError(
            f"run {id}: spec.json is damaged; delete the run, or ask for it again"
        ) from None
    try:
        spec = RunSpec.of(**knobs)
    except SpecError as problem:
        raise SpecError(f"run {id}: {problem}") from None
    if spec.id != id:
        raise SpecError(
            f"run {id}: spec.json was changed, or asked of another version; delete the run"
        )
    return spec, queued_at


def joined(
    runs: Iterable[Run],
    metrics: Collection[str] | None = None,
    steps: Collection[int] | None = None,
) -> pd.DataFrame:
    """Rows of several runs in one frame, with what tells the runs apart."""
    return stacked([run.labelled_rows(metrics, steps) for run in runs])


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames of labelled rows in one, with common categories."""
    for name in (*parts.WORDS, "run", "norm"):
        words = sorted({word for frame in frames for word in frame[name].cat.categories})
        frames = [frame.assign(**{name: frame[name].cat.set_categories(words)}) for frame in frames]
    return pd.concat(frames, ignore_index=True)


def constant(word: str, count: int) -> Any:
    """A column that says one word."""
    return pd.Categorical([word]).take(np.zeros(count, dtype="int64"))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its categories in the order of the alphabet: it sorts and groups as text does."""
    words = {
        name: frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
        for name in parts.WORDS
    }
    return frame.assign(**words)
