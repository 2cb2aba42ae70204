"""The rows of a run on the disk: Parquet files, called parts, that are merged when there are many.

000017.parquet is part 17, 000000-000016.parquet holds parts 0 to 16, and all.parquet holds all of
them. A merged file is in place before its parts are removed, and readers prefer it. At any moment
they see each row once, and in order.
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
WORDS = ["metric", "layer"]  # text columns with few different values, each in many rows
TEXT = dict.fromkeys(WORDS, "str")  # for DataFrame.astype
CODED = pa.table(
    {
        name: EMPTY[name].dictionary_encode() if name in WORDS else EMPTY[name]
        for name in SCHEMA.names
    }
)
KEPT_BYTES = 32 * 2**20  # of rows that this process keeps in memory after reading them
SMALL = 2**18  # bytes of a file whose rows are all read even if only some steps are asked for
WHOLE = "all.parquet"
PART = re.compile(r"(\d+)(?:-(\d+))?\.parquet")
GROUP = 2**17  # rows that are read at a time
MOST = 24  # parts of a run; above this number the newest are merged


class Damaged(ValueError):
    """A file of rows cannot be read; the message says which and why."""


Stamp = tuple[Path, int, int]  # path, modification time and size: identify a file's content
Metrics = frozenset[str] | None  # None means all
Steps = frozenset[int] | None
Found = TypeVar("Found")
kept: Recent[pa.Table] = Recent(KEPT_BYTES, lambda table: int(table.nbytes) + 2**12)
pairs_of: Recent[pd.DataFrame] = Recent(
    2**22, lambda pairs: int(pairs.memory_usage(deep=True).sum()) + 2**10
)
problems: Recent[str] = Recent(2**23, lambda what: len(what) + 2**9)
broken: set[Stamp] = set()  # files whose footer looked good, but whose rows could not be read


def numbers(part: Path) -> tuple[int, int]:
    """Return the first and the last number of the parts in a file."""
    first, last = PART.fullmatch(part.name).groups()  # type: ignore[union-attr]
    return int(first), int(last or first)


def listed(folder: Path) -> list[Path]:
    """Return the files that hold the rows so far, in order.

    If several files hold the same rows, the largest of them counts. The list ends before a gap.
    """
    names = _names(folder)
    while names != (names := _names(folder)):  # list until two listings agree: no merge between
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
    """Return the rows of one file with these metrics and steps; WORDS are dictionary-encoded.

    Raises the same errors as `intact`.
    """
    with intact(part) as stamp:
        # The steps differ from call to call, so only of a small file all rows are worth keeping.
        if steps is not None and stamp[-1] > SMALL:
            return some(part, metrics, steps)
        return chosen(kept.get((stamp, metrics), lambda: some(part, metrics, None)), None, steps)


@contextlib.contextmanager
def intact(part: Path) -> Iterator[Stamp]:
    """Open a block in which a file is read.

    Raises Damaged if the file cannot be read, and FileNotFoundError if it does not exist.
    """
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
    """Return the rows of a file with these metrics and steps.

    One group of rows is read at a time, because a file may be very large.
    """
    tables = [
        chosen(group.select(SCHEMA.names), metrics, steps) for group in groups(part, steps=steps)
    ]
    return pa.concat_tables([CODED, *tables]).combine_chunks()


def groups(
    part: Path, columns: list[str] = SCHEMA.names, steps: Steps = None
) -> Iterator[pa.Table]:
    """Yield a file's groups of rows, without those that have none of these steps."""
    schema = CODED.select(columns).schema
    with pq.ParquetFile(part, read_dictionary=WORDS, page_checksum_verification=True) as file:
        for number in range(file.num_row_groups):
            if steps is not None and not touches(file.metadata.row_group(number), steps):
                continue
            yield file.read_row_group(number, columns=columns, use_threads=False).cast(schema)


def touches(group: pq.RowGroupMetaData, steps: frozenset[int]) -> bool:
    """Return whether a group may have rows of these steps, according to the file's statistics."""
    told = group.column(SCHEMA.get_field_index("step")).statistics
    return (
        told is None or not told.has_min_max or any(told.min <= step <= told.max for step in steps)
    )


def chosen(table: pa.Table, metrics: Metrics, steps: Steps) -> pa.Table:
    """Return the rows of a table with these metrics and steps."""
    for name, values in (("metric", metrics), ("step", steps)):
        if values is not None:
            table = table.filter(
                pc.is_in(table[name], pa.array(sorted(values), SCHEMA.field(name).type))
            )
    return table


