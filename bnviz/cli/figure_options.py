"""The options of `export` that choose a figure and its view, and the checks of their values."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from bnviz.analysis.scales import STATISTICS
from bnviz.export import STYLES, Style, takeaway
from bnviz.export.look import parts
from bnviz.export.takeaway import SUFFIXES, Takeaway
from bnviz.figures import PANELS, comparison
from bnviz.figures.lines import MOST_SMOOTHING, STEPS, UNITS, wrong_smoothing
from bnviz.figures.panel import EACH, SWITCHES, Panel
from bnviz.runs.run import Run
from bnviz.spec import RunSpec
from bnviz.words import shorten

Choice = TypeVar("Choice")
TABLES = ("csv", "parquet")
# These figures, and those of the Compare page, check the values of --view themselves.
OWN_SWITCH = ("sweep", "sweep-map")


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options for a figure, its style, and the choices that its page offers a reader."""
    command.add_argument(
        "--figure",
        help=f"draw one of {', '.join(PANELS)}, or overlay-METRIC, difference-METRIC or "
        "multiples-METRIC as on the Compare page; without it, write the raw rows",
    )
    command.add_argument(
        "--format", help=f"one of {', '.join(SUFFIXES)}; default: the ending of --out"
    )
    command.add_argument("--style", default="column", help=f"{', '.join(STYLES)}; default: column")
    command.add_argument(
        "--step", type=int, help="the step that the figure shows; default: the last one"
    )
    command.add_argument(
        "--layers", help="the layers to show, such as conv3,conv5; default: a selection"
    )
    command.add_argument(
        "--view",
        default="",
        help="the switch on the figure's page, such as 'all units' or 'along a random direction'",
    )
    command.add_argument(
        "--over",
        default="t",
        help=f"how to show several seeds: {', '.join(STATISTICS)} around their mean, or {EACH}",
    )
    command.add_argument("--paper", action="store_true", help="show the papers' curves as well")
    add_lines_to(command)
    command.add_argument(
        "--look",
        default="{}",
        help="zoom and legend choices as JSON, as in the command that the dashboard's Export shows",
    )
    command.add_argument(
        "--full", action="store_true", help="write the numbers at full resolution, not as drawn"
    )


def add_lines_to(command: argparse.ArgumentParser) -> None:
    """Add the options for figures over steps."""
    command.add_argument(
        "--unit", default=STEPS, help=f"of the axis over steps: {', '.join(UNITS)}; default: steps"
    )
    command.add_argument(
        "--smoothing",
        default="0.0",
        help=f"of lines over steps, from 0 to {MOST_SMOOTHING}: the weight of the past in their "
        "moving average",
    )


def none_given(options: argparse.Namespace) -> None:
    """Raise ValueError if an option needs a figure; for use when no figure is given."""
    known = argparse.ArgumentParser()
    add_to(known)
    defaults = vars(known.parse_args([]))
    if given := [name for name, default in defaults.items() if getattr(options, name) != default]:
        raise ValueError(
            f"--{given[0]} needs a figure: choose one with --figure, one of {', '.join(PANELS)}"
        )


def taken(options: argparse.Namespace, runs: Sequence[Run]) -> tuple[Takeaway, str, Style]:
    """Return the figure of these runs, its format and its style.

    Raises ValueError if an option has no valid value, or if the runs have not measured what the
    figure shows.
    """
    format = options.format if options.format is not None else options.out.suffix.removeprefix(".")
    panel = one_of("--figure", options.figure, PANELS | comparison.COMPARISONS)
    style = one_of("--style", options.style, STYLES)
    one_of("--format", format, dict.fromkeys(SUFFIXES))
    one_of("--over", options.over, dict.fromkeys((*STATISTICS, EACH)))
    one_of("--unit", options.unit, UNITS)
    if wrong := wrong_smoothing(options.smoothing):
        raise ValueError(f"--smoothing {wrong}, got {shorten(options.smoothing)}")
    if options.full and format not in TABLES:
        raise ValueError(
            f"--full writes numbers: the format must be {' or '.join(TABLES)}, got {format}"
        )
    chosen: dict[str, Any] = {
        "step": known_step(options.step, [run.spec for run in runs]),
        "layers": known_layers(options.layers, runs[0].spec),
        "choice": known_view(options.view, panel),
        "statistic": options.over,
        "unit": options.unit,
        "smoothing": float(options.smoothing),
    }
    look = json_object("--look", options.look)
    take = takeaway.of_runs(panel, runs, **chosen, paper=options.paper, look=look)
    if says_nothing(panel, take):
        raise ValueError(nothing(panel, runs, chosen))
    for name in look:
        one_of("--look", name, dict.fromkeys(parts(take.figure)))
    return take, format, style


def says_nothing(panel: Panel, take: Takeaway) -> bool:
    """Return whether a figure has no numbers, or only NaN."""
    numbers = take.numbers
    return numbers.empty or (
        bool(panel.averages) and bool(numbers[list(panel.averages)].isna().all(axis=None))
    )


def nothing(panel: Panel, runs: Sequence[Run], chosen: Mapping[str, Any]) -> str:
    """Say that these runs have not measured what a figure shows, and which figures they have."""
    when = "" if chosen["step"] is None else f" up to step {chosen['step']}"
    fitting = [
        other
        for other in PANELS.values()
        if other.fits([run.spec for run in runs]) and there(other, runs)
    ]
    names = ", ".join(other.name for other in fitting) or "nothing yet"
    return (
        f"figure {panel.name} shows what these runs have not measured{when}; "
        f"they have measured {names}"
    )


def there(panel: Panel, runs: Sequence[Run]) -> bool:
    """Return whether these runs have measured what a figure shows."""
    try:
        return not says_nothing(panel, takeaway.of_runs(panel, runs))
    except ValueError:  # the figure needs a sweep, and these runs are none
        return False


def known_step(step: int | None, specs: Sequence[RunSpec]) -> int | None:
    """Return the step; ValueError if the longest run does not have it."""
    last = max(spec.steps for spec in specs)
    if step is not None and not 0 <= step <= last:
        raise ValueError(f"--step must be between 0 and {last}, got {step}")
    return step


def known_view(view: str, panel: Panel) -> str:
    """Return the value of --view; ValueError names the valid ones."""
    if view and panel.name in PANELS and panel.name not in OWN_SWITCH:
        one_of("--view", view, dict.fromkeys(SWITCHES))
    return view


def one_of(option: str, name: str, choices: Mapping[str, Choice]) -> Choice:
    """Return the choice of this name; ValueError names the valid ones."""
    if name not in choices:
        raise ValueError(f"{option} must be one of {', '.join(choices)}, got {shorten(name)}")
    return choices[name]


def known_layers(text: str | None, spec: RunSpec) -> list[str]:
    """Return the layers in a comma-separated text; ValueError names those of the network."""
    names = [block.name for block in spec.blocks()]
    if text is None:
        return []
    chosen = [part.strip() for part in text.split(",")]
    for name in chosen:
        one_of("--layers", name, dict.fromkeys(names))
    return chosen


def json_object(option: str, text: str) -> dict[str, Any]:
    """Return the JSON object in a text; ValueError if it is not one."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{option} must be a JSON object, got {shorten(text)}")
    return found
