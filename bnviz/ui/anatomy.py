"""The page "BatchNorm, taken apart": the algorithm, line by line, on five numbers to drag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from pandas import DataFrame

from bnviz.figures import anatomy, formulas
from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array, Forward
from bnviz.ui import link, page
from bnviz.ui.plot import plot

M = 5  # examples in the batch
WIDTH = 150  # pixels of a slider, so that a telephone fits two side by side
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

STYLE = """<style>
.katex .base { margin-block: 0.15em }  /* keep the lines of a broken formula apart */
.stMarkdown table { display: block; max-width: 100%; overflow-x: auto }
@media (max-width: 1100px) {
  .stMarkdown table .katex { font-size: 1em }
  .stMarkdown :is(td, th) { padding: 0.4rem 0.3rem }
}
</style>"""
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


def anatomy_page(doc: str | None) -> None:
    """Draw the page: the controls and one of its four parts."""
    st.html(STYLE)
    page.text(doc)
    # This container is always there. If an element appeared or disappeared here, the browser would
    # rebuild everything below it.
    with st.container():
        link.warn_of_unknown(DEFAULTS)
        link.restore(DEFAULTS, problem)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Show",
            list(PARTS),
            required=True,
            format_func=PARTS.__getitem__,
            key="part",
            persist_state="session",
        )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key="reset",
            on_click=reset,
            help="Set all numbers back to their initial values.",
        )
    shows = {
        "forward": show_forward,
        "backward": show_backward,
        "inference": show_inference,
        "scale": show_scale,
    }
    shows[st.session_state["part"]]()
    link.keep(DEFAULTS)


# Controls


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
    with st.container(horizontal=True, gap="medium"):
        for name in X:
            slider(name, f"$x_{name[1:]}$")
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
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


# The four parts


def show_forward() -> None:
    """Show each line of Algorithm 1 as a formula, as numbers and as a row of dots."""
    line = batch_sliders()
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("#### Algorithm 1, line by line\n\n" + formulas.forward_lines(line))
        st.markdown("#### All numbers\n\n" + formulas.forward_numbers(line))
    with right:
        numbers = anatomy.forward_table(line)
        chart(
            "Five numbers on their way down",
            "They are shifted to mean 0, then scaled to spread 1. Then γ and β scale and shift "
            "them by learned amounts. The grey bar under the dots reaches from one standard "
            "deviation below the mean to one above it.",
            numbers,
            anatomy.moves(numbers),
        )


def show_backward() -> None:
    """Show the chain rule on the same numbers, its effect on a gradient, and a numerical check."""
    line, targets = batch_sliders(), target_sliders()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        example = example_buttons()
        target_buttons()
    gradient = algorithm1.backward(line, line.y - targets)
    x = anatomy.name("x", example)
    left, right = st.columns([11, 9], gap="large")
    with left:
        st.markdown(
            "#### The chain rule, equation by equation\n\n"
            + formulas.backward_lines(line, gradient, targets, example)
        )
        st.markdown("#### All numbers\n\n" + formulas.backward_numbers(line, gradient, targets))
        st.markdown(
            f"#### The derivative with respect to {x}, without calculus\n\n"
            + formulas.check(line, gradient, targets, example)
        )
    with right:
        numbers = anatomy.backward_table(line, gradient)
        chart(
            "Three gradient paths to x",
            "Each x affects the loss directly, and through the variance and the mean, which it "
            "shares with all the others.",
            numbers,
            anatomy.roads(numbers),
        )
        st.markdown(
            "#### What BatchNorm takes out of the gradient\n\n" + formulas.removed(line, gradient)
        )
        show_slope(line, targets, float(gradient.dx[example - 1]), example)


def show_slope(line: Forward, targets: Array, slope: float, example: int) -> None:
    """Draw the loss against one x, with its derivative as a tangent."""
    numbers = anatomy.slice_table(line, targets, example)
    chart(
        f"The loss along {anatomy.name('x', example)}",
        "All other numbers are fixed. The derivative is the slope of the dashed line.",
        numbers,
        anatomy.tangent(numbers, float(line.x[example - 1]), slope, example),
        slug="the-loss-along-x",
    )


def show_inference() -> None:
    """Show one example in several batches, normalised as in training and as at inference."""
    line = batch_sliders()
    with st.container(horizontal=True, gap="medium"):
        slider("others", "Other batches")
        draw = integer("draw", "Seed")
        example = example_buttons()
    batches = np.vstack([line.x, algorithm1.drawn_batches(draw, st.session_state["others"], M)])
    over = algorithm1.population(batches)
    x, y = anatomy.name("x", example), anatomy.name("y", example)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("#### Algorithm 2: the population\n\n" + formulas.population(batches))
        st.markdown(f"#### The same {x}, twice\n\n" + formulas.twice(line, over, example))
    with right:
        numbers = anatomy.company_table(batches, example, over, line.gamma, line.beta, line.epsilon)
        guests = numbers[numbers["guest"]]
        outputs = guests.training.min(), guests.training.max(), guests.inference.mean()
        low, high, fixed = map(formulas.words, outputs)
        chart(
            "The same example in other batches",
            f"Put {x} in the same place in each of the other batches. In training {y} depends on "
            f"the rest of the batch and lies between **{low}** and **{high}**. At inference it is "
            f"**{fixed}** in every batch.",
            numbers,
            anatomy.company(numbers),
        )


def show_scale() -> None:
    """Show that BN((aW)u) = BN(Wu), on matrices drawn from a seed."""
    with st.container(horizontal=True, gap="medium"):
        choice("a", "Factor $a$ on the weights", width=2 * WIDTH)
        choice("eps", r"$\epsilon$", EPSILON_HELP)
        draw = integer("draw", "Seed")
    a, epsilon = float(st.session_state["a"]), float(st.session_state["eps"])
    weights, inputs = algorithm1.drawn_layer(draw, M)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("#### The same outputs\n\n" + formulas.outputs(weights, inputs, a, epsilon))
        st.markdown(
            "#### A gradient in inverse proportion\n\n"
            + formulas.gradients(weights, inputs, a, epsilon)
        )
    with right:
        numbers = anatomy.scale_table(weights, inputs, epsilon, a)
        off = anatomy.breach_table(numbers)
        chart(
            "Gradients against a",
            "The gradient with respect to the inputs does not depend on a. The gradient with "
            "respect to the weights lies on 1/a: weights ten times as large have a tenth of the "
            "gradient.",
            numbers,
            anatomy.scaling(numbers, a),
        )
        chart(
            "What ε breaks",
            "The error in each of the three equalities. ε does not grow with the weights, so the "
            "error is largest for small weights. Try ε = 1.",
            off,
            anatomy.breach(off, a),
        )


def chart(title: str, look: str, numbers: DataFrame, figure: go.Figure, slug: str = "") -> None:
    """Draw a figure under its title and sentence, with its numbers as a CSV download."""
    slug = slug or "-".join(
        "".join(letter if letter.isalnum() else " " for letter in title.lower()).split()
    )
    st.markdown(f"#### {title}\n{look}")
    plot(
        figure,
        key=slug,
        revision="anatomy",
        alt=f"{title}. {look}".replace("**", ""),
        filename=f"bnviz-{slug}",
    )
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.caption("Computed in float64 from the numbers above.", width="stretch")
        st.download_button(
            "CSV",
            lambda: numbers.to_csv(index=False).encode(),
            f"bnviz-{slug}.csv",
            "text/csv",
            key=f"csv-{slug}",
            help="The numbers in this figure.",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
