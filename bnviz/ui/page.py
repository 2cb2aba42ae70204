"""A figure page: its text, the question the reader asks, Run and Stop, and the figures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

import streamlit as st

from bnviz import analysis, data, presets, supervisor
from bnviz.models import Block
from bnviz.paths import PROJECT
from bnviz.spec import RunSpec
from bnviz.store import ACTIVE, Store
from bnviz.ui import controls, link, live
from bnviz.ui.live import Grid

MOST_LAYERS = 4


def figure_page(
    doc: str | None,
    grid: Grid,
    *,
    layers: Callable[[Block], bool] | None = None,
    choices: Sequence[str] = (),
    step: bool = True,
    networks: Sequence[str] = (),
) -> None:
    """The whole page.

    `layers` says which may be picked, `choices` are the page's own switch, `step` offers the scrubber, and `networks` are those that
    the page compares at first, where they are not the preset's.
    """
    text(doc)
    question = controls.ask(networks)
    if question.problem:
        st.error(question.problem)
        return
    run_bar(question.specs)
    with st.container(horizontal=True, gap="large"):
        chosen = pick_layers([block.name for block in question.specs[0].blocks() if layers(block)]) if layers else ()
        choice = pick(choices) if choices else ""
        at = scrubber(question.specs) if step else question.specs[0].steps
    live.show(question.specs, grid, at, chosen, choice)


def text(doc: str | None) -> None:
    """A page's docstring: the heading, what it is about, and behind a click how it is measured."""
    about, _, how = (doc or "").partition("\n---\n")
    st.markdown(f"# {about}")
    if how:
        with st.expander("How it is measured", icon=":material/functions:"):
            st.markdown(how)


def run_bar(specs: list[RunSpec]) -> None:
    """Run, Stop, and what stands in the way."""
    states = [Store().run(spec.id).state if Store().run(spec.id).readable else "new" for spec in specs]
    active, done = any(state in ACTIVE for state in states), all(state == "done" for state in states)
    absent = [] if done else presets.missing(specs)
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Run" if len(specs) == 1 else f"Run {len(specs)} networks"
        if st.button(
            "Finished" if done else "Running" if active else label,
            type="primary",
            icon=":material/check:" if done else ":material/play_arrow:",
            disabled=bool(absent) or active or done,
            key="run",
            help="These runs are finished and kept; change a knob to ask something else." if done else None,
        ):
            start(specs)
            st.rerun()
        if st.button("Stop", icon=":material/stop:", disabled=not active, key="stop"):
            stop(specs)
            st.rerun()
    for name in absent:
        offer_download(name)


def start(specs: list[RunSpec]) -> None:
    """Ask the questions and see that somebody answers them."""
    for run in [Store().submit(spec) for spec in specs]:
        if run.state in ACTIVE:
            run.wait(live.reader())
    supervisor.ensure(Store())


def stop(specs: list[RunSpec]) -> None:
    """Stop waiting; a run that somebody else waits for goes on."""
    runs = [run for run in (Store().run(spec.id) for spec in specs) if run.state in ACTIVE]
    stayed = [run for run in runs if not run.leave(live.reader())]
    if stayed:
        st.toast("Another reader waits for these runs, so they go on; the Runs page can stop them all the same.")


def pick_layers(names: list[str]) -> tuple[str, ...]:
    """Some of these layers."""
    default = analysis.default_layers(names)
    known = [name for name in st.session_state.get("layers", []) if name in names]
    if "layers" in st.session_state:
        st.session_state["layers"] = known or default
    link.restore({"layers": default}, lambda _, text: unknown_layer(text, names))
    st.multiselect("Layers", names, key="layers", persist_state="session", max_selections=MOST_LAYERS)
    link.keep({"layers": default})
    return tuple(sorted(st.session_state["layers"] or default, key=names.index))


def unknown_layer(text: str, names: list[str]) -> str:
    """What is wrong with a list of layers; "" if nothing is."""
    chosen = [part.strip() for part in text.split(",")]
    fits = set(chosen) <= set(names) and len(chosen) <= MOST_LAYERS
    return "" if fits else f"it takes up to {MOST_LAYERS} of {', '.join(names)}"


def pick(choices: Sequence[str]) -> str:
    """The page's own switch."""
    if st.session_state.get("view") not in (None, *choices):
        del st.session_state["view"]
    link.restore(
        {"view": choices[0]}, lambda _, text: "" if text in choices else f"it must be one of {', '.join(choices)}"
    )
    st.segmented_control("Show", choices, required=True, key="view", persist_state="session")
    link.keep({"view": choices[0]})
    return str(st.session_state["view"])


def scrubber(specs: list[RunSpec]) -> int:
    """One step for the figures that show a single moment; at first the last."""
    last = max(spec.steps for spec in specs)
    if not 0 <= st.session_state.get("step", 0) <= last:
        del st.session_state["step"]
    link.restore(
        {"step": last},
        lambda _, text: "" if text.isascii() and text.isdigit() and int(text) <= last else f"the steps are 0 to {last}",
    )
    st.slider(
        "Step",
        0,
        last,
        key="step",
        persist_state="session",
        help="For the figures of a single moment: the newest measurement up to this step.",
    )
    link.keep({"step": last})
    return int(st.session_state["step"])


def offer_download(name: str) -> None:
    """The ways to data that is not here, one of them a button."""
    download = downloads().get(name)
    if download is not None and download.poll() is None:
        st.fragment(lambda: watch_download(name), run_every=1.0)()
        return
    try:
        data.require(name)
    except data.DataError as problem:
        st.warning(f"{problem}.", icon=":material/database:")
    if download is not None and download.returncode:
        st.error(download_log(name))
    if st.button(f"Download {data.SOURCES[name].label}", icon=":material/download:", key=f"download-{name}"):
        folder = data.data_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "bnviz", "data", "fetch", name]
            downloads()[name] = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        st.rerun()


def watch_download(name: str) -> None:
    """The progress of a download; the page comes to life when it ends."""
    if downloads()[name].poll() is not None:
        st.rerun()
    st.info(f"Downloading {data.SOURCES[name].label}: {download_log(name) or 'connecting …'}")


def download_log(name: str) -> str:
    """The last line that a download printed."""
    log = data.data_folder() / f"{name}.log"
    lines = log.read_text(errors="replace").replace("\r", "\n").split("\n") if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "")


@st.cache_resource
def downloads() -> dict[str, subprocess.Popen[bytes]]:
    """The downloads that this server started, by data set."""
    return {}
