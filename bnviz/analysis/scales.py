"""The scale on which each quantity is averaged over seeds.

The scale belongs to the quantity and not to the axis that a reader chooses. A quantity that is
drawn on a logarithmic axis by default is averaged by its logarithms, and a cosine by Fisher's z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

INF = float("inf")
OF_METRIC = "metric"  # instead of a quantity: the one that each row names in its column `metric`
NEAREST = 1 - 2.0**-24  # the cosine nearest to 1 that single precision tells apart from it
STATISTICS = {  # intervals around a mean over seeds
    "t": "95% t-interval",
    "range": "minimum to maximum",
    "sd": "± one standard deviation",
}


@dataclass(frozen=True)
class Scale:
    """A scale on which values are averaged.

    Attributes
    ----------
    mean : name of a mean on this scale, "" for the plain one
    there : turns values into numbers on the scale, NaN for a value that has no place on it
    back : turns numbers on the scale into values
    low, high : the range of the values, where an interval is cut
    cut : says where, "" if `back` never leaves the range
    """

    mean: str
    there: Callable[[Any], Any]
    back: Callable[[Any], Any]
    low: float = -INF
    high: float = INF
    cut: str = ""

    def inside(self, ends: Any) -> Any:
        """Return the ends of intervals, cut to the range."""
        return np.minimum(np.maximum(ends, self.low), self.high)

    def interval(self, statistic: str) -> str:
        """Name an interval on this scale; `statistic` is a key of STATISTICS."""
        cut = f" {self.cut}" if self.cut and statistic != "range" else ""
        return ", ".join(filter(None, (self.mean, f"{STATISTICS[statistic]}{cut}")))


def same(values: Any) -> Any:
    """Return the values as they are."""
    return values


def logarithm(values: Any) -> Any:
    """Return natural logarithms, and NaN for zero and below."""
    return np.log(values.where(values > 0))


def exponential(logarithms: Any) -> Any:
    """Return e to these powers; infinite where that is too large for a float."""
    with np.errstate(over="ignore"):
        return np.exp(logarithms)


def fisher(values: Any) -> Any:
    """Return Fisher's z of cosines. It stays finite: beyond ±NEAREST it is that of ±NEAREST."""
    return np.arctanh(values.clip(-NEAREST, NEAREST))


PLAIN = Scale("", same, same)
LOG = Scale("mean of logarithms", logarithm, exponential, low=0)
COSINE = Scale("mean of Fisher's z", fisher, np.tanh, low=-1, high=1)
SHARE = Scale("", same, same, low=0, high=1, cut="cut at 0 and 100%")
PERCENT = replace(SHARE, high=100)  # a share in per cent
ERROR = replace(LOG, high=1, cut="cut at 100%")  # a share that is drawn on a logarithmic axis

SCALES = {  # quantity -> its scale; quantities that are not named here have the plain one
    "train_loss": LOG,
    "test_loss": LOG,
    "loss": LOG,
    "loss_band": LOG,
    "gradient_norm": LOG,
    "distance": LOG,
    "beta": LOG,
    "ics_l2": LOG,
    "activation_variance": LOG,
    "surface_rise": LOG,
    "test_error": ERROR,
    "relative": LOG,  # of `landscape.scale_free`, as the next one
    "normalised": LOG,
    "ics_cosine": COSINE,
    "gradient_cosine": COSINE,
    "train_accuracy": SHARE,
    "test_accuracy": SHARE,
    "accuracy": SHARE,
    "lost": SHARE,
}


def scale_of(quantity: str) -> Scale:
    """Return the scale on which a quantity is averaged."""
    return SCALES.get(quantity, PLAIN)


def logarithmic(quantity: str) -> bool:
    """Return whether a quantity is averaged by its logarithms."""
    return scale_of(quantity).there is logarithm
