"""Yield the files in a folder, a tar, a zip or a compressed file one after another.

They are untrusted. Nothing is extracted to a path that an archive names. An archive may contain
another archive, but that one may not contain a third. Sizes and counts are limited while bytes are
read; a header's claims are not believed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from bnviz.importing.guarded import Guarded

MAX_MEMBER = 200_000_000  # bytes; the largest file is CIFAR-10 as a tar in an archive, 186 MB
MAX_UNPACKED = 1_000_000_000  # bytes in one archive
MAX_MEMBERS = 250_000  # in one archive or folder: MNIST has 70,000 images, perhaps several times
MAX_HEADERS = 2_000_000  # bytes between two members of a tar
MAX_DIRECTORY = 64_000_000  # bytes of a zip's table of contents
LEVELS = 2  # an archive in an archive
HEAD = 512  # bytes of a file that tell its format: a tar header
CHUNK = 2**20
BUFFER = 2**16

COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
ZIP = b"PK\x03\x04"
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}

Report = Callable[[str], None]  # called with a sentence about a file that cannot be read


class Damaged(Exception):
    """A file or an archive cannot be read; the message is one clause for the reader."""


class Cut(Damaged):
    """A file ends too early, after `count` bytes."""

    def __init__(self, name: str, count: int, size: int | None = None) -> None:
        self.count = count
        of = f" of {size:,}" if size else ""
        super().__init__(
            f"{shown(name)} " + (f"ends after {count:,}{of} bytes" if count or of else "is cut off")
        )


class Member(NamedTuple):
    """One file in a folder or an archive.

    `name` starts with the names of its archive and folders. `read` returns the whole content or
    raises Damaged; it works until the next member is asked for.
    """

    name: str
    head: bytes  # the first bytes
    size: int | None  # None if the container does not say
    read: Callable[[], bytes]


def shown(name: str) -> str:
    """Return a name from an untrusted file fit for a sentence: printable and short."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name)
    return text if len(text) <= 100 else f"…{text[-99:]}"


def members(path: Path, report: Report) -> Iterator[Member]:
    """Yield the files at a path and those in its archives; report what cannot be read."""
    if path.is_dir():
        for file in files_below(path, report):
            yield from _of_path(file, file.relative_to(path).as_posix(), report, LEVELS)
    else:
        yield from _of_path(path, path.name, report, LEVELS)


def beside(path: Path, report: Report) -> Iterator[Member]:
    """Yield the other files in a file's folder; subfolders and archives are not opened."""
    for file in sorted(path.parent.iterdir())[:MAX_MEMBERS]:
        if file != path and file.is_file():
            yield from _of_path(file, file.name, report, levels=0)


def files_below(folder: Path, report: Report) -> Iterator[Path]:
    """Yield the files of a folder and its subfolders in alphabetical order.

    Symbolic links to folders are not followed. More than MAX_MEMBERS files are reported, and the
    rest is left out.
    """
    count = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > MAX_MEMBERS:
                report(
                    f"there are more than {MAX_MEMBERS:,} files in {shown(folder.name)}: "
                    "give the folder of one data set"
                )
                return
            if (file := Path(place, name)).is_file():
                yield file


def _of_path(path: Path, name: str, report: Report, levels: int) -> Iterator[Member]:
    try:
        with path.open("rb") as file:
            yield from _of_file(file, name, path.stat().st_size, report, levels)
    except OSError as error:
        report(f"{shown(name)} cannot be read ({error.strerror})")


def _of_file(
    file: IO[bytes],
    name: str,
    size: int | None,
    report: Report,
    levels: int,
    arrived: Callable[[], int] | None = None,
) -> Iterator[Member]:
    """Yield a file, or the files packed in it; report every error of its decoders."""
    try:
        stream = plain = _bounded(file, name, size, arrived)
        for mark, decompressed in COMPRESSED.items():
            if plain.peek(HEAD).startswith(mark):
                stream, size = _bounded(decompressed(plain), name), None
        head = stream.peek(HEAD)[:HEAD]
        if head.startswith(ZIP) and (levels or _is_npz(head)):
            with _on_disk(stream, stream if stream is not plain else file) as place:
                yield from _of_zip(place, name, report, max(levels - 1, 0))
        elif _is_tar(head) and levels:
            yield from _of_tar(stream, name, report, levels - 1)
        else:
            yield Member(name, head, size, lambda: _whole(stream, name))
    except Damaged as error:
        report(str(error))
    except (EOFError, tarfile.ReadError):
        report(f"{shown(name)} is cut off")
    except Exception:  # what tarfile and zipfile raise on untrusted files has no base class
        report(f"{shown(name)} is damaged")


