"""Who reads: a browser is one reader in all its tabs. A closed tab stops waiting for runs."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Literal
from uuid import uuid4

import streamlit as st

from bnviz.runs.run import Run

COOKIE = "bnviz_reader"
OWNER = "owner"  # file in a run's folder: the reader who has started it
ID = re.compile(r"[0-9a-f]{32}")  # checked strictly, because it becomes a file name
YEAR_S = 365 * 24 * 3600


def reader() -> str:
    """Return the id of this browser, from its cookie or new at the first visit."""
    said = str(st.context.cookies.get(COOKIE, ""))
    return str(st.session_state.setdefault("reader", said if ID.fullmatch(said) else uuid4().hex))


def remember() -> None:
    """Store the id in a cookie of the browser, so that its next tab is the same reader."""
    set_cookie(COOKIE, reader(), YEAR_S, "lax")


def set_cookie(name: str, value: str, seconds: int, site: Literal["lax", "strict"]) -> None:
    """Set a cookie in the browser for this many seconds. Its value must need no quoting."""
    cookie = f"{name}={value}; path=/; max-age={seconds}; samesite={site}"
    st.html(f"<script>document.cookie = '{cookie}'</script>", unsafe_allow_javascript=True)


def wait(run: Run) -> None:
    """Record that this reader waits for a run as long as the tab is open."""
    run.wait(reader())
    waits()[run.id] = (run, reader())


def own(run: Run) -> None:
    """Record that this reader started a run, unless somebody else did before."""
    with suppress(FileExistsError), (run.folder / OWNER).open("x", encoding="utf-8") as file:
        file.write(reader())


def owns(run: Run) -> bool:
    """Return whether this reader started a run."""
    try:
        return (run.folder / OWNER).read_text("utf-8") == reader()
    except (OSError, ValueError):
        return False


def go(runs: dict[str, tuple[Run, str]]) -> None:
    """Remove the records of a closed tab.

    Another open tab of the same browser writes them again at its next refresh.
    """
    for run, who in runs.values():
        (run.folder / "waiting" / who).unlink(missing_ok=True)


@st.cache_resource(scope="session", on_release=go, show_spinner=False)
def waits() -> dict[str, tuple[Run, str]]:
    """Return the runs that this tab waits for, with the reader, by run id."""
    return {}
