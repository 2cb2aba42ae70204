"""Which knobs vary between runs, and the labels that runs get from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bnviz.spec import RunSpec
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES

EVERY = "every_"  # a probe's interval as a knob, as in the address
MEASURING = (  # knobs that change what is measured in a run, and nothing of its training
    "step_sizes",
    "random_direction",
    "surface_along",
    "surface_scaled",
    "surface_extent",
    "surface_grid",
    "theory_units",
    "quantiles",
    "bins",
    *(EVERY + name for name in PROBES),
)
FIRST = ("norm", "lr", "model", "data")  # in a label
TRAINING = (
    *FIRST,
    *(name for name in RunSpec.model_fields if name not in (*FIRST, *MEASURING, "probes", "seed")),
)


def value(spec: RunSpec, knob: str) -> Any:
    """The value of a knob in a question."""
    return (
        spec.probes.get(knob.removeprefix(EVERY), 0)
        if knob.startswith(EVERY)
        else getattr(spec, knob)
    )


def differing(specs: Sequence[RunSpec], knobs: Sequence[str]) -> list[str]:
    """Return those of these settings that differ between the runs."""
    return [knob for knob in knobs if _kinds(specs, [knob]) > 1]


def varying(specs: Sequence[RunSpec]) -> list[str]:
    """Return the training settings that differ, and measuring settings too if runs look alike without them."""
    trained = differing(specs, TRAINING)
    return (
        trained
        if _kinds(specs, ["seed", *trained]) == len(specs)
        else trained + differing(specs, MEASURING)
    )


def telling(specs: Sequence[RunSpec], knobs: Sequence[str]) -> list[str]:
    """Return the fewest of these settings, in order, that distinguish the runs as well as all of them do."""
    kept: list[str] = []
    for knob in knobs:
        if _kinds(specs, [*kept, knob]) > _kinds(specs, kept):
            kept.append(knob)
    return kept


def _kinds(specs: Sequence[RunSpec], knobs: Sequence[str]) -> int:
    return len({tuple(value(spec, knob) for knob in knobs) for spec in specs})


def facets(specs: Sequence[RunSpec]) -> list[str]:
    """The knobs that can each have an axis of their own in small multiples."""
    return varying(specs) + differing(specs, ["seed"])


def title(knob: str) -> str:
    """The name of a knob for the reader."""
    if knob.startswith(EVERY):
        return f"{PROBES[knob.removeprefix(EVERY)].LABEL}, every … steps"
    return RunSpec.model_fields[knob].title or knob


def text(spec: RunSpec, knob: str) -> str:
    """The value of a knob for the reader."""
    found = value(spec, knob)
    if knob == "norm":
        return NORMS[found].label
    if isinstance(found, bool):
        return "on" if found else "off"
    if isinstance(found, tuple):
        return ", ".join(f"{part:g}" for part in found) or "none"
    return (
        f"{found:,}"
        if isinstance(found, int)
        else f"{found:g}"
        if isinstance(found, float)
        else str(found)
    )


def word(spec: RunSpec, knob: str) -> str:
    """The value of a knob in a label."""
    if knob in ("norm", "model", "data"):
        return text(spec, knob)
    return f"{'lr' if knob == 'lr' else title(knob)} {text(spec, knob)}"


def naming(specs: Sequence[RunSpec], facet: str = "") -> list[str]:
    """The knobs in the labels of these runs, where each value of `facet` has an axis of its own."""
    return [knob for knob in telling(specs, varying(specs)) if knob != facet]


def labels(specs: Sequence[RunSpec], facet: str = "") -> dict[str, str]:
    """Run -> its label, in the order of the legend."""
    knobs = naming(specs, facet)
    ordered = sorted(specs, key=lambda spec: place_of(spec, ["norm", *knobs, "seed"]))
    return {
        spec.id: " · ".join(word(spec, knob) for knob in knobs) or text(spec, "norm")
        for spec in ordered
    }


def place_of(spec: RunSpec, knobs: Sequence[str]) -> tuple[Any, ...]:
    """The values of these knobs, by which questions are sorted."""
    return tuple(
        list(NORMS).index(spec.norm) if knob == "norm" else value(spec, knob) for knob in knobs
    )


def cautions(specs: Sequence[RunSpec]) -> list[str]:
    """What to keep in mind when just these runs are compared, a sentence each."""
    besides = [title(knob) for knob in varying(specs) if knob not in naming(specs)]
    sentences = (
        [f"What the labels do not say: these runs also differ in {', '.join(besides)}."]
        if besides
        else []
    )
    data = sorted({spec.data for spec in specs})
    if len(data) > 1:
        sentences.append(
            f"They are trained on different data ({', '.join(data)}): losses and lengths are not on one scale."
        )
    return sentences
