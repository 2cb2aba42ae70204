"""Take the runs of a bundle into the cache.

An archive from elsewhere is hostile until it is checked. Nothing is ever extracted: known names are
read into memory within fixed sizes, and the cache gets files written anew from what was understood.
No name in the archive becomes a path.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bnviz.data import SOURCES, describe
from bnviz.data.own import Facts, meet
from bnviz.importing.guarded import TooMuch
from bnviz.runs.bundle_files import FILES, MAX_FILE, BundleError, Files, opened
from bnviz.runs.bundle_run import check_size, known_facts, packed
from bnviz.runs.parts import SCHEMA
from bnviz.runs.run import Run, asked, outcome
from bnviz.runs.store import Store
from bnviz.spec import RunSpec, SpecError
from bnviz.words import shorten

MAX_JSON = 64 * 2**10
MAX_SPEC = 16 * 2**20  # it may name thousands of classes
METRIC = re.compile(r"\w{1,64}")


class Unpacked(NamedTuple):
    """A run of a bundle, checked and ready to be written."""

    spec: RunSpec
    rows: bytes
    facts: dict[str, Any]
    outcome: dict[str, Any]


def unpack(path: Path, store: Store) -> list[Run]:
    """Put a bundle's runs into the cache and return them; runs finished here stay as they are.

    Everything is checked before anything is written, and each run appears whole. BundleError in one
    sentence if the file is not a whole bundle, if a run does not match its id, or if a run is being
    computed here.
    """
    unpacked = read_bundle(path)
    new = {id: run for id, run in unpacked.items() if not store.run(id).finished}
    if running := [id for id in new if Run(store.root / id).state == "running"]:
        some = ", ".join(running)
        raise BundleError(
            f"being computed here: {some}; wait for them or cancel them, then import again"
        )
    store.root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=store.root) as staging:
        folders = [write(Path(staging) / id, run) for id, run in new.items()]
        for name in {run.spec.data for run in unpacked.values()} - {*SOURCES}:
            describe(SOURCES[name])  # its runs can be read only then
        for folder in folders:
            place(folder, store)
    return [store.run(id) for id in unpacked]


def write(folder: Path, unpacked: Unpacked) -> Path:
    """Write a finished run's folder where the store does not look, and return it."""
    run = Run(folder)
    (folder / "rows").mkdir(parents=True)
    (folder / "rows" / "all.parquet").write_bytes(unpacked.rows)
    run.write("spec.json", asked(unpacked.spec))
    run.write("meta.json", unpacked.facts)
    run.write("done.json", unpacked.outcome)
    return folder


def place(folder: Path, store: Store) -> None:
    """Move a written run to where the store finds it, in place of an unfinished one."""
    there = Run(store.root / folder.name)
    try:
        if there.folder.exists() and not there.delete():
            raise OSError("it is being computed here")
        folder.rename(there.folder)
    except OSError as problem:
        reason = problem.strerror or problem
        raise BundleError(
            f"run {there.id} could not be put in place ({reason}); import the bundle again"
        ) from problem


def read_bundle(path: Path) -> dict[str, Unpacked]:
    """Return every run of a bundle by its id. BundleError if anything in it is wrong."""
    try:
        with opened(path) as files:
            if not files.ids:
                names = ", ".join(FILES)
                raise BundleError(f"it holds no runs: a bundle has runs/<id>/ with {names}")
            return {id: read_run(id, files) for id in files.ids}
    except BundleError:
        raise
    except TooMuch as problem:
        raise BundleError(f"{path.name} cannot be read: {problem}") from problem
    except Exception as problem:  # zipfile, zlib, json and Arrow raise errors of no common class
        raise BundleError(
            f"{path.name} is damaged: it ends early, or was changed on its way; export it again"
        ) from problem


