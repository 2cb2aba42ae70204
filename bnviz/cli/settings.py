"""The options that describe runs: a preset, a sweep, the probes, and each setting of RunSpec."""

from __future__ import annotations

import argparse
from typing import Any, get_origin

from bnviz.data import called
from bnviz.presets import PRESETS, Preset
from bnviz.spec import RunSpec, SpecError
from bnviz.sweeps import SWEEPS, turn
from bnviz.training.probes import PROBES
from bnviz.words import shorten


def add_knobs(command: argparse.ArgumentParser) -> None:
    """Add --preset, --sweep, --probe, and one option for every other setting of RunSpec."""
    command.add_argument("--preset", help=f"start from a preset: {', '.join(PRESETS)}")
    for name, field in RunSpec.model_fields.items():
        if name != "probes":
            flag: dict[str, Any] = {}
            if field.annotation is bool:
                flag = {"nargs": "?", "const": "true"}
            text = f"{field.description} Default: {field.default}.".replace("%", "%%")
            command.add_argument(
                f"--{name.replace('_', '-')}", dest=name, metavar=name.upper(), help=text, **flag
            )
    command.add_argument(
        "--sweep",
        metavar="SETTING=V1,V2,…",
        help=f"repeat the runs at several values of one of {', '.join(SWEEPS)}; noise is given in "
        "multiples of the paper's",
    )
    command.add_argument(
        "--probe",
        action="append",
        metavar="NAME=N",
        help="measure NAME every N steps (0: not at all); may be repeated. "
        f"NAME is one of {', '.join(PROBES)}",
    )


def asked(options: argparse.Namespace) -> list[RunSpec]:
    """Return the settings of the runs that the options describe, each once.

    These are one run, or the runs of a preset with some settings changed; a sweep repeats them at
    each of its values.
    """
    given = {
        name: knob(name, text)
        for name in RunSpec.model_fields
        if (text := getattr(options, name, None)) is not None
    }
    preset = None if options.preset is None else known_preset(options.preset)
    probes = preset.knobs["probes"] if preset else RunSpec().probes
    probes = probes | dict(interval(text) for text in options.probe or ())
    given["probes"] = {name: steps for name, steps in probes.items() if steps != "0"}
    specs = preset.specs(**given) if preset else [RunSpec.of(**given)]
    if options.sweep is not None:
        sweep, values = turn(options.sweep)
        specs = sweep.specs(specs, values)
    return list({spec.id: spec for spec in specs}.values())


def knob(name: str, text: str) -> Any:
    """Return an option's text in the form that RunSpec accepts.

    Commas separate the values of a list. One of the reader's own data sets needs no hash.
    """
    if name == "data":
        return called(text)
    if get_origin(RunSpec.model_fields[name].annotation) is tuple:
        return [part for part in text.split(",") if part]
    return text


def interval(text: str) -> tuple[str, str]:
    """Split NAME=N of a probe into its two parts; SpecError if there is no equals sign."""
    name, equals, steps = text.partition("=")
    if not equals:
        raise SpecError(f"--probe takes NAME=N, its interval in steps, got {shorten(text)}")
    return name, steps


def known_preset(name: str) -> Preset:
    """Return the preset of this name; SpecError names the valid ones."""
    if name not in PRESETS:
        raise SpecError(f"preset must be one of {', '.join(PRESETS)}, got {shorten(name)}")
    return PRESETS[name]
