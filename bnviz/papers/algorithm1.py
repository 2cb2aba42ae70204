"""Batch normalisation in NumPy, line by line as in Ioffe & Szegedy (2015).

This covers Algorithm 1 and its chain rule (Section 3), Algorithm 2 (Section 3.1), and
BN((aW)u) = BN(Wu) (Section 3.3). Every line of the paper is a field of its own. The batch is the
first axis of an array; each position along the other axes is normalised separately.

Everything is float64 and fast enough to run while the reader drags a slider. NumPy is used because
the web process does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

EPSILON = 1e-5
# Step of the central difference, in units of √(σ² + ε), so that it fits the scale of the batch.
STEP = 1e-4


class Forward(NamedTuple):
    """The inputs, intermediate values and outputs of Algorithm 1, line by line."""

    x: Array
    gamma: float
    beta: float
    epsilon: float
    mean: Array
    variance: Array  # biased: divided by m, not by m - 1
    centred: Array  # x - mean
    normalised: Array
    y: Array

    @property
    def deviation(self) -> Array:
        """√(σ² + ε), by which the third line of Algorithm 1 divides."""
        return np.sqrt(self.variance + self.epsilon)


class Backward(NamedTuple):
    """The results of the six equations of the chain rule, in the order of the paper.

    The last three fields are the paths by which the gradient reaches x; their sum is dx.
    """

    dy: Array
    dnormalised: Array
    dvariance: Array
    dmean: Array
    dx: Array
    dgamma: Array
    dbeta: Array
    direct: Array  # the gradient if mean and variance were constants
    through_variance: Array
    through_mean: Array


class Population(NamedTuple):
    """The statistics that replace those of the batch at inference (Algorithm 2, line 10)."""

    mean: Array
    variance: Array  # unbiased


class Difference(NamedTuple):
    """A central difference: slope = (high − low) / (2 step)."""

    low: float
    high: float
    step: float
    slope: float


class Layer(NamedTuple):
    """BN(Wu) for a batch of m inputs, and all of its derivatives.

    Attributes
    ----------
    y : outputs, shape (m, units)
    by_weights : ∂y[i, j] / ∂W[j, k], shape (m, units, features)
    by_inputs : ∂y[i, j] / ∂u[n, k], shape (m, units, m, features)
    """

    y: Array
    by_weights: Array
    by_inputs: Array


class Invariance(NamedTuple):
    """How a layer with BatchNorm changes if its weights are multiplied by a factor a.

    Attributes
    ----------
    outputs : the largest absolute change of any output
    by_inputs : the ratio ‖∂BN((aW)u)/∂u‖ / ‖∂BN(Wu)/∂u‖
    by_weights : the ratio ‖∂BN((aW)u)/∂(aW)‖ / ‖∂BN(Wu)/∂W‖
    """

    outputs: float
    by_inputs: float
    by_weights: float


def forward(
    x: ArrayLike, gamma: float = 1.0, beta: float = 0.0, epsilon: float = EPSILON
) -> Forward:
    """Normalise a batch by its own mean and variance, then scale and shift (Algorithm 1)."""
    batch = np.asarray(x, dtype=float)
    mean = batch.mean(axis=0)
    centred = batch - mean
    variance = np.mean(centred**2, axis=0)
    normalised = centred / np.sqrt(variance + epsilon)
    return Forward(
        batch, gamma, beta, epsilon, mean, variance, centred, normalised, gamma * normalised + beta
    )


def backward(line: Forward, dy: ArrayLike) -> Backward:
    """Return the gradients of a loss, given its gradient `dy` by y (Section 3).

    `dy` has the shape of x, or one that broadcasts to it.
    """
    m = len(line.x)
    dy = np.broadcast_to(np.asarray(dy, dtype=float), line.x.shape)
    dnormalised = dy * line.gamma
    dvariance = np.sum(
        dnormalised * line.centred * -0.5 * (line.variance + line.epsilon) ** -1.5, axis=0
    )
    dmean = (
        np.sum(-dnormalised / line.deviation, axis=0)
        + dvariance * np.sum(-2 * line.centred, axis=0) / m
    )
    direct = dnormalised / line.deviation
    through_variance = dvariance * 2 * line.centred / m
    through_mean = np.broadcast_to(dmean / m, line.x.shape)
    return Backward(
        dy=dy,
        dnormalised=dnormalised,
        dvariance=dvariance,
        dmean=dmean,
        dx=direct + through_variance + through_mean,
        dgamma=np.sum(dy * line.normalised, axis=0),
        dbeta=np.sum(dy, axis=0),
        direct=direct,
        through_variance=through_variance,
        through_mean=through_mean,
    )


def loss(y: ArrayLike, targets: ArrayLike) -> float:
    """Return ℓ = ½ Σ (y − t)². Its gradient by y is y − t."""
    return 0.5 * float(np.sum((np.asarray(y, dtype=float) - np.asarray(targets, dtype=float)) ** 2))


def loss_along(line: Forward, targets: ArrayLike, example: int) -> Callable[[float], float]:
    """Return the loss as a function of the x of one example (from 0), all else fixed."""

    def moved(value: float) -> float:
        x = line.x.copy()
        x[example] = value
        return loss(forward(x, line.gamma, line.beta, line.epsilon).y, targets)

    return moved


def central_difference(line: Forward, targets: ArrayLike, example: int) -> Difference:
    """Return the derivative of the loss by the x of one example (from 0), found numerically."""
    along, at = loss_along(line, targets, example), float(line.x[example])
    step = STEP * float(line.deviation)
    low, high = along(at - step), along(at + step)
    return Difference(low, high, step, (high - low) / (2 * step))


def population(batches: ArrayLike) -> Population:
    """Return the population statistics of several batches (Algorithm 2, line 10).

    E[x] is the mean of the batch means, and Var[x] is m / (m − 1) times the mean of the batch
    variances. `batches` has the shape (batches, m, ...). ValueError for m < 2.
    """
    several = np.asarray(batches, dtype=float)
    m = several.shape[1]
    if m < 2:
        raise ValueError("a batch of one example has no unbiased variance")
    return Population(
        several.mean(axis=1).mean(axis=0), m / (m - 1) * several.var(axis=1).mean(axis=0)
    )


def slope(over: Population, gamma: float = 1.0, epsilon: float = EPSILON) -> Array:
    """Return γ / √(Var[x] + ε), the slope of the line that BatchNorm is at inference."""
    return np.asarray(gamma / np.sqrt(over.variance + epsilon))


def inference(
    x: ArrayLike, over: Population, gamma: float = 1.0, beta: float = 0.0, epsilon: float = EPSILON
) -> Array:
    """Return the outputs at inference, which do not depend on the batch (Algorithm 2, line 11)."""
    steep = slope(over, gamma, epsilon)
    return np.asarray(steep * np.asarray(x, dtype=float) + (beta - steep * over.mean))


def layer(weights: ArrayLike, inputs: ArrayLike, epsilon: float = EPSILON) -> Layer:
    """Return BN(Wu) with γ = 1 and β = 0, and its derivatives.

    `weights` has the shape (units, features), and `inputs` the shape (m, features).
    """
    weights, inputs = np.asarray(weights, dtype=float), np.asarray(inputs, dtype=float)
    x = inputs @ weights.T
    # One copy of the batch for each example i whose output is differentiated, along the last axis.
    copies = np.repeat(x[:, :, None], len(x), axis=2)
    line = forward(copies, epsilon=epsilon)
    # slopes[n, j, i] = ∂y[i, j] / ∂x[n, j]
    slopes = backward(line, np.eye(len(x))[:, None, :]).dx
    by_weights = np.einsum("nji,nk->ijk", slopes, inputs)
    by_inputs = np.einsum("nji,jk->ijnk", slopes, weights)
    return Layer(line.y[:, :, 0], by_weights, by_inputs)


def invariance(
    weights: ArrayLike, inputs: ArrayLike, a: float, epsilon: float = EPSILON
) -> Invariance:
    """Measure how a layer with BatchNorm changes if its weights are multiplied by a (Section 3.3).

    The equality is not exact: aW with ε behaves like W with ε / a².
    """
    plain = layer(weights, inputs, epsilon)
    scaled = layer(a * np.asarray(weights, dtype=float), inputs, epsilon)
    return Invariance(
        outputs=float(np.max(np.abs(scaled.y - plain.y))),
        by_inputs=float(np.linalg.norm(scaled.by_inputs) / np.linalg.norm(plain.by_inputs)),
        by_weights=float(np.linalg.norm(scaled.by_weights) / np.linalg.norm(plain.by_weights)),
    )


def drawn_batches(seed: int, count: int, m: int) -> Array:
    """Draw batches to go with the reader's own, shape (count, m).

    They are normal with mean 1 and standard deviation 1.5, rounded to one decimal like the sliders.
    """
    return np.round(np.random.default_rng([seed, 0]).normal(1.0, 1.5, (count, m)), 1)


def drawn_layer(seed: int, m: int, units: int = 3, features: int = 4) -> tuple[Array, Array]:
    """Draw weights (units, features) and inputs (m, features), both standard normal."""
    generator = np.random.default_rng([seed, 1])
    return generator.standard_normal((units, features)), generator.standard_normal((m, features))
