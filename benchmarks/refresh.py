"""Measure what one refresh of a live page costs the server, after all its runs have new rows.

python -m benchmarks.refresh [--repeats 5]

Prints the processor time of each part of a refresh in milliseconds: the lowest of the repeats. JSON
is written while a figure is drawn, and only once for all readers.
The runs are shipped ones, whose rows are written again in parts, one part before each refresh.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from streamlit.testing.v1 import AppTest

from bnviz.figures import distributions, gradients, landscape
from bnviz.figures.panel import ONE, Grid
from bnviz.presets import PRESETS
from bnviz.runs import parts
from bnviz.runs.run import Run, asked
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui import live
from bnviz.ui import plot as plots

STEPS = 20  # of a run in one part
STAGES: dict[str, tuple[ModuleType, str]] = {
    "all": (live, "draw"),
    "reading": (live, "view_of"),
    "numbers": (live, "numbers_of"),
    "drawing": (live, "picture"),
    "JSON": (plots, "_payload"),
}
PLAIN = {stage: getattr(*place) for stage, place in STAGES.items()}
LANDSCAPE: Grid = [
    [landscape.LOSS_WIDTH, landscape.LANDSCAPE],
    [gradients.GRADIENT_PREDICTIVENESS, gradients.GRADIENT_COSINE],
    [gradients.EFFECTIVE_BETA, gradients.BETA_BY_SMALLEST],
    [landscape.LOSS_SLICE, gradients.STEP_SIZES],
    [gradients.SCALE_FREE, landscape.CURVATURE],
    [landscape.GRADIENT_NORM],
]
DISTRIBUTIONS: Grid = [
    [distributions.QUANTILES],
    [distributions.HISTOGRAMS],
    [distributions.HISTOGRAMS_AT_STEP],
    [distributions.MOMENT_CHANGES],
    [distributions.MOMENT_DRIFT],
]
LAST = PRESETS["quick"].knobs["steps"]
CASES = {  # panels, seeds, choices
    "Landscape, mean of 9 runs": (LANDSCAPE, (0, 1, 2), live.Choices(LAST, statistic="t")),
    "Landscape, each of 9 runs": (LANDSCAPE, (0, 1, 2), live.Choices(LAST)),
    "Distributions, 3 runs": (DISTRIBUTIONS, (0,), live.Choices(LAST, choice=ONE)),
}


def growing(specs: list[RunSpec]) -> Iterator[list[Run]]:
    """Queue these runs in an empty cache, and yield them each time that all have another part."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BNVIZ_CACHE"] = cache
        shipped = [Store().run(spec.id) for spec in specs]
        rows = [parts.load(run.parts()[0]) for run in shipped]
        runs = [Run(Path(cache) / spec.id) for spec in specs]
        for run, spec in zip(runs, specs, strict=True):
            run.folder.mkdir()
            run.write("spec.json", asked(spec))
        for number, start in enumerate(range(0, specs[0].steps, STEPS)):
            for run, table in zip(runs, rows, strict=True):
                step = table["step"].to_numpy()
                run.write_rows(
                    f"{number:06}", table.filter((step >= start) & (step < start + STEPS))
                )
            yield runs


def timed(spent: dict[str, float], stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that also adds its processor time to `spent`."""

    @wraps(work)
    def timing(*given: Any, **named: Any) -> Any:
        begun = time.process_time()
        result = work(*given, **named)
        spent[stage] += time.process_time() - begun
        return result

    return timing


def refreshes(grid: Grid, seeds: tuple[int, ...], choices: live.Choices) -> list[dict[str, float]]:
    """Return the seconds of each part of every refresh while the runs grow."""
    specs = [spec for seed in seeds for spec in PRESETS["quick"].specs(seed=seed)]
    found = []
    for runs in growing(specs):
        spent: dict[str, float] = defaultdict(float)
        for stage, (module, name) in STAGES.items():
            setattr(module, name, timed(spent, stage, PLAIN[stage]))
        page = AppTest.from_function(script, default_timeout=600, args=(runs, grid, choices))
        if problem := page.run().exception:
            sys.exit(f"{problem}")
        found.append(spent)
    return found


def script(*drawn: object) -> None:
    """Draw the figures of a page. Streamlit runs this function's source as a script."""
    from bnviz.ui import live

    live.draw(*drawn)  # type: ignore[arg-type]


def main() -> None:
    """Print a table with a row for each case."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    repeats = options.parse_args().repeats
    logging.disable(logging.WARNING)  # Streamlit warns that no browser asked
    print(f"{'CPU milliseconds':28}", *(f"{stage:>8}" for stage in STAGES))
    for case, settings in CASES.items():
        found = refreshes(*settings)[-repeats:]
        lowest = (min(each[stage] for each in found) for stage in STAGES)
        print(f"{case:28}", *(f"{1000 * seconds:8.0f}" for seconds in lowest))


if __name__ == "__main__":
    main()
