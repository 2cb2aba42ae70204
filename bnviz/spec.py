"""RunSpec: a question, every knob with its label, unit, bounds and help; its id names the folder of its answer.

Where the papers are silent, the defaults stand here and nowhere else (README, "Defaults where the papers are silent").
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bnviz.data import SOURCES
from bnviz.models import MODELS, Block
from bnviz.norms import NORMS
from bnviz.probes import PROBES

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SpecError(ValueError):
    """A question that cannot be asked; its text is one sentence that names the valid choices."""


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

    model: str = Field("vgg11", title="Network", description="VGG configuration A (11), B (13), D (16) or E (19).")
    width: Positive = Field(
        1.0, le=4, title="Width", description="Scales the channels of every layer; 1 is the published width."
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = Field(
        (512,), max_length=4, title="Hidden layers", description="Fully connected hidden layers, in units at width 1."
    )
    norm: str = Field("batch", title="Normalisation", description="What stands between a layer and its ReLU.")
    norm_hidden: bool = Field(
        False,
        title="Normalise hidden layers",
        description="Also after fully connected hidden layers, not only convolutions.",
    )
    epsilon: Positive = Field(1e-5, le=1, title="ε", description="Added to the variance before the square root.")
    averaging: NonNegative = Field(
        0.1, le=1, title="Averaging", description="Weight of the newest batch in the population statistics."
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
        1.25, ge=1, le=100, allow_inf_nan=False, title="Noise n_σ", description="σ of a channel ~ U(1, n_σ), each step."
    )
    noise_mean_spread: NonNegative = Field(
        0.1, le=100, title="Noise r_μ", description="Shift of one element ~ U(μ − r_μ, μ + r_μ)."
    )
    noise_scale_spread: NonNegative = Field(
        0.1, le=100, title="Noise r_σ", description="Scale of one element ~ N(σ, r_σ); r_σ is a standard deviation."
    )
    noise_at_test: bool = Field(False, title="Noise at test time", description="Keep the noise on when evaluating.")
    init: Literal["glorot_uniform", "glorot_normal", "he_normal"] = Field(
        "glorot_uniform", title="Initial weights", description="The paper says 'standard Glorot', not which."
    )
    data: str = Field(
        "cifar10-sample", title="Data", description="The full CIFAR-10, or the sample that ships with bnviz."
    )
    augment: bool = Field(False, title="Augment", description="Random crop (4 pixels of padding) and horizontal flip.")
    batch: int = Field(128, ge=2, le=4096, title="Batch", description="Examples in a batch.")
    steps: int = Field(1000, ge=1, le=1_000_000, title="Steps", description="Training steps.")
    lr: Positive = Field(0.1, le=1e3, title="Learning rate", description="Of plain SGD; the paper's is 0.1.")
    momentum: NonNegative = Field(0.0, lt=1, title="Momentum", description="The paper names none.")
    l2: NonNegative = Field(
        0.0, le=1, title="L2 λ", description="Adds λ/2 · ‖weights‖² to the objective; γ, β and biases are not counted."
    )
    seed: int = Field(0, ge=0, lt=2**31, title="Seed", description="Weights, batches, noise, units and directions.")
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
    quantiles: tuple[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)], ...] = Field(
        (0.0, 0.05, 0.15, 0.5, 0.85, 0.95, 1.0), max_length=32, title="Quantiles", description="Levels between 0 and 1."
    )
    bins: int = Field(
        40, ge=2, le=1000, title="Bins", description="Equal histogram bins between the minimum and the maximum."
    )
    probes: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {name: probe.INTERVAL for name, probe in PROBES.items() if name in ("accuracy", "evaluation")},
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
                raise ValueError(f"must be one of {', '.join(PROBES)}; there is no probe {name!r}")
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
            raise ValueError(f"batch must be at most {source.train_count}, the training images of {self.data}")
        try:
            self.blocks()
        except ValueError as problem:
            raise ValueError(f"width {self.width:g} {problem}") from None
        return self

    @classmethod
    def of(cls, /, **knobs: Any) -> Self:
        """A spec from knobs that may be wrong: SpecError says in one sentence what is, and what is valid."""
        try:
            return cls(**knobs)
        except ValidationError as problem:
            raise SpecError(sentence(problem)) from None

    def blocks(self) -> tuple[Block, ...]:
        """The network as data."""
        source = SOURCES[self.data]
        return MODELS[self.model](self, source.shape, len(source.classes))

    def regime(self) -> str:
        """Under which conditions the numbers were measured, without the normalisation and the seed: one line."""
        optimiser = "SGD" + (f" momentum {self.momentum:g}" if self.momentum else "")
        parts = [self.data, f"{self.model} × {self.width:g}", f"{optimiser}, lr {self.lr:g}", f"batch {self.batch}"]
        parts += [f"L2 {self.l2:g}"] if self.l2 else []
        parts += [self.init.replace("_", " ") + " weights"] if self.init != "glorot_uniform" else []
        parts += ["augmented"] if self.augment else []
        return " · ".join([*parts, f"{self.steps:,} steps"])

    def summary(self) -> str:
        """One line that names the question."""
        return f"{NORMS[self.norm].label} · {self.regime()} · seed {self.seed}"

    @property
    def id(self) -> str:
        """16 hex digits: the same question has the same id, however it was written."""
        return hashlib.sha256(json.dumps(self.canonical(), sort_keys=True).encode()).hexdigest()[:16]

    def canonical(self) -> dict[str, Any]:
        """What the id hashes: the fields away from their defaults, and the versions above 1 of what they name."""
        defaults = type(self)()
        changed = {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if getattr(self, name) != getattr(defaults, name)
        }
        versions = {self.norm: NORMS[self.norm].version} | {
            name: getattr(PROBES[name], "VERSION", 1) for name in self.probes
        }
        raised = {name: version for name, version in versions.items() if version > 1}
        return changed | ({"versions": raised} if raised else {})


def sentence(problem: ValidationError) -> str:
    """pydantic's first complaint as one sentence in the reader's words."""
    first = problem.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown knob '{where}'; the knobs are {', '.join(RunSpec.model_fields)}"
    text = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    given = f", got {first['input']!r}" if isinstance(first["input"], str | int | float) else ""
    return f"{where} {text}{given}".strip()
