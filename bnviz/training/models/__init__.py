"""The networks.

A file here with a table MODELS adds its models to every menu. The table maps a name to a function
(spec, shape of one example, number of outputs) -> tuple of blocks. Raise the file's VERSION (1 if
it has none) when the numbers of its models change: it is part of a run's id.
"""

from __future__ import annotations

from collections.abc import Callable

from bnviz.discover import modules
from bnviz.training.models.block import Block, Shape

Build = Callable[..., tuple[Block, ...]]
_FILES = [module for module in modules(__name__, __path__) if hasattr(module, "MODELS")]
MODELS: dict[str, Build] = {name: build for file in _FILES for name, build in file.MODELS.items()}
VERSIONS: dict[str, int] = {
    name: getattr(file, "VERSION", 1) for file in _FILES for name in file.MODELS
}

__all__ = ["MODELS", "VERSIONS", "Block", "Build", "Shape"]
