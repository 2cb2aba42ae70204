"""The data sets: which there are, whether each is at hand, and the ways to get one.

A file here with a table SOURCES adds its data sets to every menu, and their originals to what can be imported.
Importing this package loads neither torch nor torchvision. Nothing here ever stands in for data that is missing.
"""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from bnviz import paths
from bnviz.data.files import Files, opened
from bnviz.data.source import Arrays, Bytes, DataError, Original, Source
from bnviz.discover import tables
from bnviz.words import shorten

SOURCES: dict[str, Source] = {
    source.name: source for table in tables(__name__, __path__, "SOURCES") for source in table
}

__all__ = [
    "SOURCES",
    "Arrays",
    "DataError",
    "Original",
    "Source",
    "available",
    "check",
    "data_folder",
    "fetch",
    "import_file",
    "read",
    "require",
]


def data_folder() -> Path:
    """Return the folder of stored data sets, `data` in the cache."""
    return paths.cache() / "data"


def available(name: str) -> bool:
    """Tell whether a data set is at hand, without reading it; DataError for an unknown name."""
    return _source(name).original is None or _stored(name).is_file()


def read(name: str) -> Arrays:
    """Return a data set, memory-mapped and read-only where it is stored.

    Raises DataError for an unknown name, for data that the task makes, and for a missing or damaged file with the ways
    to get it.
    """
    source = _source(name)
    if source.built_in is not None:
        return source.built_in()
    if source.original is None:
        raise DataError(f"{name} has no images to read: the task makes its samples from the run's seed")
    require(name)
    path = _stored(name)
    try:
        return _mapped(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {_ways(source)}") from error


def require(name: str) -> None:
    """Raise DataError with the ways to get a data set that is not at hand."""
    if not available(name):
        raise DataError(f"{_source(name).label} is not in {data_folder()}: {_ways(_source(name))}")


def check(name: str) -> bool:
    """Tell whether a data set can be read and its content has the published SHA-256 digests, where it has content."""
    source = _source(name)
    try:
        return not source.digests or _digests(read(name)) == source.digests
    except DataError:
        return False


def import_file(path: Path) -> str:
    """Store the data set in an archive or folder, recognised by what it holds, and return the data set's name.

    Accepts the `archives` of every source, and a single file of a folder for all of it. Raises DataError for any other
    or damaged file, and where the data folder cannot be written.
    """
    every = ", or ".join(source.archives for source in SOURCES.values() if source.archives)
    if not path.exists():
        raise DataError(f"{path} does not exist: give a copy of {every}")
    try:
        files = opened(path)
    except Exception as error:  # what a foreign file can make gzip and tar raise has no common base
        raise DataError(f"{path} is not a whole copy of {every}: {error}") from error
    for source in SOURCES.values():
        if source.original and (arrays := _recognised(path, files, source.original)):
            _verify(path, arrays, source, source.original)
            _store(source.name, arrays)
            return source.name
    raise DataError(f"{path} is not a whole copy of {every}: it has none of the expected members")


def fetch(name: str) -> None:
    """Download and store a data set, showing the progress; DataError where that fails."""
    source = _source(name)
    if source.original is None:
        return
    folder = data_folder() / f"{name}.download"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        import_file(source.original.download(folder))
    except OSError as error:
        raise DataError(f"{error}: {_import(source)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _source(name: str) -> Source:
    if name not in SOURCES:
        *most, last = SOURCES
        raise DataError(f"{shorten(name)} is not a data set: choose {', '.join(most)} or {last}")
    return SOURCES[name]


def _import(source: Source) -> str:
    return f"run `python -m bnviz data import FILE` with {source.archives}"


def _ways(source: Source) -> str:
    return f"run `python -m bnviz data fetch {source.name}`, or {_import(source)}"


def _recognised(path: Path, files: Files, original: Original) -> Arrays | None:
    try:
        return original.read(files)
    except Exception as error:  # what a damaged file can make six decoders raise has no common base
        raise DataError(f"{path} is not a whole copy of {original.archives}: {error}") from error


def _verify(path: Path, arrays: Arrays, source: Source, original: Original) -> None:
    for part, found, expected in zip(original.parts, _digests(arrays), source.digests, strict=True):
        if found != expected:
            raise DataError(f"{path} is no copy of {source.archives}: its {part} are not {source.label}'s")


def _stored(name: str) -> Path:
    return data_folder() / f"{name}.safetensors"


def _store(name: str, arrays: Arrays) -> None:
    path = _stored(name)
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(arrays._asdict(), partial)
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path} could not be written: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _mapped(path: Path) -> Arrays:
    # The reader of safetensors copies; a mapping opens at once and is shared by all processes.
    content = np.asarray(np.memmap(path, np.uint8, "r"))
    start = 8 + int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8:start].tobytes())

    def array(field: str) -> Bytes:
        begin, end = header[field]["data_offsets"]
        return content[start + begin : start + end].reshape(header[field]["shape"])

    return Arrays(*map(array, Arrays._fields))


def _digests(arrays: Arrays) -> tuple[str, ...]:
    return tuple(hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for array in arrays)
