"""What every test gets: a cache folder of its own, one thread, and tiny questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bnviz.spec import RunSpec

ALL_PROBES = {"accuracy": 1, "activations": 2, "covariate_shift": 2, "evaluation": 2, "landscape": 2}


def tiny_spec(**knobs: Any) -> RunSpec:
    """A question that is answered in a fraction of a second: real images, a vgg11 with 2 to 16 channels."""
    tiny: dict[str, Any] = {
        "model": "vgg11",
        "width": 1 / 32,
        "data": "cifar10-sample",
        "batch": 16,
        "steps": 4,
        "hidden": (512,),
    }
    return RunSpec.of(**(tiny | knobs))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees or touches the reader's cache."""
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As every CPU job runs."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def tiny() -> Callable[..., RunSpec]:
    """`tiny(norm="batch", …)` makes a tiny question."""
    return tiny_spec
