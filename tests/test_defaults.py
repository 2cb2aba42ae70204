"""docs/DEFAULTS.md agrees with the code in every value and lists every setting."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.spec import RunSpec

TEXT = (PROJECT / "docs" / "DEFAULTS.md").read_text("utf-8")
ROW = re.compile(r"^\| `([\w.-]+)` \| `([^`]+)` \| ([^|]*) \| ([^|]*)\|$", re.MULTILINE)
ROWS = [(found[1], found[2]) for found in ROW.finditer(TEXT)]
WITHOUT_SETTINGS = "## Choices that are no setting"


def parsed(field: str, text: str) -> Any:
    """Return the value of a table cell, in the form that RunSpec accepts."""
    if field == "probes":
        return dict(part.split("=") for part in text.split(", "))
    is_list = isinstance(getattr(RunSpec(), field), tuple)
    return text.split(", ") if is_list else text


def in_the_code(name: str) -> Any:
    """Return the default of a field (`l2`) or its value in a preset (`paper.l2`)."""
    preset, _, field = name.rpartition(".")
    values = [getattr(spec, field) for spec in PRESETS[preset].specs()] if preset else []
    assert all(value == values[0] for value in values), f"{name} differs between the runs"
    return values[0] if values else getattr(RunSpec(), field)


def test_every_line_of_the_tables_is_read() -> None:
    tables = TEXT.split(WITHOUT_SETTINGS)[0]
    assert len(ROWS) == len(re.findall(r"^\| `", tables, re.MULTILINE))
    assert len(ROWS) == len(dict(ROWS)), "a setting stands twice"


@pytest.mark.parametrize(("name", "cell"), ROWS, ids=[name for name, _ in ROWS])
def test_a_value_agrees_with_the_code(name: str, cell: str) -> None:
    field = name.rpartition(".")[2]
    documented = getattr(RunSpec.of(**{field: parsed(field, cell)}), field)
    value = in_the_code(name)
    assert documented == (pytest.approx(value) if isinstance(value, float | tuple) else value)


def test_every_setting_has_its_default_here() -> None:
    assert {name for name, _ in ROWS if "." not in name} == set(RunSpec.model_fields)


def test_the_decisions_it_names_exist() -> None:
    named = re.findall(r"\((decisions/[\w.-]+)\)", TEXT)
    assert named and all((PROJECT / "docs" / name).is_file() for name in named)
