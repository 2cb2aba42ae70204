"""Miniatures of CIFAR-10 and MNIST in the formats and archives in which they are published."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from bnviz import data
from bnviz.data import keys
from bnviz.data.source import digests

BATCH = 3
TRAIN_COUNT = 5 * BATCH
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

Pixels = NDArray[np.uint8]
Members = dict[str, bytes]


def expect(name: str, monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    """Replace a published data set by a miniature of 15 + 3 random images, and return it."""
    source = data.SOURCES[name]
    assert source.original is not None
    channels, height, width = source.shape
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (TRAIN_COUNT + BATCH, height, width, channels), np.uint8)
    labels = rng.integers(0, 10, TRAIN_COUNT + BATCH, np.uint8)
    arrays = data.Arrays(
        images[:TRAIN_COUNT], labels[:TRAIN_COUNT], images[TRAIN_COUNT:], labels[TRAIN_COUNT:]
    )
    mini = replace(
        source,
        train_count=TRAIN_COUNT,
        test_count=BATCH,
        digests=digests(arrays),
        original=replace(source.original, keys=lambda: keys.of(images)),
    )
    monkeypatch.setitem(data.SOURCES, name, mini)
    return arrays


# Containers


def folder(path: Path, members: Mapping[str, bytes]) -> Path:
    path.mkdir()
    for name, content in members.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return path


def tar(path: Path, members: Mapping[str, bytes], mode: str = "w:gz") -> Path:
    path.write_bytes(tarred(members, mode))
    return path


def tarred(members: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


CONTAINERS: dict[str, Callable[[Path, Members], Path]] = {
    "folder": folder,
    "folder above": lambda path, members: folder(
        path, {f"data/root/{name}": told for name, told in members.items()}
    ),
    "tar": lambda path, members: tar(path, members, "w"),
    "tar.gz": tar,
    "tar.bz2": lambda path, members: tar(path, members, "w:bz2"),
    "tar.xz": lambda path, members: tar(path, members, "w:xz"),
    "tar with ./": lambda path, members: tar(
        path, {f"./{name}": told for name, told in members.items()}
    ),
    "zip": lambda path, members: file(path, zipped(members)),
    "zip with backslashes": lambda path, members: file(
        path, zipped({name.replace("/", "\\"): told for name, told in members.items()})
    ),
    "names in capitals": lambda path, members: folder(
        path, {name.upper(): told for name, told in members.items()}
    ),
    "other names": lambda path, members: folder(
        path,
        {
            f"{number}/{name.split('/')[-2] if '/' in name else ''}/{number}": told
            for number, (name, told) in enumerate(members.items())
        },
    ),
    "tar.gz in a zip": lambda path, members: file(path, zipped({"down/x.tar.gz": tarred(members)})),
    "zip in a tar": lambda path, members: tar(path, {"x.zip": zipped(members)}, "w"),
    "zip in a zip": lambda path, members: file(path, zipped({"x.zip": zipped(members)})),
    "tar.gz in a folder": lambda path, members: folder(path, {"x.tar.gz": tarred(members)}),
    "each file gzipped": lambda path, members: folder(
        path, {f"{name}.gz": gzip.compress(told) for name, told in members.items()}
    ),
    "each file bz2 in a zip": lambda path, members: file(
        path, zipped({f"{name}.bz2": bz2.compress(told) for name, told in members.items()})
    ),
    "each file xz in a tar": lambda path, members: tar(
        path, {f"{name}.xz": lzma.compress(told) for name, told in members.items()}
    ),
    "among other files": lambda path, members: folder(
        path,
        members
        | {"readme.html": b"<html>", ".DS_Store": b"Bud1", "notes.txt": b"Mine.", "empty": b""},
    ),
    "twice, extracted and packed": lambda path, members: folder(
        path, members | {"x.tar.gz": tarred(members)}
    ),
}


# Formats


def batches(arrays: data.Arrays) -> dict[str, tuple[Pixels, Pixels]]:
    starts = range(0, TRAIN_COUNT, BATCH)
    train = [
        (arrays.train_images[i : i + BATCH], arrays.train_labels[i : i + BATCH]) for i in starts
    ]
    return dict(zip(BATCHES, [*train, arrays[2:]], strict=True))


def planes(images: Pixels) -> Pixels:
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2).reshape(len(images), -1))


def python2_pickle(batch: Any) -> bytes:
    """Pickle a batch with bytes written as Python 2 wrote its strings."""

    def save_string(pickler: Any, text: bytes) -> None:
        pickler.write(b"T" + struct.pack("<i", len(text)) + text)
        pickler.memoize(text)

    file = io.BytesIO()
    pickler: Any = pickle._Pickler(file, 2)  # type: ignore[attr-defined]
    pickler.dispatch = {**pickler.dispatch, bytes: save_string}
    pickler.dump(batch)
    return file.getvalue().replace(b"numpy._core.", b"numpy.core.")


def python_members(arrays: data.Arrays) -> Members:
    return {
        f"cifar-10-batches-py/{name}": python2_pickle(
            {b"data": planes(images), b"labels": labels.tolist()}
        )
        for name, (images, labels) in batches(arrays).items()
    } | {"cifar-10-batches-py/batches.meta": python2_pickle({b"label_names": [b"airplane"]})}


def python3_members(arrays: data.Arrays, protocol: int = 2) -> Members:
    return {
        f"cifar-10-batches-py/{name}": pickle.dumps(
            {"data": planes(images), "labels": labels.tolist()}, protocol
        )
        for name, (images, labels) in batches(arrays).items()
    }


def binary_members(arrays: data.Arrays) -> Members:
    return {
        f"cifar-10-batches-bin/{name}.bin": np.column_stack([labels, planes(images)]).tobytes()
        for name, (images, labels) in batches(arrays).items()
    }


def png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze() if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def npm_members(arrays: data.Arrays) -> Members:
    strips = {
        f"package/{name}.png": png(images.reshape(-1, 1024, 3))
        for name, (images, _) in batches(arrays).items()
    }
    return strips | {
        "package/train_lables.json": json.dumps(arrays.train_labels.tolist()).encode(),
        "package/test_lables.json": json.dumps(arrays.test_labels.tolist()).encode(),
    }


def idx(array: Pixels) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def idx_members(arrays: data.Arrays) -> Members:
    return {
        f"MNIST/raw/{name}": idx(array.squeeze())
        for name, array in zip(IDX_FILES, arrays, strict=True)
    }


def npz_members(arrays: data.Arrays) -> Members:
    file = io.BytesIO()
    train_images, train_labels, test_images, test_labels = (array.squeeze() for array in arrays)
    np.savez_compressed(
        file, x_test=test_images, x_train=train_images, y_test=test_labels, y_train=train_labels
    )
    return {"any.npz": file.getvalue()}


def wide_npz_members(arrays: data.Arrays) -> Members:
    """Store images as rows of integers and labels as a column."""
    train_images, train_labels, test_images, test_labels = arrays
    file = io.BytesIO()
    rows = [planes(images).astype(np.int64) for images in (train_images, test_images)]
    np.savez(
        file, a=rows[0], b=train_labels[:, None].astype(np.int32), c=rows[1], d=test_labels[:, None]
    )
    return {"any.npz": file.getvalue()}


def halves(arrays: data.Arrays) -> dict[str, tuple[Pixels, Pixels]]:
    """Return the training and the test images with their labels, each half shuffled."""
    rng = np.random.default_rng(1)
    orders = {"train": rng.permutation(TRAIN_COUNT), "test": rng.permutation(BATCH)}
    parts = {"train": arrays[:2], "test": arrays[2:]}
    return {part: (parts[part][0][order], parts[part][1][order]) for part, order in orders.items()}


def parquet_members(arrays: data.Arrays) -> Members:
    members = {}
    for part, (images, labels) in halves(arrays).items():
        pictures = [{"bytes": png(image), "path": None} for image in images]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        file = io.BytesIO()
        table = {"img": pa.array(pictures, kind), "label": pa.array(labels.astype(np.int64))}
        pq.write_table(pa.table(table), file, row_group_size=10)
        members[f"plain_text/{part}-00000-of-00001.parquet"] = file.getvalue()
    return members


def picture_members(arrays: data.Arrays) -> Members:
    names = data.SOURCES["cifar10" if arrays.train_images.shape[-1] == 3 else "mnist"].classes
    return {
        f"{part}/{names[label]}/{number:04}.png": png(image)
        for part, (images, labels) in halves(arrays).items()
        for number, (image, label) in enumerate(zip(images, labels, strict=True))
    }


FORMATS: dict[str, tuple[str, Callable[[data.Arrays], Members]]] = {
    "Python": ("cifar10", python_members),
    "Python 3": ("cifar10", python3_members),
    "Python 3, protocol 5": ("cifar10", lambda arrays: python3_members(arrays, 5)),
    "binary": ("cifar10", binary_members),
    "npm": ("cifar10", npm_members),
    "CIFAR-10 npz": ("cifar10", npz_members),
    "CIFAR-10 npz of rows": ("cifar10", wide_npz_members),
    "CIFAR-10 Parquet": ("cifar10", parquet_members),
    "CIFAR-10 pictures": ("cifar10", picture_members),
    "idx": ("mnist", idx_members),
    "MNIST npz": ("mnist", npz_members),
    "MNIST npz of rows": ("mnist", wide_npz_members),
    "MNIST Parquet": ("mnist", parquet_members),
    "MNIST pictures": ("mnist", picture_members),
}
