"""From widgets to run settings: the presets, and a widget for every setting of RunSpec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args, get_origin

import streamlit as st

from bnviz import data, presets
from bnviz.presets import PRESETS, Preset
from bnviz.spec import TABLES, RunSpec, SpecError
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES
from bnviz.ui import link
from bnviz.words import shorten

SWEPT = ("lr", "seed")  # a comparison may take several values of these, and several networks
GROUPS = {
    "Data": ("data", "pixels", "augment", "batch", "seed", "precision", "loss_factor"),
    "Training": (
        "steps",
        "lr",
        "optimizer",
        "momentum",
        "weight_decay",
        "l2",
        "schedule",
        "decay",
        "decay_every",
        "warmup",
    ),
    "Network": (
        "model",
        "width",
        "depth",
        "hidden",
        "init",
        "init_std",
        "norm_hidden",
        "norm_output",
    ),
    "Normalisation": (
        "epsilon",
        "averaging",
        "population",
        "lp_centred",
        "groups",
        "noise_mean",
        "noise_scale",
        "noise_mean_spread",
        "noise_scale_spread",
        "noise_at_test",
    ),
    "Measurements": ("step_sizes", "random_direction", "quantiles", "bins", "theory_units"),
    "Surface": ("surface_along", "surface_scaled", "surface_extent", "surface_grid"),
}
INTERVAL = "every_"  # prefix of a probe's interval in the URL: every_landscape=10
MOST_RUNS = 24
MOST_CHANGES = 6  # changed settings named in one line; the rest are counted
SHORT = {"lr": "lr"}  # settings with a common name shorter than their label
COLUMNS = 4  # of widgets in a tab
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

    If they cannot be run, `specs` is empty and `problem` says why in one sentence.
    """

    preset: Preset
    specs: list[RunSpec]
    problem: str = ""


def ask(page: str, networks: Sequence[str] = ()) -> Asked:
    """Draw the preset and the settings, and return the runs they describe.

    `networks` is for a page with networks of its own, which keeps their choice to itself: it
    compares these at first, unless the preset repeats one of the paper's figures.
    """
    key = "networks" if networks else "norm"
    offered = presets.offered(page)
    link.restore({"preset": presets.first(page)}, partial(problem_with_preset, offered))
    defaults = values_of(PRESETS[st.session_state["preset"]], key, networks)
    link.warn_of_unknown(["preset", *defaults, *PAGE_PARAMETERS])
    link.restore(defaults, problem_with)
    preset = PRESETS[st.session_state["preset"]]
    changed = changes(defaults)
    asked = asked_for(preset, sorted(st.session_state[key], key=list(NORMS).index))
    _choose_preset(offered, preset.name if changed else "", key, networks)
    _choose_networks(key)
    if changed:
        modified(asked, changed, partial(take_preset, key, networks))
    else:
        st.markdown(f"**{preset.label}** – {preset.summary}")
    if asked.problem:
        st.error(asked.problem)
    draw_knobs()
    # The URL always names the preset, because the default depends on the data of the machine.
    link.keep({"preset": ""} | defaults)
    return asked


def _choose_preset(offered: list[str], modified: str, key: str, networks: Sequence[str]) -> None:
    """Draw the choice of a preset. `modified` is the one with changed settings, or ""."""
    st.segmented_control(
        "Preset",
        offered,
        required=True,
        format_func=lambda name: PRESETS[name].label + (", modified" if name == modified else ""),
        key="preset",
        persist_state="session",
        on_change=take_preset,
        args=(key, networks),
    )


def _choose_networks(key: str) -> None:
    st.pills(
        "Networks",
        list(NORMS),
        selection_mode="multi",
        format_func=lambda norm: NORMS[norm].label,
        key=key,
        persist_state="session",
    )


def changes(defaults: dict[str, Any]) -> list[str]:
    """Return the settings that differ from the preset, each in words."""
    return [
        worded(name, value)
        for name, default in defaults.items()
        if (value := st.session_state[name]) != default
    ]


def worded(name: str, value: Any) -> str:
    """Return a setting and its value in words."""
    if name in ("norm", "networks"):
        return f"networks {', '.join(NORMS[norm].label for norm in value) or 'none'}"
    if name.startswith(INTERVAL):
        label = PROBES[name.removeprefix(INTERVAL)].LABEL
        return f"{label} every {value:,} steps" if value else f"{label} never"
    title = SHORT.get(name, str(RunSpec.model_fields[name].title))
    if isinstance(value, bool):
        return f"{title} {'on' if value else 'off'}"
    return f"{title} {shorten(link.write(value))[1:-1] or 'empty'}"


def modified(asked: Asked, changed: list[str], reset: Callable[[], None]) -> None:
    """Name the changed settings, and draw the button that resets them."""
    more = f" and {len(changed) - MOST_CHANGES} more" if len(changed) > MOST_CHANGES else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = link.plain("; ".join(changed[:MOST_CHANGES]))
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
    if (count := len(norms) * len(knobs["lr"]) * len(knobs["seed"])) > MOST_RUNS:
        return Asked(
            preset, [], f"That would be {count} runs; choose at most {MOST_RUNS} at a time."
        )
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


def is_list(name: str) -> bool:
    """Return whether the widget of a setting is a text field for several numbers."""
    return name in SWEPT or get_origin(RunSpec.model_fields[name].annotation) is tuple


def draw_knobs() -> None:
    """Draw the widgets of all settings, one tab per group."""
    drawn = {group: [partial(knob, name) for name in names] for group, names in GROUPS.items()}
    drawn["Measured every … steps"] = [partial(interval, name) for name in PROBES]
    with st.expander("Settings", icon=":material/tune:"):
        for tab, widgets in zip(st.tabs(list(drawn)), drawn.values(), strict=True):
            with tab:
                columns = st.columns(COLUMNS)
                for place, widget in enumerate(widgets):
                    with columns[place % COLUMNS]:
                        widget()


def knob(name: str) -> None:
    """Draw the widget of one setting. Its kind follows from the type in RunSpec."""
    field, value = RunSpec.model_fields[name], st.session_state[name]
    about: dict[str, Any] = {
        "label": field.title,
        "help": field.description,
        "key": name,
        "persist_state": "session",
    }
    options = list(TABLES.get(name) or get_args(field.annotation))
    if is_list(name):
        st.text_input(
            **about | {"help": f"{field.description} Several values are separated by commas."}
        )
    elif isinstance(value, bool):
        st.toggle(**about)
    elif isinstance(value, str):
        st.selectbox(options=options, format_func=option_label, **about)
    else:
        whole = isinstance(value, int)
        st.number_input(step=1 if whole else None, format=None if whole else "%g", **about)


def interval(probe: str) -> None:
    """Draw the field for a probe's interval."""
    st.number_input(
        PROBES[probe].LABEL,
        step=1,
        min_value=0,
        help="Number of steps between measurements; 0 switches it off.",
        key=INTERVAL + probe,
        persist_state="session",
    )


def option_label(name: str) -> str:
    """Return the label of an option. Data that must be downloaded first say so."""
    if name in data.SOURCES:
        return data.SOURCES[name].label + ("" if data.available(name) else " – not here yet")
    return name.replace("_", " ")


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
