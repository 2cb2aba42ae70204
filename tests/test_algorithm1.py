"""Algorithm 1 of the 2015 paper, checked against torch, finite differences and the paper's text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn
from torch.nn.functional import batch_norm

from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array

numbers = st.floats(-5, 5, allow_subnormal=False)
batches = arrays(float, 5, elements=numbers)
spread_batches = batches.filter(lambda x: x.std() > 0.05)
parameters = st.tuples(numbers, numbers, st.sampled_from([1e-5, 1e-3, 0.1, 1.0]))


def by_torch(x: Array, gamma: float, beta: float, epsilon: float, dy: Array) -> dict[str, Array]:
    """Return the output of torch's BatchNorm in training mode and the gradients of Σ dy y."""
    leaf = torch.tensor(x).reshape(len(x), -1).requires_grad_()
    channels = leaf.shape[1]
    weight = torch.full((channels,), gamma, dtype=torch.float64, requires_grad=True)
    bias = torch.full((channels,), beta, dtype=torch.float64, requires_grad=True)
    y = batch_norm(leaf, None, None, weight, bias, training=True, eps=epsilon)
    y.backward(torch.tensor(dy).reshape(y.shape))
    found = {"y": y.detach(), "dx": leaf.grad, "dgamma": weight.grad, "dbeta": bias.grad}
    return {name: np.asarray(value) for name, value in found.items()}


@given(batches, parameters, batches)
def test_forward_and_backward_agree_with_torch(x, chosen, dy):
    line = algorithm1.forward(x, *chosen)
    gradient = algorithm1.backward(line, dy)
    expected = by_torch(x, *chosen, dy)
    # Equal numbers and a small ε give gradients of some thousands, and the rounding error is
    # relative to the terms of the sum.
    scale = 1 + np.abs(gradient.direct).max() * (1 + np.abs(line.normalised).max())
    assert line.y == pytest.approx(expected["y"].ravel(), abs=1e-9)
    assert gradient.dx == pytest.approx(expected["dx"].ravel(), abs=1e-8 * scale)
    assert gradient.dgamma == pytest.approx(expected["dgamma"].item(), abs=1e-9)
    assert gradient.dbeta == pytest.approx(expected["dbeta"].item(), abs=1e-9)


def test_each_unit_is_normalised_by_itself():
    generator = np.random.default_rng(0)
    x, dy = generator.normal(size=(2, 7, 3))
    line = algorithm1.forward(x, 1.3, -0.4)
    expected = by_torch(x, 1.3, -0.4, algorithm1.EPSILON, dy)
    assert line.y == pytest.approx(expected["y"])
    assert algorithm1.backward(line, dy).dx == pytest.approx(expected["dx"])
    alone = algorithm1.forward(x[:, 1], 1.3, -0.4)
    assert line.y[:, 1] == pytest.approx(alone.y)


def test_each_line_follows_the_paper():
    line = algorithm1.forward([0, 1, 2, 3, 4], 1.5, -1.0, 0.25)
    assert (line.mean, line.variance, line.deviation) == (2.0, 2.0, 1.5)
    assert line.centred.tolist() == [-2, -1, 0, 1, 2]
    assert line.normalised == pytest.approx(np.array([-2, -1, 0, 1, 2]) / 1.5)
    assert line.y == pytest.approx(np.array([-3, -2, -1, 0, 1]))


@given(spread_batches, parameters, batches, st.integers(0, 4))
def test_the_gradient_is_the_slope_of_the_loss(x, chosen, targets, example):
    line = algorithm1.forward(x, *chosen)
    gradient = algorithm1.backward(line, line.y - targets)
    found = algorithm1.central_difference(line, targets, example)
    scale = 1 + algorithm1.loss(line.y, targets) / line.deviation
    assert found.slope == pytest.approx(gradient.dx[example], abs=1e-6 * scale)
    assert found.slope == pytest.approx((found.high - found.low) / (2 * found.step))


@given(spread_batches, parameters, batches)
def test_the_gradients_of_gamma_and_beta_are_slopes_of_the_loss(x, chosen, targets):
    gamma, beta, epsilon = chosen
    line, h = algorithm1.forward(x, *chosen), 1e-4
    gradient = algorithm1.backward(line, line.y - targets)

    def loss(gamma: float, beta: float) -> float:
        return algorithm1.loss(algorithm1.forward(x, gamma, beta, epsilon).y, targets)

    assert gradient.dgamma == pytest.approx(
        (loss(gamma + h, beta) - loss(gamma - h, beta)) / (2 * h), abs=1e-6
    )
    assert gradient.dbeta == pytest.approx(
        (loss(gamma, beta + h) - loss(gamma, beta - h)) / (2 * h), abs=1e-6
    )


def test_statistics_are_differentiated_as_in_the_paper():
    x, dy, epsilon = np.array([0.3, -1.2, 2.0, 0.7, 4.1]), np.array([1.0, -2.0, 0.5, 0.0, 3.0]), 0.1
    line = algorithm1.forward(x, 1.7, 0.2, epsilon)
    gradient, h = algorithm1.backward(line, dy), 1e-6

    def output(mean: float, variance: float) -> float:
        return float(np.sum(dy * (1.7 * (x - mean) / np.sqrt(variance + epsilon) + 0.2)))

    mean, variance = float(line.mean), float(line.variance)
    over_variance = (output(mean, variance + h) - output(mean, variance - h)) / (2 * h)
    over_mean = (output(mean + h, variance) - output(mean - h, variance)) / (2 * h)
    assert gradient.dvariance == pytest.approx(over_variance, rel=1e-6)
    # The path through the variance adds nothing, since Σ (x - μ) = 0.
    assert gradient.dmean == pytest.approx(over_mean, rel=1e-6)
    assert gradient.dx == pytest.approx(
        gradient.direct + gradient.through_variance + gradient.through_mean
    )


