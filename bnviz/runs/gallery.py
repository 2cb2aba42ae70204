"""The runs that ship with bnviz: finished, in compact files, so that every figure is full at the first visit.

python -m bnviz gallery computes what is missing of them and writes `cache/gallery`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bnviz import paths
from bnviz.presets import PRESETS, SEEDS
from bnviz.runs.store import ACTIVE, ID, SCHEMA, TEXT, Run, Store
from bnviz.spec import RunSpec
from bnviz.words import duration, shorten

LIMIT = 15 * 2**20  # bytes of all files
ORDER = ["metric", "layer", "unit", "step", "at"]  # equal neighbours, which compress well
ENCODING = {"step": "DELTA_BINARY_PACKED", "at": "BYTE_STREAM_SPLIT", "value": "BYTE_STREAM_SPLIT"}
EXACT = ("theorem_", "lemma_", "surface_length")  # metrics whose last digits matter
DISPUTED = (1, 2, 3, 4)  # seeds in which L1 and BatchNorm change places on the deep linear network
LOOK_S = 5.0


class GalleryError(ValueError):
    """A gallery that cannot be made; its text is one sentence for the reader."""


def plan(gpu: bool) -> list[RunSpec]:
    """Every question whose runs ship, each once; with a GPU the paper's scale as well, in three seeds."""
    several = {name: preset.ships for name, preset in PRESETS.items()} | (
        {"paper": SEEDS} if gpu else {}
    )
    specs = [
        spec
        for name, seeds in several.items()
        for seed in seeds
        for spec in PRESETS[name].specs(seed=seed)
    ]
    specs += [
        PRESETS["fig5b"].specs(seed=seed, norm=norm)[0]
        for seed in DISPUTED
        for norm in ("batch", "l1")
    ]
    return list({spec.id: spec for spec in specs}.values())


def compute(specs: Sequence[RunSpec], store: Store) -> list[Run]:
    """The finished runs of these questions; what is not there yet is computed, as many at once as the machine has slots."""
    from bnviz.runs.engines.local import Local
    from bnviz.runs.supervisor import supervise

    runs = [run if done(run := store.run(spec.id)) else store.submit(spec) for spec in specs]
    waiting = [run for run in runs if run.state in ACTIVE]
    for run in waiting:
        run.wait("gallery", seconds=7 * 24 * 3600.0)
    while any(run.state in ACTIVE for run in waiting):
        if not supervise(store, Local):  # another one is at work on them
            time.sleep(LOOK_S)
    failed = [run for run in runs if run.state != "done"]
    if failed:
        raise GalleryError(
            f"run {failed[0].id} {failed[0].state}: {failed[0].error() or 'ask for it again'}"
        )
    return runs


def done(run: Run) -> bool:
    """Whether a run is there and finished."""
    return run.readable and run.state == "done"


def write(runs: Sequence[Run], folder: Path) -> int:
    """Put these runs, and nothing else, into the gallery; how many bytes they take. GalleryError above LIMIT, with nothing changed."""
    replaceable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".gallery-") as staging:
        made = [compact(run, Path(staging) / run.id) for run in runs]
        (Path(staging) / "README.md").write_text(contents(made), "utf-8")
        size = sum(file.stat().st_size for file in Path(staging).rglob("*") if file.is_file())
        if size > LIMIT:
            raise GalleryError(
                f"the gallery would take {size / 2**20:.1f} MB; at most {LIMIT / 2**20:.0f} MB ship"
            )
        shutil.rmtree(folder)
        Path(staging).rename(folder)
        Path(staging).mkdir()  # for its owner to put away
    return size


def replaceable(folder: Path) -> None:
    """GalleryError where a folder holds what is no gallery, and would be lost."""
    strange = [
        path.name
        for path in folder.glob("*")
        if path.name != "README.md" and not ID.fullmatch(path.name)
    ]
    if strange:
        raise GalleryError(
            f"--out must be a new folder or a gallery, and {folder.absolute()} holds {shorten(strange[0])}"
        )


def compact(run: Run, folder: Path) -> Run:
    """A copy of a finished run: sorted, and in single precision but for EXACT; its question with every setting."""
    (folder / "rows").mkdir(parents=True)
    table = pa.Table.from_pandas(
        rounded(run.rows().astype(TEXT)).sort_values(ORDER, kind="stable"),
        SCHEMA,
        preserve_index=False,
    )
    names = ["metric", "layer", "unit"]
    about = {
        "use_dictionary": names,
        "column_encoding": ENCODING,
        "compression": "zstd",
        "compression_level": 19,
    }
    pq.write_table(table, folder / "rows" / "all.parquet", **about)
    copy = Run(folder)
    copy.write("spec.json", {"spec": run.spec.model_dump(mode="json"), "queued_at": run.queued_at})
    copy.write(
        "meta.json", {name: told for name, told in run.meta().items() if name != "pid"}
    )  # another's, elsewhere
    copy.write("done.json", {"diverged_at": run.diverged_at})
    return copy


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Values and the edges of histograms in single precision: 24 bits, more than a screen or a verdict needs."""
    plain = ~rows["metric"].str.startswith(EXACT)
    edges = rows["metric"] == "activation_histogram"
    single = rows[["value", "at"]].astype("float32").astype("float64")
    return rows.assign(
        value=single["value"].where(plain, rows["value"]), at=single["at"].where(edges, rows["at"])
    )


def contents(runs: Iterable[Run]) -> str:
    """What the gallery holds: of each question its seeds, device, versions and time."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.spec.regime(), run.spec.norm), []).append(run)
    lines = [line(group) for group in groups.values()]
    total = sum(run.meta()["seconds"] for group in groups.values() for run in group)
    head = "| question | network | seeds | seconds a run | device | torch | Python |\n|---|---|---|---|---|---|---|"
    return (
        "# The gallery\n\nFinished runs that ship with bnviz, made by `python -m bnviz gallery`. Values are stored in single precision; asking a "
        f"question again\non the same device and versions gives the full one. Computed in {duration(total)} of one CPU thread or GPU in all.\n\n"
        + "\n".join([head, *sorted(lines)])
        + "\n"
    )


def line(runs: Sequence[Run]) -> str:
    """One question and network."""
    spec, metas = runs[0].spec, [run.meta() for run in runs]
    seeds = ", ".join(str(run.spec.seed) for run in sorted(runs, key=lambda run: run.spec.seed))
    seconds = sum(meta["seconds"] for meta in metas) / len(metas)
    where = [dict.fromkeys(meta["device"] for meta in metas)]
    versions = [
        dict.fromkeys(meta["versions"].get(name, "?") for meta in metas)
        for name in ("torch", "python")
    ]
    told = [", ".join(words) for words in (*where, *versions)]
    return f"| {spec.regime()} | {spec.norm} | {seeds} | {seconds:.0f} | {' | '.join(told)} |"


def make(folder: Path | None = None, gpu: bool = False) -> tuple[int, int]:
    """Compute and write the gallery; the number of its runs and of its bytes."""
    runs = compute(plan(gpu), Store())
    return len(runs), write(runs, folder or paths.GALLERY)
