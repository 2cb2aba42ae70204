"""One run is one folder. Its state is read off its files, so that it can never be out of date.

spec.json (queued) · lock (running, held by the worker) · rows/*.parquet · checkpoint.safetensors ·
weights.safetensors · meta.json · log.txt · cancel · error.txt (failed) · done.json. Every file has
one writer. It appears whole: it is written under another name, then renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import nan
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from bnviz.analysis.rows import diverged
from bnviz.runs import damage, parts
from bnviz.runs.disk import discard, put, read_json, rename
from bnviz.runs.facts import Facts, Outcome, valid_part
from bnviz.spec import RunSpec, SpecError
from bnviz.training.probes import Row

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

State = Literal["done", "running", "damaged", "failed", "cancelled", "interrupted", "queued"]
ACTIVE: tuple[State, ...] = ("running", "interrupted", "queued")  # more rows come by themselves
ID = re.compile(r"[0-9a-f]{16}")
LONGEST_ERROR = 300  # characters of a sentence
LONGEST_TEXT = 2**20  # bytes of a log that a page shows
WAITING_S = 30.0  # a reader who has not asked again by then has left


@dataclass(frozen=True)
class Run:
    """One run's folder.

    Reading never disturbs a writer and never raises: a file that cannot be read makes the run
    damaged.
    """

    folder: Path

    @property
    def id(self) -> str:
        """The id of its settings: the folder's name."""
        return self.folder.name

    @cached_property
    def spec(self) -> RunSpec:
        """Its settings. SpecError in one sentence if spec.json is missing or damaged."""
        return self._asked[0]

    @cached_property
    def queued_at(self) -> int:
        """When it was submitted, in nanoseconds: its place in the queue."""
        return self._asked[1]

    @cached_property
    def _asked(self) -> tuple[RunSpec, int]:
        path = self.folder / "spec.json"
        try:
            about = path.stat()
        except FileNotFoundError:
            raise SpecError(f"run {self.id}: there is no spec.json; ask for it again") from None
        except OSError as problem:
            raise SpecError(f"run {self.id}: spec.json {damage.said(problem)}") from None
        return read_spec(path, about.st_mtime_ns, about.st_size)

    @property
    def state(self) -> State:
        """The first that holds: done, running, damaged, failed, cancelled, interrupted, queued."""
        if self._has("done.json"):
            return "done" if self.finished else "damaged"
        if held(self.folder / "lock"):
            return "running"
        if self.damage():
            return "damaged"
        if self._has("done.json"):  # it finished after the first check
            return "done"
        if self._has("error.txt"):
            return "failed"
        if self._has("cancel"):
            return "cancelled"
        return "interrupted" if self._has("meta.json") else "queued"

    def damage(self) -> dict[Path, str]:
        """Return the files that cannot be used, each with the reason, worded to follow its name."""
        found = damage.found(self.folder)
        if not found and not self.readable:
            return {self.folder / "spec.json": "is damaged or asks for something unknown"}
        return found

    @property
    def readable(self) -> bool:
        """Whether spec.json holds valid settings."""
        try:
            return bool(self.spec)
        except SpecError:
            return False

    def meta(self) -> dict[str, Any]:
        """Return the facts in meta.json that can be read; see `facts.Facts`."""
        try:
            return valid_part(Facts, read_json(self.folder / "meta.json"))[0]
        except (OSError, ValueError):
            return {}

    def rows(
        self, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
    ) -> pd.DataFrame:
        """Return the rows measured so far, in order: those of some metrics and steps, or all.

        Columns as in parts.SCHEMA. `metric` and `layer` are categories, which take less memory.
        Rows that cannot be read are left out.
        """
        return framed([parts.joined(self.folder / "rows", metrics, steps)])

    def measured(self) -> pd.DataFrame:
        """Return the pairs of metric and layer that have rows."""
        return parts.pairs(self.folder / "rows")

    def labelled_rows(
        self, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
    ) -> pd.DataFrame:
        """Return `rows` with the columns run, norm, lr and seed, as bnviz.analysis expects them."""
        return framed([self.labelled_table(metrics, steps)])

    def labelled_table(
        self, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
    ) -> pa.Table:
        """Return `labelled_rows` as a table of Arrow, which joins with others before `framed`."""
        table, spec = parts.joined(self.folder / "rows", metrics, steps), self.spec
        for name, word in (("run", self.id), ("norm", spec.norm)):
            table = table.append_column(name, constant(word, len(table)))
        for name, number in (("lr", spec.lr), ("seed", spec.seed)):
            table = table.append_column(name, pa.repeat(number, len(table)))
        return table

    def parts(self) -> list[Path]:
        """Return the files that hold the rows: one file once the run is done."""
        return parts.listed(self.folder / "rows")

    def error(self) -> str:
        """Return one sentence on why it failed, or what is damaged and what to do; else ""."""
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
        """Return what the worker printed, and the traceback if it failed."""
        return "\n".join(filter(None, (self._text("log.txt"), self._text("error.txt"))))

    def lock(self) -> FileLock:
        """Return the lock that its worker holds.

        A page that checks the lock holds it for an instant, so a worker tries for two seconds.
        """
        return FileLock(self.folder / "lock", timeout=2)

    def cancel(self) -> None:
        """Ask the worker to stop. The rows measured so far stay."""
        (self.folder / "cancel").touch()

    def retry(self) -> None:
        """Queue a failed or cancelled run again. It continues from its checkpoint."""
        for name in ("error.txt", "cancel"):
            discard(self.folder / name)

    def mend(self, spec: RunSpec) -> None:
        """Delete the files that cannot be used and queue the run again, from what is left.

        OSError if this account may not do that.
        """
        # done.json has to go too, or the run would count as finished.
        for path in (*self.damage(), self.folder / "done.json"):
            discard(path)
        if not Run(self.folder).readable:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.write("spec.json", asked(spec))

    def delete(self) -> bool:
        """Delete the run, or return False if it is running. OSError if that is not allowed."""
        if self.folder.is_dir() and not self.folder.is_symlink():
            try:
                with self.alone():
                    # A worker that waits for the lock then finds nothing to do.
                    discard(self.folder / "spec.json")
            except Timeout:
                return False
        gone = self.folder.with_name(f".{self.id}.{uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):  # somebody else has deleted it
            rename(self.folder, gone)
        with contextlib.suppress(OSError):
            discard(gone)
        return True

    def alone(self) -> contextlib.AbstractContextManager[Any]:
        """Return its lock, which raises Timeout if it is held.

        If something else bears the lock's name, nobody can hold it.
        """
        lock = self.folder / "lock"
        whole = lock.is_file() or not os.path.lexists(lock)
        return FileLock(lock, timeout=0) if whole else contextlib.nullcontext()

    def wait(self, reader: str, seconds: float = WAITING_S) -> None:
        """Note that a reader waits for the run, for so many seconds from now."""
        mark = self.folder / "waiting" / reader
        with contextlib.suppress(OSError):  # the run was deleted or damaged
            mark.parent.mkdir(exist_ok=True)
            mark.touch()
            os.utime(mark, (time.time(), time.time() + seconds))

    def readers(self) -> list[str]:
        """Return the names of the readers who wait for the run."""
        try:
            marks = [
                (mark.name, mark.stat().st_mtime) for mark in (self.folder / "waiting").glob("*")
            ]
        except OSError:  # somebody left just now
            return []
        return sorted(name for name, until in marks if until > time.time())

    def leave(self, reader: str) -> bool:
        """Note that a reader no longer waits. Cancel and return True unless somebody else waits."""
        with contextlib.suppress(OSError):
            (self.folder / "waiting" / reader).unlink(missing_ok=True)
            if self.readers():
                return False
        with contextlib.suppress(OSError):  # as above
            self.cancel()
        return True

    def write(self, name: str, content: dict[str, Any] | str) -> None:
        """Write a small file, whole or not at all."""
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        durable = name != "meta.json"  # it is written again within seconds
        put(self.folder / name, text.encode("utf-8"), durable)

    def write_rows(self, name: str, rows: list[Row] | pa.Table) -> None:
        """Write rows as rows/<name>.parquet."""
        parts.write(self.folder / "rows", name, rows)

    def finish(self) -> None:
        """Merge all parts into one file, which readers then prefer, and mark the run as done."""
        if not self.complete:
            self.write_rows("all", pa.concat_tables([parts.EMPTY, *map(parts.load, self.parts())]))
        told = outcome(self.rows(["train_loss", "test_loss"]), self.spec.steps)
        if "step" not in self.meta():
            made = steps_made(self.spec, told["diverged_at"])
            self.write("meta.json", {"steps": self.spec.steps, "step": made})
        self.write("done.json", told)
        parts.remove(
            [*(self.folder / "rows").glob("[0-9]*.parquet"), self.folder / "checkpoint.safetensors"]
        )

    @property
    def diverged_at(self) -> int | None:
        """The step at which a finished run's loss stopped being finite, if it did."""
        try:
            told, _ = valid_part(Outcome, read_json(self.folder / "done.json"))
        except (OSError, ValueError):
            return None
        step: int | None = told.get("diverged_at")
        return step

    @property
    def seconds_per_step(self) -> float:
        """The seconds that a step took on average, with its measurements; NaN if unknown."""
        meta = self.meta()
        made = (
            steps_made(self.spec, self.diverged_at) if self.finished else int(meta.get("step", 0))
        )
        seconds = float(meta.get("seconds", 0.0))
        return seconds / made if made and seconds else nan

    @property
    def finished(self) -> bool:
        """Whether its settings and all its rows are here."""
        return self._has("done.json") and not self.damage()

    @property
    def complete(self) -> bool:
        """Whether all rows are written, even if its worker died before it wrote done.json."""
        return self._has("rows/all.parquet")

    def _has(self, name: str) -> bool:
        return os.path.lexists(self.folder / name)

    def _text(self, name: str) -> str:
        """Return the end of a text file; "" if it cannot be read."""
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - LONGEST_TEXT))
                return file.read(LONGEST_TEXT).decode("utf-8", "replace")
        except OSError:
            return ""


