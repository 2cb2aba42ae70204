"""bnviz: explore why batch normalisation helps. `from bnviz import RunSpec, execute, presets`."""

from __future__ import annotations

from collections.abc import Iterator

from bnviz import presets
from bnviz.spec import RunSpec, SpecError
from bnviz.training.probes import Row

__version__ = "0.1.0"
__all__ = ["Row", "RunSpec", "SpecError", "execute", "presets"]


def execute(spec: RunSpec, device: str = "cpu") -> Iterator[Row]:
    """Train as `spec` says and yield its rows, as for `pandas.DataFrame(execute(spec))`."""
    from bnviz.training.loop import execute  # torch comes only with the first run

    return execute(spec, device)
