"""Values as a reader says them: what an error quotes is never longer than a line, and numbers have a unit."""

from __future__ import annotations

import reprlib

MOST = 60  # characters of a value; the rest is left out in the middle

_quoted = reprlib.Repr()
_quoted.fillvalue = "…"
_quoted.maxstring = _quoted.maxother = _quoted.maxlong = MOST
_quoted.maxlevel = 1
_quoted.maxlist = _quoted.maxtuple = _quoted.maxdict = 1


def shorten(value: object) -> str:
    """A value in quotes as Python writes it; of a long one the beginning and the end."""
    try:
        return _quoted.repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits"


def duration(seconds: float) -> str:
    """Seconds as a reader says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def in_bytes(count: float) -> str:
    """Bytes in the largest unit that fits."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = next(
        (power for power in range(len(units) - 1) if count < 999.5 * 1000**power), len(units) - 1
    )
    number = count / 1000**power
    return (
        f"{number:,.1f} {units[power]}"
        if number < 9.95 and power > 2
        else f"{number:,.0f} {units[power]}"
    )


def in_words(count: int) -> str:
    """A count as a reader says it."""
    return f"{count / 1e6:,.1f} million" if count >= 1e6 else f"{count:,}"
