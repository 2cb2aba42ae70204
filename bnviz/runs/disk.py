"""Write files so that they appear whole or not at all, and wait while the disk is full."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

FULL = {errno.ENOSPC, errno.EDQUOT}
MARK = "disk.full"  # an empty file in the cache, touched while a writer waits for room
RETRY_S = 0.5  # how often a writer retries on a full disk
STALE_S = 60.0  # a temporary file of this age belongs to no writer any more
LARGEST_JSON = 2**20  # bytes; ours have a few thousand, and a page must not load any large file
BUSY_S = 1.0  # on Windows, how long to retry replacing a file that somebody is reading
# The second alternative matches the names of earlier versions.
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}|\.(checkpoint|all|\d{6})")


def put(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file under a temporary name, then rename it.

    With `durable`, the content is synchronised to the disk before the file is renamed.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def rename(path: Path, target: Path) -> None:
    """Rename a file; on Windows, retry for BUSY_S while somebody reads the target."""
    until = time.monotonic() + BUSY_S
    while os.name == "nt" and time.monotonic() < until:
        with contextlib.suppress(PermissionError):
            path.replace(target)
            return
        time.sleep(0.02)
    path.replace(target)


def discard(path: Path) -> None:
    """Remove a file, a link or a folder, if there is one; OSError if that is not allowed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a small file.

    Raises ValueError, which says what the file holds instead, or OSError if it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST_JSON + 1)
    if not content:
        raise ValueError("is empty")
    if len(content) > LARGEST_JSON:
        raise ValueError("is far too large")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found


def when_there_is_room(write: Callable[[], None], cache: Path) -> None:
    """Call `write`, again and again while the disk is full.

    A file in the cache marks the wait, so that the pages can report the full disk.
    """
    mark = cache / MARK
    while True:
        try:
            write()
        except OSError as problem:
            if problem.errno not in FULL:
                raise
        else:
            return mark.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            mark.touch()
        time.sleep(RETRY_S)


def full(cache: Path) -> bool:
    """Return whether a writer has found the disk full just now."""
    try:
        return time.time() - (cache / MARK).stat().st_mtime < 5 * RETRY_S
    except OSError:
        return False


def reason(problem: OSError) -> str:
    """Return the reason of a system error, in plain words and lower case."""
    if problem.errno in FULL:
        return "the disk is full"
    return problem.strerror[:1].lower() + problem.strerror[1:] if problem.strerror else str(problem)


def sweep(folder: Path) -> list[Path]:
    """Remove the temporary files in a folder that no writer needs any more, and return them."""
    gone = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if TEMPORARY.fullmatch(path.name) and time.time() - path.lstat().st_mtime > STALE_S:
                discard(path)
                gone.append(path)
    return gone
