"""From widgets to run settings: the presets, and a widget for every setting of RunSpec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from bnviz import presets
from bnviz.presets import PRESETS, Preset
from bnviz.spec import RunSpec, SpecError
from bnviz.sweeps import PAPERS_NOISE
from bnviz.sweeps import noise as noise_settings
from bnviz.training.norms import NORMS, Noise
from bnviz.training.probes import PROBES
from bnviz.ui import asking, link
from bnviz.ui.widgets import GROUPS, INTERVAL, ROW, SWEPT, changes, drawer, is_list, knob

MOST_RUNS = 24
MOST_CHANGES = 6  # changed settings named in one line; the rest are counted
MAIN = ("none", "batch", "noisy")  # networks that are always offered
PRESET_WIDTH, NOISE_WIDTH = 140, 68  # pixels
# URL parameters of the pages besides the settings.
PAGE_PARAMETERS = (
    "networks",
    "norm",
    "step",
    "layers",
    "view",
    "show",
    "paper",
    "over",
    "unit",
    "smoothing",
    "last",
    "verdict",
    "sweep",
    "values",
    "metric",
    "runs",
    "layer",
    "baseline",
    "facet",
)


@dataclass(frozen=True)
class Asked:
    """The runs that the reader asks for: one for each network, learning rate and seed.

    If they cannot be run, `specs` is empty and `problem` says why in one sentence. `modified` tells
    whether they differ from the preset's.
    """

    preset: Preset
    specs: list[RunSpec]
    problem: str = ""
    modified: bool = False

    @property
    def words(self) -> str:
        """What the preset is, as Markdown."""
        before = ", before your changes" if self.modified else ""
        return f"**{self.preset.label}{before}.** {self.preset.summary}"


def ask(
    page: str,
    networks: Sequence[str] = (),
    beside: Callable[[Asked], None] = lambda asked: None,
    without: str = "",
) -> Asked:
    """Draw the preset and the main settings in a row, and return the runs they describe.

    `networks` is for a page with networks of its own, which keeps their choice to itself: it
    compares these at first, unless the preset repeats one of the paper's figures. `beside` draws
    more in the same row if the runs can be run. `without` is a setting that the page asks for.
    """
    key = "networks" if networks else "norm"
    offered = presets.offered(page)
    link.restore({"preset": presets.first(page)}, partial(problem_with_preset, offered))
    preset = PRESETS[st.session_state["preset"]]
    defaults = values_of(preset, key, networks)
    link.warn_of_unknown(["preset", *defaults, *PAGE_PARAMETERS])
    link.restore(defaults, problem_with)
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        choose_preset(offered, partial(take_preset, key, networks))
        choose_networks(key)
        for name, width in ROW.items():
            if name != without:
                knob(name, width=width)
        asked = asked_for(preset, sorted(st.session_state[key], key=list(NORMS).index))
        if any(issubclass(NORMS[spec.norm], Noise) for spec in asked.specs):
            noise_level()
        if st.button("Settings", icon=":material/tune:", key="settings-button"):
            drawer(defaults)
        if not asked.problem:
            beside(asked)
    changed = changes(defaults)
    if changed:
        tell_changes(asked, changed, partial(take_preset, key, networks))
    if asked.problem:
        st.error(asked.problem)
    # The URL always names the preset, because the default depends on the data of the machine.
    link.keep({"preset": ""} | defaults)
    return replace(asked, modified=bool(changed))


def choose_preset(offered: list[str], take: Callable[[], None]) -> None:
    """Draw the choice of a preset."""
    # They stay during a session, because the browser tells a choice by its label.
    labels = st.session_state.setdefault("preset-labels", {})
    labels.update({name: told(PRESETS[name]) for name in offered if name not in labels})
    st.selectbox(
        "Preset",
        offered,
        format_func=labels.__getitem__,
        key="preset",
        persist_state="session",
        on_change=take,
        width=PRESET_WIDTH,
    )


def told(preset: Preset) -> str:
    """Return the label of a preset, how long its runs take here or that they ship, and its gist."""
    time = "shipped" if presets.shipped(preset) else asking.whole_time(preset.specs())
    return f"{preset.label} · {time} · {preset.gist}"


def choose_networks(key: str) -> None:
    """Draw the main networks and the chosen ones as chips, and the others behind a plus."""
    shown = [norm for norm in NORMS if norm in MAIN or norm in st.session_state[key]]
    st.pills(
        "Networks",
        shown,
        selection_mode="multi",
        format_func=lambda norm: NORMS[norm].label,
        key=key,
        persist_state="session",
    )
    with st.popover("+", key="more-networks", help="More networks"):
        for norm in NORMS:
            if norm not in shown:
                label = NORMS[norm].label
                st.button(label, key=f"add-{norm}", on_click=add_network, args=(key, norm))


def add_network(key: str, norm: str) -> None:
    """Add a network to the comparison."""
    st.session_state[key] = [*st.session_state[key], norm]


def noise_level() -> None:
    """Draw the field for the strength of the noise, in multiples of the paper's."""
    st.session_state["noise"] = st.session_state["noise_mean"] / PAPERS_NOISE.noise_mean
    st.number_input(
        "Noise ×",
        0.0,
        100.0,
        step=0.5,
        format="%g",
        key="noise",
        on_change=take_noise,
        width=NOISE_WIDTH,
    )


