"""A guess before the answer: an option, or a curve that the reader draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from pandas import DataFrame

from bnviz.figures.style import MARK, Curve, curves
from bnviz.figures.traces import drawable
from bnviz.figures.unchecked import redrawn, scatter, traces
from bnviz.story.tour import Choice, Guess, Sketch
from bnviz.training.norms import NORMS
from bnviz.ui.custom import custom

YOURS = "Your guess"
_sketch = custom(
    "guess",
    "svg_part.js",
    "guess.js",
    html='<figure class="bnviz-guess"><svg role="group" aria-label="Draw a curve"></svg>'
    '<button type="button"></button></figure>',
    styles="guess.css",
)


def problem(guess: Guess, text: str) -> str:
    """Return what is wrong with a guess in the address, or ""."""
    if isinstance(guess, Choice):
        count = len(guess.options)
        fits = text in map(str, range(1, count + 1))
        return "" if fits else f"it must be a whole number from 1 to {count}"
    parts = text.split(",")
    fits = all(part.isdecimal() and int(part) <= 100 * guess.top for part in parts)
    if fits and len(parts) == len(guess.steps):
        return ""
    return f"it must be {len(guess.steps)} whole numbers from 0 to {100 * guess.top:g}"


def ask(guess: Guess, key: str, numbers: DataFrame, button: str) -> str:
    """Draw the question, and return the reader's guess as text for the address, or "".

    `numbers` are those of the figure, whose curves a sketch begins with. `button` is the label of
    the button that submits the guess.
    """
    st.markdown(f"#### {guess.ask}")
    if isinstance(guess, Choice):
        return choose(guess, key, button)
    return draw(guess, key, numbers, button)


def choose(guess: Choice, key: str, button: str) -> str:
    """Draw the options, and a button that submits the chosen one."""
    chosen = st.radio(
        guess.ask,
        range(1, len(guess.options) + 1),
        index=None,
        key=f"{key}-options",
        format_func=lambda number: guess.options[number - 1],
        label_visibility="collapsed",
    )
    pressed = st.button(button, key=f"{key}-show", type="primary", disabled=chosen is None)
    return str(chosen) if pressed else ""


def draw(guess: Sketch, key: str, numbers: DataFrame, button: str) -> str:
    """Draw the axes with the curves that are given, and the points to move."""
    found = {run["norm"].iloc[0]: (curve, run) for curve, run in curves(numbers)}
    given = [outline(*found[norm], guess.column) for norm in guess.given if norm in found]
    name = NORMS[guess.drawn].label
    first = given[0]["y"][0] if given else 0.0
    result = _sketch(
        key=key,
        data={
            "name": name,
            "button": button,
            "steps": list(guess.steps),
            "top": guess.top,
            "start": first,
            "given": given,
        },
        on_guess_change=lambda: None,
    )
    return ",".join(map(str, result.guess)) if result.guess else ""


def outline(curve: Curve, run: DataFrame, column: str) -> dict[str, Any]:
    """Return a curve as guess.js draws it."""
    known = run.dropna(subset=[column])
    return {
        "label": NORMS[run["norm"].iloc[0]].label,
        "colour": curve.colour,
        "dash": {"dash": "8 5", "dot": "2 4", "dashdot": "8 4 2 4"}.get(curve.dash, "none"),
        "x": known["step"].tolist(),
        "y": known[column].round(4).tolist(),
    }


def heights(text: str) -> list[float]:
    """Return the heights of a sketch, as shares."""
    return [int(part) / 100 for part in text.split(",")]


def over(figure: go.Figure, guess: Guess, texts: Sequence[str], name: str) -> go.Figure:
    """Return a figure with the curves that were drawn over it; as it is if nothing was drawn."""
    if isinstance(guess, Choice) or not texts:
        return figure
    alone = len(texts) == 1
    look = {"line": {"color": MARK, "width": 3 if alone else 1, "dash": "dot"}, "mode": "lines"}
    lines = [
        scatter(
            x=drawable(guess.steps),
            y=drawable(heights(text)),
            name=name,
            legendgroup=name,
            showlegend=not place,
            hoverinfo="skip",
            **look,
        )
        for place, text in enumerate(texts)
    ]
    return redrawn(figure, [*traces(figure), *(line.to_plotly_json() for line in lines)])


def unanswered(figure: go.Figure, guess: Guess, numbers: DataFrame) -> go.Figure:
    """Return a figure without the curve that the reader has to draw, and without its numbers."""
    if isinstance(guess, Choice):
        return figure
    asked = set(numbers.loc[numbers["norm"] == guess.drawn, "run"])
    given = redrawn(figure, [t for t in traces(figure) if t.get("legendgroup") not in asked])
    given.layout.annotations = ()
    return given


def repeated(guess: Guess, text: str) -> str:
    """Say what the reader guessed."""
    if isinstance(guess, Choice):
        return f"You said: *{guess.options[int(text) - 1].lower()}*."
    return f"You have drawn a curve that ends at {text.rpartition(',')[2]}%."


def compared(guess: Guess, text: str, numbers: DataFrame) -> str:
    """Say what the reader guessed, and how it compares with what was measured."""
    if isinstance(guess, Choice):
        right = int(text) - 1 == guess.measured
        said = repeated(guess, text)
        answer = guess.options[guess.measured].lower()
        return f"{said} That is right." if right else f"{said} The answer: *{answer}*."
    run = numbers[numbers["norm"] == guess.drawn].dropna(subset=[guess.column])
    there = np.interp(guess.steps, run["step"], run[guess.column])
    off = 100 * float(np.abs(np.array(heights(text)) - there).mean())
    return f"Your curve is {off:.0f} points from the measured one, on average."
