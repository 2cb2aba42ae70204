"""Ioffe & Szegedy (2015) in numbers: Algorithm 1, its chain rule, Algorithm 2, and BN((aW)u) = BN(Wu).

Every line of the paper is a field of its own, named as far as a name can be. A batch lies along the first axis, and whatever comes after
it is normalised on its own. All of it is NumPy in float64, computed while the reader drags a slider: the web process has no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

EPSILON = 1e-5
STEP = 1e-4  # of a numerical derivative, in units of √(σ² + ε): the batch's own scale


class Forward(NamedTuple):
    """Algorithm 1, line by line, with what went into it."""

    x: Array
    gamma: float
    beta: float
    epsilon: float
    mean: Array
    variance: Array  # biased: over m, not m - 1
    centred: Array  # x - mean
    normalised: Array
    y: Array

    @property
    def deviation(self) -> Array:
        """√(σ² + ε): what the third line divides by."""
        return np.sqrt(self.variance + self.epsilon)


class Backward(NamedTuple):
    """The six equations of the chain rule, in the order of the paper; and the three roads from the loss to x, whose sum is dx."""

    dy: Array
    dnormalised: Array
    dvariance: Array
    dmean: Array
    dx: Array
    dgamma: Array
    dbeta: Array
    direct: Array  # as if mean and variance were constants
    through_variance: Array
    through_mean: Array


class Population(NamedTuple):
    """Algorithm 2, line 10: what stands in for a batch's own statistics at inference."""

    mean: Array
    variance: Array  # unbiased


class Difference(NamedTuple):
    """A central difference: (high - low) / (2 step)."""

    low: float
    high: float
    step: float
    slope: float


class Layer(NamedTuple):
    """BN(Wu) of a batch, and all of its derivatives."""

    y: Array  # example, unit
    by_weights: Array  # example and unit of y, input
    by_inputs: Array  # example and unit of y, example and input of u


class Invariance(NamedTuple):
    """What a factor a on the weights does to a layer with BatchNorm."""

    outputs: float  # the largest change of any output
    by_inputs: float  # ‖∂BN((aW)u)/∂u‖ : ‖∂BN(Wu)/∂u‖
    by_weights: float  # ‖∂BN((aW)u)/∂(aW)‖ : ‖∂BN(Wu)/∂W‖


def forward(
    x: ArrayLike, gamma: float = 1.0, beta: float = 0.0, epsilon: float = EPSILON
) -> Forward:
    """Algorithm 1: normalise a batch by its own mean and variance, then scale and shift."""
    batch = np.asarray(x, dtype=float)
    mean = batch.mean(axis=0)
    centred = batch - mean
    variance = np.mean(centred**2, axis=0)
    normalised = centred / np.sqrt(variance + epsilon)
    return Forward(
        batch, gamma, beta, epsilon, mean, variance, centred, normalised, gamma * normalised + beta
    )


def backward(line: Forward, dy: ArrayLike) -> Backward:
    """The gradient of a loss, given its gradient by y: Section 3 of the paper, equation by equation."""
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
    """ℓ = ½ Σ (y - t)²; its gradient by y is y - t."""
    return 0.5 * float(np.sum((np.asarray(y, dtype=float) - np.asarray(targets, dtype=float)) ** 2))


def loss_along(line: Forward, targets: ArrayLike, example: int) -> Callable[[float], float]:
    """The loss as a function of one x, all others, γ and β held where they are."""

    def moved(value: float) -> float:
        x = line.x.copy()
        x[example] = value
        return loss(forward(x, line.gamma, line.beta, line.epsilon).y, targets)

    return moved


def central_difference(line: Forward, targets: ArrayLike, example: int) -> Difference:
    """The derivative of the loss by one x without any calculus."""
    along, at, step = (
        loss_along(line, targets, example),
        float(line.x[example]),
        STEP * float(line.deviation),
    )
    low, high = along(at - step), along(at + step)
    return Difference(low, high, step, (high - low) / (2 * step))


def population(batches: ArrayLike) -> Population:
    """Algorithm 2: E[x] is the mean of the batch means, Var[x] = m/(m - 1) times the mean of the batch variances.

    Batches lie along the first axis, examples along the second.
    """
    several = np.asarray(batches, dtype=float)
    m = several.shape[1]
    if m < 2:
        raise ValueError("a batch of one example has no unbiased variance")
    return Population(
        several.mean(axis=1).mean(axis=0), m / (m - 1) * several.var(axis=1).mean(axis=0)
    )


def slope(over: Population, gamma: float = 1.0, epsilon: float = EPSILON) -> Array:
    """How steep the straight line of inference is."""
    return np.asarray(gamma / np.sqrt(over.variance + epsilon))


def inference(
    x: ArrayLike, over: Population, gamma: float = 1.0, beta: float = 0.0, epsilon: float = EPSILON
) -> Array:
    """Algorithm 2, line 11: the same straight line for every x, whatever its company."""
    steep = slope(over, gamma, epsilon)
    return np.asarray(steep * np.asarray(x, dtype=float) + (beta - steep * over.mean))


def layer(weights: ArrayLike, inputs: ArrayLike, epsilon: float = EPSILON) -> Layer:
    """BN(Wu) with γ = 1 and β = 0 for a batch of inputs u (a row each), and its derivatives by every weight and every input."""
    weights, inputs = np.asarray(weights, dtype=float), np.asarray(inputs, dtype=float)
    x = inputs @ weights.T
    copies = np.repeat(
        x[:, :, None], len(x), axis=2
    )  # one for every example whose output is differentiated
    line = forward(copies, epsilon=epsilon)
    slopes = backward(
        line, np.eye(len(x))[:, None, :]
    ).dx  # by x of example n, unit j, of y of example i, unit j
    by_weights = np.einsum("nji,nk->ijk", slopes, inputs)
    by_inputs = np.einsum("nji,jk->ijnk", slopes, weights)
    return Layer(line.y[:, :, 0], by_weights, by_inputs)


def invariance(
    weights: ArrayLike, inputs: ArrayLike, a: float, epsilon: float = EPSILON
) -> Invariance:
    """How a layer with BatchNorm answers to a times its weights. With ε it answers like W with ε / a²: nearly, not quite the same."""
    plain, scaled = (
        layer(weights, inputs, epsilon),
        layer(a * np.asarray(weights, dtype=float), inputs, epsilon),
    )
    return Invariance(
        outputs=float(np.max(np.abs(scaled.y - plain.y))),
        by_inputs=float(np.linalg.norm(scaled.by_inputs) / np.linalg.norm(plain.by_inputs)),
        by_weights=float(np.linalg.norm(scaled.by_weights) / np.linalg.norm(plain.by_weights)),
    )


def drawn_batches(seed: int, count: int, m: int) -> Array:
    """Other batches for the reader's to be among: from one normal distribution, to one decimal, as sliders have it."""
    return np.round(np.random.default_rng([seed, 0]).normal(1.0, 1.5, (count, m)), 1)


def drawn_layer(seed: int, m: int, units: int = 3, features: int = 4) -> tuple[Array, Array]:
    """Weights W (a row a unit) and inputs u (a row an example), standard normal."""
    generator = np.random.default_rng([seed, 1])
    return generator.standard_normal((units, features)), generator.standard_normal((m, features))
