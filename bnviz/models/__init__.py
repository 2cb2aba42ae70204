"""The networks. A file here with a table MODELS, name -> (spec, image shape, classes) -> blocks, adds its models to every menu."""

from __future__ import annotations

from collections.abc import Callable

from bnviz.discover import tables
from bnviz.models.block import Block, Shape

Build = Callable[..., tuple[Block, ...]]
MODELS: dict[str, Build] = {
    name: build for table in tables(__name__, __path__, "MODELS") for name, build in table.items()
}

__all__ = ["MODELS", "Block", "Build", "Shape"]
