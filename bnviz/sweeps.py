"""Sweeps: vary one setting of some runs, and tabulate how the runs end.

A sweep is not stored anywhere. Which setting varies, and its value for each run, is read off the
settings of the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from bnviz.analysis.ends import End
from bnviz.analysis.ends import ends as ends_of
from bnviz.analysis.rows import KEYS
from bnviz.data import SOURCES
from bnviz.spec import RunSpec, SpecError
from bnviz.training.models import MODELS, heeds, relatives
from bnviz.training.norms import NORMS, Noise
from bnviz.words import shorten

MOST_RUNS = 60
ENDS: dict[End, str] = {  # what can be tabulated -> its label
    "accuracy": "Training accuracy, last tenth",
    "loss": "Training loss, last tenth",
    "test_accuracy": "Test accuracy at the end",
    "loss_band": "Mean width of the loss band",
    "beta": "Effective β, median",
    "lost": "Share of the training lost to divergence",
}
SHARES: tuple[End, ...] = ("accuracy", "test_accuracy", "lost")  # those between 0 and 1
PAPERS_NOISE = RunSpec()  # its noise settings are the paper's, which is noise level 1


@dataclass(frozen=True)
class Sweep:
    """A setting that can be varied.

    Attributes
    ----------
    name : name on the command line and in the URL
    label : title of the axis
    turned : function of a run's settings and a value as text; it returns the changed settings, and
        raises SpecError if the value is not valid
    place : function of a run's settings that returns its position on the axis
    suggested : function of a run's settings that returns some values around its own
    concerns : whether the setting makes a difference to a run with these settings; a network to
        which it makes none is trained once only
    """

    name: str
    label: str
    turned: Callable[[RunSpec, str], dict[str, Any]]
    place: Callable[[RunSpec], float]
    suggested: Callable[[RunSpec], Sequence[float]]
    concerns: Callable[[RunSpec], bool] = lambda spec: True

    def spec_at(self, spec: RunSpec, value: str) -> RunSpec:
        """Return the settings of a run with this sweep's setting at another value.

        SpecError, with one sentence, if the value is not valid.
        """
        changed = self.turned(spec, value)  # raises even if it would make no difference to this run
        return RunSpec.of(**spec.model_dump() | changed) if self.concerns(spec) else spec

    def specs(self, specs: Sequence[RunSpec], text: str) -> list[RunSpec]:
        """Return the settings of each run at each value of a comma-separated list.

        Identical results appear only once. SpecError, with one sentence, if a value is not valid,
        the setting makes no difference to any of the runs, there are fewer than two values, or the
        sweep would have more than MOST_RUNS runs.
        """
        values = [part.strip() for part in text.split(",") if part.strip()]
        several = [self.spec_at(spec, value) for value in values for spec in specs]
        asked = list({spec.id: spec for spec in several}.values())
        if not any(map(self.concerns, specs)):
            deaf = " or ".join(dict.fromkeys(spec.norm for spec in specs))
            raise SpecError(
                f"{self.name} changes nothing in {deaf}; choose one of {', '.join(self.networks)}"
            )
        if len(self.values(asked)) < 2:
            raise SpecError(
                f"a sweep of {self.name} takes at least two values, separated by commas, "
                f"got {shorten(text)}"
            )
        if len(asked) > MOST_RUNS:
            raise SpecError(
                f"that would be {len(asked)} runs; choose at most {MOST_RUNS} at a time"
            )
        return asked

    @property
    def networks(self) -> list[str]:
        """The normalisations to which the setting makes a difference."""
        return [norm for norm in NORMS if self.concerns(RunSpec(norm=norm))]

    def values(self, specs: Iterable[RunSpec]) -> list[float]:
        """Return the values of the setting in these runs, ascending."""
        return sorted({self.place(spec) for spec in specs if self.concerns(spec)})


def scaled(name: str, label: str, factors: Sequence[float]) -> Sweep:
    """Return the sweep of a number in RunSpec; it suggests the run's value times `factors`."""
    return Sweep(
        name,
        label,
        lambda spec, value: {name: value},
        lambda spec: float(getattr(spec, name)),
        lambda spec: [float(f"{getattr(spec, name) * factor:.3g}") for factor in factors],
    )


def noise(spec: RunSpec, value: str) -> dict[str, Any]:
    """Return the noise settings for a multiple of the paper's noise, from 0 to 100.

    At level 0 there is no noise, and at level 1 it is the paper's. SpecError for any other value.
    """
    try:
        level = float(value)
    except ValueError:
        raise SpecError(
            f"noise must be a number, in multiples of the paper's noise, got {shorten(value)}"
        ) from None
    if not 0 <= level <= 100:
        raise SpecError(
            f"noise must be between 0 and 100, in multiples of the paper's noise, got {value}"
        )
    means = ("noise_mean", "noise_mean_spread", "noise_scale_spread")
    return {name: level * getattr(PAPERS_NOISE, name) for name in means} | {
        "noise_scale": 1 + level * (PAPERS_NOISE.noise_scale - 1)
    }


