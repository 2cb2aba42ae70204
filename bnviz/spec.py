"""RunSpec: the settings of a run, each with label, bounds and help. Its id names the run's folder.

Where the papers are silent, the defaults stand here and nowhere else (docs/DEFAULTS.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bnviz.data import SOURCES
from bnviz.spec_errors import SpecError as SpecError
from bnviz.spec_errors import choice, refused
from bnviz.spec_words import regime
from bnviz.training import models
from bnviz.training.models import MODELS, Block, Network, layers, wired
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES, optional
from bnviz.words import shorten

# Raise one when the numbers of training/loop.py, or of objective.py and task.py, change.
VERSIONS = {"loop": 1, "loss": 1}

# Settings whose value is a name in one of these tables.
TABLES: dict[str, Mapping[str, Any]] = {"model": MODELS, "norm": NORMS, "data": SOURCES}

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RunSpec(BaseModel):
    """One training run and what is measured in it.

    Raises pydantic's ValidationError; `RunSpec.of` raises SpecError with one sentence instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    model: str = Field(
        "vgg11",
        title="Network",
        description=(
            "VGG configuration A (11), B (13), D (16) or E (19); the deep linear network (dln); "
            "the MLP of the 2015 paper; LeNet with sigmoids (lenet) or ReLUs (lenetr)."
        ),
        json_schema_extra={"enum": [*TABLES["model"]]},
    )
    width: Positive = Field(
        1.0,
        le=64,
        title="Width",
        description="Multiplies the channels of every layer; 1 is the published width.",
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
        description="Applied between a layer and its non-linearity.",
        json_schema_extra={"enum": [*TABLES["norm"]]},
    )
    norm_hidden: bool = Field(
        False,
        title="Normalise hidden layers",
        description="In a VGG, also normalise the fully connected hidden layers.",
    )
    norm_output: bool = Field(
        False,
        title="Normalise the output",
        description="Also normalise the last layer; the papers do not say.",
    )
    groups: int = Field(
        8,
        ge=1,
        le=4096,
        title="Groups",
        description=(
            "For group normalisation: the most groups a layer may have. A layer takes the largest "
            "number up to this that divides its channels."
        ),
    )
    epsilon: Positive = Field(
        1e-5, le=1, title="ε", description="Added to the variance before the square root."
    )
    averaging: NonNegative = Field(
        0.1,
        le=1,
        title="Averaging",
        description="Weight of the newest batch in the running population statistics.",
    )
    population: Literal["running", "exact"] = Field(
        "running",
        title="Population statistics",
        description=(
            "Used in evaluation: a running average, or exact averages over the training set "
            "(2015, Algorithm 2)."
        ),
    )
    lp_centred: bool = Field(
        False,
        title="Centred lp scale",
        description="In the lp norms, compute the scale after subtracting the mean.",
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
        description=(
            "The 2018 paper says 'standard Glorot' but not which one; the 2015 paper says "
            "'small random Gaussian' but not how small."
        ),
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
        description="A full data set, the small sample that comes with bnviz, or Gaussian samples.",
        json_schema_extra={"enum": [*TABLES["data"]]},
    )
    pixels: Literal["standardised", "binary"] = Field(
        "standardised",
        title="Pixels",
        description=(
            "Standardised: each channel minus its mean, over its standard deviation. "
            "Binary: 1 above half the range, otherwise 0 (2015)."
        ),
    )
    loss_factor: Positive = Field(
        0.5,
        le=1e6,
        title="Loss factor",
        description=(
            "Multiplies the squared loss, summed over samples; 1/2 and 1 both fit the 2018 paper."
        ),
    )
    augment: bool = Field(
        False, title="Augment", description="Random crop (4 pixels of padding) and horizontal flip."
    )
    batch: int = Field(128, ge=2, le=4096, title="Batch", description="Examples in a batch.")
    steps: int = Field(1000, ge=1, le=1_000_000, title="Steps", description="Training steps.")
    lr: Positive = Field(
        0.1, le=1e3, title="Learning rate", description="The 2018 paper uses 0.1 with plain SGD."
    )
    optimizer: Literal["sgd", "adadelta", "adam", "adamw"] = Field(
        "sgd",
        title="Optimiser",
        description="From torch.optim, with its defaults for all else.",
    )
    momentum: NonNegative = Field(
        0.0, lt=1, title="Momentum", description="For SGD; the 2018 paper mentions none."
    )
    weight_decay: NonNegative = Field(
        0.01,
        le=10,
        title="Weight decay (AdamW)",
        description="Acts on every parameter, and only with AdamW; for an L2 penalty use λ.",
    )
    schedule: Literal["constant", "step", "cosine"] = Field(
        "constant",
        title="Schedule",
        description=(
            "How the learning rate changes: not at all, by a factor every so many steps, "
            "or along half a cosine to 0."
        ),
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
        description="Steps in which the learning rate rises linearly from 0.",
    )
    l2: NonNegative = Field(
        0.0,
        le=1,
        title="L2 λ",
        description="Adds λ/2 · ‖weights‖² to the loss; γ, β and biases are left out.",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**31,
        title="Seed",
        description="For weights, batches, noise, and the chosen channels and directions.",
    )
    precision: Literal["float32", "float64"] = Field(
        "float32", title="Precision", description="Of all numbers in training."
    )
    step_sizes: tuple[Annotated[float, Field(ge=1e-6, le=1e6, allow_inf_nan=False)], ...] = Field(
        (0.5, 1.0, 2.0, 4.0),
        min_length=1,
        max_length=32,
        title="Step sizes",
        description=(
            "Step sizes η at which the loss along the gradient is measured, as multiples of the "
            "learning rate (2018, App. A.2.2)."
        ),
    )
    random_direction: bool = Field(
        False,
        title="Random direction",
        description="Also measure the loss along a random direction of the same length.",
    )
    surface_along: Literal["gradient", "random"] = Field(
        "gradient",
        title="Surface along",
        description=(
            "First direction of the surface: the negative gradient, or a random one. "
            "The second is always random."
        ),
    )
    surface_scaled: bool = Field(
        False,
        title="Filter-normalised surface",
        description=(
            "Give each filter of a direction the length of the network's own filter (Li et al. "
            "2018); otherwise both directions are as long as lr · gradient."
        ),
    )
    surface_extent: Positive = Field(
        4.0,
        le=1e6,
        title="Surface extent",
        description="How far the surface reaches each way, in lengths of a direction.",
    )
    surface_grid: int = Field(
        17,
        ge=3,
        le=101,
        title="Surface grid",
        description="Points in each direction of the surface.",
    )
    theory_units: int = Field(
        4,
        ge=1,
        le=4096,
        title="Theory units",
        description="Units per layer in which the theorems are checked.",
    )
    quantiles: tuple[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)], ...] = Field(
        (0.0, 0.05, 0.15, 0.5, 0.85, 0.95, 1.0),
        max_length=32,
        title="Quantiles",
        description="Levels between 0 and 1; both ends are always included.",
    )
    bins: int = Field(
        40,
        ge=2,
        le=1000,
        title="Bins",
        description="Equal histogram bins between the minimum and the maximum.",
    )
    probes: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {name: probe.INTERVAL for name, probe in PROBES.items() if optional(name, "DEFAULT")},
        title="Probes",
        description="What to measure, and every how many steps.",
    )

    _model = field_validator("model")(choice(TABLES["model"]))
    _norm = field_validator("norm")(choice(TABLES["norm"]))
    _data = field_validator("data")(choice(TABLES["data"]))

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
        """Return a spec. SpecError says which setting is wrong and what is valid."""
        try:
            return cls(**knobs)
        except ValidationError as problem:
            raise refused(problem, cls) from None

    @classmethod
    def check(cls, name: str, value: Any) -> None:
        """Raise SpecError if one setting's value is wrong, whatever the other settings are."""
        try:
            cls(**{name: value})
        except ValidationError as problem:
            if problem.errors()[0]["loc"]:  # otherwise it is about several settings
                raise refused(problem, cls) from None

    def network(self) -> Network:
        """Return the network's layers and operations, from input to output."""
        source = SOURCES[self.data]
        return wired(MODELS[self.model](self, source.shape, source.outputs))

    def blocks(self) -> tuple[Block, ...]:
        """Return the layers with weights, from input to output."""
        return layers(self.network())

    def regime(self) -> str:
        """Return in one line under which conditions the numbers were measured."""
        return regime(self)

    def summary(self) -> str:
        """Return one line that names the run."""
        return f"{NORMS[self.norm].label} · {self.regime()} · seed {self.seed}"

    @property
    def id(self) -> str:
        """16 hex digits: the same settings have the same id, however they were written."""
        return hashlib.sha256(json.dumps(self.canonical(), sort_keys=True).encode()).hexdigest()[
            :16
        ]

    def canonical(self) -> dict[str, Any]:
        """Return what the id hashes: settings that are not the default, and versions above 1."""
        defaults = type(self)()
        changed = {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if getattr(self, name) != getattr(defaults, name)
        }
        versions = VERSIONS | {
            self.model: models.version(self.model),
            self.data: SOURCES[self.data].version,
            self.norm: NORMS[self.norm].version,
            **{name: optional(name, "VERSION", 1) for name in self.probes},
        }
        raised = {name: version for name, version in versions.items() if version > 1}
        return changed | ({"versions": raised} if raised else {})