def load(part: Path) -> pa.Table:
    """Return all rows of one file, checked against their checksums.

    Raises the same errors as `intact`.
    """
    with intact(part):
        return pq.read_table(part, schema=SCHEMA, page_checksum_verification=True)


def stamped(part: Path) -> Stamp:
    """Return the path, time and size of a file; they change when the file is replaced."""
    about = part.stat()
    return part, about.st_mtime_ns, about.st_size


def problem(part: Path) -> str:
    """Return what is known to be wrong with a file of rows, in words that follow its name, or "".

    Raises FileNotFoundError if there is no such file.
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
        if getattr(told, "errno", None):  # an error of the system, which may pass
            raise
        return "is damaged"
    return "" if schema.equals(SCHEMA) else "has other columns than rows have"


def joined(
    folder: Path, metrics: Collection[str] | None = None, steps: Collection[int] | None = None
) -> pa.Table:
    """Return the readable rows so far with these metrics and steps, in the order of measurement."""
    asked = (
        None if metrics is None else frozenset(metrics),
        None if steps is None else frozenset(steps),
    )
    return pa.concat_tables(
        [CODED, *each(folder, lambda part: read(part, *asked))]
    ).unify_dictionaries()


def count(folder: Path) -> int:
    """Return the number of rows in a folder's files, without those that cannot be read."""
    rows = 0
    for part in listed(folder):
        with contextlib.suppress(OSError, pa.ArrowException):
            rows += pq.read_metadata(part).num_rows
    return rows


def pairs(folder: Path) -> pd.DataFrame:
    """Return the pairs of metric and layer in the rows so far, each once."""
    found = [CODED.select(WORDS).to_pandas(), *each(folder, _pairs)]
    pairs: pd.DataFrame = pd.concat([table.astype(TEXT) for table in found])
    return pairs.drop_duplicates(ignore_index=True)


def _pairs(part: Path) -> pd.DataFrame:
    with intact(part) as stamp:
        return pairs_of.get(stamp, lambda: _distinct(groups(part, WORDS)))


def _distinct(tables: Iterable[pa.Table]) -> pd.DataFrame:
    found = [
        CODED.select(WORDS).to_pandas(),
        *(table.to_pandas().drop_duplicates() for table in tables),
    ]
    rows: pd.DataFrame = pd.concat([table.astype(TEXT) for table in found])
    return rows.drop_duplicates()


def each(folder: Path, look: Callable[[Path], Found]) -> list[Found]:
    """Call `look` on each file of a run, and return the results.

    It stops before the first file that cannot be read, because later rows would leave a gap.
    """
    while True:
        found: list[Found] = []
        try:
            for part in listed(folder):
                found.append(look(part))
        except FileNotFoundError:  # merged between listing and reading: list again
            continue
        except Damaged:
            pass
        return found


def keep_readable(folder: Path) -> int:
    """Discard a file that cannot be read and all rows after it, and return how many rows are left.

    Only the run's writer may call this.
    """
    parts, count = listed(folder), 0
    for part in parts:
        try:
            count += load(part).num_rows
        except Damaged as problem:
            print(f"{problem}: its rows are measured again.")
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
    """Write rows as <name>.parquet, with checksums."""
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
    """Merge the newest parts into one file if there are more than MOST.

    Merged files grow geometrically, so that each row is rewritten only a few times, however long
    the run.
    """
    parts = listed(folder)
    if len(parts) <= MOST:
        return
    counts = [pq.read_metadata(part).num_rows for part in parts]
    start = len(parts) - 1
    while start and counts[start - 1] <= 2 * sum(counts[start:]):
        start -= 1
    newest = parts[start:]
    if len(newest) == 1:  # the merged file would have the same name, and be removed as its own part
        return
    name = f"{numbers(newest[0])[0]:06}-{numbers(newest[-1])[1]:06}"
    write(folder, name, pa.concat_tables([load(part) for part in newest]))
    remove(newest)


def remove(parts: Sequence[Path]) -> None:
    """Remove parts that a larger file holds.

    Windows does not remove a file that somebody reads; one that stays does no harm.
    """
    for part in parts:
        with contextlib.suppress(OSError):
            discard(part)
