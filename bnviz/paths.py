"""Where things lie."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
GALLERY = PROJECT / "cache" / "gallery"  # finished runs that ship with bnviz


def cache() -> Path:
    """The folder of runs and data: $BNVIZ_CACHE, or `cache` in the project."""
    return Path(os.environ.get("BNVIZ_CACHE") or PROJECT / "cache")


def settle() -> None:
    """Give a user without a home one in the cache: Streamlit and kaleido fail without."""
    try:
        Path.home()
    except RuntimeError:
        home = (cache() / "home").resolve()
        home.mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(home)
