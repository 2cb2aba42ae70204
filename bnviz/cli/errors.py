"""Report a failed command: one sentence on standard error, and exit status 2."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from bnviz.paths import cache
from bnviz.runs.disk import FULL


def fail(message: str) -> NoReturn:
    """Print one sentence on standard error, and exit with status 2."""
    print(f"bnviz: {message}", file=sys.stderr)
    sys.exit(2)


def told(problem: OSError) -> str:
    """Return a system error as a sentence, without its error number."""
    if problem.errno in FULL:
        place = problem.filename or cache()
        return (
            f"the disk is full; free some space on the disk of {place}, then run the command again"
        )
    if problem.errno is None:
        return str(problem)
    where = f"{problem.filename}: " if problem.filename else ""
    hint = cache_is_read_only() if isinstance(problem, PermissionError) else ""
    return f"{where}{(problem.strerror or '').lower()}{hint}"


def cache_is_read_only() -> str:
    """Return a hint about BNVIZ_CACHE if the cache is read-only, else ""."""
    folder = next(path for path in (cache(), *cache().parents) if path.exists())
    if os.access(folder, os.W_OK):
        return ""
    return f"; the cache {cache()} is read-only: name another folder in BNVIZ_CACHE"
