"""What somebody takes home, and brings in elsewhere: finished runs in a zip, with figures, data, versions and a citation.

An archive from elsewhere is hostile until it is checked. Nothing is ever extracted: known names are read into memory within fixed
sizes, and what enters the cache is written anew from what was understood. No name of theirs becomes a path.
"""

from __future__ import annotations

import json
import platform
import re
import stat
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bnviz import __version__
from bnviz.importing.guarded import TooMuch
from bnviz.runs.bundle_files import (
    FILES,
    MAX_FILE,
    MAX_TOTAL,
    BundleError,
    Files,
    check_entries,
    megabytes,
    opened,
)
from bnviz.runs.store import EMPTY, SCHEMA, Run, Store, outcome, question
from bnviz.spec import RunSpec, SpecError
from bnviz.words import shorten

MAX_JSON = 64 * 2**10
MAX_ROWS = 5_000_000  # of one run: a few bytes of Parquet can stand for any number
METRIC = re.compile(r"\w{1,64}")

CITATION = """\
@inproceedings{{santurkar2018batchnorm,
  author    = {{Santurkar, Shibani and Tsipras, Dimitris and Ilyas, Andrew and M{{\\k{{a}}}}dry, Aleksander}},
  title     = {{How Does Batch Normalization Help Optimization?}},
  booktitle = {{Advances in Neural Information Processing Systems}},
  volume    = {{31}},
  year      = {{2018}},
  note      = {{arXiv:1805.11604}}
}}

@inproceedings{{ioffe2015batchnorm,
  author    = {{Ioffe, Sergey and Szegedy, Christian}},
  title     = {{Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift}},
  booktitle = {{Proceedings of the 32nd International Conference on Machine Learning}},
  series    = {{Proceedings of Machine Learning Research}},
  volume    = {{37}},
  pages     = {{448--456}},
  year      = {{2015}},
  note      = {{arXiv:1502.03167}}
}}

@misc{{bnviz,
  author    = {{{{the bnviz authors}}}},
  title     = {{bnviz: why does batch normalisation help?}},
  note      = {{Version {version}}},
  year      = {{2026}}
}}
"""


# Out


def bundle(
    runs: Sequence[Run], files: Mapping[str, bytes | str], commands: Sequence[str], title: str
) -> bytes:
    """A zip of these finished runs and files, and of what it takes to understand, repeat and cite them.

    `files` are figures and data by their names in the zip, `commands` the lines that ask for the runs again. The same input
    gives the same bytes. BundleError for runs that are not finished, and for what `unpack` would refuse.
    """
    chosen = {run.id: run for run in runs}
    unfinished = [id for id, run in chosen.items() if not finished(run)]
    if unfinished:
        raise BundleError(
            f"not finished yet: {', '.join(unfinished)}; wait for them, or leave them out"
        )
    content = {
        **{
            f"runs/{run.id}/{name}": told
            for run in chosen.values()
            for name, told in files_of(run).items()
        },
        "README.md": readme(list(chosen.values()), sorted(files), commands, title),
        "CITATION.bib": CITATION.format(version=__version__),
        "versions.json": in_json(versions(list(chosen.values()))),
    }
    if taken := sorted(content.keys() & files.keys()):
        raise BundleError(f"{taken[0]} is a name of the bundle's own: call the file otherwise")
    entries = {
        name: told.encode() if isinstance(told, str) else told
        for name, told in (content | dict(files)).items()
    }
    check_entries([(name, len(told)) for name, told in entries.items()])
    return zipped(entries)


def finished(run: Run) -> bool:
    """Whether all is there, and asked for something known."""
    return run.readable and run.state == "done"


def files_of(run: Run) -> dict[str, bytes | str]:
    """A finished run as a bundle holds it: FILES by name.

    spec.json says in `spec` what differs from the defaults, so that knobs may come and go without changing the id, and in
    `knobs` what every knob was, so that a default that has changed since is noticed.
    """
    asked = {name: value for name, value in run.spec.canonical().items() if name != "versions"}
    return {
        "spec.json": in_json({"spec": asked, "knobs": run.spec.model_dump(mode="json")}),
        "rows.parquet": rows_of(run),
        "meta.json": in_json(known_meta(run.meta(), run.spec, run.diverged_at)),
        "done.json": in_json({"diverged_at": run.diverged_at}),
    }


def rows_of(run: Run) -> bytes:
    """The rows as Parquet: byte for byte as they are stored."""
    parts = run.parts()
    content = (
        parts[0].read_bytes()
        if run.complete
        else packed([pq.read_table(part, schema=SCHEMA) for part in parts])
    )
    check_size(content, run.id)
    return content


def packed(tables: Sequence[pa.Table]) -> bytes:
    """Tables of SCHEMA as one file, as the store writes them."""
    buffer = BytesIO()
    pq.write_table(
        pa.concat_tables([EMPTY, *tables]), buffer, compression="zstd", write_page_checksum=True
    )
    return buffer.getvalue()


