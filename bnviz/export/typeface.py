"""The typeface of exported files: its two weights, embedded in each file, and how wide a text is in it.

The same letters on every machine, so that no file depends on the fonts that are installed. `fonts/OFL.txt` is its licence,
`scripts/make_typeface.py` makes it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from html import unescape
from itertools import chain
from pathlib import Path

from PIL import ImageFont

FAMILY = "Bnviz Sans"
FAMILIES = (
    f"'{FAMILY}', 'Source Sans', Arial, sans-serif"  # the others have the signs of other scripts
)
FOLDER = Path(__file__).parent / "fonts"
FILES = {400: FOLDER / "BnvizSans-Regular.ttf", 700: FOLDER / "BnvizSans-Bold.ttf"}  # by weight
EXACT = "text { text-rendering: geometricPrecision }\n"  # else some systems round the width of each letter to pixels
EM = 1000  # units of the fonts
SMALLER = 0.7  # what plotly multiplies the size of indices and exponents with
INDEX = re.compile("<su[bp]>(.*?)</su[bp]>")
TAG = re.compile("</?[a-z][^<>]*>")
INVISIBLE = "\u2060"  # says where no line may end


@cache
def css() -> str:
    """The rules that bring the typeface into a web page."""
    rule = (
        "@font-face {{ font-family: '{}'; font-weight: {}; src: url(data:font/ttf;base64,{}) }}\n"
    )
    files = ((weight, b64encode(path.read_bytes()).decode()) for weight, path in FILES.items())
    return "".join(rule.format(FAMILY, weight, data) for weight, data in files) + EXACT


@cache
def style() -> str:
    """The typeface for a web page's head."""
    return f'<style id="typeface">{css()}</style>\n'


@cache
def script() -> str:
    """What makes plotly wait for the typeface and take it along: it belongs after plotly.js."""
    return f"<script>{Path(__file__).with_suffix('.js').read_text('utf-8')}</script>\n"


def width(text: str, size: float) -> float:
    """How wide a line of plotly's text is, in the unit of `size`."""
    weight = 700 if "<b>" in text else 400
    indices = INDEX.findall(text)
    return size * (
        _ems(INDEX.sub("", text), weight) + SMALLER * sum(_ems(part, weight) for part in indices)
    )


def wrapped(text: str, room: float, size: float) -> list[str]:
    """The lines of a text in a room so wide. Only a word that is wider than the room is broken."""
    lines: list[str] = []
    for word in chain.from_iterable(_parts(word, room, size) for word in text.split()):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _parts(word: str, room: float, size: float) -> Iterator[str]:
    """A word in parts that fit; one with tags stays whole."""
    while width(word, size) > room and len(word) > 1 and not TAG.search(word):
        fits = max(1, sum(width(word[:end], size) <= room for end in range(1, len(word))))
        yield word[:fits]
        word = word[fits:]
    yield word


def _ems(text: str, weight: int) -> float:
    letters = unescape(TAG.sub("", text)).replace(INVISIBLE, "")
    return float(_font(weight).getlength(letters)) / EM


@cache
def _font(weight: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FILES[weight], EM, layout_engine=ImageFont.Layout.BASIC)
