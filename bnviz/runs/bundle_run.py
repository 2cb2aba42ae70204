"""One run as a bundle holds it: its settings, rows, facts and outcome as four files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from bnviz.data import SOURCES
from bnviz.data.own import Facts
from bnviz.runs.bundle_files import MAX_TOTAL, BundleError, megabytes
from bnviz.runs.facts import valid_part
from bnviz.runs.parts import EMPTY, SCHEMA
from bnviz.runs.run import Run, steps_made
from bnviz.spec import RunSpec

MAX_ROWS = 5_000_000  # of one run: a few bytes of Parquet can stand for any number

Word = Annotated[str, Field(pattern=r"^[\w .,()+/@-]{1,100}$")]  # pages show it: no markup
Number = Annotated[float, Field(ge=0, le=1e12)]


class Carried(BaseModel):
    """The facts that also hold on another machine. The process number, for one, does not."""

    model_config = ConfigDict(strict=True)

    device: Word = ""
    threads: Annotated[int, Field(ge=1, le=10_000)] = 1
    started: Number = 0.0
    versions: Annotated[dict[Word, Word], Field(max_length=20)] = {}
    seconds: Number = 0.0


def files_of(run: Run) -> dict[str, bytes | str]:
    """Return the contents of a finished run's files in a bundle, by the names in FILES.

    In spec.json, `spec` holds the settings that differ from the defaults, so that settings may be
    added later without changing the id. `knobs` holds all settings, so that a changed default is
    noticed. `data` holds the facts of a data set of your own, which others may not have.
    """
    source = SOURCES[run.spec.data]
    facts = {"data": Facts.of(source).model_dump(mode="json")} if source.own else {}
    asked = {name: value for name, value in run.spec.canonical().items() if name != "versions"}
    return {
        "spec.json": in_json({"spec": asked, "knobs": run.spec.model_dump(mode="json")} | facts),
        "rows.parquet": rows_of(run),
        "meta.json": in_json(known_facts(run.meta(), run.spec, run.diverged_at)),
        "done.json": in_json({"diverged_at": run.diverged_at}),
    }


def rows_of(run: Run) -> bytes:
    """Return the rows as Parquet: byte for byte as they are stored."""
    parts = run.parts()
    content = (
        parts[0].read_bytes()
        if run.complete
        else packed([pq.read_table(part, schema=SCHEMA) for part in parts])
    )
    check_size(content, run.id)
    return content


def packed(tables: Sequence[pa.Table]) -> bytes:
    """Return tables of SCHEMA as one Parquet file, as the store writes it."""
    buffer = BytesIO()
    pq.write_table(
        pa.concat_tables([EMPTY, *tables]), buffer, compression="zstd", write_page_checksum=True
    )
    return buffer.getvalue()


def check_size(content: bytes, id: str) -> pq.FileMetaData:
    """Return the metadata of a Parquet file. BundleError if the file unpacks to too much."""
    about = pq.read_metadata(pa.BufferReader(content))
    groups = [about.row_group(index) for index in range(about.num_row_groups)]
    rows = sum(group.num_rows for group in groups)
    size = sum(group.total_byte_size for group in groups)
    if rows > MAX_ROWS or size > MAX_TOTAL:
        most = f"{MAX_ROWS:,} rows, or {megabytes(MAX_TOTAL)} of them"
        raise BundleError(f"run {id} has more than {most}")
    return about


def known_facts(told: dict[str, Any], spec: RunSpec, diverged_at: int | None) -> dict[str, Any]:
    """Return the valid facts of `Carried`, and the steps made, which follow from the outcome."""
    known, _ = valid_part(Carried, told)
    return {"steps": spec.steps, **known, "step": steps_made(spec, diverged_at)}


def in_json(content: dict[str, Any]) -> str:
    """Return JSON as the cache writes it in small files."""
    return json.dumps(content, indent=1) + "\n"
