"""The files of a bundle: a zip, also one that was packed again, or the folder that it unpacks to.

An archive from elsewhere is hostile until it is checked. Nothing is ever extracted: known names are
read into memory within fixed sizes. No name in the archive becomes a path.
"""

from __future__ import annotations

import mmap
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, NamedTuple

from bnviz.importing.guarded import Guarded
from bnviz.runs.run import ID
from bnviz.words import shorten

MAX_FILE = 64 * 2**20  # bytes; the longest run of a paper needs a fortieth
MAX_TOTAL = 512 * 2**20
MAX_DIRECTORY = 4 * 2**20  # of the zip's own table of contents
MAX_ENTRIES = 10_000
MAX_RUNS = 500
CHUNK = 2**20

FILES = ("spec.json", "rows.parquet", "meta.json", "done.json")
UNDER_RUNS = re.compile(rf"runs/(?:({ID.pattern})/({'|'.join(map(re.escape, FILES))})?)?")
SPEC = re.compile(rf"(.*/|)runs/{ID.pattern}/spec\.json")
ADDED_BY_FILE_MANAGERS = re.compile(
    r"(.*/)?(__MACOSX|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)(/.*)?", re.IGNORECASE
)


class BundleError(ValueError):
    """A bundle that cannot be made or imported. The text is one sentence for the reader."""


class Entry(NamedTuple):
    """A file of an archive or a folder, under the name it has there."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


class Files(NamedTuple):
    """The runs of a bundle and their files. `read("runs/<id>/spec.json", limit)` returns one."""

    ids: list[str]
    names: frozenset[str]
    read: Callable[[str, int], bytes]


def is_bundle(path: Path) -> bool:
    """Return whether a path looks like a bundle. Only `opened` tells whether it is a whole one."""
    if path.is_dir():
        return bool(_tops(path))
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return (
                re.search(rb"runs[/\\]%b[/\\]spec\.json" % ID.pattern.encode(), content) is not None
            )


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """Open a bundle's files. BundleError if their names or sizes cannot be a bundle's."""
    if path.is_dir():
        yield _in_folder(path)
    else:
        with Guarded(path, MAX_DIRECTORY) as file, zipfile.ZipFile(file) as archive:
            yield _in_zip(archive)


def check_entries(entries: Sequence[tuple[str, int]]) -> list[str]:
    """Return the ids of the runs among entries, which are names and unpacked sizes in bytes.

    BundleError unless a bundle may have them all.
    """
    if len(entries) > MAX_ENTRIES:
        raise BundleError(f"the bundle has {len(entries):,} entries; the most is {MAX_ENTRIES:,}")
    names = sorted(name for name, _ in entries)
    for name in names:
        check_name(name)
    if twice := [name for name, following in pairwise(names) if name == following]:
        raise BundleError(f"the bundle names {twice[0]} twice")
    if large := [name for name, size in entries if size > MAX_FILE]:
        raise BundleError(f"{large[0]} is larger than {megabytes(MAX_FILE)}")
    if sum(size for _, size in entries) > MAX_TOTAL:
        raise BundleError(f"the bundle unpacks to more than {megabytes(MAX_TOTAL)}")
    ids = sorted({run[1] for name in names if (run := UNDER_RUNS.fullmatch(name)) and run[1]})
    if len(ids) > MAX_RUNS:
        raise BundleError(f"the bundle has {len(ids):,} runs; the most is {MAX_RUNS}")
    return ids


def check_name(name: str) -> None:
    """Raise BundleError for a name that leads out of the archive, or is unknown under runs/."""
    if not inside(name):
        raise BundleError(
            f"the bundle names {shorten(name)}: "
            "a name is relative, without '..', ':' and backslashes"
        )
    if name.split("/")[0].casefold() == "runs" and not UNDER_RUNS.fullmatch(name):
        raise BundleError(
            f"the bundle has {shorten(name)}: runs/<id>/ may only hold {', '.join(FILES)}"
        )


def inside(name: str) -> bool:
    """Return whether a name stays inside the archive on any system."""
    parts = name.removesuffix("/").split("/")
    return (
        len(name) <= 200
        and name.isprintable()
        and not {"\\", ":"} & set(name)
        and not {"", ".", ".."} & set(parts)
    )


def from_the_top(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return entries by their names in the bundle as it was exported.

    File managers put a folder around it and add files of their own; both are removed. BundleError
    for a name that leads out of the archive, and for two entries of one name.
    """
    safe = [(tidy(entry.name), entry) for entry in entries]
    wanted = [(name, entry) for name, entry in safe if not ADDED_BY_FILE_MANAGERS.fullmatch(name)]
    tops = sorted({spec[1] for name, _ in wanted if (spec := SPEC.fullmatch(name))})
    if len(tops) > 1:
        raise BundleError(
            f"the bundle has runs in {tops[0]}runs and in {tops[1]}runs; "
            "import one folder at a time"
        )
    top = tops[0] if tops else ""
    found: dict[str, Entry] = {}
    for name, entry in wanted:
        known = name.removeprefix(top) if name.startswith(top) else ""
        if known in found:
            raise BundleError(f"the bundle names {known} twice")
        if known:
            found[known] = entry
    return found


