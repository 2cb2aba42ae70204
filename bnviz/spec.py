"""RunSpec: the settings of a run, each with label, bounds and help. Its id names the run's folder.

Where the papers are silent, the defaults stand here and in spec_network.py, and nowhere else
(docs/DEFAULTS.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from bnviz.data import SOURCES
from bnviz.spec_errors import SpecError as SpecError
from bnviz.spec_errors import choice, refused
from bnviz.spec_network import NetworkSpec, NonNegative, Positive
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


class RunSpec(NetworkSpec):
    """One training run and what is measured in it.

    Raises pydantic's ValidationError; `RunSpec.of` raises SpecError with one sentence instead.
    """

    data: str = Field(
        "cifar10-sample",
        title="Data",
        description=(
            "A full data set, the small sample that comes with bnviz, Gaussian samples, or images "
            "of your own, which `data import` makes a data set."
        ),
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
    resized_crop: bool = Field(
        False,
        title="Random resized crop",
        description=(
            "Cut out 8 to 100% of the image, 3:4 to 4:3, and enlarge it to the image's size "
            "(Szegedy et al. 2015)."
        ),
    )
    flip: bool = Field(
        False, title="Random flip", description="Mirror half of the images left to right."
    )
    photometric: bool = Field(
        False,
        title="Photometric distortion",
        description="Change brightness, contrast, saturation and hue at random (Howard 2013).",
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
    precision: Literal["float32", "float64", "bfloat16", "tf32"] = Field(
        "float32",
        title="Precision",
        description=(
            "Of all numbers in training. With bfloat16, layers compute in it and parameters stay "
            "float32; with tf32, a GPU multiplies in it and a CPU in float32. Both are faster on "
            "some devices, and coarser everywhere."
        ),
    )
    keep_weights: bool = Field(
        False,
        title="Keep the final weights",
        description=(
            "Keep the parameters and population statistics after the last step in a safetensors "
            "file, for `evaluate` with crops and ensembles."
        ),
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