def read_run(id: str, files: Files) -> Unpacked:
    """Return one run of a bundle, checked from its settings to its rows."""
    if absent := [name for name in FILES if f"runs/{id}/{name}" not in files.names]:
        raise BundleError(f"run {id} of the bundle lacks {', '.join(absent)}")

    def told(name: str) -> dict[str, Any]:
        most = MAX_SPEC if name == "spec.json" else MAX_JSON
        return json_object(files.read(f"runs/{id}/{name}", most), f"{name} of run {id}")

    spec = spec_of(id, told("spec.json"))
    table = table_of(files.read(f"runs/{id}/rows.parquet", MAX_FILE), spec)
    told("done.json")  # it must be an object; what it says follows from the rows
    ended = outcome(table.to_pandas(), spec.steps)
    facts = known_facts(told("meta.json"), spec, ended["diverged_at"]) | {"imported": True}
    return Unpacked(spec, packed([table]), facts, ended)


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in `content`. BundleError if it is anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BundleError(f"{what} is not a JSON object")
    return found


def spec_of(id: str, told: dict[str, Any]) -> RunSpec:
    """Return the settings in a bundle's spec.json. BundleError if the id is not theirs."""
    settings, knobs = told.get("spec"), told.get("knobs")
    if not isinstance(settings, dict) or not isinstance(knobs, dict):
        raise BundleError(f"spec.json of run {id} lacks spec or knobs")
    if "data" in told:
        meet_data(id, told["data"], settings.get("data"))
    try:
        spec = RunSpec.of(**settings)
    except SpecError as problem:
        raise BundleError(f"run {id}: {in_one_line(problem)}") from None
    if spec.id != id:
        raise BundleError(
            f"run {id}: its spec.json asks for run {spec.id}, or it is of another version of bnviz"
        )
    for name, value in spec.model_dump(mode="json").items():
        if knobs.get(name, value) != value:
            raise BundleError(
                f"run {id} was made with another {name}, "
                f"which this version of bnviz sets to {shorten(value)}"
            )
    return spec


def meet_data(id: str, told: Any, name: Any) -> None:
    """Register somebody else's own data set by its facts; BundleError if its hash differs."""
    try:
        source = Facts.model_validate_json(json.dumps(told)).source()
    except ValueError:
        raise BundleError(
            f"run {id}: its spec.json does not describe its data as bnviz does"
        ) from None
    if source.name != name:
        raise BundleError(f"run {id}: its spec.json describes other data than {shorten(name)}")
    meet(source)


def table_of(content: bytes, spec: RunSpec) -> pa.Table:
    """Return a run's rows with the columns of SCHEMA. BundleError if they cannot be this run's."""
    about = check_size(content, spec.id)
    if not about.schema.to_arrow_schema().equals(SCHEMA):
        columns = ", ".join(f"{field.name} {field.type}" for field in SCHEMA)
        raise BundleError(f"the rows of run {spec.id} have other columns than {columns}")
    # Names stay dictionaries until they are known to be short: a few bytes can put a long one into
    # every row.
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=["metric", "layer"])
    table = file.read().unify_dictionaries()
    check_rows(table, spec)
    return table.cast(SCHEMA)


def check_rows(table: pa.Table, spec: RunSpec) -> None:
    """Raise BundleError for missing values, and for steps, metrics or layers no run can have."""
    rows = f"rows of run {spec.id}"
    if any(table[name].null_count for name in ("step", "metric", "value")):
        raise BundleError(f"{rows} lack step, metric or value")
    if table.num_rows:
        steps = pc.min_max(table["step"]).as_py()
        if steps["min"] < 0 or steps["max"] > spec.steps:
            raise BundleError(f"{rows} are of steps outside 0 to {spec.steps:,}")
    if not all(METRIC.fullmatch(name) for name in table["metric"].unique().to_pylist()):
        raise BundleError(f"{rows} have a metric that is no plain word of up to 64 letters")
    layers = {None, *(block.name for block in spec.blocks())}
    if not set(table["layer"].unique().to_pylist()) <= layers:
        raise BundleError(f"{rows} are of a layer that its network does not have")


def in_one_line(problem: Exception) -> str:
    """Return an error's text, printable and short."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(problem))
    return textwrap.shorten(text, 300, placeholder=" …")
