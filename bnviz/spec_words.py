"""A run's settings in words: the conditions of its measurements, and the command that starts it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bnviz.data import SOURCES
from bnviz.training.models import heeds

if TYPE_CHECKING:
    from bnviz.spec import RunSpec

OPTIMISERS = {"sgd": "SGD", "adadelta": "Adadelta", "adam": "Adam", "adamw": "AdamW"}
NOISE = ("noise_mean", "noise_scale", "noise_mean_spread", "noise_scale_spread")


def regime(spec: RunSpec) -> str:
    """Return data, network, optimiser and length of the training, and what is unusual about them.

    The normalisation and the seed are left out: they are what a comparison varies.
    """
    images, fields = bool(SOURCES[spec.data].classes), type(spec).model_fields
    own_hidden = heeds(spec.model, "hidden") and spec.hidden != (512,)
    std = f" ({spec.init_std:g})" if spec.init == "gaussian" else ""
    notes = {
        f"depth {spec.depth}": heeds(spec.model, "depth"),
        f"hidden {', '.join(map(str, spec.hidden)) or 'none'}": own_hidden,
        "without skip connections": heeds(spec.model, "skip") and not spec.skip,
        "sigmoids": heeds(spec.model, "activation") and spec.activation == "sigmoid",
        f"dropout {spec.dropout:g}": heeds(spec.model, "dropout") and spec.dropout > 0,
        "local response normalisation": heeds(spec.model, "lrn") and spec.lrn,
        f"batch {spec.batch}": True,
        f"loss × {spec.loss_factor:g}": not images,
        f"L2 {spec.l2:g}": spec.l2 > 0,
        f"{spec.init.replace('_', ' ')} weights{std}": spec.init != "glorot_uniform",
        "augmented": images and spec.augment,
        "random resized crops": images and spec.resized_crop,
        "random flips": images and spec.flip,
        "photometric distortion": images and spec.photometric,
        "binary": images and spec.pixels == "binary",
        "hidden normalised": heeds(spec.model, "norm_hidden") and spec.norm_hidden,
        "output normalised": spec.norm_output,
        "own noise": any(getattr(spec, name) != fields[name].default for name in NOISE),
        spec.precision: spec.precision != "float32",
        f"{spec.steps:,} steps": True,
    }
    said = [note for note, holds in notes.items() if holds]
    return " · ".join([spec.data, f"{spec.model} × {spec.width:g}", rate(spec), *said])


def rate(spec: RunSpec) -> str:
    """Return the optimiser and its learning rate."""
    momentum = f" momentum {spec.momentum:g}" if spec.optimizer == "sgd" and spec.momentum else ""
    decayed = f" weight decay {spec.weight_decay:g}" if spec.optimizer == "adamw" else ""
    schedules = {
        "constant": "",
        "step": f" × {spec.decay:g} every {spec.decay_every:,}",
        "cosine": ", cosine",
    }
    warmup = f", warm-up {spec.warmup:,}" if spec.warmup else ""
    optimiser = f"{OPTIMISERS[spec.optimizer]}{momentum}{decayed}"
    return f"{optimiser}, lr {spec.lr:g}{schedules[spec.schedule]}{warmup}"


def command(spec: RunSpec) -> str:
    """Return the command line that starts the same run."""
    words = ["python", "-m", "bnviz", "run"]
    for name, value in spec.canonical().items():
        if name not in ("probes", "versions"):
            words += [
                f"--{name.replace('_', '-')}",
                ",".join(map(str, value)) if isinstance(value, list) else str(value),
            ]
    off = {name: 0 for name in type(spec)().probes if name not in spec.probes}
    for name, interval in (spec.probes | off).items():
        words += ["--probe", f"{name}={interval}"]
    return shlex.join(words)
