"""Read and write the samples that ship with the package.

Each has a folder, with its images tiled into one lossless WebP file per part, and its labels.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnviz.data.source import Arrays, Bytes, Labels

SAMPLES = Path(__file__).parent / "sample"
COLUMNS = 50  # images side by side


@cache
def read(name: str, shape: tuple[int, int, int]) -> Arrays:
    """Return the sample `name`, whose images have the shape (C, H, W)."""
    described = json.loads((SAMPLES / name / "labels.json").read_text("utf-8"))
    labels = {part: np.array(described[part]["labels"], np.uint8) for part in ("train", "test")}
    images = {part: _tiles(SAMPLES / name / f"{part}.webp", shape) for part in labels}
    arrays = Arrays(images["train"], labels["train"], images["test"], labels["test"])
    for array in arrays:
        array.flags.writeable = False  # all callers share them
    return arrays


def _tiles(path: Path, shape: tuple[int, int, int]) -> Bytes:
    channels, height, width = shape
    with Image.open(path, formats=["WEBP"]) as image:
        pixels = np.asarray(image)[..., :channels]  # WebP stores grey as three equal channels
    grid = pixels.reshape(-1, height, COLUMNS, width, channels)
    return grid.swapaxes(1, 2).reshape(-1, height, width, channels)


def draw(arrays: Arrays, train: int, test: int, seed: int) -> dict[str, NDArray[np.intp]]:
    """Draw `train` training and `test` test images of each class, and return their sorted indices.

    The same seed draws the same images.
    """
    rng = np.random.default_rng(seed)

    def drawn(labels: Labels, per_class: int) -> NDArray[np.intp]:
        places = (np.flatnonzero(labels == label) for label in np.unique(labels))
        return np.sort(
            np.concatenate([rng.choice(place, per_class, replace=False) for place in places])
        )

    return {"train": drawn(arrays.train_labels, train), "test": drawn(arrays.test_labels, test)}


def write(name: str, arrays: Arrays, indices: dict[str, NDArray[np.intp]]) -> None:
    """Write the images at `indices` as a sample: train.webp, test.webp and labels.json."""
    described = {}
    for part, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:])):
        picture = Image.fromarray(_tiled(images[indices[part]]))
        picture.save(SAMPLES / name / f"{part}.webp", lossless=True, quality=100, method=6)
        described[part] = {
            "indices": indices[part].tolist(),
            "labels": labels[indices[part]].tolist(),
        }
    (SAMPLES / name / "labels.json").write_text(json.dumps(described) + "\n", "utf-8")


def _tiled(images: Bytes) -> Bytes:
    _, height, width, channels = images.shape
    grid = images.reshape(-1, COLUMNS, height, width, channels).swapaxes(1, 2)
    return grid.reshape(-1, COLUMNS * width, channels).repeat(3 // channels, axis=2)
