"""A run is a folder; its state is read off its files, so nothing can fall out of date.

spec.json (queued) · lock (running, held by the worker) · rows/*.parquet · checkpoint.safetensors · meta.json · log.txt ·
cancel · error.txt (failed) · done.json. Every file has one writer and appears whole: written under another name, then renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from bnviz import analysis, paths
from bnviz.probes import Row
from bnviz.spec import RunSpec, SpecError
from bnviz.words import shorten

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

State = Literal["done", "running", "failed", "cancelled", "interrupted", "queued"]
ACTIVE: tuple[State, ...] = ("running", "interrupted", "queued")  # more rows will come by themselves
ID = re.compile(r"[0-9a-f]{16}")
RESET_S = 10.0  # for running workers to stop in; they heed cancel within two seconds
WAITING_S = 30.0  # a reader who has not looked again by then no longer waits for a run

SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("metric", pa.string()),
        ("layer", pa.string()),
        ("unit", pa.int64()),
        ("at", pa.float64()),
        ("value", pa.float64()),
    ]
)
EMPTY = SCHEMA.empty_table()


@dataclass(frozen=True)
class Run:
    """One run's folder. Reading never disturbs a writer."""

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
        except OSError:
            raise SpecError(f"run {self.id}: there is no spec.json; ask for it again") from None
        return read_question(path, about.st_mtime_ns, about.st_size)

    @property
    def state(self) -> State:
        """done, else running, failed, cancelled, interrupted, else queued."""
        if self._has("done.json"):
            return "done"
        if held(self.folder / "lock"):
            return "running"
        if self._has("done.json"):  # it was finished between the two looks
            return "done"
        if self._has("error.txt") or not self.readable:
            return "failed"
        if self._has("cancel"):
            return "cancelled"
        return "interrupted" if self._has("meta.json") else "queued"

    @property
    def readable(self) -> bool:
        """Whether spec.json still asks a valid question."""
        try:
            return bool(self.spec)
        except SpecError:
            return False

    def meta(self) -> dict[str, Any]:
        """Where and when it runs: step, steps, seconds, device, threads, versions; {} before it started."""
        try:
            return dict(json.loads((self.folder / "meta.json").read_text("utf-8")))
        except (OSError, ValueError):
            return {}

    def rows(self) -> pd.DataFrame:
        """All rows so far, in the order they were measured. Columns as in SCHEMA."""
        try:
            tables = [read_part(part, part.stat().st_mtime_ns) for part in self.parts()]
        except FileNotFoundError:  # the parts became one file between listing and reading
            tables = [read_part(part, part.stat().st_mtime_ns) for part in self.parts()]
        frame: pd.DataFrame = pa.concat_tables([EMPTY, *tables]).to_pandas()
        return frame.astype({"unit": "float64"})

    def labelled_rows(self) -> pd.DataFrame:
        """The rows with what tells runs apart: run, norm, lr and seed, as bnviz.analysis takes them."""
        return self.rows().assign(run=self.id, norm=self.spec.norm, lr=self.spec.lr, seed=self.spec.seed)

    def parts(self) -> list[Path]:
        """The files that hold the rows: one once the run is done."""
        parts = sorted((self.folder / "rows").glob("[0-9]*.parquet"))
        whole = self.folder / "rows" / "all.parquet"  # looked for last: only when it is there do parts disappear
        return [whole] if whole.exists() else parts

    def error(self) -> str:
        """One sentence on why it failed, "" if it did not; the traceback follows in error.txt."""
        if not self.readable:
            return f"spec.json of run {self.id} is damaged or asks for something unknown; delete the run, or ask for it again."
        text = self._text("error.txt")
        return text.splitlines()[0] if text else ""

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
            (self.folder / name).unlink(missing_ok=True)

    def delete(self) -> bool:
        """Forget the run; False, and nothing happens, while it is running."""
        try:
            with FileLock(self.folder / "lock", timeout=0):
                gone = self.folder.rename(self.folder.with_name(f".{self.id}.{uuid4().hex}"))
        except Timeout:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def wait(self, reader: str, seconds: float = WAITING_S) -> None:
        """Note that this reader waits for the run, for so long."""
        mark = self.folder / "waiting" / reader
        with contextlib.suppress(FileNotFoundError):  # the run was deleted
            mark.parent.mkdir(exist_ok=True)
            mark.touch()
            os.utime(mark, (time.time(), time.time() + seconds))

    def leave(self, reader: str) -> bool:
        """This reader no longer waits; cancels and says True unless somebody else still does."""
        (self.folder / "waiting" / reader).unlink(missing_ok=True)
        if any(other.stat().st_mtime > time.time() for other in (self.folder / "waiting").glob("*")):
            return False
        self.cancel()
        return True

    def write(self, name: str, content: dict[str, Any] | str) -> None:
        """Put a small file in place, whole or not at all."""
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        temporary = self.folder / f".{name}.{uuid4().hex}"
        temporary.write_text(text, "utf-8")
        temporary.replace(self.folder / name)

    def write_rows(self, name: str, rows: list[Row] | pa.Table) -> None:
        """Put rows in place as rows/<name>.parquet."""
        (self.folder / "rows").mkdir(exist_ok=True)
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA)
        temporary = self.folder / "rows" / f".{name}"
        pq.write_table(table, temporary, compression="zstd")
        temporary.replace(self.folder / "rows" / f"{name}.parquet")

    def finish(self) -> None:
        """Make one file of all parts, which readers take as soon as it is there, and say that the run is done."""
        parts = self.parts()
        if parts and parts[0].stem != "all":
            self.write_rows("all", pa.concat_tables([pq.read_table(part, schema=SCHEMA) for part in parts]))
        self.write("done.json", outcome(self.rows(), self.spec.steps))
        for part in [*(self.folder / "rows").glob("[0-9]*.parquet"), self.folder / "checkpoint.safetensors"]:
            part.unlink(missing_ok=True)

    @property
    def diverged_at(self) -> int | None:
        """The step at which a finished run's loss was no longer a number."""
        try:
            step = json.loads((self.folder / "done.json").read_text("utf-8"))["diverged_at"]
        except (OSError, ValueError, KeyError):
            return None
        return None if step is None else int(step)

    @property
    def complete(self) -> bool:
        """Whether all rows are there; a worker may have died between that and saying so."""
        return self._has("rows/all.parquet")

    def _has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text("utf-8", errors="replace")
        except OSError:
            return ""


