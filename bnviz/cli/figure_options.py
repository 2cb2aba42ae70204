"""The options of `export` that choose a figure and what is seen of it; what is wrong with them is said in one sentence."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from bnviz.analysis.seeds import STATISTICS
from bnviz.export import STYLES, Style, takeaway
from bnviz.export.look import parts
from bnviz.export.takeaway import SUFFIXES, Takeaway
from bnviz.figures import PANELS, comparison
from bnviz.figures.panel import EACH, SWITCHES, Panel
from bnviz.runs.store import Run
from bnviz.spec import RunSpec
from bnviz.words import shorten

Choice = TypeVar("Choice")
TABLES = ("csv", "parquet")
OWN_SWITCH = (
    "sweep",
    "sweep-map",
)  # they and Compare's figures say themselves what they can be switched to


def add_to(command: argparse.ArgumentParser) -> None:
    """A figure, its style, and what its page would let a reader choose."""
    command.add_argument(
        "--figure",
        help=f"draw one of {', '.join(PANELS)}, or overlay-, difference-, multiples-METRIC as Compare does; without it, write the raw rows",
    )
    command.add_argument(
        "--format", help=f"one of {', '.join(SUFFIXES)}; by default the ending of --out"
    )
    command.add_argument("--style", default="column", help=f"{', '.join(STYLES)}; default: column")
    command.add_argument(
        "--step", type=int, help="the step of a figure of one moment; default: the last"
    )
    command.add_argument(
        "--layers", help="some layers, such as conv3,conv5; default: some of the network's"
    )
    command.add_argument(
        "--view",
        default="",
        help="the page's own switch, such as 'all units' or 'along a random direction'",
    )
    command.add_argument(
        "--over",
        default="t",
        help=f"several seeds: {', '.join(STATISTICS)} around their mean, or {EACH}",
    )
    command.add_argument("--paper", action="store_true", help="lay the papers' curves under it")
    command.add_argument(
        "--look", default="{}", help="zoom and legend as the dashboard's Export gives them, JSON"
    )
    command.add_argument(
        "--full", action="store_true", help="numbers in full resolution, not as drawn"
    )


def none_given(options: argparse.Namespace) -> None:
    """ValueError where an option is given that is about a figure, and no figure is."""
    known = argparse.ArgumentParser()
    add_to(known)
    defaults = vars(known.parse_args([]))
    if given := [name for name, default in defaults.items() if getattr(options, name) != default]:
        raise ValueError(
            f"--{given[0]} is about a figure: choose one with --figure, one of {', '.join(PANELS)}"
        )


def taken(options: argparse.Namespace, runs: Sequence[Run]) -> tuple[Takeaway, str, Style]:
    """The figure of these runs, its format and its style. ValueError where the options ask for what there is not."""
    format = options.format if options.format is not None else options.out.suffix.removeprefix(".")
    panel = one_of("--figure", options.figure, PANELS | comparison.COMPARISONS)
    style = one_of("--style", options.style, STYLES)
    one_of("--format", format, dict.fromkeys(SUFFIXES))
    one_of("--over", options.over, dict.fromkeys((*STATISTICS, EACH)))
    if options.full and format not in TABLES:
        raise ValueError(
            f"--full is about numbers: the format must be {' or '.join(TABLES)}, got {format}"
        )
    chosen: dict[str, Any] = {
        "step": known_step(options.step, [run.spec for run in runs]),
        "layers": known_layers(options.layers, runs[0].spec),
        "choice": known_view(options.view, panel),
        "statistic": options.over,
    }
    look = json_object("--look", options.look)
    take = takeaway.of_runs(panel, runs, **chosen, paper=options.paper, look=look)
    if says_nothing(panel, take):
        raise ValueError(nothing(panel, runs, chosen))
    for name in look:
        one_of("--look", name, dict.fromkeys(parts(take.figure)))
    return take, format, style


def says_nothing(panel: Panel, take: Takeaway) -> bool:
    """Whether a figure has no numbers, or none that is a number."""
    numbers = take.numbers
    return numbers.empty or (
        bool(panel.averages) and bool(numbers[list(panel.averages)].isna().all(axis=None))
    )


def nothing(panel: Panel, runs: Sequence[Run], chosen: Mapping[str, Any]) -> str:
    """That these runs have not measured what a figure shows, and what they have."""
    when = "" if chosen["step"] is None else f" up to step {chosen['step']}"
    fitting = [
        other
        for other in PANELS.values()
        if other.fits([run.spec for run in runs]) and there(other, runs)
    ]
    names = ", ".join(other.name for other in fitting) or "nothing yet"
    return f"figure {panel.name} shows what these runs have not measured{when}; they have measured {names}"


def there(panel: Panel, runs: Sequence[Run]) -> bool:
    """Whether these runs have measured what a figure shows."""
    try:
        return not says_nothing(panel, takeaway.of_runs(panel, runs))
    except ValueError:  # a figure of a sweep, and this is none
        return False


def known_step(step: int | None, specs: Sequence[RunSpec]) -> int | None:
    """A step of the longest run. ValueError for any other."""
    last = max(spec.steps for spec in specs)
    if step is not None and not 0 <= step <= last:
        raise ValueError(f"--step must be between 0 and {last}, got {step}")
    return step


def known_view(view: str, panel: Panel) -> str:
    """A position of the switch that some pages have. ValueError names them."""
    if view and panel.name in PANELS and panel.name not in OWN_SWITCH:
        one_of("--view", view, dict.fromkeys(SWITCHES))
    return view


def one_of(option: str, name: str, choices: Mapping[str, Choice]) -> Choice:
    """The choice of this name. ValueError names the valid ones."""
    if name not in choices:
        raise ValueError(f"{option} must be one of {', '.join(choices)}, got {shorten(name)}")
    return choices[name]


def known_layers(text: str | None, spec: RunSpec) -> list[str]:
    """Layers of the network, separated by commas. ValueError names those it has."""
    names = [block.name for block in spec.blocks()]
    if text is None:
        return []
    chosen = [part.strip() for part in text.split(",")]
    for name in chosen:
        one_of("--layers", name, dict.fromkeys(names))
    return chosen


def json_object(option: str, text: str) -> dict[str, Any]:
    """A JSON object. ValueError where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{option} must be a JSON object, got {shorten(text)}")
    return found
