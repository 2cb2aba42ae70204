"""ASCII substitutes for terminals, pipes and files that cannot show every character.

Python would print a question mark for a minus sign, or for the ≥ of a claim.
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
    "⁄": "/",  # NFKD turns ½ into 1⁄2
}
RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def ascii_only(text: str) -> str:
    """Return the text in ASCII.

    Signs become what one would type for them, Greek letters become their names, and other letters
    lose their accents.
    """
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
    """Replace what an encoder cannot write. Undecodable bytes of a file name go out unchanged."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    rest = problem.object[problem.start : problem.end]
    if "\udc80" <= rest[0] <= "\udcff":
        problem.end = problem.start + 1
        return codecs.lookup_error("surrogateescape")(problem)
    return ascii_only(rest), problem.end


codecs.register_error("bnviz.plain", _replace)


def speak() -> None:
    """Make standard output and standard error accept any text, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="bnviz.plain")
