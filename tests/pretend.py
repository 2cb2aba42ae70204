"""Train on a pretend accelerator, which knows shapes and devices but no numbers.

python -m tests.pretend MODEL[:NORM] ...   makes two steps of these networks with every probe, and
                                           ends with an error if a step mixes devices or reads a
                                           number from the device.
python -m tests.pretend                    plants such faults, and expects the errors.

A process of its own, because torch can rename its spare backend only once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from bnviz.data import SOURCES
from bnviz.spec import RunSpec, SpecError
from bnviz.training import loop, objective, seeds, task, vectors
from bnviz.training.norms import NORMS
from bnviz.training.probes import activations, curvature, jacobian, landscape, theory
from tests.conftest import ALL_PROBES, tiny_spec

DEVICE = "gpu:0"
STEPS = 2
OPTIMISERS = ("adam", "adamw", "adadelta")
DEEP_LINEAR = {"depth": 3, "precision": "float64"}
# The curvature and the theorems would take minutes in so many layers, and they know no branches.
BRANCHED = {
    "probes": dict.fromkeys(("accuracy", "activations", "covariate_shift", "landscape"), 1),
    "steps": 1,
    "dropout": 0.4,
    "lrn": True,
}


class Read(Exception):
    """A step has read a number from the device."""


class Wide(Exception):
    """A step needs float64 on a device that has none."""


class NoReads(TorchDispatchMode):
    """Raise Read if an operation copies to the host, and Wide if the device lacks its float64."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        result = func(*args, **(kwargs or {}))
        sources = [part for part in args if isinstance(part, Tensor)]
        there = any(part.device.type == "gpu" for part in sources)
        made = result if isinstance(result, tuple | list) else [result]
        for part in (part for part in made if isinstance(part, Tensor)):
            if part.device.type in vectors.NARROW and part.dtype == torch.float64:
                raise Wide(f"{func} makes float64 on a device that has none")
        if there and isinstance(result, Tensor) and result.device.type == "cpu":
            raise Read(f"{func} copies to the host")
        return result


@contextmanager
def accelerator() -> Iterator[None]:
    """Pretend that DEVICE exists. It has no random generator, so noise is drawn without one."""
    own = seeds.generator

    def generator(seed: int, *purpose: str | int, device: Any = "cpu") -> Any:
        return None if torch.device(device).type == "gpu" else own(seed, *purpose)

    with (
        mock.patch.object(objective, "generator", generator),
        mock.patch.object(curvature, "bring", made_up),
        mock.patch.object(curvature, "READ_EVERY", 1),
        # Drawn on the host, where nothing has numbers here either.
        mock.patch.object(activations, "chosen_unit", return_value=0),
        mock.patch.object(theory, "chosen_units", return_value=[0]),
        mock.patch.object(jacobian, "EXAMPLES", 1),
        mock.patch("torch.optim.adam._get_value", return_value=1.0),  # its count of the steps
        # It would compute with constants on the device.
        mock.patch.object(FakeTensorMode, "may_turn_const", return_value=False),
        FakeTensorMode(allow_non_fake_inputs=True),
        NoReads(),
    ):
        yield


def made_up(tensors: Sequence[Tensor]) -> list[list[float]]:
    """Return made-up numbers with which Lanczos' method has converged at once."""
    return [[1.0, 0.0] for _ in tensors]


def train(spec: RunSpec) -> None:
    """Make the steps of a run on the pretend accelerator."""
    with accelerator():
        training = loop.Training(spec, DEVICE)
        while not training.finished:
            training.advance()


def settings(model: str, norm: str, **changed: Any) -> RunSpec:
    """Return a small run that measures everything at every step."""
    data = {"dln": "gaussian", "mlp": "mnist-sample"}.get(model, "")
    data = data or ("mnist-sample" if model.startswith("lenet") else "cifar10-sample")
    return tiny_spec(
        **{
            "model": model,
            "norm": norm,
            "data": data,
            "steps": STEPS,
            "width": 1.0,
            "batch": 500,
            "probes": dict.fromkeys(ALL_PROBES, 1),
            "random_direction": True,
            "augment": bool(SOURCES[data].classes),
            "surface_grid": 3,
            "step_sizes": (1.0,),
            **(DEEP_LINEAR if model == "dln" else {}),
            **(BRANCHED if model.startswith(("inception", "resnet")) else {}),
        }
        | changed
    )


def refused(spec: Callable[[], RunSpec]) -> bool:
    """Return whether there is no such run."""
    try:
        spec()
    except SpecError:
        return True
    return False


@contextmanager
def narrow(always_wide: bool = False) -> Iterator[None]:
    """Let the device have no float64. With `always_wide` bnviz does not know that."""
    widest = mock.Mock(return_value=torch.float64) if always_wide else vectors.widest
    with (
        mock.patch.object(vectors, "NARROW", {"gpu"}),
        mock.patch.object(vectors, "widest", widest),
    ):
        yield


def faults() -> Iterator[tuple[str, str, Any]]:
    """Yield faults: what each is, the name of the error it must cause, and what plants it."""
    norms, own = landscape.norms, task.Images.loss

    def mixes(self: Any, outputs: Tensor, targets: Tensor) -> Tensor:
        return own(self, outputs + torch.ones(outputs.shape), targets)

    def reads(parts: Any, *rest: Any) -> Any:
        parts = list(parts)
        parts[0][1].sum().item()
        return norms(parts, *rest)

    def copies(parts: Any, *rest: Any) -> Any:
        parts = list(parts)
        parts[0][1].cpu()
        return norms(parts, *rest)

    loss = mock.patch.object(task.Images, "loss", mixes)
    yield "a tensor of the CPU", "FakeTensorDeviceMismatchError", loss
    yield "item()", "DataDependentOutputException", mock.patch.object(landscape, "norms", reads)
    yield "cpu()", "Read", mock.patch.object(landscape, "norms", copies)
    yield "float64", "Wide", narrow(always_wide=True)


def tried(asked: str) -> None:
    """Make two steps of a MODEL:NORM, or of a MODEL with every normalisation that fits it."""
    model, _, norm = asked.partition(":")
    fitting = [name for name in NORMS if not refused(lambda name=name: settings(model, name))]
    assert len(fitting) >= len(NORMS) - 1, fitting  # InstanceNorm needs positions
    for name in [norm] if norm else fitting:
        train(settings(model, name))
        print(model, name, flush=True)


def planted() -> None:
    """Plant faults, and end with an error if one is not noticed."""
    spec = settings("mlp", "batch")
    for fault, error, plant in faults():
        try:
            with plant:
                train(spec)
        except Exception as problem:
            if type(problem).__name__ != error:
                raise
            print(f"{fault} is found", flush=True)
        else:
            sys.exit(f"Nobody noticed {fault}.")


def main() -> None:
    """Do what the module's docstring says."""
    _setup_privateuseone_for_python_backend("gpu")
    for model in sys.argv[1:]:
        tried(model)
    if len(sys.argv) == 1:
        planted()
        for optimizer in OPTIMISERS:
            train(settings("mlp", "none", optimizer=optimizer))
        with narrow():
            for model in ("mlp", "lenet"):
                train(settings(model, "batch"))


if __name__ == "__main__":
    main()
