"""List the data sets, read and store them, and say how to get one that is missing.

A file here with a table SOURCES adds its data sets to every menu, and their originals to what
bnviz.importing accepts; own.py adds those that a reader has imported. Importing this package loads
neither torch nor torchvision. Missing data is an error: nothing ever stands in for it.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from bnviz.data import own
from bnviz.data.source import Arrays, DataError, Original, Source, digests
from bnviz.discover import tables
from bnviz.paths import data_folder
from bnviz.words import shorten

SOURCES = own.Sources(
    {source.name: source for table in tables(__name__, __path__, "SOURCES") for source in table}
)
DTYPES: dict[str, np.dtype[Any]] = {  # by their names in a safetensors file
    "U8": np.dtype("u1"),
    "U16": np.dtype("<u2"),
}

__all__ = [
    "SOURCES",
    "Arrays",
    "DataError",
    "Original",
    "Source",
    "available",
    "called",
    "check",
    "data_folder",
    "describe",
    "keep",
    "known",
    "read",
    "require",
    "store",
    "way_to_import",
]


def available(name: str) -> bool:
    """Return whether a data set can be read, without reading it; DataError for an unknown name."""
    return not known(name).stored or _stored(name).is_file()


def read(name: str) -> Arrays:
    """Return the images and labels of a data set; those from the data folder are memory-mapped.

    Raises DataError for an unknown name and for data that the task generates. For a missing or
    damaged file, the message says how to get it.
    """
    source = known(name)
    if source.built_in is not None:
        return source.built_in()
    if not source.stored:
        raise DataError(
            f"{name} has no images to read: its samples are generated from the run's seed"
        )
    require(name)
    path = _stored(name)
    try:
        return _mapped(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {_ways(source)}") from error


def require(name: str) -> None:
    """Raise DataError if a data set is missing; the message says how to get it."""
    if not available(name):
        raise DataError(f"{known(name).label} is not in {data_folder()}: {_ways(known(name))}")


def check(name: str) -> bool:
    """Return whether a data set can be read and has the published SHA-256 digests.

    A data set that is generated from the run's seed has no digests and passes.
    """
    source = known(name)
    try:
        return not source.digests or digests(read(name)) == source.digests
    except DataError:
        return False


def store(name: str, arrays: Arrays) -> None:
    """Write a data set to the data folder; DataError if that cannot be written."""
    with _placed(_stored(name)) as partial:
        save_file(arrays._asdict(), partial)


def keep(source: Source, arrays: Arrays) -> None:
    """Store one of the reader's own data sets and its facts, whole or not at all; DataError."""
    store(source.name, arrays)
    try:
        describe(source)
    except BaseException:
        if source.name not in SOURCES:
            _stored(source.name).unlink(missing_ok=True)
        raise


def describe(source: Source) -> None:
    """Write the facts of a reader's own data set, which puts it into the menus; DataError."""
    with _placed(own.facts_file(source.name)) as partial:
        partial.write_text(own.Facts.of(source).model_dump_json(indent=1), "utf-8")


def called(name: str) -> str:
    """Return the full name of the reader's own data set called `name`, or `name` unchanged.

    Raises DataError if several sets are called so, and the images of none or of several are here.
    """
    found = [full for full in SOURCES if full.startswith(f"{name}@")]
    here = [full for full in found if available(full)] or found
    if len(here) > 1:
        raise DataError(f"{name} is the name of several data sets: choose {' or '.join(here)}")
    return here[0] if here else name


def way_to_import(source: Source) -> str:
    """Return the advice to import an existing copy: the command and the files that it accepts."""
    return f"run `python -m bnviz data import PATH` with {source.archives}"


def known(name: str) -> Source:
    """Return the data set of this name; DataError names the valid ones."""
    if name not in SOURCES:
        *most, last = SOURCES
        raise DataError(f"{shorten(name)} is not a data set: choose {', '.join(most)} or {last}")
    return SOURCES[name]


def _ways(source: Source) -> str:
    if source.own:
        name, _, _ = source.name.partition("@")
        return f"import its folder with `python -m bnviz data import FOLDER --name {name}`"
    return f"run `python -m bnviz data fetch {source.name}`, or {way_to_import(source)}"


def _stored(name: str) -> Path:
    return data_folder() / f"{name}.safetensors"


@contextlib.contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and rename what was written there; DataError if that fails."""
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        reason = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "the disk may be full"
        )
        raise DataError(f"{path} could not be written: {reason}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _mapped(path: Path) -> Arrays:
    # safetensors' own reader copies the data. A memory map opens at once and is shared by all
    # processes.
    content = np.asarray(np.memmap(path, np.uint8, "r"))
    start = 8 + int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8:start].tobytes())

    def array(field: str) -> Any:
        begin, end = header[field]["data_offsets"]
        numbers = content[start + begin : start + end].view(DTYPES[header[field]["dtype"]])
        return numbers.reshape(header[field]["shape"])

    return Arrays(*map(array, Arrays._fields))
