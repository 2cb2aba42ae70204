"""The datasets: which there are, whether each is at hand, and the ways to get one.

Importing this package loads neither torch nor torchvision. Nothing here ever stands in for data
that is missing.
"""

import contextlib
import hashlib
import http.client
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from bnviz import paths
from bnviz.data import cifar10


class DataError(Exception):
    """Data is unknown, missing or damaged; the text is one sentence for the reader."""


class Arrays(NamedTuple):
    """Images uint8 (n, H, W, C) and labels uint8 (n,); they may be read-only."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Source:
    """A dataset: `shape` is (C, H, W), `digests` the SHA-256 of its four arrays in C order.

    `built_in` returns data that ships with the package; where it is None, an import stores the data.
    """

    name: str
    label: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    train_count: int
    test_count: int
    digests: tuple[str, str, str, str]
    built_in: Callable[[], Arrays] | None = None


@cache
def _cifar10_sample() -> Arrays:
    train, test = cifar10.read_sample()
    arrays = Arrays(*train, *test)
    for array in arrays:
        array.flags.writeable = False  # all who ask share them
    return arrays


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="cifar10",
            label="CIFAR-10",
            shape=(3, 32, 32),
            classes=cifar10.CLASSES,
            train_count=50_000,
            test_count=10_000,
            digests=(
                "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
                "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
                "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
                "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
            ),
        ),
        Source(
            name="cifar10-sample",
            label="CIFAR-10 sample (4,000 + 1,000 images)",
            shape=(3, 32, 32),
            classes=cifar10.CLASSES,
            train_count=4_000,
            test_count=1_000,
            digests=(
                "95ab20cac95f03e13070dfec64d21a976b9b273cfd7071e709897b548602246f",
                "69b3f141414f9935837166851518bbfefba8a43fa69ca1e0c40b07d0a042df7a",
                "7f202aec6e28677eead1ac797f28b38b4c1bb0b64242642e76fd2d4e6554060e",
                "14ffae1ff7ab1291f6813e6c5af806b650d13c4fbb6049df22e2b9d00a7ac8b3",
            ),
            built_in=_cifar10_sample,
        ),
    )
}

_IMPORT = f"run `python -m bnviz data import FILE` with {cifar10.ARCHIVES}"


def data_folder() -> Path:
    """Return the folder of stored datasets, `data` in the cache."""
    return paths.cache() / "data"


def available(name: str) -> bool:
    """Tell whether a dataset is at hand, without reading it; DataError for an unknown name."""
    return _source(name).built_in is not None or _stored(name).is_file()


def read(name: str) -> Arrays:
    """Return a dataset, memory-mapped and read-only where it is stored.

    Raises DataError for an unknown name, and for a missing or damaged file with the ways to get it.
    """
    source = _source(name)
    if source.built_in is not None:
        return source.built_in()
    require(name)
    path = _stored(name)
    try:
        return _mapped(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {_ways(name)}") from error


def require(name: str) -> None:
    """Raise DataError with the ways to get a dataset that is not at hand."""
    if not available(name):
        raise DataError(f"{_source(name).label} is not in {data_folder()}: {_ways(name)}")


def check(name: str) -> bool:
    """Tell whether a dataset can be read and its content has the published SHA-256 digests."""
    try:
        return _digests(read(name)) == _source(name).digests
    except DataError:
        return False


def import_file(path: Path) -> str:
    """Store the dataset of an archive, recognised by its content, and return the dataset's name.

    Accepts `cifar10.ARCHIVES`. Raises DataError for any other or damaged file, and where the data
    folder cannot be written.
    """
    source = SOURCES["cifar10"]
    try:
        train, test = cifar10.read_archive(path)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist: give a copy of {cifar10.ARCHIVES}") from error
    except Exception as error:  # what a foreign file can make six decoders raise has no common base
        raise DataError(f"{path} is not a whole copy of {cifar10.ARCHIVES}: {error}") from error
    arrays = Arrays(*train, *test)
    for field, found, expected in zip(Arrays._fields, _digests(arrays), source.digests, strict=True):
        if found != expected:
            what = field.replace("_", " ")
            raise DataError(f"{path} is no copy of {cifar10.ARCHIVES}: its {what} are not {source.label}'s")
    _store(source.name, arrays)
    return source.name


def fetch(name: str) -> None:
    """Download and store a dataset, showing the progress; DataError where that fails."""
    if _source(name).built_in is not None:
        return
    from torchvision.datasets import CIFAR10  # type: ignore[import-untyped]
    from torchvision.datasets.utils import download_url  # type: ignore[import-untyped]

    archive = data_folder() / CIFAR10.filename
    try:
        download_url(CIFAR10.url, archive.parent, archive.name, CIFAR10.tgz_md5)
        import_file(archive)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise DataError(f"{CIFAR10.url} could not be downloaded ({error}): {_IMPORT}") from error
    finally:
        with contextlib.suppress(OSError):
            archive.unlink()


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise DataError(f"{name!r} is not a dataset: choose {' or '.join(SOURCES)}")
    return SOURCES[name]


def _ways(name: str) -> str:
    return f"run `python -m bnviz data fetch {name}`, or {_IMPORT}"


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

    def array(field: str) -> NDArray[np.uint8]:
        begin, end = header[field]["data_offsets"]
        return content[start + begin : start + end].reshape(header[field]["shape"])

    return Arrays(*map(array, Arrays._fields))


def _digests(arrays: Arrays) -> tuple[str, ...]:
    return tuple(hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for array in arrays)
