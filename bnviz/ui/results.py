"""The state and the results of a run in a few words, and a link to the page that shows the run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.spec import RunSpec
from bnviz.ui import controls, link, live
from bnviz.words import three_digits

TOLD = ("test_accuracy", "train_loss")
STATES = {  # state of a run -> its word for the reader
    "done": "finished",
    "running": "running",
    "queued": "waiting",
    "interrupted": "interrupted",
    "cancelled": "stopped",
    "failed": "failed",
    "damaged": "damaged",
}


def state(run: Run) -> str:
    """Return the state of a run in a few words: how far it is, or the step at which it diverged."""
    if run.diverged_at is not None:
        return f"diverged at {run.diverged_at:,}"
    step = run.meta().get("step", 0) if run.readable else 0
    share = f", {step / run.spec.steps:.0%}" if step and run.state != "done" else ""
    return f"{STATES[run.state]}{share}"


def results(run: Run) -> dict[str, float]:
    """Return the last test accuracy and training loss of a finished run, those that it measured."""
    done = run.state == "done" and run.diverged_at is None
    return read(*live.newest(run), run) if done else {}


@st.cache_resource(max_entries=1024, show_spinner=False)
def read(id: str, part: str, time: float, _run: Run) -> dict[str, float]:
    """Return the results as `results` does, cached until the run has a newer part."""
    rows = _run.rows(TOLD)
    return dict(zip(rows["metric"], rows["value"], strict=True))  # the last row of each wins


def told(run: Run) -> str:
    """Return the result of a finished run as a sentence, or ""."""
    found = results(run)
    if "test_accuracy" in found:
        return f"{found['test_accuracy']:.1%} of the test set right"
    return f"training loss {three_digits(found['train_loss'])}" if "train_loss" in found else ""


def address(spec: RunSpec) -> str:
    """Return a link to the page that shows this run, with its settings."""
    return found(spec.id, spec)


@st.cache_resource(max_entries=1024, show_spinner=False)
def found(id: str, _spec: RunSpec) -> str:
    """Return the link as `address` does: the closest preset and the settings that differ."""
    wanted = controls.knobs_of(_spec, (_spec.lr,))
    choices: list[tuple[int, str, dict[str, Any]]] = []
    for preset in PRESETS.values():
        page = preset.page or ("landscape" if "landscape" in _spec.probes else "training")
        if page != "sweep":  # that page compares runs and does not show a single one
            usual = controls.knobs_of(preset.specs()[0], preset.learning_rates)
            changed = {name: value for name, value in wanted.items() if value != usual[name]}
            network = {"networks" if page == "norms" else "norm": [_spec.norm]}
            choices.append((len(changed), page, {"preset": preset.name} | network | changed))
    _, page, said = min(choices, key=lambda choice: choice[0])
    return (
        f"{page}?{urlencode({name: link.write(value) for name, value in said.items()}, safe=',')}"
    )