def readme(runs: Sequence[Run], files: Sequence[str], commands: Sequence[str], title: str) -> str:
    """What the bundle is, for somebody who has nothing else."""
    measured = [
        "- `runs/`: a folder a run. `rows.parquet` holds every measurement (step, metric, layer, unit, at, value), `spec.json` what "
        "was asked (`spec`: away from the defaults, `knobs`: all of it), `meta.json` where and how long it took, `done.json` "
        "the step at which its loss was no longer a number.",
    ]
    again = [
        "## Look at the runs in bnviz",
        "```sh\npython -m bnviz data import BUNDLE.zip\n```",
        "## The runs",
        "\n".join(map(line, runs)),
    ]
    contents = [
        *(f"- `{name}`" for name in files),
        *(measured if runs else []),
        "- `versions.json`: the software; `CITATION.bib`: the papers, and bnviz.",
    ]
    repeated = ["## Compute them again", "\n".join(["```sh", *commands, "```"])]
    sections = [
        f"# {' '.join(title.split())}",
        f"Made with bnviz {__version__}.",
        "## What is in it",
        "\n".join(contents),
        *(again if runs else []),
        *(repeated if commands else []),
        "## Please cite",
        "Santurkar, Tsipras, Ilyas and Mądry: *How Does Batch Normalization Help Optimization?* (2018); Ioffe and Szegedy: *Batch "
        "Normalization* (2015); and bnviz. `CITATION.bib` has all three.",
    ]
    return "\n\n".join(sections) + "\n"


def line(run: Run) -> str:
    """One run in the README: what was asked, where it was answered, how long that took."""
    meta = run.meta()
    took = f"{meta['seconds']:,.0f} s" if "seconds" in meta else "unknown time"
    return f"- `{run.id}` {run.spec.summary()} · {meta.get('device', 'unknown device')} · {took}"


def versions(runs: Sequence[Run]) -> dict[str, Any]:
    """What the bundle was made with, and what each run was computed with."""
    packages = {package: version(package) for package in ("numpy", "pandas", "plotly", "pyarrow")}
    of_runs = {run.id: run.meta().get("versions", {}) for run in runs}
    return {"bnviz": __version__, "python": platform.python_version(), **packages, "runs": of_runs}


def in_json(content: dict[str, Any]) -> str:
    """As the cache writes its small files."""
    return json.dumps(content, indent=1) + "\n"


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """A zip that depends on nothing but these: names in order, no time, no owner."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, entries[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


# In


class Answer(NamedTuple):
    """A run of a bundle, checked and ready to be written."""

    spec: RunSpec
    rows: bytes
    meta: dict[str, Any]
    done: dict[str, Any]


def unpack(path: Path, store: Store) -> list[Run]:
    """Put a bundle's runs into the cache and return them all; those that are finished there already stay as they are.

    Everything is checked before anything is written, and each run appears whole. BundleError in one sentence for a file that is no
    whole bundle, for any run in it that is not what its id says, and for a run that is being computed here.
    """
    answers = read_bundle(path)
    new = {id: answer for id, answer in answers.items() if not finished(store.run(id))}
    if running := [id for id in new if Run(store.root / id).state == "running"]:
        raise BundleError(
            f"being computed here: {', '.join(running)}; wait for them or cancel them, then import again"
        )
    store.root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=store.root) as staging:
        folders = [write(Path(staging) / id, answer) for id, answer in new.items()]
        for folder in folders:
            place(folder, store)
    return [store.run(id) for id in answers]


def write(folder: Path, answer: Answer) -> Path:
    """A finished run's folder, out of sight of the store's readers."""
    run = Run(folder)
    (folder / "rows").mkdir(parents=True)
    (folder / "rows" / "all.parquet").write_bytes(answer.rows)
    run.write("spec.json", question(answer.spec))
    run.write("meta.json", answer.meta)
    run.write("done.json", answer.done)
    return folder


def place(folder: Path, store: Store) -> None:
    """Move a written run to where the store finds it, in place of an unfinished one of the same id."""
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


def read_bundle(path: Path) -> dict[str, Answer]:
    """Every run of a bundle by its id. BundleError where anything in it is not as it should be."""
    try:
        with opened(path) as files:
            if not files.ids:
                raise BundleError(
                    "there are no runs in it: a bundle has runs/<id>/ with " + ", ".join(FILES)
                )
            return {id: read_answer(id, files) for id in files.ids}
    except BundleError:
        raise
    except TooMuch as problem:
        raise BundleError(f"{path.name} cannot be read: {problem}") from problem
    except Exception as problem:  # what a foreign file can make zipfile, zlib, json and Arrow raise has no common base
        raise BundleError(
            f"{path.name} is damaged: it ends early, or was changed on its way; export it again"
        ) from problem


def read_answer(id: str, files: Files) -> Answer:
    """One run of a bundle, checked from its question to its rows."""
    if absent := [name for name in FILES if f"runs/{id}/{name}" not in files.names]:
        raise BundleError(f"run {id} of the bundle lacks {', '.join(absent)}")

    def told(name: str) -> dict[str, Any]:
        return json_object(files.read(f"runs/{id}/{name}", MAX_JSON), f"{name} of run {id}")

    spec = question_of(id, told("spec.json"))
    table = table_of(files.read(f"runs/{id}/rows.parquet", MAX_FILE), spec)
    told("done.json")  # must be one, and says nothing that the rows do not
    done = outcome(table.to_pandas(), spec.steps)
    meta = known_meta(told("meta.json"), spec, done["diverged_at"]) | {"imported": True}
    return Answer(spec, packed([table]), meta, done)


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """BundleError unless the content is a JSON object."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BundleError(f"{what} is no JSON object")
    return found


