"""The folders that bnviz reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# pip installs into `site` what a checkout of the project has beside the package.
INSTALLED = (_PACKAGE / "site").is_dir()
PROJECT = _PACKAGE / "site" if INSTALLED else _PACKAGE.parent
GALLERY = PROJECT / "cache" / "gallery"  # finished runs that ship with bnviz


def cache() -> Path:
    """Return the folder that holds runs and data.

    This is $BNVIZ_CACHE if it is set. Otherwise it is `cache` in a checkout of the project, or the
    user's cache folder where pip installed bnviz.
    """
    named = os.environ.get("BNVIZ_CACHE")
    return Path(named).absolute() if named else users_own() if INSTALLED else PROJECT / "cache"


def data_folder() -> Path:
    """Return the folder of stored data sets, `data` in the cache."""
    return cache() / "data"


def users_own() -> Path:
    """Return bnviz's folder in the user's cache folder; OSError if the user has no home folder."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bnviz"
    except RuntimeError:
        raise OSError(
            "there is no home folder to keep runs in: name a folder in BNVIZ_CACHE"
        ) from None


def settle() -> None:
    """Set HOME to a folder in the cache if the user has no home: Streamlit and kaleido need one."""
    try:
        Path.home()
    except RuntimeError:
        home = (cache() / "home").resolve()
        home.mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(home)
