"""RunSpec: a question, every knob with its label, unit, bounds and help; its id names the folder of its answer.

Where the papers are silent, the defaults stand here and nowhere else (README, "Defaults where the papers are silent").
"""

from __future__ import annotations

import hashlib
import json
import shlex
from functools import cache
from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bnviz.data import SOURCES
from bnviz.training import models
from bnviz.training.models import MODELS, Block
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES
from bnviz.words import shorten

VERSIONS = {
    "loop": 1,
    "loss": 1,
}  # raise one when the numbers of train.py, or of objective.py and task.py, change

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SpecError(ValueError):
    """A question that cannot be asked; its text is one sentence that names the valid choices.

    Where one knob is wrong the sentence begins with its name, which is then `knob` as well.
    """

    def __init__(self, text: str, knob: str = "") -> None:
        super().__init__(text)
        self.knob = knob


TABLES: dict[str, Any] = {"model": MODELS, "norm": NORMS, "data": SOURCES}  # open tables of names


def choice(table: dict[str, Any]) -> Any:
    """A validator for a name out of an open table."""

    def known(name: str) -> str:
        if name not in table:
            raise ValueError(f"must be one of {', '.join(table)}")
        return name

    return known


class RunSpec(BaseModel):
    """One training run and what is measured in it.

    Raises pydantic's ValidationError; `RunSpec.of` raises SpecError with one sentence instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    model: str = Field(
        "vgg11",
        title="Network",
        description="VGG configuration A (11), B (13), D (16) or E (19); the deep linear network; the MLP of 2015; LeNet.",
    )
    width: Positive = Field(
        1.0,
        le=64,
        title="Width",
        description="Scales the channels of every layer; 1 is the published width.",
    )
    depth: int = Field(
        25, ge=2, le=200, title="Depth", description="Layers of the deep linear network."
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = Field(
        (512,),
        max_length=4,
        title="Hidden layers",
        description="Fully connected hidden layers of a VGG, in units at width 1.",
    )
    norm: str = Field(
        "batch",
        title="Normalisation",
        description="What stands between a layer and its non-linearity.",
    )
    norm_hidden: bool = Field(
        False,
        title="Normalise hidden layers",
        description="In a VGG also after fully connected hidden layers, not only convolutions.",
    )
    norm_output: bool = Field(
        False,
        title="Normalise the output",
        description="Also after the last layer, which the papers leave open.",
    )
    groups: int = Field(
        8,
        ge=1,
        le=4096,
        title="Groups",
        description="Of group normalisation: at most so many, the largest number that divides a layer's channels as well.",
    )
    epsilon: Positive = Field(
        1e-5, le=1, title="ε", description="Added to the variance before the square root."
    )
    averaging: NonNegative = Field(
        0.1,
        le=1,
        title="Averaging",
        description="Weight of the newest batch in the population statistics.",
    )
    population: Literal["running", "exact"] = Field(
        "running",
        title="Population statistics",
        description="For evaluation: a running average, or exact averages over the training set (2015, Algorithm 2).",
    )
    lp_centred: bool = Field(
        False,
        title="Centred lp scale",
        description="Take the scale of the lp norms after the mean is removed, not before.",
    )
    noise_mean: NonNegative = Field(
        0.5, le=100, title="Noise n_μ", description="μ of a channel ~ U(−n_μ, n_μ), each step."
    )
    noise_scale: float = Field(
        1.25,
        ge=1,
        le=100,
        allow_inf_nan=False,
        title="Noise n_σ",
        description="σ of a channel ~ U(1, n_σ), each step.",
    )
    noise_mean_spread: NonNegative = Field(
        0.1, le=100, title="Noise r_μ", description="Shift of one element ~ U(μ − r_μ, μ + r_μ)."
    )
    noise_scale_spread: NonNegative = Field(
        0.1,
        le=100,
        title="Noise r_σ",
        description="Scale of one element ~ N(σ, r_σ); r_σ is a standard deviation.",
    )
    noise_at_test: bool = Field(
        False, title="Noise at test time", description="Keep the noise on when evaluating."
    )
    init: Literal["glorot_uniform", "glorot_normal", "he_normal", "gaussian"] = Field(
        "glorot_uniform",
        title="Initial weights",
        description="The 2018 paper says 'standard Glorot', not which; that of 2015 'small random Gaussian', not how small.",
    )
    init_std: Positive = Field(
        0.05,
        le=10,
        title="Gaussian weights",
        description="Standard deviation of Gaussian initial weights.",
    )
    data: str = Field(
        "cifar10-sample",
        title="Data",
        description="The full set, the sample that ships with bnviz, or made-up samples.",
    )
    pixels: Literal["standardised", "binary"] = Field(
        "standardised",
        title="Pixels",
        description="Each channel minus its mean, over its standard deviation; or 1 above half the range and else 0 (2015).",
    )
    loss_factor: Positive = Field(
        0.5,
        le=1e6,
        title="Loss factor",
        description="Before the squared loss, a sum over the samples; 1/2 and 1 both fit the 2018 paper.",
    )
    augment: bool = Field(
        False, title="Augment", description="Random crop (4 pixels of padding) and horizontal flip."
    )
    batch: int = Field(128, ge=2, le=4096, title="Batch", description="Examples in a batch.")
    steps: int = Field(1000, ge=1, le=1_000_000, title="Steps", description="Training steps.")
    lr: Positive = Field(
        0.1, le=1e3, title="Learning rate", description="The 2018 paper's is 0.1, with plain SGD."
    )
    optimizer: Literal["sgd", "adadelta", "adam", "adamw"] = Field(
        "sgd",
        title="Optimiser",
        description="From torch.optim, with its other settings as they come.",
    )
    momentum: NonNegative = Field(
        0.0, lt=1, title="Momentum", description="Of SGD; the 2018 paper names none."
    )
    weight_decay: NonNegative = Field(
        0.01,
        le=10,
        title="Weight decay",
        description="Of AdamW alone, decoupled, on every parameter; for an L2 penalty see λ.",
    )
    schedule: Literal["constant", "step", "cosine"] = Field(
        "constant",
        title="Schedule",
        description="The learning rate over training: as it is, times a factor every so many steps, or half a cosine to 0.",
    )
    decay: Positive = Field(
        0.7, le=1, title="Decay", description="The factor of the step schedule."
    )
    decay_every: int = Field(
        1000, ge=1, le=1_000_000, title="Decay every", description="Steps between two decays."
    )
    warmup: int = Field(
        0,
        ge=0,
        le=1_000_000,
        title="Warm-up",
        description="Steps over which the learning rate first rises linearly.",
    )
    l2: NonNegative = Field(
        0.0,
        le=1,
        title="L2 λ",
        description="Adds λ/2 · ‖weights‖² to the objective; γ, β and biases are not counted.",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**31,
        title="Seed",
        description="Weights, batches, noise, units and directions.",
    )
    precision: Literal["float32", "float64"] = Field(
        "float32", title="Precision", description="Of every number in training."
    )
    step_sizes: tuple[Annotated[float, Field(ge=1e-6, le=1e6, allow_inf_nan=False)], ...] = Field(
        (0.5, 1.0, 2.0, 4.0),
        min_length=1,
        max_length=32,
        title="Step sizes",
        description="Where the landscape is measured along the gradient, in multiples of the learning rate (2018, App. A.2.2).",
    )
    random_direction: bool = Field(
        False,
        title="Random direction",
        description="Also measure the landscape along a random direction of the same length.",
    )
    surface_along: Literal["gradient", "random"] = Field(
        "gradient",
        title="Surface along",
        description="The first direction of the surface: the negative gradient, or random as the second always is.",
    )
    surface_scaled: bool = Field(
        False,
        title="Filter-normalised surface",
        description="Each filter of a direction as long as the network's (Li et al. 2018); else both as long as lr · gradient.",
    )
    surface_extent: Positive = Field(
        4.0,
        le=1e6,
        title="Surface extent",
        description="How far the surface goes either way, in lengths of a direction.",
    )
    surface_grid: int = Field(
        17,
        ge=3,
        le=101,
        title="Surface grid",
        description="Points along each direction of the surface.",
    )
    theory_units: int = Field(
        4,
        ge=1,
        le=4096,
        title="Theory units",
        description="Units of each layer in which the theorems are checked.",
    )
    quantiles: tuple[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)], ...] = Field(
        (0.0, 0.05, 0.15, 0.5, 0.85, 0.95, 1.0),
        max_length=32,
        title="Quantiles",
        description="Levels between 0 and 1.",
    )
    bins: int = Field(
        40,
        ge=2,
        le=1000,
        title="Bins",
        description="Equal histogram bins between the minimum and the maximum.",
    )
    probes: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {
            name: probe.INTERVAL
            for name, probe in PROBES.items()
            if name in ("accuracy", "evaluation")
        },
        title="Probes",
        description="What is measured, and every how many steps.",
    )

    _model = field_validator("model")(choice(MODELS))
    _norm = field_validator("norm")(choice(NORMS))
    _data = field_validator("data")(choice(SOURCES))

    @field_validator("probes")
    @classmethod
    def _known_probes(cls, probes: dict[str, int]) -> dict[str, int]:
        for name in probes:
            if name not in PROBES:
                raise ValueError(
                    f"must be one of {', '.join(PROBES)}; there is no probe {shorten(name)}"
                )
        return {name: probes[name] for name in PROBES if name in probes}

    @field_validator("quantiles", "step_sizes")
    @classmethod
    def _increasing(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(values)) < len(values):
            raise ValueError("must name each value once")
        return tuple(sorted(values))

    @field_validator("quantiles")
    @classmethod
    def _with_extremes(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted({0.0, *levels, 1.0}))  # the histogram's bins span them

    @model_validator(mode="after")
    def _fits(self) -> Self:
        source = SOURCES[self.data]
        if self.batch > source.train_count:
            raise ValueError(
                f"batch must be at most {source.train_count}, the training examples of {self.data}"
            )
        norm = NORMS[self.norm]
        for block in self.blocks():
            if block.normalised and (problem := norm.problem(self, block)):
                raise ValueError(
                    f"norm {self.norm} {problem}, and {block.name} of {self.model} has not"
                )
        return self

    @classmethod
    def of(cls, /, **knobs: Any) -> Self:
        """A spec from knobs that may be wrong: SpecError says in one sentence what is, and what is valid."""
        try:
            return cls(**knobs)
        except ValidationError as problem:
            raise refused(problem) from None

    @classmethod
    def check(cls, name: str, value: Any) -> None:
        """SpecError where one knob's value is wrong in itself, whatever the others say."""
        try:
            cls(**{name: value})
        except ValidationError as problem:
            if problem.errors()[0]["loc"]:  # without a place it is about several knobs
                raise refused(problem) from None

    def blocks(self) -> tuple[Block, ...]:
        """The network as data."""
        source = SOURCES[self.data]
        return MODELS[self.model](self, source.shape, source.outputs)

    def multiplications(self) -> int:
        """Of one example on its way through the weight layers."""
        return sum(prod(block.weight) * prod(block.output[1:]) for block in self.blocks())

    def regime(self) -> str:
        """Under which conditions the numbers were measured, without the normalisation and the seed: one line."""
        images, linear, vgg = (
            bool(SOURCES[self.data].classes),
            self.model == "dln",
            self.model.startswith("vgg"),
        )
        std = f" ({self.init_std:g})" if self.init == "gaussian" else ""
        notes = {
            f"depth {self.depth}": linear,
            f"hidden {', '.join(map(str, self.hidden)) or 'none'}": vgg and self.hidden != (512,),
            f"batch {self.batch}": True,
            f"loss × {self.loss_factor:g}": not images,
            f"L2 {self.l2:g}": self.l2 > 0,
            f"{self.init.replace('_', ' ')} weights{std}": self.init != "glorot_uniform",
            "augmented": images and self.augment,
            "binary": images and self.pixels == "binary",
            "hidden normalised": vgg and self.norm_hidden,
            "output normalised": self.norm_output,
            self.precision: self.precision != "float32",
            f"{self.steps:,} steps": True,
        }
        said = [note for note, holds in notes.items() if holds]
        return " · ".join([self.data, f"{self.model} × {self.width:g}", self._rate(), *said])

    def _rate(self) -> str:
        """Optimiser and learning rate in words."""
        names = {"sgd": "SGD", "adadelta": "Adadelta", "adam": "Adam", "adamw": "AdamW"}
        momentum = (
            f" momentum {self.momentum:g}" if self.optimizer == "sgd" and self.momentum else ""
        )
        decay = {
            "constant": "",
            "step": f" × {self.decay:g} every {self.decay_every:,}",
            "cosine": ", cosine",
        }
        warmup = f", warm-up {self.warmup:,}" if self.warmup else ""
        decayed = f" weight decay {self.weight_decay:g}" if self.optimizer == "adamw" else ""
        return f"{names[self.optimizer]}{momentum}{decayed}, lr {self.lr:g}{decay[self.schedule]}{warmup}"

    def summary(self) -> str:
        """One line that names the question."""
        return f"{NORMS[self.norm].label} · {self.regime()} · seed {self.seed}"

    @property
    def id(self) -> str:
        """16 hex digits: the same question has the same id, however it was written."""
        return hashlib.sha256(json.dumps(self.canonical(), sort_keys=True).encode()).hexdigest()[
            :16
        ]

    def canonical(self) -> dict[str, Any]:
        """What the id hashes: the fields away from their defaults, and the versions above 1 of what they name."""
        defaults = type(self)()
        changed = {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if getattr(self, name) != getattr(defaults, name)
        }
        versions = VERSIONS | {
            self.model: models.VERSIONS[self.model],
            self.data: SOURCES[self.data].version,
            self.norm: NORMS[self.norm].version,
            **{name: getattr(PROBES[name], "VERSION", 1) for name in self.probes},
        }
        raised = {name: version for name, version in versions.items() if version > 1}
        return changed | ({"versions": raised} if raised else {})


