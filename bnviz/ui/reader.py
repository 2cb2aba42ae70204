"""Who looks: a browser. A reload or a second tab is the same reader, and a tab that is closed waits for no run."""

from __future__ import annotations

import re
from uuid import uuid4

import streamlit as st

from bnviz.runs.store import Run

COOKIE = "bnviz_reader"
ID = re.compile(r"[0-9a-f]{32}")  # it becomes the name of a file
YEAR_S = 365 * 24 * 3600


def reader() -> str:
    """The id of this browser, as its cookie says; a new one at its first visit."""
    said = str(st.context.cookies.get(COOKIE, ""))
    return str(st.session_state.setdefault("reader", said if ID.fullmatch(said) else uuid4().hex))


def remember() -> None:
    """Give the browser its id, for its next tab."""
    cookie = f"{COOKIE}={reader()}; path=/; max-age={YEAR_S}; samesite=lax"
    st.html(f"<script>document.cookie = '{cookie}'</script>", unsafe_allow_javascript=True)


def wait(run: Run) -> None:
    """Note that this reader waits for a run, as long as the tab is open."""
    run.wait(reader())
    waits()[run.id] = (run, reader())


def go(runs: dict[str, tuple[Run, str]]) -> None:
    """Take back the notes of a tab that was closed. Another tab of the same browser makes them again at its next look."""
    for run, who in runs.values():
        (run.folder / "waiting" / who).unlink(missing_ok=True)


@st.cache_resource(scope="session", on_release=go, show_spinner=False)
def waits() -> dict[str, tuple[Run, str]]:
    """The runs that this tab waits for."""
    return {}
