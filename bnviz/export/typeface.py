"""The typeface of exported files, and the width of a text in it.

Both weights are embedded in each file, so that a file looks the same whatever fonts are installed.
`scripts/make_typeface.py` makes the typeface; `fonts/OFL.txt` is its licence.
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
FAMILIES = f"'{FAMILY}', 'Source Sans', Arial, sans-serif"  # the others supply other scripts
FOLDER = Path(__file__).parent / "fonts"
FILES = {400: FOLDER / "BnvizSans-Regular.ttf", 700: FOLDER / "BnvizSans-Bold.ttf"}  # by weight
# Without this rule some systems round the width of each letter to whole pixels.
EXACT = "text { text-rendering: geometricPrecision }\n"
EM = 1000  # units of the fonts per em
SMALLER = 0.7  # plotly's size of indices and exponents, relative to the text
INDEX = re.compile("<su[bp]>(.*?)</su[bp]>")
TAG = re.compile("</?[a-z][^<>]*>")
INVISIBLE = "\u2060"  # word joiner: forbids a line break


@cache
def css() -> str:
    """Return the CSS rules that embed the typeface in a web page."""
    rule = (
        "@font-face {{ font-family: '{}'; font-weight: {}; src: url(data:font/ttf;base64,{}) }}\n"
    )
    files = ((weight, b64encode(path.read_bytes()).decode()) for weight, path in FILES.items())
    return "".join(rule.format(FAMILY, weight, data) for weight, data in files) + EXACT


@cache
def style() -> str:
    """Return the `<style>` element with the typeface, for the head of a web page."""
    return f'<style id="typeface">{css()}</style>\n'


@cache
def script() -> str:
    """Return the `<script>` element that makes plotly use the typeface; it goes after plotly.js.

    plotly then waits for the typeface before it draws, and embeds it in every picture.
    """
    return f"<script>{Path(__file__).with_suffix('.js').read_text('utf-8')}</script>\n"


def width(text: str, size: float) -> float:
    """Return the width of a line of plotly's text, in the unit of `size`."""
    weight = 700 if "<b>" in text else 400
    indices = INDEX.findall(text)
    return size * (
        _ems(INDEX.sub("", text), weight) + SMALLER * sum(_ems(part, weight) for part in indices)
    )


def wrapped(text: str, room: float, size: float) -> list[str]:
    """Break a text into lines no wider than `room`; only a word wider than that is split."""
    lines: list[str] = []
    for word in chain.from_iterable(_parts(word, room, size) for word in text.split()):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _parts(word: str, room: float, size: float) -> Iterator[str]:
    """Split a word into parts that fit; a word with tags stays whole."""
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
