"""The table of crops and ensembles on the page Learning rates (2015, Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bnviz import data
from bnviz.analysis.ensembles import errors
from bnviz.data import SOURCES
from bnviz.figures.ensembles import lines
from bnviz.presets.ioffe_2015 import named
from bnviz.runs import estimate, predictions
from bnviz.runs.predictions import Probabilities
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui import background, roles
from bnviz.words import duration, in_bytes, markdown_table

TOPS = (1, 5)
EVERY_S = 1.0
SAYS = """\
#### Crops and ensembles

Is it better to average predictions over several crops of an image, and over several networks
(2015, Sec. 4.2.3, Fig. 4)? The networks here learn from whole images, and crops come from enlarged
ones, so crops may raise the error where the paper's lower it."""
NONE_YET = (
    "No finished run here has kept its weights. Switch this on and press Run above; several seeds "
    "make an ensemble."
)


def section(specs: Sequence[RunSpec]) -> None:
    """Let the reader choose runs and crops, and draw a table of their errors."""
    st.markdown(SAYS)
    st.toggle(
        f"Keep the final weights ({in_bytes(estimate.weights(specs[0]))} a network)",
        key="keep_weights",
        persist_state="session",
        help="Trains networks whose weights are not kept yet again.",
    )
    try:
        data.require(specs[0].data)
    except data.DataError as problem:
        st.info(f"{problem}.", icon=":material/database:")
        return
    runs = {run.id: run for run in candidates(specs[0].data)}
    if not runs:
        st.info(NONE_YET, icon=":material/save:")
        return
    shown = [spec.id for spec in specs if spec.id in runs] or list(runs)
    chosen = st.multiselect(
        "Networks", list(runs), shown, lambda id: label(runs[id]), key="ensemble"
    )
    crops = st.segmented_control(
        "Crops of each image", predictions.CROPS, default=10, required=True, key="crops"
    )
    if not chosen:
        st.info("Choose at least one network.", icon=":material/arrow_upward:")
        return
    if working(chosen, crops):
        st.fragment(watch, run_every=EVERY_S)([runs[id] for id in chosen], crops)
    else:
        result([runs[id] for id in chosen], crops)


def candidates(data: str) -> list[Run]:
    """Return the runs of the cache on this data set that can be evaluated."""
    kept = [run for run in Store().runs() if run.readable and run.spec.keep_weights]
    return [run for run in kept if run.spec.data == data and not predictions.why_not(run)]


def label(run: Run) -> str:
    """Return the name of a network in the menu and the table."""
    return f"{named(run.spec) or run.spec.model}, {run.spec.norm}, seed {run.spec.seed}"


def watch(runs: list[Run], crops: int) -> None:
    """Show the progress of an evaluation, and redraw the page when it ends."""
    if not working([run.id for run in runs], crops):
        st.rerun()
    st.info(background.last_line(log(runs)) or "Starting …", icon=":material/hourglass:")


def result(runs: list[Run], crops: int) -> None:
    """Draw the table, or a button that computes the missing predictions."""
    ids = [run.id for run in runs]
    kept = {count: predictions.all_kept(runs, count) for count in sorted({1, crops})}
    missing = [(run, count) for count in kept for run in runs if run.id not in kept[count]]
    if not missing:
        st.markdown(table(runs, {count: list(found.values()) for count, found in kept.items()}))
        return
    if background.failed(task(ids, crops)):
        st.error(background.last_line(log(runs)))
    needed = sum(predictions.seconds(run, count) for run, count in missing)
    if not roles.may_run():
        st.caption(roles.NEEDED)
    elif st.button(f"Evaluate (about {duration(needed)})", icon=":material/play_arrow:"):
        arguments = ["evaluate", *ids, "--crops", f"{crops}"]
        background.start(task(ids, crops), arguments, log(runs))
        st.rerun()


def table(runs: list[Run], kept: dict[int, list[Probabilities]]) -> str:
    """Return the table of these networks and the paper's as Markdown.

    `kept` has the predictions of the networks by the number of crops.
    """
    source = SOURCES[runs[0].spec.data]
    tops = [k for k in TOPS if k < source.outputs]
    shares = errors(kept, data.read(source.name).test_labels, tops)
    head, *rows = lines(shares, [label(run) for run in runs], tops)
    return markdown_table(head, rows)


def task(ids: Sequence[str], crops: int) -> str:
    """Return the name of the process that evaluates these runs."""
    return f"evaluate {' '.join(ids)} {crops}"


def log(runs: list[Run]) -> Path:
    """Return the file with the output of an evaluation."""
    return runs[0].folder / "evaluate.log"


def working(ids: Sequence[str], crops: int) -> bool:
    """Return whether these runs are being evaluated."""
    return background.running(task(ids, crops))
