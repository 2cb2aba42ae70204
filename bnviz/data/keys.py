"""Short hashes of all images of a data set, in the published order.

They identify each image of a copy, and so restore the published order.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnviz.data.source import Bytes

KEYS = Path(__file__).parent / "published"

Keys = NDArray[np.uint64]


def read(name: str) -> Keys:
    """Return the keys of a data set (n,), those of the training images first."""
    return np.asarray(np.load(KEYS / f"{name}.npy", allow_pickle=False))


def write(name: str, images: Bytes) -> None:
    """Store the keys of all images of a data set."""
    np.save(KEYS / f"{name}.npy", of(images), allow_pickle=False)


def of(images: Bytes) -> Keys:
    """Return the key of each image (n,): 64 bits of its BLAKE2b hash."""
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    return np.frombuffer(
        b"".join(hashlib.blake2b(row.data, digest_size=8).digest() for row in rows), "<u8"
    )