class Store:
    """The runs of one cache folder, and those that ship with bnviz beside them."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.cache()

    def submit(self, spec: RunSpec) -> Run:
        """Ask a question. The same question is the same run; a failed or cancelled one is queued again."""
        run = self.run(spec.id)
        if not run.readable:
            run.folder.mkdir(parents=True, exist_ok=True)
            run.write("spec.json", question(spec))
            run = self.run(spec.id)
        if run.state in ("failed", "cancelled") or (run.folder / "cancel").exists():
            run.retry()  # also where a worker is just about to heed the wish to cancel: it is taken up again
        return run

    def run(self, id: str) -> Run:
        """The run of an id, in the cache or else among those that ship; it may not exist yet. ValueError for no id at all."""
        if not ID.fullmatch(id):
            raise ValueError(f"{shorten(id)} is no run id: 16 hex digits; `python -m bnviz runs` lists them")
        shipped = paths.GALLERY / id
        return Run(shipped if not (self.root / id).exists() and shipped.exists() else self.root / id)

    def runs(self) -> list[Run]:
        """Every run of this cache, oldest question first."""
        return sorted(self._folders(), key=lambda run: run.queued_at if run.readable else 0)

    def all_runs(self) -> list[Run]:
        """Every run of this cache and those that ship, oldest question first; one that is in both is that of the cache."""
        shipped = [run for run in Store(paths.GALLERY)._folders() if not (self.root / run.id).exists()]
        return sorted([*self._folders(), *shipped], key=lambda run: run.queued_at if run.readable else 0)

    def find(self, prefix: str) -> Run:
        """The one run, of the cache or those that ship, whose id begins so. ValueError where none or several do."""
        matches = [run for run in self.all_runs() if prefix and run.id.startswith(prefix)]
        if len(matches) != 1:
            some = "no run" if not matches else f"{len(matches)} runs"
            raise ValueError(f"{some} with an id that begins with {shorten(prefix)}; `python -m bnviz runs` lists them")
        return matches[0]

    def reset(self, seconds: float = RESET_S) -> tuple[int, list[Run]]:
        """Forget every run of this cache; its data and the runs that ship stay. How many are gone, and those that would not stop in time.

        What runs is cancelled first, and what waits, so that no worker begins it meanwhile.
        """
        runs = left = list(self._folders())
        for run in runs:
            if run.state in ACTIVE:
                run.cancel()
        until = time.monotonic() + seconds
        while (left := [run for run in left if not run.delete()]) and time.monotonic() < until:
            time.sleep(0.1)
        return len(runs) - len(left), left

    def _folders(self) -> Iterator[Run]:
        if self.root.is_dir():
            yield from (Run(folder) for folder in self.root.iterdir() if ID.fullmatch(folder.name))


def held(lock: Path) -> bool:
    """Whether a process holds this lock. The OS frees it when the process dies, so liveness is never guessed."""
    try:
        if fcntl:  # a shared lock, so that those who merely look do not see each other
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        elif lock.exists():
            with FileLock(lock, timeout=0):
                pass
    except FileNotFoundError:
        return False
    except (BlockingIOError, Timeout):
        return True
    return False


def question(spec: RunSpec) -> dict[str, Any]:
    """What spec.json says of a question that is asked now."""
    return {"spec": spec.model_dump(mode="json"), "queued_at": time.time_ns()}


def outcome(rows: pd.DataFrame, steps: int) -> dict[str, int | None]:
    """What done.json says of all rows of a run of so many steps: the step at which it diverged."""
    return {"diverged_at": analysis.diverged(rows.assign(run=""), {"": steps}).get("")}


@lru_cache(maxsize=4096)
def read_question(path: Path, mtime_ns: int, size: int) -> tuple[RunSpec, int]:
    """The question of a spec.json and its place in the queue, checked once a process: the supervisor looks at all of them often.

    SpecError in one sentence where it is damaged, wrong, or not that of its folder.
    """
    id = path.parent.name
    try:
        question = json.loads(path.read_text("utf-8"))
        knobs, queued_at = dict(question["spec"]), int(question["queued_at"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        raise SpecError(f"run {id}: spec.json is damaged; delete the run, or ask for it again") from None
    try:
        spec = RunSpec.of(**knobs)
    except SpecError as problem:
        raise SpecError(f"run {id}: {problem}") from None
    if spec.id != id:
        raise SpecError(f"run {id}: spec.json was changed, or asked of another version; delete the run")
    return spec, queued_at


@lru_cache(maxsize=16384)
def read_part(part: Path, mtime_ns: int) -> pa.Table:
    """One immutable file of rows, read once a process; the time tells it from one of the same name in a run's earlier life."""
    return pq.read_table(part, schema=SCHEMA)
