"""The settings of a run's network: its shape, its normalisation and its initial weights."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bnviz.spec_errors import choice
from bnviz.training.models import MODELS
from bnviz.training.norms import NORMS

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class NetworkSpec(BaseModel):
    """The network of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    model: str = Field(
        "vgg11",
        title="Network",
        description=(
            "VGG configuration A (11), B (13), D (16) or E (19); the deep linear network (dln); "
            "the MLP of the 2015 paper; LeNet with sigmoids (lenet) or ReLUs (lenetr); residual "
            "networks of 20 or 56 layers; Inception for 32 × 32 images or, as in the 2015 paper, "
            "for 224 × 224 (inception224)."
        ),
        json_schema_extra={"enum": [*MODELS]},
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
    skip: bool = Field(
        True,
        title="Skip connections",
        description=(
            "In a residual network, add the input of each pair of layers to its output. Without, "
            "it is a plain network with the same weights."
        ),
    )
    activation: Literal["relu", "sigmoid"] = Field(
        "relu", title="Non-linearity", description="The non-linearity of an Inception network."
    )
    dropout: NonNegative = Field(
        0.0,
        lt=1,
        title="Dropout",
        description=(
            "Share of the values in front of an Inception network's outputs that become 0 in "
            "training. It is drawn once a step; every measurement of that step sees the same."
        ),
    )
    lrn: bool = Field(
        False,
        title="Local response normalisation",
        description=(
            "Divide by the size of neighbouring channels, twice in the stem of an Inception "
            "network, as before BatchNorm."
        ),
    )
    norm: str = Field(
        "batch",
        title="Normalisation",
        description="Applied between a layer and its non-linearity.",
        json_schema_extra={"enum": [*NORMS]},
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
            "number that divides both this and its channels."
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
    _model = field_validator("model")(choice(MODELS))
    _norm = field_validator("norm")(choice(NORMS))
