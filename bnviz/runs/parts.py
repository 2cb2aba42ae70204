"""The rows of a run on the disk: Parquet files that are added, merged into larger ones, and in the end become one.

000017.parquet is the part of that number, 000000-000016.parquet holds the parts 0 to 16, all.parquet all of them. A merged file
stands before the parts in it go, and readers prefer it: they see each row once, in order, at any moment.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bnviz.recent import Recent
from bnviz.runs.disk import discard, put, reason
from bnviz.training.probes import Row

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
WORDS = ["metric", "layer"]  # few values, each in many rows
TEXT = dict.fromkeys(WORDS, "str")  # for DataFrame.astype
CODED = pa.table(
    {
        name: EMPTY[name].dictionary_encode() if name in WORDS else EMPTY[name]
        for name in SCHEMA.names
    }
)
KEPT_BYTES = 32 * 2**20  # of rows that this process keeps in memory after it has read them
WHOLE = "all.parquet"
PART = re.compile(r"(\d+)(?:-(\d+))?\.parquet")
GROUP = 2**17  # rows that are read at a time
MOST = 24  # parts of a run, above which the newest are merged


class Damaged(ValueError):
    """A file of rows cannot be read; the text says which and why."""


Stamp = tuple[Path, int, int]  # a file as it was: its name, time and size
Metrics = frozenset[str] | None  # None means all
Steps = frozenset[int] | None
Found = TypeVar("Found")
kept: Recent[pa.Table] = Recent(KEPT_BYTES, lambda table: int(table.nbytes) + 2**12)
pairs_of: Recent[pd.DataFrame] = Recent(
    2**22, lambda pairs: int(pairs.memory_usage(deep=True).sum()) + 2**10
)
problems: Recent[str] = Recent(2**23, lambda what: len(what) + 2**9)
broken: set[Stamp] = set()  # files whose end looked good, but whose inside could not be read


def numbers(part: Path) -> tuple[int, int]:
    """The first and the last number of the parts in a file."""
    first, last = PART.fullmatch(part.name).groups()  # type: ignore[union-attr]
    return int(first), int(last or first)


def listed(folder: Path) -> list[Path]:
    """The files that hold the rows so far, in order: of those that hold the same rows the largest, and none behind a gap."""
    names = _names(folder)
    while names != (names := _names(folder)):  # two equal looks: no merge went on between them
        pass
    if WHOLE in names:
        return [folder / WHOLE]
    parts = sorted((numbers(folder / name), name) for name in names if PART.fullmatch(name))
    chain: list[Path] = []
    wanted = 0
    for (first, _), name in sorted(parts, key=lambda part: (part[0][0], -part[0][1])):
        if first == wanted:
            chain.append(folder / name)
            wanted = numbers(chain[-1])[1] + 1
    return chain


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()


def read(part: Path, metrics: Metrics = None, steps: Steps = None) -> pa.Table:
    """Rows of one file, those of these metrics and steps, with WORDS as dictionaries. Errors as `intact`."""
    with intact(part) as stamp:
        if steps is not None:  # others at every look: nobody asks for the same again
            return some(part, metrics, steps)
        return kept.get((stamp, metrics), lambda: some(part, metrics, None))


@contextlib.contextmanager
def intact(part: Path) -> Iterator[Stamp]:
    """Read a file in this block. Damaged where it cannot be read, FileNotFoundError where it is not there."""
    if what := problem(part):
        raise Damaged(f"{part.name} {what}")
    stamp = stamped(part)
    try:
        yield stamp
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as told:
        broken.add(stamp)
        raise Damaged(f"{part.name} is damaged") from told


def some(part: Path, metrics: Metrics, steps: Steps) -> pa.Table:
    """The rows of a file that are of these metrics and steps. A group of rows is read at a time: a file may be very large."""
    tables = [
        chosen(group.select(SCHEMA.names), metrics, steps) for group in groups(part, steps=steps)
    ]
    return pa.concat_tables([CODED, *tables]).combine_chunks()


def groups(
    part: Path, columns: list[str] = SCHEMA.names, steps: Steps = None
) -> Iterator[pa.Table]:
    """A file's groups of rows, less those that have none of these steps."""
    schema = CODED.select(columns).schema
    with pq.ParquetFile(part, read_dictionary=WORDS, page_checksum_verification=True) as file:
        for number in range(file.num_row_groups):
            if steps is not None and not touches(file.metadata.row_group(number), steps):
                continue
            yield file.read_row_group(number, columns=columns, use_threads=False).cast(schema)


def touches(group: pq.RowGroupMetaData, steps: frozenset[int]) -> bool:
    """Whether a group may have rows of these steps, as far as its file says."""
    told = group.column(SCHEMA.get_field_index("step")).statistics
    return (
        told is None or not told.has_min_max or any(told.min <= step <= told.max for step in steps)
    )


def chosen(table: pa.Table, metrics: Metrics, steps: Steps) -> pa.Table:
    """The rows of these metrics and steps."""
    for name, values in (("metric", metrics), ("step", steps)):
        if values is not None:
            table = table.filter(
                pc.is_in(table[name], pa.array(sorted(values), SCHEMA.field(name).type))
            )
    return table


