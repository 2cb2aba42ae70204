"""The Parquet parts of a run's rows.

There are few of them, however long the run. A reader sees each row once and in order at any time.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bnviz.runs import parts
from bnviz.training.probes import Row


def rows(first: int, count: int) -> list[Row]:
    return [
        Row(step, "train_loss", None, None, None, float(step))
        for step in range(first, first + count)
    ]


def steps(folder: Path) -> list[int]:
    return list(parts.joined(folder)["step"].to_pylist())


@pytest.mark.parametrize("sizes", ["random", "growing"])
def test_a_long_run_has_a_few_dozen_files_and_rewrites_each_row_a_few_times(
    tmp_path, monkeypatch, sizes
):
    draw, written, made, most = random.Random(0), [], 0, 0
    keep = parts.write
    monkeypatch.setattr(
        parts,
        "write",
        lambda folder, name, what: (written.append(len(what)), keep(folder, name, what)),
    )
    for part in range(600):
        count = {"random": draw.randrange(1, 40), "growing": 1 + part // 20}[sizes]
        parts.write(tmp_path, f"{part:06}", rows(made, count))
        parts.merge(tmp_path)
        made += count
        most = max(most, len(list(tmp_path.iterdir())))
    assert most <= 36
    assert sum(written) < 8 * made
    assert steps(tmp_path) == list(range(made))


def test_a_small_part_after_large_ones_survives_repeated_merging(tmp_path):
    """The worker also merges without new rows: before a checkpoint and at the end of a run."""
    for part in range(parts.MOST):
        parts.write(tmp_path, f"{part:06}", rows(10 * part, 10))
    parts.write(tmp_path, f"{parts.MOST:06}", rows(10 * parts.MOST, 1))
    for _ in range(3):
        parts.merge(tmp_path)
        assert steps(tmp_path) == list(range(10 * parts.MOST + 1))


def test_readers_see_rows_in_order_while_parts_are_merged(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "MOST", 3)
    over, wrong = threading.Event(), []

    def look() -> None:
        seen = 0
        while not over.is_set():
            found = steps(tmp_path)
            if found != list(range(len(found))) or len(found) < seen:
                wrong.append(found)
            seen = len(found)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for part in range(150):
        parts.write(tmp_path, f"{part:06}", rows(part * 2, 2))
        parts.merge(tmp_path)
    over.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert steps(tmp_path) == list(range(300))


def test_a_merged_file_is_preferred_to_the_parts_in_it(tmp_path):
    """Both exist if the worker is killed while it merges."""
    for part in range(4):
        parts.write(tmp_path, f"{part:06}", rows(part, 1))
    parts.write(tmp_path, "000001-000002", rows(1, 2))
    assert [part.name for part in parts.listed(tmp_path)] == [
        "000000.parquet",
        "000001-000002.parquet",
        "000003.parquet",
    ]
    assert steps(tmp_path) == [0, 1, 2, 3]


def test_a_listing_that_misses_a_merge_is_repeated(tmp_path, monkeypatch):
    """Listing a folder takes time.

    A listing may miss both the merged file, which is new, and its parts, which are gone.
    """
    parts.write(tmp_path, "000000-000001", rows(0, 2))
    looks = iter([set(), {"000000-000001.parquet"}, {"000000-000001.parquet"}])
    monkeypatch.setattr(parts, "_names", lambda folder: next(looks))
    assert steps(tmp_path) == [0, 1]


def test_an_unreadable_part_hides_later_ones_and_the_writer_discards_them(tmp_path):
    for part in range(5):
        parts.write(tmp_path, f"{part:06}", rows(part, 1))
    (tmp_path / "000002.parquet").write_bytes(b"")
    assert steps(tmp_path) == [0, 1]
    assert parts.keep_readable(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.parquet", "000001.parquet"]


def test_a_damaged_merged_file_falls_back_on_its_parts(tmp_path):
    for part in range(3):
        parts.write(tmp_path, f"{part:06}", rows(part, 1))
    (tmp_path / "000000-000002.parquet").write_bytes(b"PAR1")
    assert parts.keep_readable(tmp_path) == 3
    assert steps(tmp_path) == [0, 1, 2]


def test_rows_have_checksums(tmp_path):
    parts.write(tmp_path, "000000", rows(0, 1000))
    content = bytearray((tmp_path / "000000.parquet").read_bytes())
    content[200] ^= 1
    (tmp_path / "000000.parquet").write_bytes(content)
    assert pq.read_metadata(tmp_path / "000000.parquet").num_rows == 1000
    with pytest.raises(parts.Damaged, match=r"000000\.parquet is damaged"):
        parts.read(tmp_path / "000000.parquet")
    assert parts.problem(tmp_path / "000000.parquet") == "is damaged"


def test_an_empty_table_is_written_as_a_file(tmp_path):
    parts.write(tmp_path, "all", [])
    assert parts.load(tmp_path / parts.WHOLE).schema == parts.SCHEMA
    assert parts.joined(tmp_path).schema == parts.CODED.schema
    assert isinstance(parts.joined(tmp_path), pa.Table)
