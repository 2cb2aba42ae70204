"""The result of a run in a few words, and a link to the page that shows the run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.spec import RunSpec
from bnviz.ui import controls, link, live

TOLD = ("test_accuracy", "train_loss")  # the result is the first of these that was measured


def state(run: Run) -> str:
    """Return the state of a run, and the step at which it diverged if it did."""
    return run.state if run.diverged_at is None else f"diverged at step {run.diverged_at:,}"


def result(run: Run) -> str:
    """Return the last test accuracy or training loss of a finished run in words, or ""."""
    return (
        "" if run.state != "done" or run.diverged_at is not None else read(*live.newest(run), run)
    )


@st.cache_resource(max_entries=1024, show_spinner=False)
def read(id: str, part: str, time: float, _run: Run) -> str:
    """Return the result as `result` does, cached until the run has a newer part."""
    rows = _run.rows(TOLD)
    found = dict(
        zip(rows["metric"], rows["value"], strict=True)
    )  # the last row of each metric wins
    if "test_accuracy" in found:
        return f"{found['test_accuracy']:.1%} of the test set right"
    return f"training loss {found['train_loss']:.3g}" if "train_loss" in found else ""


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
