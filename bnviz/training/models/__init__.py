"""The networks. A file here is a family of networks, under the file's name. Its module must have

    MODELS    name -> function (spec, shape of one example, number of outputs) -> Network

and may have, listed with its default,

    VERSION   1; raise it when the numbers of its models change, since it is part of a run's id
    SETTINGS  (): the settings that change nothing in any other family

Its models are then in every menu.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bnviz.discover import modules
from bnviz.training.models.block import Block, Network, Operation, Shape, layers, wired

Build = Callable[..., Network]
_FILES = {
    module.__name__.rsplit(".", 1)[1]: module
    for module in modules(__name__, __path__)
    if hasattr(module, "MODELS")
}
MODELS: dict[str, Build] = {
    name: build for file in _FILES.values() for name, build in file.MODELS.items()
}
FAMILY: dict[str, str] = {name: family for family, file in _FILES.items() for name in file.MODELS}
_SETTINGS = {family: getattr(file, "SETTINGS", ()) for family, file in _FILES.items()}


def version(model: str) -> int:
    """Return the version of a model's numbers."""
    return int(getattr(_FILES[FAMILY[model]], "VERSION", 1))


def heeds(model: str, setting: str) -> bool:
    """Return whether a setting can change this model: no other family has it for its own."""
    owners = [family for family, settings in _SETTINGS.items() if setting in settings]
    return not owners or FAMILY[model] in owners


def relatives(model: str) -> dict[int, str]:
    """Return the models of the same family by the number of layers that ends their names.

    The result is empty unless all names of the family end in a number.
    """
    family = [name for name in MODELS if FAMILY[name] == FAMILY[model]]
    numbers = {name: re.search(r"\d+$", name) for name in family}
    return {
        int(found[0]): name for name, found in numbers.items() if found and all(numbers.values())
    }


__all__ = [
    "FAMILY",
    "MODELS",
    "Block",
    "Build",
    "Network",
    "Operation",
    "Shape",
    "heeds",
    "layers",
    "relatives",
    "version",
    "wired",
]
