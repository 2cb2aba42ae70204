"""Format values for a reader: short quotations for error messages, and numbers with units."""

from __future__ import annotations

import reprlib

MOST = 60  # characters of a quoted value; a longer one is cut in the middle

_quoted = reprlib.Repr()
_quoted.fillvalue = "…"
_quoted.maxstring = _quoted.maxother = _quoted.maxlong = MOST
_quoted.maxlevel = 1
_quoted.maxlist = _quoted.maxtuple = _quoted.maxdict = 1


def shorten(value: object) -> str:
    """Return the value's repr; a long one keeps only its beginning and its end."""
    try:
        return _quoted.repr(value)
    except ValueError:  # Python refuses to print an integer of more than 4,300 digits
        return "a number of thousands of digits"


def duration(seconds: float) -> str:
    """Return a duration in seconds as text, in s, min or h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def in_bytes(count: float) -> str:
    """Return a number of bytes as text in the largest unit that fits, from B to TB."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = next(
        (power for power in range(len(units) - 1) if count < 999.5 * 1000**power), len(units) - 1
    )
    number = count / 1000**power
    digits = 1 if number < 9.95 and power > 2 else 0  # only GB and TB need a decimal
    return f"{number:,.{digits}f} {units[power]}"


def three_digits(value: float) -> str:
    """Return a measured number with three digits, or as an integer from 1,000 to a million."""
    whole = value == 0 or 1000 <= abs(value) < 1e6
    digits = f"{value:,.0f}" if whole else f"{value:#.3g}".removesuffix(".")
    return digits.replace("-", "−")


def per_cent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage with three digits."""
    return f"{three_digits(100 * share)}%"


def rounded(value: float, digits: int) -> str:
    """Return a number with that many digits as text, without an exponent below a million."""
    return f"{float(f'{value:.{digits}g}'):,.6g}"


def in_words(count: int) -> str:
    """Return a count as text: "1.2 million", or "12,345" below a million."""
    return f"{count / 1e6:,.1f} million" if count >= 1e6 else f"{count:,}"


def markdown_table(heads: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table with the first column left-aligned and the others right-aligned."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
