"""A widget for every setting of RunSpec, and the drawer that holds them."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import streamlit as st

from bnviz import data
from bnviz.spec import TABLES, RunSpec
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES
from bnviz.ui import link
from bnviz.words import shorten

SWEPT = ("lr", "seed")  # a comparison may take several values of these, and several networks
GROUPS = {
    "Data": (
        "data",
        "pixels",
        "augment",
        "resized_crop",
        "flip",
        "photometric",
        "batch",
        "seed",
        "precision",
        "loss_factor",
    ),
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
        "keep_weights",
    ),
    "Network": (
        "model",
        "width",
        "depth",
        "hidden",
        "skip",
        "activation",
        "dropout",
        "lrn",
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
SHORT = {"lr": "lr"}  # settings with a common name shorter than their label
ROW = {"lr": 76, "seed": 56}  # settings beside the preset, with their widths in pixels
COLUMNS, WIDTH = 2, 520  # of the drawer: columns of widgets, and pixels


def changes(defaults: dict[str, Any]) -> dict[str, str]:
    """Return the settings that differ from the preset, each in words."""
    return {
        name: worded(name, value)
        for name, default in defaults.items()
        if (value := st.session_state[name]) != default
    }


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


@st.dialog("Settings", position="right", width=WIDTH, icon=":material/tune:", on_dismiss="rerun")
def drawer(defaults: dict[str, Any]) -> None:
    """Draw all settings in a drawer: the changed ones, then a widget for each, in groups.

    The page takes the new values when the drawer is closed.
    """
    wanted = st.text_input("Search", placeholder="a word, such as momentum", key="wanted").lower()
    for name, said in changes(defaults).items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(link.plain(said), width="stretch")
            st.button(
                "Undo",
                type="tertiary",
                icon=":material/undo:",
                key=f"undo-{name}",
                on_click=st.session_state.update,
                args=({name: defaults[name]},),
            )
    groups = {name: [*names] for name, names in GROUPS.items()}
    groups["Measured every … steps"] = [INTERVAL + name for name in PROBES]
    for group, names in groups.items():
        found = [name for name in names if name not in ROW and wanted in words_about(name)]
        if found:
            st.markdown(f"**{group}**")
        for start in range(0, len(found), COLUMNS):
            pair = found[start : start + COLUMNS]
            for column, name in zip(st.columns(COLUMNS), pair, strict=False):
                with column:
                    knob(name)


def words_about(name: str) -> str:
    """Return title and description of a setting in lower case, to search in."""
    label, words = about(name)
    return f"{name} {label} {words}".lower()


def about(name: str) -> tuple[str, str]:
    """Return the label of a widget and its description."""
    if name.startswith(INTERVAL):
        return (
            PROBES[name.removeprefix(INTERVAL)].LABEL,
            "Number of steps between measurements; 0 switches it off.",
        )
    field = RunSpec.model_fields[name]
    several = " Several values are separated by commas." if is_list(name) else ""
    return str(field.title), f"{field.description}{several}"


def knob(name: str, width: int | Literal["stretch"] = "stretch") -> None:
    """Draw the widget of one setting or interval. Its kind follows from the type in RunSpec."""
    value = st.session_state[name]
    label, words = about(name)
    label = label if width == "stretch" else SHORT.get(name, label)
    common: dict[str, Any] = {
        "label": label,
        "help": words if width == "stretch" else None,
        "key": name,
        "persist_state": "session",
    }
    if name.startswith(INTERVAL):
        st.number_input(step=1, min_value=0, **common)
    elif is_list(name):
        st.text_input(width=width, **common)
    elif isinstance(value, bool):
        st.toggle(**common)
    elif isinstance(value, str):
        options = list(TABLES.get(name) or get_args(RunSpec.model_fields[name].annotation))
        st.selectbox(options=options, format_func=option_label, **common)
    else:
        whole = isinstance(value, int)
        st.number_input(step=1 if whole else None, format=None if whole else "%g", **common)


def option_label(name: str) -> str:
    """Return the label of an option. Data that must be downloaded first say so."""
    if name in data.SOURCES:
        return data.SOURCES[name].label + ("" if data.available(name) else " – not here yet")
    return name.replace("_", " ")


def is_list(name: str) -> bool:
    """Return whether the widget of a setting is a text field for several numbers."""
    return name in SWEPT or get_origin(RunSpec.model_fields[name].annotation) is tuple
