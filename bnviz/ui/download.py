"""Missing data: the button that downloads them, the progress, and the sample in their place."""

from __future__ import annotations

import os
import subprocess
import sys

import streamlit as st

from bnviz import data
from bnviz.paths import PROJECT, cache


def offer(name: str, sample: bool = False) -> None:
    """Say how to get missing data, and draw the download button or its progress.

    With `sample` the page's own setting may change to the sample of the data instead.
    """
    running = downloads().get(name)
    if running is not None and running.poll() is None:
        st.fragment(lambda: watch(name), run_every=1.0)()
        return
    try:
        data.require(name)
    except data.DataError as problem:
        st.warning(f"{problem}.", icon=":material/database:")
    if running is not None and running.returncode:
        st.error(last_line(name))
    with st.container(horizontal=True):
        if data.SOURCES[name].original:
            fetch(name)
        if sample and (smaller := f"{name}-sample") in data.SOURCES:
            st.button(
                f"Use the {data.SOURCES[smaller].label}",
                icon=":material/photo_library:",
                key=f"sample-{name}",
                on_click=st.session_state.update,
                args=({"data": smaller},),
            )


def fetch(name: str) -> None:
    """Draw the button that starts a download in a process of its own."""
    if st.button(
        f"Download {data.SOURCES[name].label}", icon=":material/download:", key=f"download-{name}"
    ):
        folder = data.data_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "bnviz", "data", "fetch", name]
            here = os.environ | {"BNVIZ_CACHE": str(cache())}
            downloads()[name] = subprocess.Popen(
                command, cwd=PROJECT, env=here, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        st.rerun()


def watch(name: str) -> None:
    """Show the progress of a download, and redraw the page when it ends."""
    if downloads()[name].poll() is not None:
        st.rerun()
    st.info(f"Downloading {data.SOURCES[name].label}: {last_line(name) or 'connecting …'}")


def last_line(name: str) -> str:
    """Return the last line that a download printed."""
    log = data.data_folder() / f"{name}.log"
    lines = (
        log.read_text("utf-8", errors="replace").replace("\r", "\n").split("\n")
        if log.exists()
        else []
    )
    return next((line for line in reversed(lines) if line.strip()), "")


@st.cache_resource
def downloads() -> dict[str, subprocess.Popen[bytes]]:
    """Return the downloads that this server has started, by data set."""
    return {}
