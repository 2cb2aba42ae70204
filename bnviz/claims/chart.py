"""Where the numbers of claims lie on common axes: one axis for each kind of number.

Claims in points share an axis, and so do ratios, shares and cosines. Ratios that leave the range
from 1/100 to 100 have an axis of their own, or else nobody could see the difference between 1× and
2×. The same is true of rounding errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bnviz.claims.claim import POINTS, TIMES, Claim
from bnviz.claims.judging import Verdict
from bnviz.words import three_digits

FAR, ROUNDING = "far", "rounding"
TITLES = {  # kind of number -> title of its axis, in the order of the page
    POINTS: "Differences in points",
    TIMES: "Ratios, on a logarithmic axis",
    FAR: "Ratios beyond 100×, on a logarithmic axis",
    "%": "Shares in per cent",
    "": "Cosines and other numbers",
    ROUNDING: "Rounding errors, on a logarithmic axis",
}
LOGARITHMIC = {TIMES, FAR, ROUNDING}
ENDS = {"": (-1.05, 2.0), ROUNDING: (1e-17, 1e-10)}  # axes that do not follow from the numbers
NEAR = (1 / 100, 100)
TINY = 1e-6  # a claim whose number must be below this is about rounding
MARGIN = 0.04  # of the width, on both sides
STEPS = (1, 2, 5, 10)
MOST_TICKS = 8
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from `low` to `high`."""

    low: float
    high: float
    log: bool = False

    def there(self, value: float) -> float:
        """Return a number on the scale of the axis; −∞ for one that a logarithm does not have."""
        if not self.log:
            return value
        return float(np.log10(value)) if value > 0 else -np.inf

    def place(self, value: float) -> float:
        """Return where a number lies, from 0 (left) to 1 (right); an end if it is beyond it."""
        low, high = self.there(self.low), self.there(self.high)
        return float(np.clip((self.there(value) - low) / (high - low), 0, 1))

    def beyond(self, value: float) -> bool:
        """Return whether a number lies outside the axis."""
        return not self.low <= value <= self.high

    def ticks(self) -> list[float]:
        """Return a few round numbers on the axis."""
        low, high = self.there(self.low), self.there(self.high)
        if not self.log:
            rough = (high - low) / MOST_TICKS
            power = 10.0 ** np.floor(np.log10(rough))
            step = next(step * power for step in STEPS if step * power >= rough)
            first, last = int(np.ceil(low / step)), int(np.floor(high / step))
            return [float(n * step) for n in range(first, last + 1)]
        every = int(np.ceil((high - low) / MOST_TICKS))
        first, last = int(np.floor(low / every)), int(np.floor(high / every))
        between = (1, 2, 5) if high - low < 2 else (1, 3) if high - low < 4 else (1,)
        found = [factor * 10.0 ** (n * every) for n in range(first, last + 1) for factor in between]
        return [tick for tick in found if not self.beyond(tick)]


def kind(verdict: Verdict) -> str:
    """Return which of TITLES a claim belongs to."""
    claim = verdict.claim
    if claim.unit == TIMES and not all(NEAR[0] <= value <= NEAR[1] for value in numbers(verdict)):
        return FAR
    return ROUNDING if not claim.unit and 0 < claim.high < TINY else claim.unit


def numbers(verdict: Verdict) -> list[float]:
    """Return all finite numbers of a claim: ours with its interval, the paper's, and the edges."""
    claim, theirs = verdict.claim, verdict.claim.value
    several = (*verdict.estimate, np.nan if theirs is None else theirs, claim.low, claim.high)
    return [value for value in several if np.isfinite(value)]


def axes(verdicts: Iterable[Verdict]) -> dict[str, Axis]:
    """Return the axis of each kind of number, wide enough for all of these claims."""
    several: dict[str, list[float]] = {}
    for verdict in verdicts:
        several.setdefault(kind(verdict), []).extend(numbers(verdict))
    return {name: axis_of(name, several[name]) for name in TITLES if name in several}


def axis_of(name: str, values: Sequence[float]) -> Axis:
    """Return the axis of one kind of number, with a margin on both sides."""
    if name in ENDS:
        return Axis(*ENDS[name], log=name in LOGARITHMIC)
    if name not in LOGARITHMIC:
        room = MARGIN * (max(values) - min(values))
        return Axis(min(values) - room, max(values) + room)
    positive = [value for value in values if value > 0]
    room = (max(positive) / min(positive)) ** MARGIN
    return Axis(min(positive) / room, max(positive) * room, log=True)


def short(claim: Claim, text: str) -> str:
    """Write a number beside its mark: with a power of ten, and with its unit if that is a sign."""
    mantissa, e, exponent = text.replace("−", "-").partition("e")
    power = f" · 10{str(int(exponent)).translate(SUPERSCRIPTS)}" if e else ""
    sign = claim.unit if claim.unit in (TIMES, "%") else ""
    return f"{mantissa.replace('-', '−')}{power}{sign}"


def ours(verdict: Verdict) -> str:
    """Write our number as `short` does, "" if there is none."""
    return short(verdict.claim, three_digits(verdict.mean)) if verdict.n else ""


def theirs(claim: Claim) -> str:
    """Write the paper's number as `short` does, "" if it gives none."""
    return "" if claim.value is None else short(claim, f"{claim.value:,g}")


def tick(value: float) -> str:
    """Write a number under a tick."""
    plain = value == 0 or 1e-3 <= abs(value) < 1e4
    exponent = "" if plain else str(round(float(np.log10(abs(value))))).translate(SUPERSCRIPTS)
    return f"{value:,g}".replace("-", "−") if plain else f"10{exponent}"
