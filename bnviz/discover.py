"""What can be chosen is what stands in a folder: adding a model or a probe is adding its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


def modules(package: str, path: Iterable[str]) -> Iterator[ModuleType]:
    """The modules of a package, in the order of their names. None of them may import torch at its top."""
    for found in sorted(iter_modules(path), key=lambda module: module.name):
        yield import_module(f"{package}.{found.name}")


def tables(package: str, path: Iterable[str], name: str) -> Iterator[Any]:
    """The attribute `name` of every module of a package that has one."""
    return (getattr(module, name) for module in modules(package, path) if hasattr(module, name))
