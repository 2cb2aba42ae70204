"""Top-k errors of single networks and of ensembles (2015, Sec. 4.2.3, Fig. 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

Probabilities = NDArray[np.floating]  # (images, classes)


def top_error(probabilities: Probabilities, labels: NDArray[np.integer], k: int) -> float:
    """Return the share of images whose class is not among the k most probable ones, from 0 to 1.

    Of equally probable classes the first counts as more probable. An image with a probability that
    is not finite counts as an error.
    """
    own = np.take_along_axis(probabilities, labels[:, None].astype(np.intp), 1)
    first = np.arange(probabilities.shape[1]) < labels[:, None]
    above = (probabilities > own) | ((probabilities == own) & first)
    sure = np.isfinite(probabilities).all(1)
    return float(1 - np.mean(sure & (above.sum(1) < k)))


def errors(
    predictions: Mapping[int, Sequence[Probabilities]],
    labels: NDArray[np.integer],
    tops: Sequence[int],
) -> DataFrame:
    """Return the errors of every network and of their ensemble, by the number of crops.

    `predictions` has the probabilities of each network by the number of crops, and the ensemble
    averages them. Columns: network (its position, or -1 for the ensemble of several), crops, and
    for each k of `tops` a column k with the error, from 0 to 1.
    """
    lines = []
    for crops, networks in predictions.items():
        named = list(enumerate(networks))
        if len(networks) > 1:
            named.append((-1, np.mean(networks, axis=0)))
        lines += [
            {"network": place, "crops": crops} | {k: top_error(found, labels, k) for k in tops}
            for place, found in named
        ]
    return DataFrame(lines)
