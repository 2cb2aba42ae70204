"""Bars that show how many of a class guessed what."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def bars(options: Sequence[str], counts: Sequence[int], measured: int | None = None) -> str:
    """Return one bar for each option, as long as its share of all guesses."""
    rows = (
        f'<li class="{"measured" if place == measured else ""}"><span>{escape(option)}</span>'
        f'<b style="width: {100 * count / max(1, sum(counts)):.0f}%">{count}</b></li>'
        for place, (option, count) in enumerate(zip(options, counts, strict=True))
    )
    return f'<ul class="bnviz-votes">{"".join(rows)}</ul>'