def held(lock: Path) -> bool:
    """Return whether a process holds this lock. The OS frees it when the process dies."""
    try:
        if not lock.is_file():
            return False
        if fcntl:  # a shared lock, so that two checks do not see each other
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


def asked(spec: RunSpec) -> dict[str, Any]:
    """Return what spec.json says of a run that is submitted now."""
    return {"spec": spec.model_dump(mode="json"), "queued_at": time.time_ns()}


def outcome(rows: pd.DataFrame, steps: int) -> dict[str, int | None]:
    """Return what done.json says of a run with these rows: the step at which it diverged."""
    return {"diverged_at": diverged(rows.assign(run=""), {"": steps}).get("")}


def steps_made(spec: RunSpec, diverged_at: int | None) -> int:
    """Return the number of steps that a finished run has made."""
    return spec.steps if diverged_at is None else min(diverged_at + 1, spec.steps)


@lru_cache(maxsize=4096)
def read_spec(path: Path, mtime_ns: int, size: int) -> tuple[RunSpec, int]:
    """Return the settings in a spec.json, and the run's place in the queue.

    They are checked once a process, since the supervisor reads all of them often. SpecError in one
    sentence if the file is damaged, if its settings are invalid, or if they are another run's.
    """
    id = path.parent.name
    try:
        told = read_json(path)
        knobs, queued_at = dict(told["spec"]), int(told["queued_at"])
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


def constant(word: str, count: int) -> pa.DictionaryArray:
    """Return a column with the same word in every row."""
    return pa.DictionaryArray.from_arrays(np.zeros(count, dtype="int32"), [word])


def framed(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Return the rows of these tables in one frame.

    Its categories are in alphabetical order, so that it sorts as text does.
    """
    frame: pd.DataFrame = pa.concat_tables(tables).unify_dictionaries().to_pandas()
    words = {
        name: frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
        for name in (*parts.WORDS, "run", "norm")
        if name in frame
    }
    return frame.assign(**words).astype({"unit": "float64"})
