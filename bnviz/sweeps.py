"""Sweeps: one knob through several values. Where each run stands on the knob is read off the runs themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from bnviz.analysis.ends import End
from bnviz.analysis.ends import ends as ends_of
from bnviz.analysis.rows import KEYS
from bnviz.data import SOURCES
from bnviz.spec import RunSpec, SpecError
from bnviz.training.models import MODELS
from bnviz.training.norms import NORMS, Noise
from bnviz.words import shorten

MOST_RUNS = 60
ENDS: dict[End, str] = {  # what may be asked of a run's end
    "accuracy": "Training accuracy, last tenth",
    "loss": "Training loss, last tenth",
    "test_accuracy": "Test accuracy at the end",
    "loss_band": "Mean width of the loss band",
    "beta": "Effective β, median",
    "lost": "Share of the training lost to divergence",
}
SHARES: tuple[End, ...] = ("accuracy", "test_accuracy", "lost")  # between 0 and 1
PAPERS_NOISE = RunSpec()  # level 1


@dataclass(frozen=True)
class Sweep:
    """A knob that is worth turning.

    `turned` is a question with the knob at a value that a reader wrote, SpecError where that is none; `place` the number of a
    question on the axis; `suggested` some values around a question's own. A network that it does not concern is asked about once.
    """

    name: str
    label: str
    turned: Callable[[RunSpec, str], dict[str, Any]]
    place: Callable[[RunSpec], float]
    suggested: Callable[[RunSpec], Sequence[float]]
    concerns: Callable[[RunSpec], bool] = lambda spec: True

    def question(self, spec: RunSpec, value: str) -> RunSpec:
        """This question at another value. SpecError in one sentence where there is none."""
        changed = self.turned(
            spec, value
        )  # also where it concerns no one, so that nonsense never passes
        return RunSpec.of(**spec.model_dump() | changed) if self.concerns(spec) else spec

    def questions(self, specs: Sequence[RunSpec], text: str) -> list[RunSpec]:
        """Each of these questions at each value of a comma list; those that come out the same are one. SpecError as above."""
        values = [part.strip() for part in text.split(",") if part.strip()]
        several = [self.question(spec, value) for value in values for spec in specs]
        asked = list({spec.id: spec for spec in several}.values())
        if not any(map(self.concerns, specs)):
            deaf = " or ".join(dict.fromkeys(spec.norm for spec in specs))
            raise SpecError(
                f"{self.name} changes nothing in {deaf}; choose one of {', '.join(self.networks)}"
            )
        if len(self.values(asked)) < 2:
            raise SpecError(
                f"a sweep of {self.name} takes at least two values, separated by commas, got {shorten(text)}"
            )
        if len(asked) > MOST_RUNS:
            raise SpecError(
                f"that would be {len(asked)} runs; choose at most {MOST_RUNS} at a time"
            )
        return asked

    @property
    def networks(self) -> list[str]:
        """The normalisations that it concerns."""
        return [norm for norm in NORMS if self.concerns(RunSpec(norm=norm))]

    def values(self, specs: Iterable[RunSpec]) -> list[float]:
        """Where these questions stand, ascending."""
        return sorted({self.place(spec) for spec in specs if self.concerns(spec)})


def scaled(name: str, label: str, factors: Sequence[float]) -> Sweep:
    """A sweep of one number of RunSpec, at first its own value times these factors."""
    return Sweep(
        name,
        label,
        lambda spec, value: {name: value},
        lambda spec: float(getattr(spec, name)),
        lambda spec: [float(f"{getattr(spec, name) * factor:.3g}") for factor in factors],
    )


def noise(spec: RunSpec, value: str) -> dict[str, Any]:
    """Noise at this multiple of the paper's: 0 leaves mean and scale of every element alone, 1 is the paper's."""
    try:
        level = float(value)
    except ValueError:
        raise SpecError(
            f"noise must be a number, in multiples of the paper's, got {shorten(value)}"
        ) from None
    if not 0 <= level <= 100:
        raise SpecError(
            f"noise must be between 0 and 100, in multiples of the paper's, got {value}"
        )
    means = ("noise_mean", "noise_mean_spread", "noise_scale_spread")
    return {name: level * getattr(PAPERS_NOISE, name) for name in means} | {
        "noise_scale": 1 + level * (PAPERS_NOISE.noise_scale - 1)
    }


def layers(spec: RunSpec, value: str) -> dict[str, Any]:
    """A VGG of so many layers, or the deep linear network."""
    if spec.model == "dln":
        return {"depth": value}
    depths = [name.removeprefix("vgg") for name in MODELS if name.startswith("vgg")]
    if not spec.model.startswith("vgg"):
        raise SpecError(
            f"{spec.model} has one depth only; choose a VGG or the deep linear network (dln)"
        )
    if value not in depths:
        raise SpecError(f"depth of a VGG must be one of {', '.join(depths)}, got {shorten(value)}")
    return {"model": f"vgg{value}"}


def depth(spec: RunSpec) -> float:
    """How many layers it has by its name, 0 where it does not say."""
    number = re.search(r"\d+$", spec.model)
    return float(spec.depth if spec.model == "dln" else number[0] if number else 0)


SWEEPS = {
    sweep.name: sweep
    for sweep in (
        scaled("lr", "Learning rate", (0.1, 1, 10, 100)),
        Sweep(
            "noise",
            "Noise level",
            noise,
            lambda spec: spec.noise_mean / PAPERS_NOISE.noise_mean,
            lambda spec: (0, 0.5, 1, 2, 4),
            lambda spec: issubclass(NORMS[spec.norm], Noise),
        ),
        scaled("width", "Width", (0.25, 0.5, 1, 2)),
        Sweep(
            "depth",
            "Depth",
            layers,
            depth,
            lambda spec: (5, 15, 25, 50) if spec.model == "dln" else (11, 13, 16, 19),
        ),
    )
}


def turned(specs: Sequence[RunSpec]) -> Sweep:
    """The knob that differs between these questions; the first where none does."""
    return next((sweep for sweep in SWEEPS.values() if len(sweep.values(specs)) > 1), SWEEPS["lr"])


def differ(specs: Sequence[RunSpec]) -> bool:
    """Whether any knob is turned between these questions."""
    return len(turned(specs).values(specs)) > 1


def turn(text: str) -> tuple[Sweep, str]:
    """KNOB=V1,V2,… -> the sweep and its values as they were written. SpecError names the valid knobs."""
    name, equals, values = text.partition("=")
    if not equals or name not in SWEEPS:
        raise SpecError(
            f"a sweep is KNOB=V1,V2,… with KNOB one of {', '.join(SWEEPS)}, got {shorten(text)}"
        )
    return SWEEPS[name], values


def ends(specs: Sequence[RunSpec]) -> list[End]:
    """What can be asked of the ends of these runs: regression has no accuracy, and without its probe there is no landscape."""
    classes = all(SOURCES[spec.data].classes for spec in specs)
    needed = {
        "accuracy": classes,
        "test_accuracy": classes and all("evaluation" in spec.probes for spec in specs),
        "loss_band": all("landscape" in spec.probes for spec in specs),
        "beta": all("landscape" in spec.probes for spec in specs),
    }
    return [end for end in ENDS if needed.get(end, True)]


def end_of(specs: Sequence[RunSpec], name: str) -> End:
    """The end of this name, "" for the first that there is. ValueError names those that there are."""
    there = ends(specs)
    if name and name not in there:
        raise ValueError(f"the end of these runs is one of {', '.join(there)}, got {shorten(name)}")
    return next(end for end in there if name in ("", end))


def table(rows: DataFrame, specs: Sequence[RunSpec], end: End) -> DataFrame:
    """Every question with its place on the knob and what `bnviz.analysis.ends.ends` says of it, NaN of a run that has not ended.

    A network that the knob does not concern stands at every value. ValueError where something else differs between the questions.
    -> knob, step, value, diverged
    """
    sweep = turned(specs)
    values = sweep.values(specs)
    cells = [
        (spec.id, spec.norm, spec.lr, spec.seed, place, spec.steps)
        for spec in specs
        for place in ([sweep.place(spec)] if sweep.concerns(spec) else values)
    ]
    table = DataFrame(cells, columns=[*KEYS, "knob", "step"])
    if table.duplicated(["norm", "seed", "knob"]).any():
        raise ValueError(
            f"these runs are no sweep of {sweep.name}: they differ in more than it, network and seed"
        )
    found = ends_of(rows, end, {spec.id: spec.steps for spec in specs})
    return table.merge(found[["run", "value", "diverged"]], on="run", how="left")
