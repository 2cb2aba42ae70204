"""The rows of a run on the disk: Parquet files that are added, merged into larger ones, and in the end become one.

000017.parquet is the part of that number, 000000-000016.parquet holds the parts 0 to 16, all.parquet all of them. A merged file
stands before the parts in it go, and readers prefer it: they see each row once, in order, at any moment.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bnviz.disk import discard, put, reason
from bnviz.probes import Row

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
WHOLE = "all.parquet"
PART = re.compile(r"(\d+)(?:-(\d+))?\.parquet")
MOST = 24  # parts of a run, above which the newest are merged


class Damaged(ValueError):
    """A file of rows cannot be read; the text says which and why."""


Stamp = tuple[Path, int, int]  # a file as it was: its name, time and size
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


def read(part: Path) -> pa.Table:
    """One file of rows, read once a process. Damaged where it cannot be read, FileNotFoundError where it is not there."""
    if what := problem(part):
        raise Damaged(f"{part.name} {what}")
    stamp = stamped(part)
    try:
        return _read(stamp)
    except Damaged:
        broken.add(stamp)
        raise


def load(part: Path) -> pa.Table:
    """One file of rows, each page checked against its checksum. Errors as `read`."""
    if what := problem(part):
        raise Damaged(f"{part.name} {what}")
    try:
        return pq.read_table(part, schema=SCHEMA, page_checksum_verification=True)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as told:
        raise Damaged(f"{part.name} is damaged") from told


@lru_cache(maxsize=16384)
def _read(stamp: Stamp) -> pa.Table:
    return load(stamp[0])


def stamped(part: Path) -> Stamp:
    """What tells a file from another that had its name before."""
    about = part.stat()
    return part, about.st_mtime_ns, about.st_size


def problem(part: Path) -> str:
    """What is wrong with a file of rows, in words that follow its name; "" as far as anybody knows, nothing.

    FileNotFoundError where there is no such file.
    """
    try:
        stamp = stamped(part)
        return "is damaged" if stamp in broken else _problem(stamp)
    except OSError as told:
        if isinstance(told, FileNotFoundError) and not part.is_symlink():
            raise
        return f"cannot be read ({reason(told)})"


@lru_cache(maxsize=16384)
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


def joined(folder: Path) -> pa.Table:
    """All rows so far that can be read, in the order they were measured."""
    while True:
        tables = [EMPTY]
        try:
            for part in listed(folder):
                tables.append(read(part))
        except FileNotFoundError:  # it was merged between listing and reading: list again
            continue
        except Damaged:  # what follows would leave a gap
            pass
        return pa.concat_tables(tables)


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
    remove([folder / name for name in _names(folder) if PART.fullmatch(name) and folder / name not in parts])
    return count


def write(folder: Path, name: str, rows: Sequence[Row] | pa.Table) -> None:
    """Put rows in place as <name>.parquet, with checksums."""
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA)
    folder.mkdir(exist_ok=True)
    content = pa.BufferOutputStream()
    pq.write_table(table, content, compression="zstd", write_page_checksum=True)
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
    name = f"{numbers(newest[0])[0]:06}-{numbers(newest[-1])[1]:06}"
    write(folder, name, pa.concat_tables([load(part) for part in newest]))
    remove(newest)


def remove(parts: Sequence[Path]) -> None:
    """Parts that a larger file holds: one that stays, as on Windows while somebody reads it, does no harm."""
    for part in parts:
        with contextlib.suppress(OSError):
            discard(part)
