"""What came of a run, in a few words, and the page that shows it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from bnviz.presets import PRESETS
from bnviz.runs.store import Run
from bnviz.spec import RunSpec
from bnviz.ui import controls, link, live

TOLD = ("test_accuracy", "train_loss")  # the first of these that a run has measured


def state(run: Run) -> str:
    """How a run stands; of one that is done, whether it diverged."""
    return run.state if run.diverged_at is None else f"diverged at step {run.diverged_at:,}"


def result(run: Run) -> str:
    """The last test accuracy of a finished run, or else its training loss; "" where there is none."""
    return "" if run.state != "done" or run.diverged_at is not None else read(*live.newest(run), run)


@st.cache_resource(max_entries=1024, show_spinner=False)
def read(id: str, part: str, time: float, _run: Run) -> str:
    """The same, read once from the rows of two metrics."""
    rows = _run.rows(TOLD)
    found = dict(zip(rows["metric"], rows["value"], strict=True))  # the last of each
    if "test_accuracy" in found:
        return f"{found['test_accuracy']:.1%} of the test set right"
    return f"training loss {found['train_loss']:.3g}" if "train_loss" in found else ""


def address(spec: RunSpec) -> str:
    """The page that shows this run, with its settings."""
    return found(spec.id, spec)


@st.cache_resource(max_entries=1024, show_spinner=False)
def found(id: str, _spec: RunSpec) -> str:
    """The same, as a change of the preset from which it differs least."""
    wanted = controls.knobs_of(_spec, (_spec.lr,))
    choices: list[tuple[int, str, dict[str, Any]]] = []
    for preset in PRESETS.values():
        page = preset.page or ("landscape" if "landscape" in _spec.probes else "training")
        if page != "sweep":  # which compares runs, and shows none by itself
            usual = controls.knobs_of(preset.specs()[0], preset.learning_rates)
            changed = {name: value for name, value in wanted.items() if value != usual[name]}
            network = {"networks" if page == "norms" else "norm": [_spec.norm]}
            choices.append((len(changed), page, {"preset": preset.name} | network | changed))
    _, page, said = min(choices, key=lambda choice: choice[0])
    return f"{page}?{urlencode({name: link.write(value) for name, value in said.items()}, safe=',')}"
