"""From widgets to questions: a preset, and every knob of RunSpec drawn from its declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args, get_origin

import streamlit as st

from bnviz import data, presets
from bnviz.presets import PRESETS, Preset
from bnviz.spec import RunSpec, SpecError
from bnviz.training.models import MODELS
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES
from bnviz.ui import link
from bnviz.words import shorten

SWEPT = ("lr", "seed")  # a comparison may take several values of these, and several networks
TABLES: dict[str, Any] = {"model": MODELS, "norm": NORMS, "data": data.SOURCES}
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
INTERVAL = "every_"  # a probe's interval in the address: every_landscape=10
MOST_RUNS = 24
MOST_CHANGES = 6  # named in a line
SHORT = {"lr": "lr"}  # where everybody says it shorter than the label
COLUMNS = 4  # of knobs in a tab
# What pages keep in the address beside the knobs.
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
class Question:
    """What the reader asks: a run for every network, learning rate and seed; or the sentence that says why it cannot be."""

    preset: Preset
    specs: list[RunSpec]
    problem: str = ""


def ask(page: str, networks: Sequence[str] = ()) -> Question:
    """Draw preset and knobs, and read the question off them.

    `networks` are those that a page compares at first where a preset repeats none of its figures; it keeps its choice for itself.
    """
    key = "networks" if networks else "norm"
    offered = presets.offered(page)
    link.restore({"preset": presets.first(page)}, partial(problem_with_preset, offered))
    defaults = values_of(PRESETS[st.session_state["preset"]], key, networks)
    link.warn_of_unknown(["preset", *defaults, *PAGE_PARAMETERS])
    link.restore(defaults, problem_with)
    preset = PRESETS[st.session_state["preset"]]
    changed = changes(defaults)
    asked = question(preset, sorted(st.session_state[key], key=list(NORMS).index))
    st.segmented_control(
        "Preset",
        offered,
        required=True,
        format_func=lambda name: (
            PRESETS[name].label + ", modified" * bool(changed and name == preset.name)
        ),
        key="preset",
        persist_state="session",
        on_change=take_preset,
        args=(key, networks),
    )
    st.pills(
        "Networks",
        list(NORMS),
        selection_mode="multi",
        format_func=lambda norm: NORMS[norm].label,
        key=key,
        persist_state="session",
    )
    if changed:
        modified(asked, changed, partial(take_preset, key, networks))
    else:
        st.markdown(f"**{preset.label}** – {preset.summary}")
    if asked.problem:
        st.error(asked.problem)
    draw_knobs()
    link.keep(
        {"preset": ""} | defaults
    )  # which comes first differs between machines: an address always names it
    return asked


def changes(defaults: dict[str, Any]) -> list[str]:
    """Every setting that is no longer the preset's, in words."""
    return [
        worded(name, value)
        for name, default in defaults.items()
        if (value := st.session_state[name]) != default
    ]


def worded(name: str, value: Any) -> str:
    """A setting and its value as a reader says them."""
    if name in ("norm", "networks"):
        return f"networks {', '.join(NORMS[norm].label for norm in value) or 'none'}"
    if name.startswith(INTERVAL):
        label = PROBES[name.removeprefix(INTERVAL)].LABEL
        return f"{label} every {value:,} steps" if value else f"{label} never"
    title = SHORT.get(name, str(RunSpec.model_fields[name].title))
    if isinstance(value, bool):
        return f"{title} {'on' if value else 'off'}"
    return f"{title} {shorten(link.write(value))[1:-1] or 'empty'}"


def modified(asked: Question, changed: list[str], reset: Callable[[], None]) -> None:
    """What is no longer as the preset has it, and the way back."""
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


def question(preset: Preset, norms: list[str]) -> Question:
    """Every combination of networks, learning rates and seeds; or why there is none."""
    state = st.session_state
    knobs = {name: value_of(name) for names in GROUPS.values() for name in names}
    knobs["probes"] = {name: state[INTERVAL + name] for name in PROBES if state[INTERVAL + name]}
    if not norms:
        return Question(
            preset,
            [],
            f"Choose at least one network: {', '.join(norm.label for norm in NORMS.values())}.",
        )
    if (count := len(norms) * len(knobs["lr"]) * len(knobs["seed"])) > MOST_RUNS:
        return Question(
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
        return Question(preset, [], complaint(problem))
    return Question(preset, list({spec.id: spec for spec in specs}.values()))


def complaint(problem: SpecError) -> str:
    """What is wrong with a question, with the knob's label in front."""
    label = str(RunSpec.model_fields[problem.knob].title) if problem.knob else ""
    text = str(problem).removeprefix(problem.knob)
    return f"{label}{text}." if label else f"{text[:1].upper()}{text[1:]}."


def values_of(preset: Preset, key: str, networks: Sequence[str]) -> dict[str, Any]:
    """What each knob's widget holds when a preset is taken as it is."""
    norms = preset.norms if preset.figure or not networks else networks
    return {key: list(norms)} | knobs_of(preset.specs()[0], preset.learning_rates)


def knobs_of(base: RunSpec, rates: Sequence[float]) -> dict[str, Any]:
    """What each knob's widget holds for this question at these learning rates."""
    values: dict[str, Any] = {}
    for name in (name for names in GROUPS.values() for name in names):
        value = tuple(rates) if name == "lr" else getattr(base, name)
        several = value if isinstance(value, tuple) else (value,)
        values[name] = ", ".join(link.number(part) for part in several) if is_list(name) else value
    return values | {INTERVAL + name: base.probes.get(name, 0) for name in PROBES}


def take_preset(key: str, networks: Sequence[str]) -> None:
    """A new preset brings its own networks, layers and values for every knob."""
    st.session_state.update(values_of(PRESETS[st.session_state["preset"]], key, networks))
    st.session_state.pop("layers", None)


def value_of(name: str) -> Any:
    """A knob's value as RunSpec takes it; a list where several values stand in one field."""
    value = st.session_state[name]
    if not is_list(name):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    return parts or ([""] if name in SWEPT else [])


def is_list(name: str) -> bool:
    """Whether a knob's widget is a text with several numbers."""
    return name in SWEPT or get_origin(RunSpec.model_fields[name].annotation) is tuple


def draw_knobs() -> None:
    """All knobs, a tab a group."""
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
    """One widget, of the kind that the field's declaration calls for."""
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
    """How often a probe measures."""
    st.number_input(
        PROBES[probe].LABEL,
        step=1,
        min_value=0,
        help="Every so many steps; 0 switches it off.",
        key=INTERVAL + probe,
        persist_state="session",
    )


def option_label(name: str) -> str:
    """A choice as the reader sees it."""
    if name in data.SOURCES:
        return data.SOURCES[name].label + ("" if data.available(name) else " – not here yet")
    return name.replace("_", " ")


def problem_with_preset(offered: list[str], _: str, text: str) -> str:
    """What is wrong with a preset that the address names; "" if nothing is."""
    return "" if text in offered else f"preset must be one of {', '.join(offered)} on this page"


def problem_with(name: str, text: str) -> str:
    """What is wrong with a parameter of the address; "" if nothing is."""
    if name.startswith(INTERVAL):
        return (
            ""
            if text.isascii() and text.isdigit()
            else "an interval is a whole number of steps, 0 for never"
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