def take_noise() -> None:
    """Set the settings of the noise to the chosen level."""
    st.session_state.update(noise_settings(PAPERS_NOISE, str(st.session_state["noise"])))


def tell_changes(asked: Asked, changed: dict[str, str], reset: Callable[[], None]) -> None:
    """Name the changed settings, and draw the button that resets them."""
    names = list(changed.values())
    more = f" and {len(names) - MOST_CHANGES} more" if len(names) > MOST_CHANGES else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = link.plain("; ".join(names[:MOST_CHANGES]))
        st.markdown(f"**{asked.preset.label}, modified:** {said}{more}.", width="content")
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            type="tertiary",
            key="reset",
            on_click=reset,
            help=f"Back to {asked.preset.label}: {asked.preset.summary}",
        )


def asked_for(preset: Preset, norms: list[str]) -> Asked:
    """Return a run for each combination of network, learning rate and seed, or the problem."""
    state = st.session_state
    knobs = {name: value_of(name) for names in GROUPS.values() for name in names}
    knobs["probes"] = {name: state[INTERVAL + name] for name in PROBES if state[INTERVAL + name]}
    if not norms:
        return Asked(
            preset,
            [],
            f"Choose at least one network: {', '.join(norm.label for norm in NORMS.values())}.",
        )
    if excess := too_many(len(norms) * len(knobs["lr"]) * len(knobs["seed"])):
        return Asked(preset, [], excess)
    try:
        several = [
            (lr, norm, seed) for lr in knobs["lr"] for norm in norms for seed in knobs["seed"]
        ]
        specs = [
            RunSpec.of(**knobs | {"lr": lr, "norm": norm, "seed": seed})
            for lr, norm, seed in several
        ]
    except SpecError as problem:
        return Asked(preset, [], complaint(problem))
    return Asked(preset, list({spec.id: spec for spec in specs}.values()))


def too_many(count: int) -> str:
    """Return a sentence if these are too many runs for a page, else ""."""
    most = f"choose at most {MOST_RUNS} at a time"
    return f"That would be {count} runs; {most}." if count > MOST_RUNS else ""


def complaint(problem: SpecError) -> str:
    """Return the problem as a sentence that begins with the label of the setting."""
    label = str(RunSpec.model_fields[problem.knob].title) if problem.knob else ""
    text = str(problem).removeprefix(problem.knob)
    return f"{label}{text}." if label else f"{text[:1].upper()}{text[1:]}."


def values_of(preset: Preset, key: str, networks: Sequence[str]) -> dict[str, Any]:
    """Return the value of each widget for an unmodified preset."""
    norms = preset.norms if preset.figure or not networks else networks
    return {key: list(norms)} | knobs_of(preset.specs()[0], preset.learning_rates)


def knobs_of(base: RunSpec, rates: Sequence[float]) -> dict[str, Any]:
    """Return the value of each widget for this run at these learning rates."""
    values: dict[str, Any] = {}
    for name in (name for names in GROUPS.values() for name in names):
        value = tuple(rates) if name == "lr" else getattr(base, name)
        several = value if isinstance(value, tuple) else (value,)
        values[name] = ", ".join(link.number(part) for part in several) if is_list(name) else value
    return values | {INTERVAL + name: base.probes.get(name, 0) for name in PROBES}


def take_preset(key: str, networks: Sequence[str]) -> None:
    """Set all widgets to the chosen preset's networks, layers and settings."""
    st.session_state.update(values_of(PRESETS[st.session_state["preset"]], key, networks))
    st.session_state.pop("layers", None)


def value_of(name: str) -> Any:
    """Return the value of a setting as RunSpec takes it. A field with several gives a list."""
    value = st.session_state[name]
    if not is_list(name):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    return parts or ([""] if name in SWEPT else [])


def problem_with_preset(offered: list[str], _: str, text: str) -> str:
    """Return what is wrong with a preset named in the URL, or ""."""
    return "" if text in offered else f"preset must be one of {', '.join(offered)} on this page"


def problem_with(name: str, text: str) -> str:
    """Return what is wrong with a setting in the URL, or ""."""
    if name.startswith(INTERVAL):
        return (
            ""
            if text.isascii() and text.isdigit()
            else "an interval must be a whole number of steps, with 0 for never"
        )
    parts = [part.strip() for part in text.split(",") if part.strip()]
    field = "norm" if name == "networks" else name
    values: list[Any] = parts if field in (*SWEPT, "norm") else [parts if is_list(field) else text]
    try:
        for value in values:
            RunSpec.check(field, value)
    except SpecError as problem:
        return str(problem)
    return ""
