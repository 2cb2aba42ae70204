"""Draw the class-balanced sample in bnviz/data/sample from the stored CIFAR-10.

The draw is fixed by SEED, so a second run writes the same images. The mosaics are lossless WebP.
Prints the SHA-256 digests that belong into `bnviz.data.SOURCES`.
"""

import hashlib
import json

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnviz.data import cifar10, read

SEED = 10
PER_CLASS = {"train": 400, "test": 100}


def draw(labels: NDArray[np.uint8], per_class: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the sorted indices of `per_class` images of each class."""
    classes = range(len(cifar10.CLASSES))
    drawn = [rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in classes]
    return np.sort(np.concatenate(drawn))


def mosaic(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay images (n, 32, 32, 3) out row by row, SAMPLE_COLUMNS to a row."""
    grid = images.reshape(-1, cifar10.SAMPLE_COLUMNS, 32, 32, 3)
    return grid.swapaxes(1, 2).reshape(-1, cifar10.SAMPLE_COLUMNS * 32, 3)


def main() -> None:
    """Write train.webp, test.webp and labels.json."""
    rng = np.random.default_rng(SEED)
    arrays = read("cifar10")
    parts = {
        "train": (arrays.train_images, arrays.train_labels),
        "test": (arrays.test_images, arrays.test_labels),
    }
    described = {}
    for part, (images, labels) in parts.items():
        indices = draw(labels, PER_CLASS[part], rng)
        picture = Image.fromarray(mosaic(images[indices]))
        picture.save(cifar10.SAMPLE / f"{part}.webp", lossless=True, quality=100, method=6)
        described[part] = {"indices": indices.tolist(), "labels": labels[indices].tolist()}
        print(part, *(hashlib.sha256(array[indices].data).hexdigest() for array in (images, labels)))
    (cifar10.SAMPLE / "labels.json").write_text(json.dumps(described) + "\n")


if __name__ == "__main__":
    main()