def question_of(id: str, told: dict[str, Any]) -> RunSpec:
    """The question of a bundle's spec.json. BundleError where it is not the one that the id was made of."""
    asked, knobs = told.get("spec"), told.get("knobs")
    if not isinstance(asked, dict) or not isinstance(knobs, dict):
        raise BundleError(f"spec.json of run {id} lacks spec or knobs")
    try:
        spec = RunSpec.of(**asked)
    except SpecError as problem:
        raise BundleError(f"run {id}: {in_one_line(problem)}") from None
    if spec.id != id:
        raise BundleError(
            f"run {id}: its spec.json asks for run {spec.id}, or it is of another version of bnviz"
        )
    for name, value in spec.model_dump(mode="json").items():
        if knobs.get(name, value) != value:
            raise BundleError(
                f"run {id} was asked with another {name}, which this bnviz takes for {shorten(value)}"
            )
    return spec


def table_of(content: bytes, spec: RunSpec) -> pa.Table:
    """A run's rows, of SCHEMA and nothing besides. BundleError for any other columns, and for rows that cannot be this run's."""
    about = check_size(content, spec.id)
    if not about.schema.to_arrow_schema().equals(SCHEMA):
        columns = ", ".join(f"{field.name} {field.type}" for field in SCHEMA)
        raise BundleError(f"the rows of run {spec.id} have other columns than {columns}")
    # Names stay dictionaries until they are known to be short: a few bytes can put a long one into every row.
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=["metric", "layer"])
    table = file.read().unify_dictionaries()
    if any(table[name].null_count for name in ("step", "metric", "value")):
        raise BundleError(f"rows of run {spec.id} lack step, metric or value")
    if (
        table.num_rows
        and not 0 <= pc.min(table["step"]).as_py() <= pc.max(table["step"]).as_py() <= spec.steps
    ):
        raise BundleError(f"rows of run {spec.id} are of steps outside 0 to {spec.steps:,}")
    if not all(METRIC.fullmatch(name) for name in table["metric"].unique().to_pylist()):
        raise BundleError(
            f"rows of run {spec.id} have a metric that is no plain word of up to 64 letters"
        )
    if not set(table["layer"].unique().to_pylist()) <= {
        None,
        *(block.name for block in spec.blocks()),
    }:
        raise BundleError(f"rows of run {spec.id} are of a layer that its network has not")
    return table.cast(SCHEMA)


def check_size(content: bytes, id: str) -> pq.FileMetaData:
    """What a Parquet file says of itself. BundleError where it unpacks to too much."""
    about = pq.read_metadata(pa.BufferReader(content))
    groups = [about.row_group(index) for index in range(about.num_row_groups)]
    rows, size = (
        sum(group.num_rows for group in groups),
        sum(group.total_byte_size for group in groups),
    )
    if rows > MAX_ROWS or size > MAX_TOTAL:
        raise BundleError(
            f"run {id} has more than {MAX_ROWS:,} rows, or {megabytes(MAX_TOTAL)} of them"
        )
    return about


Word = Annotated[str, Field(pattern=r"^[\w .,()+/@-]{1,100}$")]  # shown on pages: no markup
Number = Annotated[float, Field(ge=0, le=1e12)]


class Meta(BaseModel):
    """What of a run's meta.json holds elsewhere too: not the process, whose number may be another's there."""

    model_config = ConfigDict(strict=True)

    device: Word = ""
    threads: Annotated[int, Field(ge=1, le=10_000)] = 1
    started: Number = 0.0
    versions: Annotated[dict[Word, Word], Field(max_length=20)] = {}
    seconds: Number = 0.0


def known_meta(told: dict[str, Any], spec: RunSpec, diverged_at: int | None) -> dict[str, Any]:
    """The known keys with values of their kind; how far the run came follows from its question and outcome."""
    try:
        Meta.model_validate(told)
        wrong = set()
    except ValidationError as problem:
        wrong = {error["loc"][0] for error in problem.errors()}
    known = Meta.model_validate({name: value for name, value in told.items() if name not in wrong})
    step = spec.steps if diverged_at is None else min(diverged_at + 1, spec.steps)
    return {"steps": spec.steps, **known.model_dump(exclude_unset=True), "step": step}


def in_one_line(problem: Exception) -> str:
    """An error's text, printable and short."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(problem))
    return textwrap.shorten(text, 300, placeholder=" …")
