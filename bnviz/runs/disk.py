"""Files that appear whole or not at all, on disks that fill, break and belong to others."""

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
MARK = "disk.full"  # empty, in the cache, touched while somebody waits for room
RETRY_S = 0.5  # how often a writer looks whether a full disk has room again
STALE_S = 60.0  # a temporary of this age has lost its writer
LARGEST_JSON = (
    2**20
)  # bytes: ours have a few thousand, and a page must not load whatever bears their name
BUSY_S = 1.0  # on Windows a file that somebody reads can be neither replaced nor renamed: the reader gets so long
TEMPORARY = re.compile(
    r"\..+\.[0-9a-f]{32}|\.(checkpoint|all|\d{6})"
)  # the second as earlier versions named them


def put(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file under another name, then rename it. A durable one is on the disk before it gets its name."""
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
    """Rename, and wait a moment for readers where the system demands it."""
    until = time.monotonic() + BUSY_S
    while os.name == "nt" and time.monotonic() < until:
        with contextlib.suppress(PermissionError):
            path.replace(target)
            return
        time.sleep(0.02)
    path.replace(target)


def discard(path: Path) -> None:
    """Remove whatever has this name: a file, a link, a folder or nothing. OSError where that is not allowed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a small file. ValueError says what it holds instead, OSError why it cannot be read."""
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
    """Write. While the disk is full, leave a mark in the cache, so that others can say so, and try again."""
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
    """Whether somebody has just found the disk full."""
    try:
        return time.time() - (cache / MARK).stat().st_mtime < 5 * RETRY_S
    except OSError:
        return False


def reason(problem: OSError) -> str:
    """What the system says against it, in plain words."""
    if problem.errno in FULL:
        return "the disk is full"
    return problem.strerror[:1].lower() + problem.strerror[1:] if problem.strerror else str(problem)


def sweep(folder: Path) -> None:
    """Remove the temporaries in a folder that have lost their writer."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if TEMPORARY.fullmatch(path.name) and time.time() - path.lstat().st_mtime > STALE_S:
                discard(path)
