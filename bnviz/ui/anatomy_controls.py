"""The controls of the page "BatchNorm, taken apart": sliders, buttons and their URL parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from bnviz.figures import anatomy
from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array, Forward
from bnviz.ui import link

M = 5  # examples in the batch
WIDTH = 116  # pixels of a slider, so that eight fit side by side
X, T = [f"x{i + 1}" for i in range(M)], [f"t{i + 1}" for i in range(M)]
PARTS = {
    "forward": "1 · Forward",
    "backward": "2 · Backward",
    "inference": "3 · Inference",
    "scale": "4 · Scale",
}
BATCHES = {
    "Evenly spread": [0.0, 1.0, 2.0, 3.0, 4.0],
    "One outlier": [-1.0, -0.5, 0.0, 0.5, 5.0],
    "All the same": [2.0] * M,
}
MIXED = [1.0, -2.0, 0.0, -3.0, 2.0]  # targets that no scale and shift of x can give

EPSILON_HELP = "Keeps the root above 0. 1e-05 is usual; large values make its effect visible."

DEFAULTS: dict[str, Any] = {
    "part": "forward",
    **dict(zip(X, BATCHES["Evenly spread"], strict=True)),
    "gamma": 1.5,
    "beta": -1.0,
    "eps": 1e-5,
    **dict(zip(T, MIXED, strict=True)),
    "example": 1,
    "others": 5,
    "draw": 0,
    "a": 2.0,
}
OPTIONS: dict[str, list[Any]] = {
    "part": list(PARTS),
    "eps": [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0],
    "example": list(range(1, M + 1)),
    "a": [float(f"{10 ** (exponent / 10):.2g}") for exponent in range(-10, 11)],
}
BOUNDS: dict[str, tuple[float, float, float]] = {  # minimum, maximum, step
    **dict.fromkeys(X, (-5.0, 5.0, 0.1)),
    "gamma": (-3.0, 3.0, 0.1),
    "beta": (-3.0, 3.0, 0.1),
    **dict.fromkeys(T, (-6.0, 6.0, 0.1)),
    "others": (1, 8, 1),
    "draw": (0, 999, 1),
}


def problem(name: str, text: str) -> str:
    """Return what is wrong with a URL parameter of this page, or ""."""
    options = OPTIONS.get(name, [])
    if options:
        try:
            fits = link.parse(text, DEFAULTS[name]) in options
        except ValueError:
            fits = False
        return (
            ""
            if fits
            else f"it must be one of {', '.join(link.write(option) for option in options)}"
        )
    low, high, step = BOUNDS[name]
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    fits = low <= value <= high and abs(value / step - round(value / step)) < 1e-6
    return "" if fits else f"it must be a number from {low:g} to {high:g} in steps of {step:g}"


def reset() -> None:
    """Set all numbers to their initial values, but stay in the same part of the page."""
    st.session_state.update({name: value for name, value in DEFAULTS.items() if name != "part"})


def take(names: list[str], values: Sequence[float]) -> None:
    """Set the sliders `names` to `values`."""
    st.session_state.update(zip(names, values, strict=True))


def numbers(names: list[str]) -> list[float]:
    """Return the values of these sliders."""
    return [float(st.session_state[name]) for name in names]


def line_of_algorithm() -> Forward:
    """Return the forward pass of the reader's batch."""
    state = st.session_state
    return algorithm1.forward(numbers(X), state["gamma"], state["beta"], state["eps"])


def batch_sliders() -> Forward:
    """Draw the controls for the batch, γ, β and ε, and return their forward pass."""
    with st.container(key="sliders", horizontal=True, vertical_alignment="bottom"):
        for name in X:
            slider(name, f"$x_{name[1:]}$")
        slider("gamma", r"$\gamma$", "Learned; training starts at 1.")
        slider("beta", r"$\beta$", "Learned; training starts at 0.")
        choice("eps", r"$\epsilon$", EPSILON_HELP)
        with st.container(horizontal=True, width="content"):
            for label, values in BATCHES.items():
                st.button(label, key=f"batch-{label}", on_click=take, args=(X, values))
    line = line_of_algorithm()
    with st.container():  # always there, as in `anatomy_page`
        warn_of_equal_numbers(line)
    return line


def warn_of_equal_numbers(line: Forward) -> None:
    """Explain what ε does if all numbers of the batch are equal."""
    if np.ptp(line.x) == 0:
        root = line.epsilon**0.5
        st.info(
            "All five are the same, so σ² is 0 and the third line would be 0/0. **Only ε saves "
            f"it**: every x̂ is 0/√ε = 0, and every y is β. The denominator is √ε = {root:.2g}, "
            f"so a tiny change of one x changes its x̂ {(1 - 1 / M) / root:.3g} times as much.",
            icon=":material/warning:",
        )


def target_sliders() -> Array:
    """Draw the sliders for the targets of the loss, and return the five targets."""
    with st.container(horizontal=True, gap="medium"):
        for name in T:
            slider(name, f"Target $t_{name[1:]}$")
    return np.array(numbers(T))


def target_buttons() -> None:
    """Draw buttons for two instructive sets of targets."""
    st.button("Mixed targets", key="targets-mixed", on_click=take, args=(T, MIXED))
    st.button(
        "Targets on a line with x",
        key="targets-line",
        on_click=take,
        args=(T, [round(value + 1, 1) for value in numbers(X)]),
        help="t = x + 1: a scale and a shift are enough to match these targets.",
    )


def example_buttons() -> int:
    """Let the reader choose an example, and return its number, counted from 1."""
    st.segmented_control(
        "Example",
        OPTIONS["example"],
        required=True,
        key="example",
        persist_state="session",
        format_func=lambda i: anatomy.name("x", i),
    )
    return int(st.session_state["example"])


def slider(name: str, label: str, help: str | None = None) -> None:
    """Draw the slider of one number."""
    low, high, step = BOUNDS[name]
    decimals = "%.1f" if isinstance(step, float) else None
    st.slider(
        label,
        low,
        high,
        step=step,
        format=decimals,
        key=name,
        help=help,
        persist_state="session",
        width=WIDTH,
    )


def choice(name: str, label: str, help: str | None = None, width: int = WIDTH) -> None:
    """Draw a slider over a few given numbers."""
    options, write = OPTIONS[name], "{:g}".format
    st.select_slider(
        label, options, key=name, format_func=write, help=help, persist_state="session", width=width
    )


def integer(name: str, label: str) -> int:
    """Draw a field for a whole number, and return the number."""
    low, high, _ = BOUNDS[name]
    st.number_input(label, int(low), int(high), key=name, persist_state="session", width=WIDTH)
    return int(st.session_state[name])
