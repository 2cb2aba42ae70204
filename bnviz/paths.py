"""Where things lie."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = (
    _PACKAGE / "site"
).is_dir()  # by pip, which puts there what a copy of the project has beside the package
PROJECT = _PACKAGE / "site" if INSTALLED else _PACKAGE.parent
GALLERY = PROJECT / "cache" / "gallery"  # finished runs that ship with bnviz


def cache() -> Path:
    """The folder of runs and data: $BNVIZ_CACHE, or `cache` in a copy of the project, or the user's own where pip put bnviz."""
    named = os.environ.get("BNVIZ_CACHE")
    return Path(named).absolute() if named else users_own() if INSTALLED else PROJECT / "cache"


def users_own() -> Path:
    """Where programs keep what they could make again."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bnviz"
    except RuntimeError:
        raise OSError(
            "there is no home folder to keep runs in: name a folder in BNVIZ_CACHE"
        ) from None


def settle() -> None:
    """Give a user without a home one in the cache: Streamlit and kaleido fail without."""
    try:
        Path.home()
    except RuntimeError:
        home = (cache() / "home").resolve()
        home.mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(home)
