"""MNIST and the sample of it that ships with the package.

Images are uint8 (n, 28, 28, 1), labels uint8 (n,) in 0..9.
"""

from functools import partial
from pathlib import Path

from bnviz.data import keys, mosaic
from bnviz.data.download import download
from bnviz.data.source import Original, Source

CLASSES = tuple("0123456789")
ARCHIVES = "the folder of MNIST's four idx files, mnist.npz or any other whole copy of MNIST"
SHAPE = (1, 28, 28)
SIZES = {
    "train-images-idx3-ubyte.gz": 9_912_422,
    "train-labels-idx1-ubyte.gz": 28_881,
    "t10k-images-idx3-ubyte.gz": 1_648_877,
    "t10k-labels-idx1-ubyte.gz": 4_542,
    "mnist.npz": 11_490_434,
}


def _download(folder: Path) -> Path:
    from torchvision.datasets import MNIST  # type: ignore[import-untyped]

    for file, md5 in MNIST.resources:
        download((f"{mirror}{file}" for mirror in MNIST.mirrors), folder / file, md5)
    return folder


SOURCES = (
    Source(
        name="mnist",
        label="MNIST",
        shape=SHAPE,
        classes=CLASSES,
        train_count=60_000,
        test_count=10_000,
        digests=(
            "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
            "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
            "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
            "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
        ),
        original=Original(ARCHIVES, partial(keys.read, "mnist"), _download, SIZES),
    ),
    Source(
        name="mnist-sample",
        label="MNIST sample (4,000 + 1,000 images)",
        shape=SHAPE,
        classes=CLASSES,
        train_count=4_000,
        test_count=1_000,
        digests=(
            "0103e8b4bf8c1a76ad02e725508cb62ca9c01e38ca1457780fd45d54e201d5dc",
            "2e698689cae5ff741af9bd718d966f10f197c8675d4c967c66dea89b9ba0b7ef",
            "2a43e25e392037a7370557193f604be3e3147e25031bf81eceffc310cee4c5f5",
            "c12a6e999398f08a233e874f1e02bb7e908ad6d3f9a661af209abdd5ac685742",
        ),
        built_in=partial(mosaic.read, "mnist", SHAPE),
    ),
)
