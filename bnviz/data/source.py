"""The types that describe a data set: its facts, its arrays and its published original."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Labels = NDArray[np.uint8] | NDArray[np.uint16]


class DataError(Exception):
    """Data is unknown, missing or damaged; the message is one sentence for the reader."""


class Arrays(NamedTuple):
    """Images uint8 (n, H, W, C) and labels (n,); they may be read-only.

    Labels are uint8, or uint16 where there are more than 256 classes.
    """

    train_images: Bytes
    train_labels: Labels
    test_images: Bytes
    test_labels: Labels


def digests(arrays: Arrays) -> tuple[str, ...]:
    """Return the SHA-256 digest of each array in C order, as hexadecimal text."""
    return tuple(hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for array in arrays)


@dataclass(frozen=True)
class Original:
    """The published files of a data set.

    `download` saves a copy in the given folder and returns the path to import, or raises OSError.
    """

    archives: str  # some of the files, named for the reader
    keys: Callable[[], NDArray[np.uint64]]  # returns the keys of the images in the published order
    download: Callable[[Path], Path]
    sizes: Mapping[str, int]  # bytes of each published file


@dataclass(frozen=True)
class Source:
    """A data set.

    `built_in` returns data that ships with the package. Data with an `original` has to be imported
    first, and so do the reader's own images, which are `own`. Data that is generated from the
    run's seed has none of these, and no digests.
    """

    name: str
    label: str
    shape: tuple[int, ...]  # of one example: (C, H, W) or (units,)
    classes: tuple[str, ...]  # if empty, the target is a vector as long as the input
    train_count: int
    test_count: int
    digests: tuple[str, ...] = ()  # SHA-256 of each of the four arrays in C order
    built_in: Callable[[], Arrays] | None = None
    original: Original | None = None
    own: bool = False  # imported from a folder; the name then ends in a hash of the content
    version: int = 1  # part of a run's id: raise it if the numbers that a network gets change

    @property
    def outputs(self) -> int:
        """The number of outputs that a network needs: one per class, or one per target value."""
        return len(self.classes) or self.shape[0]

    @property
    def stored(self) -> bool:
        """Whether its images have to be in the data folder before they can be read."""
        return self.own or self.original is not None

    @property
    def archives(self) -> str:
        """The files that can be imported, named for the reader; "" if it needs no import."""
        return self.original.archives if self.original else ""
