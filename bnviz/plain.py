"""Text for a terminal, a pipe or a file that cannot show every character: the same said in ASCII.

A question mark would lose a minus sign, or whether a claim asks for more or less.
"""

from __future__ import annotations

import codecs
import io
import re
import sys
import unicodedata

SIGNS = {
    "−": "-",
    "–": "-",
    "·": "-",
    "×": "x",
    "✕": "x",
    "±": "+/-",
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "∞": "inf",
    "√": "sqrt ",
    "∇": "grad ",
    "∂": "d",
    "∈": "in",
    "∠": "angle ",
    "‖": "||",
    "⟨": "<",
    "⟩": ">",
    "′": "'",
    "→": "->",
    "←": "<-",
    "“": '"',
    "”": '"',
    "⁄": "/",  # of ½ taken apart
}
RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def ascii_only(text: str) -> str:
    """The text in ASCII: signs as they are typed, Greek letters by name, other letters without accents."""
    apart = unicodedata.normalize("NFKD", RAISED.sub(lambda power: f"^{power[0]}", text))
    return "".join(map(_sign, apart))


def _sign(sign: str) -> str:
    if sign.isascii():
        return sign
    name = unicodedata.name(sign, "").split()
    if name[:1] == ["GREEK"]:
        return name[-1].lower().replace("lamda", "lambda")
    return SIGNS.get(sign, "" if unicodedata.combining(sign) else "?")


def _replace(problem: UnicodeError) -> tuple[str | bytes, int]:
    """An error handler for encoders. The bytes of a file's name that is no text go out as they came in."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    rest = problem.object[problem.start : problem.end]
    if "\udc80" <= rest[0] <= "\udcff":
        problem.end = problem.start + 1
        return codecs.lookup_error("surrogateescape")(problem)
    return ascii_only(rest), problem.end


codecs.register_error("bnviz.plain", _replace)


def speak() -> None:
    """Let standard output and error take any text, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="bnviz.plain")