def _bounded(
    file: IO[bytes], name: str, size: int | None = None, arrived: Callable[[], int] | None = None
) -> io.BufferedReader:
    return io.BufferedReader(Bounded(file, name, size, arrived), BUFFER)


class Bounded(io.RawIOBase):
    """A stream of an untrusted file that yields at most `most` bytes and raises only Damaged.

    `size` is how many bytes there should be. `arrived` returns how many there are, for a stream
    that cannot count them itself.
    """

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        size: int | None = None,
        arrived: Callable[[], int] | None = None,
    ) -> None:
        self.name, self.size, self.count, self.most = name, size, 0, MAX_UNPACKED
        self._arrived = arrived or (lambda: self.count)
        self._problem: Damaged | None = None
        # read1 stops at the end of what is available, which shows exactly where a compressed
        # file is cut off.
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer and return the number of bytes.

        A damaged stream first yields what precedes the damage; the next call raises Damaged.
        """
        filled = 0
        with memoryview(buffer) as view:
            while filled < len(view) and (chunk := self._next(len(view) - filled)):
                view[filled : filled + len(chunk)] = chunk
                filled += len(chunk)
        if self._problem and not filled:
            raise self._problem
        return filled

    def _next(self, size: int) -> bytes:
        if self._problem:
            return b""
        try:
            chunk = self._read(size)
        except (EOFError, tarfile.ReadError, Cut):
            self._problem = Cut(self.name, self._arrived(), self.size)
        except Damaged as error:
            self._problem = error
        except Exception:  # six decoders of untrusted files: their errors share no base class
            self._problem = Damaged(f"{shown(self.name)} is damaged")
        else:
            self.count += len(chunk)
            if self.count <= self.most:
                return chunk
            self._problem = Damaged(f"{shown(self.name)} unpacks to more than any copy does")
        return b""


def _whole(stream: io.BufferedReader, name: str) -> bytes:
    content = bytearray()
    while chunk := stream.read(CHUNK):
        content += chunk
        if len(content) > MAX_MEMBER:
            raise Damaged(f"{shown(name)} is larger than any file of a copy")
    return bytes(content)


def _is_npz(head: bytes) -> bool:
    length = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + length].endswith(b".npy")  # the name of the first member


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _of_tar(stream: io.BufferedReader, name: str, report: Report, levels: int) -> Iterator[Member]:
    bounded: Any = stream.raw
    eager: Any = Eager(stream)
    bounded.most = MAX_HEADERS
    count = 0
    with tarfile.open(fileobj=eager, mode="r|", bufsize=BUFFER) as archive:
        while info := archive.next():
            count += 1
            if count > MAX_MEMBERS:
                raise Damaged(f"{shown(name)} has more than {MAX_MEMBERS:,} members")
            bounded.most = MAX_UNPACKED
            file = archive.extractfile(info) if info.isreg() and not info.issparse() else None
            if file:
                start = info.offset_data
                arrived = partial(_arrived, bounded, start)
                yield from _of_file(file, f"{name}/{info.name}", info.size, report, levels, arrived)
            # The next header may claim any size. Reading it first skips the rest of this member,
            # so the limit allows for both.
            bounded.most = min(MAX_UNPACKED, info.offset_data + info.size + MAX_HEADERS)


class Eager:
    """A stream whose `read` returns what is available.

    A tar that is cut off then yields everything before the cut.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self.read = stream.read1


def _arrived(stream: Bounded, start: int) -> int:
    return stream.count - start


@contextmanager
def _on_disk(stream: IO[bytes], file: IO[bytes]) -> Iterator[Guarded]:
    """Yield a seekable file for zipfile: the file itself, or a copy if it is packed in another."""
    with ExitStack() as stack:
        if not isinstance(getattr(file, "raw", None), io.FileIO):
            file = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(stream, file, CHUNK)
            file.flush()
        yield stack.enter_context(Guarded(os.dup(file.fileno()), MAX_DIRECTORY))


def _of_zip(file: Guarded, name: str, report: Report, levels: int) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        size = os.fstat(file.fileno()).st_size
        raise Damaged(
            f"{shown(name)} ends after {size:,} bytes, before its table of contents"
        ) from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MAX_MEMBERS:
            raise Damaged(f"{shown(name)} has more than {MAX_MEMBERS:,} members")
        # zipfile yields no more bytes of a member than its table of contents says.
        if sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise Damaged(f"{shown(name)} unpacks to more than any copy does")
        for info in infos:
            member = f"{name}/{info.filename}".replace("\\", "/")
            if info.flag_bits & 1:
                report(f"{shown(member)} is encrypted")
            elif info.compress_type not in READABLE:
                report(f"{shown(member)} is compressed in an unusual way")
            else:
                with archive.open(info) as file_in_zip:
                    yield from _of_file(file_in_zip, member, info.file_size, report, levels)
