"""How an error sentence quotes what the reader gave: never longer than a line, whatever it was."""

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
