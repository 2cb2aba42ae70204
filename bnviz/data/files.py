"""The files of published data. They are untrusted: read in memory, by known names, within fixed sizes."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import tarfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple

MAX_UNPACKED = 250_000_000  # the largest archive unpacks to 186 MB
MAX_MEMBER = 50_000_000  # the largest file is 47 MB
GZIP = b"\x1f\x8b"

Content = Callable[[str], bytes]  # of a file, by name


class Files(NamedTuple):
    """What a path holds: the members of a tar.gz, the files of a folder, or one file and those beside it.

    `given` are the names to recognise it by, which leaves out those beside it; `content` reads one of `names`.
    """

    given: frozenset[str]
    names: frozenset[str]
    content: Content


def opened(path: Path) -> Files:
    """Look at what a path holds; a damaged archive raises whatever gzip and tar make of it."""
    if path.is_dir():
        return _beside(path)
    return _members(path) if _is_tar(path) else _beside(path.parent)._replace(given=frozenset({path.name}))


def download(addresses: Iterable[str], path: Path, md5: str) -> None:
    """Download a file from the first address that has it, showing the progress; OSError names all that failed."""
    from torchvision.datasets.utils import download_url  # type: ignore[import-untyped]

    problems = []
    for address in addresses:
        try:
            download_url(address, path.parent, path.name, md5)
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            problems.append(f"{address} could not be downloaded ({error})")
        else:
            return
    raise OSError(" and ".join(problems))


def _beside(folder: Path) -> Files:
    names = frozenset(path.name for path in folder.iterdir() if path.is_file())

    def content(name: str) -> bytes:
        with (folder / name).open("rb") as file:
            return _bounded(file, name)

    return Files(names, names, content)


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file, contextlib.suppress(gzip.BadGzipFile, EOFError, zlib.error, tarfile.HeaderError):
        header = gzip.GzipFile(fileobj=file).read(tarfile.BLOCKSIZE)
        tarfile.TarInfo.frombuf(header, tarfile.ENCODING, "surrogateescape")
        return True
    return False


def _members(path: Path) -> Files:
    # Unpacking first bounds everything tarfile may read, its own headers included.
    with gzip.open(path) as file:
        unpacked = file.read(MAX_UNPACKED + 1)
    if len(unpacked) > MAX_UNPACKED:
        raise ValueError("it unpacks to more than any of them")
    archive = tarfile.open(fileobj=io.BytesIO(unpacked))  # noqa: SIM115 – in memory: there is nothing to close
    names = frozenset(archive.getnames())

    def content(name: str) -> bytes:
        info = archive.getmember(name)
        # A sparse member may claim any size, so the bound on the archive does not bound it.
        file = archive.extractfile(info) if info.isreg() and info.size <= MAX_MEMBER else None
        if file is None:
            raise ValueError(f"its member {name} is not a file of the expected size")
        return _bounded(file, name)

    return Files(names, names, content)


def _bounded(file: IO[bytes], name: str) -> bytes:
    # Packed or not is told by content: a browser may unpack a .gz and keep its name.
    packed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    content = (gzip.GzipFile(fileobj=file) if packed else file).read(MAX_MEMBER + 1)
    if len(content) > MAX_MEMBER:
        raise ValueError(f"{name} is larger than any of them")
    return content
