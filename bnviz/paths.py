"""Where things lie."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
GALLERY = PROJECT / "cache" / "gallery"  # finished runs that ship with bnviz


def cache() -> Path:
    """The folder of runs and data: $BNVIZ_CACHE, or `cache` in the project."""
    return Path(os.environ.get("BNVIZ_CACHE") or PROJECT / "cache")
