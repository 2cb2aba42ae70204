"""The gallery: finished runs that ship with bnviz in compact files.

With them, every figure shows something at the first visit. `python -m bnviz gallery` computes those
that are missing and writes `cache/gallery`.
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
from bnviz.analysis.distributions import HISTOGRAM, RIDGES
from bnviz.analysis.rows import spread
from bnviz.presets import PRESETS, SEEDS
from bnviz.runs.bundle_run import known_facts
from bnviz.runs.parts import SCHEMA, TEXT
from bnviz.runs.run import ACTIVE, ID, Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.words import duration, shorten

LIMIT = 15 * 2**20  # bytes of all files
ORDER = ["metric", "layer", "unit", "step", "at"]  # puts equal values together: compresses well
ENCODING = {"step": "DELTA_BINARY_PACKED", "at": "BYTE_STREAM_SPLIT", "value": "BYTE_STREAM_SPLIT"}
EXACT = ("theorem_", "lemma_", "surface_length")  # metrics whose last digits matter
# Histograms that ship of a layer, at most: the ridges show no more. Pages draw one seed's ridges,
# and open on the first.
HISTOGRAMS = RIDGES
OF_LATER_SEEDS = 5
DISPUTED = (3, 4)  # further seeds: the order of L1 and BatchNorm on the DLN depends on them
LOOK_S = 5.0


class GalleryError(ValueError):
    """The gallery cannot be made; the message is one sentence for the reader."""


def plan(gpu: bool) -> list[RunSpec]:
    """Return the settings of all runs that ship, each once.

    `gpu` adds the runs at the paper's scale, with all seeds.
    """
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
    """Compute the runs that have not finished yet, and return all of them.

    As many are computed at once as the machine has slots. Raises GalleryError if one fails.
    """
    from bnviz.runs.engines.local import Local
    from bnviz.runs.supervisor import supervise

    runs = [run if (run := store.run(spec.id)).finished else store.submit(spec) for spec in specs]
    waiting = [run for run in runs if run.state in ACTIVE]
    for run in waiting:
        run.wait("gallery", seconds=7 * 24 * 3600.0)
    while any(run.state in ACTIVE for run in waiting):
        if not supervise(store, Local):  # another supervisor is computing them
            time.sleep(LOOK_S)
    failed = [run for run in runs if run.state != "done"]
    if failed:
        raise GalleryError(
            f"run {failed[0].id} {failed[0].state}: {failed[0].error() or 'ask for it again'}"
        )
    return runs


def write(runs: Sequence[Run], folder: Path) -> int:
    """Replace the gallery by these runs, and return the size of all its files in bytes.

    Raises GalleryError, and changes nothing, if they take more than LIMIT.
    """
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
        Path(staging).mkdir()  # TemporaryDirectory removes it at the end
    return size


def replaceable(folder: Path) -> None:
    """Raise GalleryError if a folder holds other files, which would be lost."""
    strange = [
        path.name
        for path in folder.glob("*")
        if path.name != "README.md" and not ID.fullmatch(path.name)
    ]
    if strange:
        raise GalleryError(
            f"--out must be a new folder or a gallery, but {folder.absolute()} holds "
            f"{shorten(strange[0])}"
        )


def compact(run: Run, folder: Path) -> Run:
    """Write a compact copy of a finished run to `folder`, and return it.

    Rows are sorted; all but EXACT metrics are in single precision. HISTOGRAMS of each layer ship,
    evenly spread, and OF_LATER_SEEDS of a seed other than the first. spec.json has every setting.
    """
    count = HISTOGRAMS if run.spec.seed == SEEDS[0] else OF_LATER_SEEDS
    (folder / "rows").mkdir(parents=True)
    table = pa.Table.from_pandas(
        rounded(thinned(run.rows().astype(TEXT), count)).sort_values(ORDER, kind="stable"),
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
    copy.write("meta.json", known_facts(run.meta(), run.spec, run.diverged_at))
    copy.write("done.json", {"diverged_at": run.diverged_at})
    return copy


def thinned(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows with at most `count` histograms of a layer, because they take most space.

    They are some of those that the ridges show.
    """
    histograms = rows["metric"] == HISTOGRAM
    if not histograms.any():
        return rows
    of_ridges = rows["step"].isin(spread(rows[histograms], HISTOGRAMS))
    return rows[~histograms | rows["step"].isin(spread(rows[histograms & of_ridges], count))]


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with values and histogram edges in single precision, except EXACT metrics.

    Its 24 bits are more than a figure or a verdict needs.
    """
    plain = ~rows["metric"].str.startswith(EXACT)
    edges = rows["metric"] == "activation_histogram"
    single = rows[["value", "at"]].astype("float32").astype("float64")
    return rows.assign(
        value=single["value"].where(plain, rows["value"]), at=single["at"].where(edges, rows["at"])
    )


def contents(runs: Iterable[Run]) -> str:
    """Return the gallery's README: a table of the runs with seeds, device, versions and time."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.spec.regime(), run.spec.norm), []).append(run)
    lines = [line(group) for group in groups.values()]
    total = sum(run.meta()["seconds"] for group in groups.values() for run in group)
    head = (
        "| settings | network | seeds | seconds per run | device | torch | Python |\n"
        "|---|---|---|---|---|---|---|"
    )
    about = (
        "Finished runs that ship with bnviz, made by `python -m bnviz gallery`. Values are stored "
        f"in single precision,\nand at most {HISTOGRAMS} histograms of a layer, "
        f"{OF_LATER_SEEDS} of later seeds; computing a run "
        "again on the same device and versions\ngives everything in full. "
        f"All runs together took {duration(total)} of one CPU thread or GPU."
    )
    return "\n".join(["# The gallery", "", about, "", head, *sorted(lines), ""])


def line(runs: Sequence[Run]) -> str:
    """Return the table's line for the runs of one network with the same settings."""
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
    """Compute and write the gallery, and return the number of its runs and its size in bytes."""
    runs = compute(plan(gpu), Store())
    return len(runs), write(runs, folder or paths.GALLERY)
