"""A reader is a browser. A reload or a second tab is the same reader; a closed tab waits for no run."""

from __future__ import annotations

import re
from uuid import uuid4

import streamlit as st

from bnviz.runs.store import Run

COOKIE = "bnviz_reader"
ID = re.compile(r"[0-9a-f]{32}")  # it becomes the name of a file
YEAR_S = 365 * 24 * 3600


def reader() -> str:
    """Return the id of this browser from its cookie, or a new one at the first visit."""
    said = str(st.context.cookies.get(COOKIE, ""))
    return str(st.session_state.setdefault("reader", said if ID.fullmatch(said) else uuid4().hex))


def remember() -> None:
    """Give the browser its id, for its next tab."""
    cookie = f"{COOKIE}={reader()}; path=/; max-age={YEAR_S}; samesite=lax"
    st.html(f"<script>document.cookie = '{cookie}'</script>", unsafe_allow_javascript=True)


def wait(run: Run) -> None:
    """Record that this reader waits for a run while the tab is open."""
    run.wait(reader())
    waits()[run.id] = (run, reader())


def go(runs: dict[str, tuple[Run, str]]) -> None:
    """Remove the records of a closed tab. Another tab of the same browser makes them again at its next refresh."""
    for run, who in runs.values():
        (run.folder / "waiting" / who).unlink(missing_ok=True)


@st.cache_resource(scope="session", on_release=go, show_spinner=False)
def waits() -> dict[str, tuple[Run, str]]:
    """The runs that this tab waits for."""
    return {}