def load(part: Path) -> pa.Table:
    """One file of rows, each page checked against its checksum. Errors as `intact`."""
    with intact(part):
        return pq.read_table(part, schema=SCHEMA, page_checksum_verification=True)


def stamped(part: Path) -> Stamp:
    """Return the path, time and size of a file. They differ once another file takes its name."""
    about = part.stat()
    return part, about.st_mtime_ns, about.st_size


def problem(part: Path) -> str:
    """What is wrong with a file of rows, in words that follow its name; "" as far as anybody knows, nothing.

    FileNotFoundError where there is no such file.
    """
    try:
        stamp = stamped(part)
        return "is damaged" if stamp in broken else problems.get(stamp, lambda: _problem(stamp))
    except OSError as told:
        if isinstance(told, FileNotFoundError) and not part.is_symlink():
            raise
        return f"cannot be read ({reason(told)})"


def _problem(stamp: Stamp) -> str:
    part, _, size = stamp
    if not size:
        return "is empty"
    try:
        schema = pq.read_schema(part)
    except (OSError, pa.ArrowException) as told:
        if getattr(told, "errno", None):  # of the system, not of the content: it may pass
            raise
        return "is damaged"
    return "" if schema.equals(SCHEMA) else "has other columns than rows have"


def joined(
    folder: Path, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
) -> pa.Table:
    """The rows so far that can be read, those of these metrics and steps, in the order they were measured."""
    asked = (
        None if metrics is None else frozenset(metrics),
        None if steps is None else frozenset(steps),
    )
    return pa.concat_tables(
        [CODED, *each(folder, lambda part: read(part, *asked))]
    ).unify_dictionaries()


def pairs(folder: Path) -> pd.DataFrame:
    """The pairs of metric and layer in the rows so far."""
    found = [CODED.select(WORDS).to_pandas(), *each(folder, _pairs)]
    pairs: pd.DataFrame = pd.concat([table.astype(TEXT) for table in found])
    return pairs.drop_duplicates(ignore_index=True)


def _pairs(part: Path) -> pd.DataFrame:
    """Those of one file, a handful."""
    with intact(part) as stamp:
        return pairs_of.get(stamp, lambda: _distinct(groups(part, WORDS)))


def _distinct(tables: Iterable[pa.Table]) -> pd.DataFrame:
    """The rows of these tables, each once."""
    found = [
        CODED.select(WORDS).to_pandas(),
        *(table.to_pandas().drop_duplicates() for table in tables),
    ]
    rows: pd.DataFrame = pd.concat([table.astype(TEXT) for table in found])
    return rows.drop_duplicates()


def each(folder: Path, look: Callable[[Path], Found]) -> list[Found]:
    """What `look` finds in each file of a run, up to the first that cannot be read: what follows would leave a gap."""
    while True:
        found: list[Found] = []
        try:
            for part in listed(folder):
                found.append(look(part))
        except FileNotFoundError:  # it was merged between listing and reading: list again
            continue
        except Damaged:
            pass
        return found


def keep_readable(folder: Path) -> int:
    """Discard what cannot be read, and what would follow it; how many rows are left. Only for the one who writes them."""
    parts, count = listed(folder), 0
    for part in parts:
        try:
            count += load(part).num_rows
        except Damaged as problem:
            print(f"{problem}: what it held is measured again.")
            discard(part)
            return keep_readable(folder)  # smaller files may hold the same rows
    remove(
        [
            folder / name
            for name in _names(folder)
            if PART.fullmatch(name) and folder / name not in parts
        ]
    )
    return count


def write(folder: Path, name: str, rows: Sequence[Row] | pa.Table) -> None:
    """Put rows in place as <name>.parquet, with checksums."""
    table = (
        rows
        if isinstance(rows, pa.Table)
        else pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA)
    )
    folder.mkdir(exist_ok=True)
    content = pa.BufferOutputStream()
    pq.write_table(
        table, content, compression="zstd", write_page_checksum=True, row_group_size=GROUP
    )
    put(folder / f"{name}.parquet", content.getvalue())


def merge(folder: Path) -> None:
    """Make one file of the newest parts if there are many: each row is written again a few times only, however long the run."""
    parts = listed(folder)
    if len(parts) <= MOST:
        return
    counts = [pq.read_metadata(part).num_rows for part in parts]
    start = len(parts) - 1
    while start and counts[start - 1] <= 2 * sum(counts[start:]):
        start -= 1
    newest = parts[start:]
    if (
        len(newest) == 1
    ):  # it would be written under its own name, and removed as one of those that it holds
        return
    name = f"{numbers(newest[0])[0]:06}-{numbers(newest[-1])[1]:06}"
    write(folder, name, pa.concat_tables([load(part) for part in newest]))
    remove(newest)


def remove(parts: Sequence[Path]) -> None:
    """Parts that a larger file holds: one that stays, as on Windows while somebody reads it, does no harm."""
    for part in parts:
        with contextlib.suppress(OSError):
            discard(part)
