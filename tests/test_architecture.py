"""docs/ARCHITECTURE.md names only packages, functions and files that exist."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from typing import Any

import pytest

from bnviz.paths import PROJECT

TEXT = (PROJECT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
NAMES = sorted(set(re.findall(r"`(bnviz(?:\.\w+)+)`", TEXT)))
FILES = sorted(set(re.findall(r"`((?:pages|bnviz|docs|tests)/[\w./-]+\.\w+)`", TEXT)))


def found(name: str) -> Any:
    """Return the module, class, function or value with this dotted name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing: Any = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            thing = getattr(thing, part)
        return thing
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_exists(name: str) -> None:
    assert found(name) is not None


def test_a_wrong_name_is_noticed() -> None:
    with pytest.raises(AttributeError):
        found("bnviz.ui.plot.no_such_function")


@pytest.mark.parametrize("file", FILES)
def test_a_file_exists(file: str) -> None:
    assert (PROJECT / file).is_file()


def test_every_link_leads_to_a_file() -> None:
    for link in re.findall(r"\]\(([\w./-]+)\)", TEXT):
        assert (PROJECT / "docs" / link).is_file(), link


def test_the_packages_are_the_layers_of_the_import_linter() -> None:
    config = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    contract = config["tool"]["importlinter"]["contracts"][0]
    layers = [name for line in contract["layers"] for name in line.split(" | ")]
    # The row of spec covers them.
    layers = [name for name in layers if not name.startswith("bnviz.spec_")]
    table = re.findall(r"^\| `(bnviz\.\w+)`", TEXT, re.MULTILINE)
    tools = [f"bnviz.{name}" for name in ("discover", "paths", "recent", "plain", "words")]
    assert set(table) | set(tools) == set(layers) - {"bnviz.__main__"}
    assert [name for name in layers if name in table and name not in tools] == table[:-1]