@given(batches, parameters, batches)
def test_the_gradient_sums_to_zero_and_only_epsilon_leaves_a_part_along_x_hat(x, chosen, dy):
    line = algorithm1.forward(x, *chosen)
    gradient = algorithm1.backward(line, dy)
    scale = 1e-9 * (1 + np.abs(gradient.direct).max())
    left = line.epsilon / (line.variance + line.epsilon)
    assert gradient.dx.sum() == pytest.approx(0, abs=scale)
    stretch = np.sum(gradient.direct * line.normalised)
    assert np.sum(gradient.dx * line.normalised) == pytest.approx(left * stretch, abs=scale)


def test_the_gradient_of_x_is_zero_when_targets_are_linear_in_x():
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    line = algorithm1.forward(x, 1.5, -1.0)
    gradient = algorithm1.backward(line, line.y - (x + 1))
    assert algorithm1.loss(line.y, x + 1) > 1
    assert np.abs(gradient.dx).max() < 1e-5
    assert abs(gradient.dgamma) > 0.1 and abs(gradient.dbeta) > 1


@given(numbers, parameters, batches)
def test_epsilon_keeps_equal_numbers_finite(value, chosen, dy):
    line = algorithm1.forward([value] * 5, *chosen)
    gradient = algorithm1.backward(line, dy)
    assert line.y == pytest.approx(np.full(5, chosen[1]), abs=1e-9)
    assert all(np.isfinite(part).all() for part in (*line, *gradient))


@given(arrays(float, (4, 5), elements=numbers), batches, parameters)
def test_population_statistics_and_inference_agree_with_torch(several, x, chosen):
    gamma, beta, epsilon = chosen
    # Without momentum torch averages over all batches.
    module = nn.BatchNorm1d(1, eps=epsilon, momentum=None, dtype=torch.float64)
    with torch.no_grad():
        module.weight.fill_(gamma)
        module.bias.fill_(beta)
    for batch in several:
        module(torch.tensor(batch)[:, None])
    module.eval()
    expected = module(torch.tensor(x)[:, None]).detach().numpy().ravel()
    over = algorithm1.population(several)
    assert over.mean == pytest.approx(module.running_mean.item(), abs=1e-12)
    assert over.variance == pytest.approx(module.running_var.item(), abs=1e-12)
    assert algorithm1.inference(x, over, *chosen) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_batch_of_one_has_no_population():
    with pytest.raises(ValueError, match="no unbiased variance"):
        algorithm1.population([[1.0], [2.0]])


def test_inference_does_not_depend_on_the_other_examples():
    over = algorithm1.population(algorithm1.drawn_batches(0, 4, 5))
    together = algorithm1.inference([0.5, 4.0, -3.0], over, 1.5, -1.0)
    assert algorithm1.inference([0.5], over, 1.5, -1.0)[0] == together[0]
    assert algorithm1.forward([0.5, 4.0, -3.0]).y[0] != algorithm1.forward([0.5, 1.0, -3.0]).y[0]


@given(st.integers(0, 999), st.floats(0.1, 10))
def test_larger_weights_get_smaller_gradients(seed, a):
    weights, inputs = algorithm1.drawn_layer(seed, 5)
    found = algorithm1.invariance(weights, inputs, a, epsilon=1e-12)
    assert found.outputs < 1e-6
    assert found.by_inputs == pytest.approx(1, abs=1e-6)
    assert found.by_weights == pytest.approx(1 / a, rel=1e-6)


@given(st.integers(0, 999), st.floats(0.1, 10), st.sampled_from([1e-5, 1e-2, 1.0]))
def test_scaling_the_weights_by_a_is_dividing_epsilon_by_a_squared(seed, a, epsilon):
    weights, inputs = algorithm1.drawn_layer(seed, 5)
    scaled, same = (
        algorithm1.layer(a * weights, inputs, epsilon),
        algorithm1.layer(weights, inputs, epsilon / a**2),
    )
    assert scaled.y == pytest.approx(same.y)
    assert scaled.by_inputs == pytest.approx(same.by_inputs, abs=1e-9)
    assert scaled.by_weights * a == pytest.approx(same.by_weights, abs=1e-9)


def test_the_derivatives_of_a_layer_agree_with_torch():
    weights, inputs = algorithm1.drawn_layer(3, 5)

    def normalised(weights: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        return batch_norm(inputs @ weights.T, None, None, training=True, eps=0.01)

    leaves = torch.tensor(weights), torch.tensor(inputs)
    by_weights, by_inputs = torch.autograd.functional.jacobian(normalised, leaves)
    found = algorithm1.layer(weights, inputs, 0.01)
    assert found.y == pytest.approx(normalised(*leaves).numpy())
    assert found.by_inputs == pytest.approx(by_inputs.numpy(), abs=1e-12)
    for unit in range(len(weights)):  # a unit depends on its own weights only
        assert found.by_weights[:, unit] == pytest.approx(
            by_weights[:, unit, unit].numpy(), abs=1e-12
        )
    assert np.linalg.norm(found.by_weights) == pytest.approx(float(by_weights.norm()))


def test_the_seed_fixes_the_drawn_numbers():
    assert (algorithm1.drawn_batches(1, 3, 5) == algorithm1.drawn_batches(1, 3, 5)).all()
    assert (algorithm1.drawn_batches(1, 3, 5) != algorithm1.drawn_batches(2, 3, 5)).any()
    # A longer draw begins with the same numbers.
    assert (algorithm1.drawn_batches(1, 3, 5) == algorithm1.drawn_batches(1, 8, 5)[:3]).all()
