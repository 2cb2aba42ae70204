"""Find models, probes, figures and data sets by the files in their folder.

To add one, add its file; there is no list to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


def modules(package: str, path: Iterable[str]) -> Iterator[ModuleType]:
    """Import the modules of a package and yield them in alphabetical order.

    None of them may import torch at module level: menus and the command line list them.
    """
    for found in sorted(iter_modules(path), key=lambda module: module.name):
        yield import_module(f"{package}.{found.name}")


def tables(package: str, path: Iterable[str], name: str) -> Iterator[Any]:
    """Yield the attribute `name` of each module in the package that defines it."""
    return (getattr(module, name) for module in modules(package, path) if hasattr(module, name))