def command(spec: RunSpec) -> str:
    """The command line that asks the same question."""
    words = ["python", "-m", "bnviz", "run"]
    for name, value in spec.canonical().items():
        if name not in ("probes", "versions"):
            words += [
                f"--{name.replace('_', '-')}",
                ",".join(map(str, value)) if isinstance(value, list) else str(value),
            ]
    off = {name: 0 for name in RunSpec().probes if name not in spec.probes}
    for name, interval in (spec.probes | off).items():
        words += ["--probe", f"{name}={interval}"]
    return shlex.join(words)


def refused(problem: ValidationError) -> SpecError:
    """pydantic's first complaint in the reader's words."""
    first = problem.errors()[0]
    knob = str(first["loc"][0]) if first["loc"] else ""
    return SpecError(sentence(first), knob if knob in RunSpec.model_fields else "")


def sentence(problem: Any) -> str:
    """One sentence on one of pydantic's complaints: which knob, what is valid, what was given."""
    place, given = problem["loc"], problem["input"]
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {shorten(place[0])}; the settings are {', '.join(RunSpec.model_fields)}"
    if not place:
        return str(problem["msg"]).removeprefix("Value error, ")
    name = " ".join(
        part if part in PROBES else shorten(part)[1:-1] for part in place if isinstance(part, str)
    )
    if problem["type"] == "too_short":
        return f"{name} must have at least one value"
    if problem["type"] == "too_long":
        return f"{name} must have at most {problem['ctx']['max_length']} values"
    got = "nothing" if given is None or given == "" else shorten(given)
    if problem["type"] == "value_error":
        told = f", got {got}" if isinstance(given, str | int | float) else ""
        return f"{name} {str(problem['msg']).removeprefix('Value error, ')}{told}"
    each = EACH.get(problem["type"], "")
    return f"{name} must be {each}{valid(place[0])}, got {got}"


@cache
def valid(knob: str) -> str:
    """Return the values that a setting accepts, in words; for a list, those of each element."""
    about = RunSpec.model_json_schema()["properties"][knob]
    about = about.get("items") or about.get("additionalProperties") or about
    if about["type"] == "string":
        return f"one of {', '.join(about.get('enum') or TABLES[knob])}"
    if about["type"] == "boolean":
        return "true or false"
    kind = "a whole number" if about["type"] == "integer" else "a number"
    if "minimum" in about and "maximum" in about:
        return f"{kind} from {size(about['minimum'])} to {size(about['maximum'])}"
    bounds = [f"{words} {size(about[key])}" for key, words in BOUNDS.items() if key in about]
    return f"{kind} {' and '.join(bounds)}"


EACH = {
    "tuple_type": "a list, each value ",
    "dict_type": "probes with their intervals, each ",
}  # by pydantic's complaint
BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def size(bound: float) -> str:
    """A bound as a reader writes it."""
    return f"{bound:,.0f}" if bound == int(bound) else f"{bound:g}"
