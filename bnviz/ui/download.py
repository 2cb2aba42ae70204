"""Missing data: the button that downloads them, the progress, and the sample in their place."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bnviz import data
from bnviz.ui import background, roles


def offer(name: str, sample: bool = False) -> None:
    """Say how to get missing data, and draw the download button or its progress.

    With `sample` the page's own setting may change to the sample of the data instead.
    """
    if background.running(name):
        st.fragment(lambda: watch(name), run_every=1.0)()
        return
    try:
        data.require(name)
    except data.DataError as problem:
        st.warning(f"{problem}.", icon=":material/database:")
    if background.failed(name):
        st.error(background.last_line(log(name)))
    with st.container(horizontal=True):
        if data.SOURCES[name].original and roles.may_run():
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
        background.start(name, ["data", "fetch", name], log(name))
        st.rerun()


def watch(name: str) -> None:
    """Show the progress of a download, and redraw the page when it ends."""
    if not background.running(name):
        st.rerun()
    said = background.last_line(log(name)) or "connecting …"
    st.info(f"Downloading {data.SOURCES[name].label}: {said}")


def log(name: str) -> Path:
    """Return the file with the output of a download."""
    return data.data_folder() / f"{name}.log"