def tidy(name: str) -> str:
    """Return a name with forward slashes; some Windows archivers write backslashes.

    BundleError if it leads out of the archive.
    """
    forward = name.replace("\\", "/")
    if not inside(forward):
        raise BundleError(
            f"the bundle names {shorten(name)}: a name is relative, without '..' and ':'"
        )
    return forward


def _in_zip(archive: zipfile.ZipFile) -> Files:
    infos = archive.infolist()
    files = _checked(
        [Entry(info.orig_filename, info.file_size, partial(archive.open, info)) for info in infos]
    )
    for info in infos:
        check_kind(info)
    return files


def check_kind(entry: zipfile.ZipInfo) -> None:
    """Raise BundleError for an entry that is neither a plain file nor a folder."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BundleError(
            f"{shorten(entry.filename)} is a link or a device; a bundle has plain files"
        )
    if entry.flag_bits & 1:
        raise BundleError(f"{shorten(entry.filename)} is encrypted; a bundle is not")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError(
            f"{shorten(entry.filename)} is compressed in an unknown way; "
            "a bundle is stored or deflated"
        )


def _tops(folder: Path) -> list[Path]:
    """Return the folders that hold `runs`: this one, one below, or the one above `runs` itself."""
    around = [folder.absolute().parent] if folder.absolute().name == "runs" else []
    below = [path for path in folder.glob("*/") if not ADDED_BY_FILE_MANAGERS.fullmatch(path.name)]
    spec = "runs/" + 16 * "[0-9a-f]" + "/spec.json"
    return [top for top in (folder, *below, *around) if any(top.glob(spec))]


def _in_folder(folder: Path) -> Files:
    tops = _tops(folder)
    if len(tops) > 1:
        raise BundleError(
            f"there are runs in {tops[0].name} and in {tops[1].name}; import one folder at a time"
        )
    paths = [
        path
        for top in tops
        for path in islice((top / "runs").glob("**/*"), MAX_ENTRIES + 1)
        if not path.is_dir()
    ]
    if links := [path for path in paths if not stat.S_ISREG(path.lstat().st_mode)]:
        raise BundleError(f"{links[0]} is a link or a device; a bundle has plain files")
    return _checked(
        [
            Entry(path.relative_to(tops[0]).as_posix(), path.stat().st_size, partial(_open, path))
            for path in paths
        ]
    )


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _checked(entries: Sequence[Entry]) -> Files:
    if len(entries) > MAX_ENTRIES:
        raise BundleError(f"the bundle has {len(entries):,} entries; the most is {MAX_ENTRIES:,}")
    found = from_the_top(entries)
    ids = check_entries([(name, entry.size) for name, entry in found.items()])
    return Files(ids, frozenset(found), lambda name, limit: _read(found[name], name, limit))


def _read(entry: Entry, name: str, limit: int) -> bytes:
    """Return an entry's content. BundleError for more than `limit` bytes, whatever it claims."""
    content = bytearray()
    with entry.open() as file:
        while len(content) <= limit and (chunk := file.read(CHUNK)):
            content += chunk
    if len(content) > limit:
        raise BundleError(f"{name} is larger than {megabytes(limit)}")
    return bytes(content)


def megabytes(size: int) -> str:
    """Return a limit as a reader says it."""
    return f"{size // 2**20} MB" if size >= 2**20 else f"{size // 2**10} kB"
