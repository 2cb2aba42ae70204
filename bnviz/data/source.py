"""What a data set is: its facts, its arrays, and its published original."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


class DataError(Exception):
    """Data is unknown, missing or damaged; the text is one sentence for the reader."""


class Arrays(NamedTuple):
    """Images uint8 (n, H, W, C) and labels uint8 (n,); they may be read-only."""

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes


def digests(arrays: Arrays) -> tuple[str, ...]:
    """The SHA-256 of each array."""
    return tuple(hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for array in arrays)


@dataclass(frozen=True)
class Original:
    """The published files of a data set; `archives` names some of them for the reader, `sizes` has their bytes by name.

    `keys` returns the keys of its images in the published order. `download` puts a copy into a folder and returns what
    to import, or raises OSError.
    """

    archives: str
    keys: Callable[[], NDArray[np.uint64]]
    download: Callable[[Path], Path]
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """A data set: `shape` is (C, H, W) or (units,), `digests` the SHA-256 of its four arrays in C order.

    `built_in` returns data that ships with the package; that of an `original` is stored by an import. Data that the
    task makes from the run's seed has neither, and no digests. Without `classes`, the target is as long as the input.
    Raise `version` when the numbers change that a network gets: it is part of a run's id.
    """

    name: str
    label: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    train_count: int
    test_count: int
    digests: tuple[str, ...] = ()
    built_in: Callable[[], Arrays] | None = None
    original: Original | None = None
    version: int = 1

    @property
    def outputs(self) -> int:
        """How many outputs a network needs: one for each class or, where there are none, for each number of the target."""
        return len(self.classes) or self.shape[0]

    @property
    def archives(self) -> str:
        """What can be imported as this data set, for the reader; nothing where it needs no import."""
        return self.original.archives if self.original else ""