def layers(spec: RunSpec, value: str) -> dict[str, Any]:
    """Return the settings for a VGG or a deep linear network with this number of layers.

    SpecError if the network has no such depth.
    """
    if heeds(spec.model, "depth"):
        return {"depth": value}
    models = {str(number): model for number, model in relatives(spec.model).items()}
    if len(models) < 2:
        several = [name for name in MODELS if heeds(name, "depth") or len(relatives(name)) > 1]
        raise SpecError(f"{spec.model} has one depth only; choose one of {', '.join(several)}")
    if value not in models:
        depths = ", ".join(models)
        raise SpecError(f"depth of {spec.model} must be one of {depths}, got {shorten(value)}")
    return {"model": models[value]}


def depth(spec: RunSpec) -> float:
    """Return the number of layers in the settings or in the network's name; 0 if in neither."""
    if heeds(spec.model, "depth"):
        return float(spec.depth)
    return next((float(n) for n, model in relatives(spec.model).items() if model == spec.model), 0)


def depths_around(spec: RunSpec) -> Sequence[float]:
    """Return some depths that this kind of network can have."""
    return (5, 15, 25, 50) if heeds(spec.model, "depth") else sorted(relatives(spec.model))


SWEEPS = {
    sweep.name: sweep
    for sweep in (
        scaled("lr", "Learning rate", (0.1, 1, 5)),
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
            depths_around,
        ),
    )
}


def turned(specs: Sequence[RunSpec]) -> Sweep:
    """Return the sweep whose setting varies between these runs; by default the first one."""
    return next((sweep for sweep in SWEEPS.values() if len(sweep.values(specs)) > 1), SWEEPS["lr"])


def differ(specs: Sequence[RunSpec]) -> bool:
    """Return whether any setting of SWEEPS varies between these runs."""
    return len(turned(specs).values(specs)) > 1


def turn(text: str) -> tuple[Sweep, str]:
    """Parse "lr=0.1,1" into the sweep and its values, still as text.

    SpecError, which lists the valid names, if the text has another form.
    """
    name, equals, values = text.partition("=")
    if not equals or name not in SWEEPS:
        raise SpecError(
            f"a sweep is SETTING=V1,V2,… with SETTING one of {', '.join(SWEEPS)}, "
            f"got {shorten(text)}"
        )
    return SWEEPS[name], values


def ends(specs: Sequence[RunSpec]) -> list[End]:
    """Return the keys of ENDS that can be tabulated for all of these runs.

    A regression has no accuracy, and a run without the probe `landscape` has no loss band.
    """
    classes = all(SOURCES[spec.data].classes for spec in specs)
    needed = {
        "accuracy": classes,
        "test_accuracy": classes and all("evaluation" in spec.probes for spec in specs),
        "loss_band": all("landscape" in spec.probes for spec in specs),
        "beta": all("landscape" in spec.probes for spec in specs),
    }
    return [end for end in ENDS if needed.get(end, True)]


def end_of(specs: Sequence[RunSpec], name: str) -> End:
    """Check the name of an end and return it; "" returns the first one available.

    ValueError, which lists the available ones, for any other name.
    """
    there = ends(specs)
    if name and name not in there:
        raise ValueError(f"these runs can show one of {', '.join(there)}, got {shorten(name)}")
    return next(end for end in there if name in ("", end))


def table(rows: DataFrame, specs: Sequence[RunSpec], end: End) -> DataFrame:
    """Return how each run of a sweep ended, with its value of the varied setting.

    A network to which the setting makes no difference appears at every value. Columns: KEYS, knob
    (the value of the setting), step (the length of the run), value and diverged as in
    `bnviz.analysis.ends.ends`, NaN for a run that has not ended.

    ValueError if the runs differ in any setting other than this one, the network and the seed.
    """
    sweep = turned(specs)
    values = sweep.values(specs)
    columns = [*KEYS, "knob", "step"]
    cells = [
        {"run": spec.id, "norm": spec.norm, "lr": spec.lr, "seed": spec.seed}
        | {"knob": place, "step": spec.steps}
        for spec in specs
        for place in ([sweep.place(spec)] if sweep.concerns(spec) else values)
    ]
    table = DataFrame(cells, columns=columns)
    if table.duplicated(["norm", "seed", "knob"]).any():
        raise ValueError(
            f"these runs are not a sweep of {sweep.name}: "
            f"they differ in more than {sweep.name}, network and seed"
        )
    found = ends_of(rows, end, {spec.id: spec.steps for spec in specs})
    return table.merge(found[["run", "value", "diverged"]], on="run", how="left")
