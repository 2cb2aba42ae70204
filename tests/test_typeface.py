"""The typeface of exported files: it has every sign that bnviz says, and its widths are known."""

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
    """Every sign in a text of bnviz: titles, captions, labels of axes, names in legends, what stands at the pointer."""
    trees = (ast.parse(path.read_text("utf-8")) for path in SOURCES)
    texts = (
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    )
    return {sign for text in texts if isinstance(text, str) for sign in text if sign.isprintable()}


@pytest.mark.parametrize("weight", typeface.FILES)
def test_the_typeface_has_every_sign_that_bnviz_says(weight: int) -> None:
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
def test_a_width_is_that_of_the_letters_that_are_seen(
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
def test_lines_fill_the_room_and_stay_in_it(text: str, room: float) -> None:
    lines = typeface.wrapped(text, room, 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(typeface.width(line, 10) <= room for line in lines)
    for line, after in pairwise(lines):
        assert typeface.width(f"{line} {after.split()[0]}", 10) > room


def test_the_licence_is_beside_the_typeface() -> None:
    licence = (typeface.FOLDER / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE" in licence and "Adobe" in licence and "Noto" in licence
