"""Find the settings in which runs differ, and label the runs by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bnviz.spec import RunSpec
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES

EVERY = "every_"  # + the name of a probe: its interval as a setting, as in the URL
MEASURING = (  # settings that change what is measured, but not the training
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
FIRST = ("norm", "lr", "model", "data")  # come first in a label
TRAINING = (
    *FIRST,
    *(name for name in RunSpec.model_fields if name not in (*FIRST, *MEASURING, "probes", "seed")),
)


def value(spec: RunSpec, knob: str) -> Any:
    """Return the value of a setting; for a probe its interval in steps, 0 if it is off."""
    return (
        spec.probes.get(knob.removeprefix(EVERY), 0)
        if knob.startswith(EVERY)
        else getattr(spec, knob)
    )


def differing(specs: Sequence[RunSpec], knobs: Sequence[str]) -> list[str]:
    """Return those of `knobs` in which the runs differ."""
    return [knob for knob in knobs if _kinds(specs, [knob]) > 1]


def varying(specs: Sequence[RunSpec]) -> list[str]:
    """Return the settings in which the runs differ.

    Settings in MEASURING are included only if some runs could not be told apart without them.
    """
    trained = differing(specs, TRAINING)
    return (
        trained
        if _kinds(specs, ["seed", *trained]) == len(specs)
        else trained + differing(specs, MEASURING)
    )


def telling(specs: Sequence[RunSpec], knobs: Sequence[str]) -> list[str]:
    """Drop from `knobs` every setting that distinguishes no runs beyond those before it."""
    kept: list[str] = []
    for knob in knobs:
        if _kinds(specs, [*kept, knob]) > _kinds(specs, kept):
            kept.append(knob)
    return kept


def _kinds(specs: Sequence[RunSpec], knobs: Sequence[str]) -> int:
    return len({tuple(value(spec, knob) for knob in knobs) for spec in specs})


def facets(specs: Sequence[RunSpec]) -> list[str]:
    """Return the settings by which small multiples of these runs can be split."""
    return varying(specs) + differing(specs, ["seed"])


def title(knob: str) -> str:
    """Return the name of a setting as the reader sees it."""
    if knob.startswith(EVERY):
        return f"{PROBES[knob.removeprefix(EVERY)].LABEL}, every … steps"
    return RunSpec.model_fields[knob].title or knob


def text(spec: RunSpec, knob: str) -> str:
    """Return the value of a setting as the reader sees it."""
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
    """Return the value of a setting as written in a label, with its name if needed."""
    if knob in ("norm", "model", "data"):
        return text(spec, knob)
    return f"{'lr' if knob == 'lr' else title(knob)} {text(spec, knob)}"


def naming(specs: Sequence[RunSpec], facet: str = "") -> list[str]:
    """Return the settings that appear in the labels of these runs.

    `facet` is the setting that small multiples are split by; it is left out.
    """
    return [knob for knob in telling(specs, varying(specs)) if knob != facet]


def labels(specs: Sequence[RunSpec], facet: str = "") -> dict[str, str]:
    """Return the label of each run by its id, in the order of the legend."""
    knobs = naming(specs, facet)
    ordered = sorted(specs, key=lambda spec: place_of(spec, ["norm", *knobs, "seed"]))
    return {
        spec.id: " · ".join(word(spec, knob) for knob in knobs) or text(spec, "norm")
        for spec in ordered
    }


def place_of(spec: RunSpec, knobs: Sequence[str]) -> tuple[Any, ...]:
    """Return a key that sorts runs by these settings; normalisations are in the order of NORMS."""
    return tuple(
        list(NORMS).index(spec.norm) if knob == "norm" else value(spec, knob) for knob in knobs
    )


def cautions(specs: Sequence[RunSpec]) -> list[str]:
    """Return warnings about comparing these runs, one sentence each."""
    besides = [title(knob) for knob in varying(specs) if knob not in naming(specs)]
    sentences = (
        [f"Not shown in the labels: these runs also differ in {', '.join(besides)}."]
        if besides
        else []
    )
    data = sorted({spec.data for spec in specs})
    if len(data) > 1:
        sentences.append(
            f"They are trained on different data ({', '.join(data)}), "
            "so losses and gradients are not on the same scale."
        )
    return sentences
