"""What the reader is told about runs: how far they are, how they ended, what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from bnviz import presets
from bnviz.runs import queue, supervisor
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store, gone
from bnviz.spec import RunSpec
from bnviz.training.norms import NORMS
from bnviz.ui import asking, roles
from bnviz.words import duration

ENDED = {"done": "finished", "cancelled": "stopped"}  # state -> word for the reader
SOON_S = 2.0  # nobody needs to hear that a run starts within so many seconds
PROGRESS_WIDTH = 96  # pixels, so that the controls stay one row on a laptop


def existing(specs: Sequence[RunSpec]) -> list[Run]:
    """Return the runs of these settings that somebody has started."""
    return [run for run in (Store().run(spec.id) for spec in specs) if run.readable]


def states(specs: list[RunSpec]) -> list[str]:
    """Return the state of each run; "new" if nobody has started it yet."""
    return [
        run.state if run.readable else "new" for run in (Store().run(spec.id) for spec in specs)
    ]


def to_run(found: list[str], label: str = "") -> str:
    """Return the label of the Run button, which says how many runs are left."""
    left = len(found) - found.count("done")
    if left < len(found):
        return f"Run {left} more"
    return label or ("Run" if left == 1 else f"Run {left} networks")


def tell_trouble() -> None:
    """Say why queued runs do not continue, if they do not."""
    if sentence := supervisor.trouble(Store()):
        st.error(sentence, icon=":material/warning:")


def ending(runs: list[Run]) -> str:
    """Return how the runs ended, such as "2 runs finished, 1 run stopped."."""
    counts = Counter(ENDED.get(run.state, run.state) for run in runs)
    said = [f"{count} {'run' if count == 1 else 'runs'} {how}" for how, count in counts.items()]
    return f"{', '.join(said)}."


def nothing_yet(shipped: str, specs: list[RunSpec], button: str = "") -> None:
    """Say what to do on an empty page."""
    instead = f" Or choose **{shipped}**, whose finished runs ship with bnviz." if shipped else ""
    st.info(
        f"Nothing measured yet. {press(specs, button)}, and the figures fill while the networks "
        f"train.{instead}",
        icon=":material/play_circle:",
    )


def not_yet(specs: list[RunSpec], button: str = "") -> None:
    """Say that the figures show the result before the reader's last change."""
    st.info(
        f"These faint figures show the result before your change. {press(specs, button)}, and the "
        "new one is drawn in front of it.",
        icon=":material/play_circle:",
    )


def press(specs: list[RunSpec], button: str = "") -> str:
    """Tell the reader to press the button that starts these runs, and how to get their data."""
    first = "Get the data first: see above. Then press" if presets.missing(specs) else "Press"
    return f"{first} **{button or to_run(states(specs))}**"


def overall(specs: Sequence[RunSpec]) -> None:
    """Draw one bar for how far all of these runs are, and how long they still take."""
    runs = existing(specs)
    if active := [run for run in runs if run.state in ACTIVE]:
        share = sum(done(run) for run in runs) / len(specs)
        left = duration(asking.machine().left(active))
        st.progress(share, f"{share:.0%}, {left} left", width=PROGRESS_WIDTH)


def waiting(runs: Sequence[Run]) -> None:
    """Say which of these runs wait for a slot, and for how long, if others go first."""
    queued = [run for run in runs if run.state == "queued"]
    places = asking.queue() if queued else {}
    for run in queued:
        place = places.get(run.id)
        if place and place.seconds >= SOON_S:
            name = name_among(run.spec, [run.spec for run in runs])
            st.caption(f"**{name}**: {place.words}.")


def done(run: Run) -> float:
    """Return the share of a run that is done."""
    return 1.0 if run.state == "done" else queue.done(run)


def troubles(runs: list[Run]) -> None:
    """Say in a line each which runs failed, are damaged, or stand still."""
    for run in runs:
        name = name_among(run.spec, [run.spec for run in runs])
        if run.state == "failed":
            st.error(f"**{name}** failed. {run.error()}")
        elif run.state == "damaged":
            damaged(run, name)
        elif run.state in ("cancelled", "interrupted") or run.diverged_at is not None:
            st.caption(f"**{name}**: {status(run)}.")


def damaged(run: Run, name: str) -> None:
    """Say what is damaged, and offer to compute the run again or to delete it."""
    st.error(f"**{name}**: {run.error()}")
    # A shipped run must be installed again instead.
    if run.folder.parent == Store().root and roles.may_change(run):
        with st.container(horizontal=True):
            if st.button("Compute again", icon=":material/replay:", key=f"again-{run.id}"):
                asking.request([run.spec])
                st.rerun()
            if st.button("Delete", icon=":material/delete:", key=f"delete-{run.id}"):
                gone(run)
                st.rerun()


def name_among(spec: RunSpec, others: list[RunSpec]) -> str:
    """Return the settings that distinguish a run from the others of a comparison."""
    words = [NORMS[spec.norm].label]
    words += [f"lr {spec.lr:g}"] if len({other.lr for other in others}) > 1 else []
    words += [f"seed {spec.seed}"] if len({other.seed for other in others}) > 1 else []
    return " · ".join(words)


def status(run: Run) -> str:
    """Return the state of a run as a sentence."""
    meta, state = run.meta(), run.state
    step, seconds, steps = meta.get("step", 0), meta.get("seconds", 0.0), run.spec.steps
    saved = meta.get("saved", 0)  # the step of its checkpoint
    if state == "done":
        ending = (
            f"{steps:,} steps in"
            if run.diverged_at is None
            else f"diverged at step {run.diverged_at}, after"
        )
        return f"{ending} {duration(seconds)} on {meta.get('device', 'an unknown device')}"
    if state == "running" and step:
        return f"{step:,} of {steps:,} steps in {duration(seconds)} · {meta.get('device', '')}"
    resumes = "there" if saved == step else f"step {saved:,}"
    if state == "queued" and (place := asking.queue().get(run.id)):
        return place.words
    words = {
        "running": "starting …",
        "queued": "waiting",
        "interrupted": f"interrupted at step {step:,}; continues by itself",
        "cancelled": f"stopped at step {step:,}; Run continues from {resumes}",
    }
    return words.get(state, state)
