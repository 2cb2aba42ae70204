"""Find the runs that a command line names, and write their rows and pages to files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from bnviz.presets import PRESETS, SEEDS
from bnviz.runs.parts import TEXT
from bnviz.runs.run import Run
from bnviz.runs.store import Store

LONGEST_NAME = 255  # bytes of a file name on common file systems


def rows_of(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the rows of one run, or those of several with a first column `run`."""
    frames = {run.id: run.rows().astype(TEXT) for run in runs}
    if len(frames) == 1:
        return next(iter(frames.values()))
    return pd.concat(
        [frame.assign(run=id)[["run", *frame.columns]] for id, frame in frames.items()],
        ignore_index=True,
    )


def table_writer(path: Path) -> Callable[[pd.DataFrame], None]:
    """Return the function that writes a frame to this file.

    Raises ValueError if the file cannot be written.
    """
    writers: dict[str, Callable[[pd.DataFrame], None]] = {
        ".csv": lambda frame: frame.astype({"unit": "Int64"}).to_csv(path, index=False),
        ".parquet": lambda frame: frame.astype({"unit": "Int64"}).to_parquet(path, index=False),
    }
    if path.suffix not in writers:
        raise ValueError(f"--out must end in {' or '.join(writers)}, got {path}")
    in_a_folder(path)
    return writers[path.suffix]


def measured(runs: list[Run]) -> list[Run]:
    """Return these runs; ValueError if none of them has any rows."""
    if not any(run.parts() for run in runs):
        raise ValueError(
            f"nothing is measured yet: {', '.join(f'run {run.id} is {run.state}' for run in runs)}"
        )
    return runs


def chosen(words: list[str]) -> list[Run]:
    """Return the runs that these words name, each once.

    Damaged runs are reported and left out. Raises ValueError if no run is left.
    """
    runs = list({run.id: run for word in words for run in named(word)}.values())
    damaged = {run.id: run.error() for run in runs if run.state == "damaged"}
    if len(damaged) == len(runs):
        raise ValueError(" ".join(damaged.values()))
    for said in damaged.values():
        print(f"bnviz: left out: {said}", file=sys.stderr)
    return [run for run in runs if run.id not in damaged]


def named(word: str) -> list[Run]:
    """Return the run whose id begins with `word`, or the finished runs of the preset `word`.

    Raises ValueError if there are none.
    """
    if word not in PRESETS:
        return [Store().find(word)]
    runs = [Store().run(spec.id) for seed in SEEDS for spec in PRESETS[word].specs(seed=seed)]
    finished = [
        run
        for run in runs
        if run.state == "done" or (run.state == "damaged" and run.folder.exists())
    ]
    if not finished:
        raise ValueError(
            f"no run of preset {word} has finished; "
            f"compute them with `python -m bnviz run --preset {word}`"
        )
    return finished


def in_a_folder(path: Path) -> None:
    """Raise ValueError if the file has an invalid name, or if its folder does not exist."""
    if (size := len(os.fsencode(path.name))) > LONGEST_NAME:
        raise ValueError(
            f"the file name of --out is too long: {size} bytes, at most {LONGEST_NAME}"
        )
    if path.is_dir():
        raise ValueError(f"--out must name a file, got the folder {path.absolute()}")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"the folder of --out does not exist: {path.absolute().parent}")


def write_page(path: Path, made: Callable[[], str]) -> None:
    """Make and write an HTML page; ValueError before it is made if the file cannot be written."""
    if path.suffix != ".html":
        raise ValueError(f"--out must end in .html, got {path}")
    in_a_folder(path)
    path.write_text(made(), encoding="utf-8")
    print(path)
