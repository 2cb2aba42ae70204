"""The page "BatchNorm, taken apart": the algorithm, line by line, on five numbers to drag."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from pandas import DataFrame

from bnviz.figures import anatomy, formulas
from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array, Forward
from bnviz.ui import link, live, terms
from bnviz.ui.about import About, heading
from bnviz.ui.anatomy_controls import (
    DEFAULTS,
    EPSILON_HELP,
    PARTS,
    WIDTH,
    M,
    T,
    X,
    batch_sliders,
    choice,
    example_buttons,
    integer,
    problem,
    reset,
    slider,
    target_buttons,
    target_sliders,
)
from bnviz.ui.custom import custom
from bnviz.ui.plot import library, plot

STYLE = """<style>
.katex .base { margin-block: 0.15em }  /* keep the lines of a broken formula apart */
.stMarkdown table { display: block; max-width: 100%; overflow-x: auto }
.stMarkdown td { font-variant-numeric: tabular-nums }
.st-key-hand { position: absolute }  /* no gap around what has no height */
/* while a slider moves, the formulas and sentences still show the old numbers (anatomy.js) */
.stMarkdown :is(p .katex, p:has(> strong + strong) > strong) { transition: opacity 0.2s }
.bnviz-ahead .stMarkdown :is(p .katex, p:has(> strong + strong) > strong) { opacity: 0.4 }
@media (max-width: 1100px) {
  .stMarkdown table .katex { font-size: 1em }
  .stMarkdown :is(td, th) { padding: 0.4rem 0.3rem }
}
</style>"""
BATCH = [*X, "gamma", "beta", "eps"]
SCRIPTS = ("in_sight.js", "anatomy_algorithm.js", "anatomy_parts.js", "anatomy.js")
_hand = custom("hand", *SCRIPTS)


def anatomy_page(doc: str | None) -> None:
    """Draw the page: the controls and one of its four parts."""
    st.html(STYLE)
    words = About.of(doc)
    heading(words)
    # This container is always there. If an element appeared or disappeared here, the browser would
    # rebuild everything below it.
    with st.container():
        link.warn_of_unknown(DEFAULTS)
        link.restore(DEFAULTS, problem)
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom"):
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
    terms.markdown(words.text, "page")
    live.fold_limits(words.limits)
    link.keep(DEFAULTS)


def follow_hand(names: list[str], **given: Any) -> None:
    """Let the browser compute this part again while the reader moves one of these sliders.

    `given` is what else the part depends on. This comes after the figures, so that the browser
    hears of an answer when they have it.
    """
    values = {name: float(st.session_state[name]) for name in names}
    part = st.session_state["part"]
    _hand(key="hand", data={"part": part, "library": library(), "values": values} | given)


def show_forward() -> None:
    """Show each line of Algorithm 1 as a formula, as numbers and as a row of dots."""
    line = batch_sliders()
    figures, lines = st.columns(2, gap="large")
    with lines:
        st.markdown("#### Algorithm 1, line by line\n\n" + formulas.forward_lines(line))
        st.markdown("#### All numbers\n\n" + formulas.forward_numbers(line))
    with figures:
        moving(line)
    follow_hand(BATCH)


def five_numbers() -> None:
    """Draw the five numbers to drag, and what becomes of them, without the formulas."""
    moving(batch_sliders())
    follow_hand(BATCH)


def moving(line: Forward) -> None:
    """Draw the five numbers as rows of dots, one for each line of Algorithm 1."""
    numbers = anatomy.forward_table(line)
    chart(
        "Five numbers on their way down",
        "They are shifted to mean 0, then scaled to spread 1. Then γ and β scale and shift them by "
        "learned amounts. The grey bar under the dots reaches from one standard deviation below "
        "the mean to one above it.",
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
    figures, lines = st.columns([9, 11], gap="large")
    with lines:
        st.markdown(
            "#### The chain rule, equation by equation\n\n"
            + formulas.backward_lines(line, gradient, targets, example)
        )
        st.markdown("#### All numbers\n\n" + formulas.backward_numbers(line, gradient, targets))
        st.markdown(
            f"#### The derivative with respect to {x}, without calculus\n\n"
            + formulas.check(line, gradient, targets, example)
        )
    with figures:
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
    follow_hand([*BATCH, *T], example=example)


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
    figures, lines = st.columns(2, gap="large")
    with lines:
        st.markdown("#### Algorithm 2: the population\n\n" + formulas.population(batches))
        st.markdown(f"#### The same {x}, twice\n\n" + formulas.twice(line, over, example))
    with figures:
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
    follow_hand(BATCH, example=example, others=batches[1:].tolist())


def show_scale() -> None:
    """Show that BN((aW)u) = BN(Wu), on matrices drawn from a seed."""
    with st.container(horizontal=True, gap="medium"):
        choice("a", "Factor $a$ on the weights", width=2 * WIDTH)
        choice("eps", r"$\epsilon$", EPSILON_HELP)
        draw = integer("draw", "Seed")
    a, epsilon = float(st.session_state["a"]), float(st.session_state["eps"])
    weights, inputs = algorithm1.drawn_layer(draw, M)
    figures, lines = st.columns(2, gap="large")
    with lines:
        st.markdown("#### The same outputs\n\n" + formulas.outputs(weights, inputs, a, epsilon))
        st.markdown(
            "#### A gradient in inverse proportion\n\n"
            + formulas.gradients(weights, inputs, a, epsilon)
        )
    with figures:
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
            slug="what-epsilon-breaks",
        )
    follow_hand(["a", "eps"], weights=weights.tolist(), inputs=inputs.tolist())


def chart(title: str, reading: str, numbers: DataFrame, figure: go.Figure, slug: str = "") -> None:
    """Draw a figure under its title and sentence, with its numbers as a CSV download."""
    slug = slug or "-".join(
        "".join(letter if letter.isalnum() else " " for letter in title.lower()).split()
    )
    st.markdown(f"#### {title}")
    plot(
        figure,
        key=slug,
        revision="anatomy",
        alt=f"{title}. {reading}".replace("**", ""),
        filename=f"bnviz-{slug}",
    )
    st.markdown(reading)
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
