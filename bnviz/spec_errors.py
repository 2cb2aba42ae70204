"""Say in one sentence what is wrong with settings: pydantic's complaints in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from bnviz.words import shorten

EACH = {  # what a setting is, by pydantic's complaint that it is not
    "tuple_type": "a list, each value ",
    "dict_type": "probes with their intervals, each ",
}
BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


class SpecError(ValueError):
    """Settings that cannot be used. The text is one sentence that names the valid choices.

    Where one setting is wrong, the sentence begins with its name, which is also `knob`.
    """

    def __init__(self, text: str, knob: str = "") -> None:
        super().__init__(text)
        self.knob = knob


def choice(names: Iterable[str]) -> Any:
    """Return a pydantic validator that accepts only these names."""

    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return name

    return known


def refused(problem: ValidationError, spec: type[BaseModel]) -> SpecError:
    """Return pydantic's first complaint about settings of the class `spec`."""
    first = problem.errors()[0]
    knob = str(first["loc"][0]) if first["loc"] else ""
    return SpecError(sentence(first, spec), knob if knob in spec.model_fields else "")


def sentence(problem: Any, spec: type[BaseModel]) -> str:
    """Return which setting is wrong, what is valid, and what was given."""
    place, given, kind = problem["loc"], problem["input"], problem["type"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        settings = ", ".join(spec.model_fields)
        return f"unknown setting {shorten(place[0])}; the settings are {settings}"
    if not place:
        return message
    name = " ".join(shorten(part)[1:-1] for part in place if isinstance(part, str))
    if kind == "too_short":
        return f"{name} must have at least one value"
    if kind == "too_long":
        return f"{name} must have at most {problem['ctx']['max_length']} values"
    got = "nothing" if given is None or given == "" else shorten(given)
    if kind == "value_error":
        simple = isinstance(given, str | int | float)
        return f"{name} {message}, got {got}" if simple else f"{name} {message}"
    return f"{name} must be {EACH.get(kind, '')}{valid(place[0], spec)}, got {got}"


@cache
def valid(knob: str, spec: type[BaseModel]) -> str:
    """Return the values that a setting accepts, in words; for a list, those of each element."""
    about = spec.model_json_schema()["properties"][knob]
    about = about.get("items") or about.get("additionalProperties") or about
    if about["type"] == "string":
        return f"one of {', '.join(about['enum'])}" if "enum" in about else "a name"
    if about["type"] == "boolean":
        return "true or false"
    kind = "a whole number" if about["type"] == "integer" else "a number"
    if "minimum" in about and "maximum" in about:
        return f"{kind} from {bound(about['minimum'])} to {bound(about['maximum'])}"
    bounds = [f"{words} {bound(about[key])}" for key, words in BOUNDS.items() if key in about]
    return f"{kind} {' and '.join(bounds)}"


def bound(value: float) -> str:
    """Return a bound as a reader writes it."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"
