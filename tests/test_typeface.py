"""The typeface of exported files: it has every character of bnviz's texts, and known widths."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import ImageFont

from bnviz import paths
from bnviz.export import typeface

SOURCES = [*Path(paths.PROJECT, "bnviz").rglob("*.py"), *Path(paths.PROJECT, "pages").rglob("*.py")]


def said() -> set[str]:
    """Return every character in titles, captions, axis labels, legends and hover texts."""
    trees = (ast.parse(path.read_text("utf-8")) for path in SOURCES)
    texts = (
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    )
    return {sign for text in texts if isinstance(text, str) for sign in text if sign.isprintable()}


@pytest.mark.parametrize("weight", typeface.FILES)
def test_the_typeface_has_every_character_that_bnviz_uses(weight: int) -> None:
    font = ImageFont.truetype(typeface.FILES[weight], 100)
    unknown = bytes(font.getmask("\uffff"))
    missing = {sign for sign in said() if bytes(font.getmask(sign)) == unknown}
    assert len(said()) > 120 and missing == set()


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("x<sub>t</sub>", (("x", 1), ("t", 0.7))),
        ("a &lt; b", (("a < b", 1),)),
        ("no\u2060break", (("nobreak", 1),)),
        ("<i>x</i>", (("x", 1),)),
    ],
)
def test_a_width_counts_only_visible_characters(
    text: str, letters: tuple[tuple[str, float], ...]
) -> None:
    assert typeface.width(text, 12) == pytest.approx(
        sum(typeface.width(part, 12 * size) for part, size in letters)
    )
    assert typeface.width("<b>x</b>", 12) > typeface.width("x", 12) > 0


@pytest.mark.parametrize(
    "text", ["", "one", "seed 0 · seed 1 · seed 2, a caption of many words", "W" * 200, "i" * 50]
)
@pytest.mark.parametrize("room", [30, 100, 1000])
def test_lines_fill_the_available_width_and_stay_within_it(text: str, room: float) -> None:
    lines = typeface.wrapped(text, room, 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(typeface.width(line, 10) <= room for line in lines)
    for line, after in pairwise(lines):
        assert typeface.width(f"{line} {after.split()[0]}", 10) > room


def test_the_licence_is_in_the_folder_of_the_typeface() -> None:
    licence = (typeface.FOLDER / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE" in licence and "Adobe" in licence and "Noto" in licence
