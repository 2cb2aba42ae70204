"""Normalisations, checked against torch.nn, the 2015 paper in NumPy, and scale invariance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d

from bnviz import execute
from bnviz.training.norms import NORMS, BatchNorm, Noise
from bnviz.training.seeds import generator
from tests.conftest import tiny_spec

CPU = torch.device("cpu")


def numpy_batch_norm(x, gamma, beta, epsilon, dy):
    """Compute Algorithm 1 and the backward pass of Ioffe and Szegedy (2015), Sec. 3.

    x has the shape (m, units). Returns y, dx, dgamma and dbeta.
    """
    m = len(x)
    mean = x.sum(0) / m
    variance = ((x - mean) ** 2).sum(0) / m
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    y = gamma * x_hat + beta
    dx_hat = dy * gamma
    dvariance = (dx_hat * (x - mean) * -0.5 * (variance + epsilon) ** -1.5).sum(0)
    dmean = (-dx_hat / np.sqrt(variance + epsilon)).sum(0) + dvariance * (-2 * (x - mean)).sum(
        0
    ) / m
    dx = dx_hat / np.sqrt(variance + epsilon) + dvariance * 2 * (x - mean) / m + dmean / m
    return y, dx, (dy * x_hat).sum(0), dy.sum(0)


def batch_norm(shape: tuple[int, ...]) -> BatchNorm:
    return BatchNorm(tiny_spec(), shape, CPU, torch.float64)


def affine(channels: int) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(channels, generator=draw, dtype=torch.float64).requires_grad_()
        for name in ("gamma", "beta")
    }


@pytest.mark.parametrize("shape", [(3, 4, 5), (7,)])
def test_batch_norm_is_the_papers_algorithm_forward_and_backward(shape):
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(6, *shape, generator=draw, dtype=torch.float64).mul(3).add(2).requires_grad_()
    parameters = affine(shape[0])
    y = batch_norm(shape)(x, parameters, training=True)
    dy = torch.randn(y.shape, generator=draw, dtype=torch.float64)
    gradients = torch.autograd.grad(y, [x, *parameters.values()], dy)

    def rows(t):  # height and width are part of the batch
        return t.detach().movedim(1, -1).reshape(-1, shape[0]).numpy()

    expected = numpy_batch_norm(
        rows(x), *(p.detach().numpy() for p in parameters.values()), 1e-5, rows(dy)
    )
    for ours, theirs in zip(
        (rows(y), rows(gradients[0]), *(g.numpy() for g in gradients[1:])), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_batch_norm_agrees_with_torch_in_training_and_evaluation():
    ours, theirs = batch_norm((3, 4, 4)), torch.nn.BatchNorm2d(3, eps=1e-5, momentum=0.1).double()
    parameters = affine(3)
    theirs.weight.data, theirs.bias.data = parameters["gamma"].data, parameters["beta"].data
    for seed in range(5):
        x = torch.randn(
            8, 3, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        torch.testing.assert_close(ours(x, parameters, training=True), theirs(x))
        ours.commit(0.1)
    torch.testing.assert_close(ours.mean, theirs.running_mean)
    torch.testing.assert_close(ours.variance, theirs.running_var)
    torch.testing.assert_close(ours(x, parameters, training=False), theirs.eval()(x))


def test_a_forward_pass_does_not_change_the_population_statistics():
    norm = batch_norm((3, 4, 4))
    norm(torch.randn(8, 3, 4, 4, dtype=torch.float64), affine(3), training=True)
    assert norm.mean.eq(0).all() and norm.variance.eq(1).all()


@settings(max_examples=25)
@given(scale=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_batch_norm_is_invariant_to_the_scale_of_the_weights(scale, seed):
    """BN((aW)u) = BN(Wu), up to epsilon (2015, Sec. 3.3).

    The gradient with respect to aW is 1/a of the gradient with respect to W.
    """
    draw = torch.Generator().manual_seed(seed)
    norm = BatchNorm(tiny_spec(epsilon=1e-14), (4, 6, 6), CPU, torch.float64)
    u = torch.randn(5, 3, 6, 6, generator=draw, dtype=torch.float64)
    w = torch.randn(4, 3, 3, 3, generator=draw, dtype=torch.float64)
    dy = torch.randn(5, 4, 6, 6, generator=draw, dtype=torch.float64)
    results = []
    for weight in (w, w * scale):
        weight.requires_grad_()
        y = norm(conv2d(u, weight, padding=1), affine(4), training=True)
        results.append((y, torch.autograd.grad(y, weight, dy)[0]))
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(results[0][1], results[1][1] * scale, rtol=1e-7, atol=1e-9)


LP = {
    "l1": lambda x: np.abs(x).mean(0),
    "l2": lambda x: np.sqrt((x**2).mean(0) + 1e-5),
    "linf": lambda x: np.abs(x).max(0),
}


@pytest.mark.parametrize("name", LP)
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("shape", [(3, 4, 5), (7,)])
def test_lp_norms_follow_their_formula_and_their_gradient_agrees_with_finite_differences(
    name, centred, shape
):
    """A setting decides if the scale is taken before (2018, Sec. 3.3) or after centring."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(6, *shape, generator=draw, dtype=torch.float64).mul(2).add(0.7).requires_grad_()
    parameters = affine(shape[0])
    norm = NORMS[name](tiny_spec(lp_centred=centred), shape, CPU, torch.float64)
    y = norm(x, parameters, training=True)
    rows = x.detach().movedim(1, -1).reshape(-1, shape[0]).numpy()
    gamma, beta = (parameter.detach().numpy() for parameter in parameters.values())
    shifted = rows - rows.mean(0)
    epsilon = 0.0 if name == "l2" else 1e-5
    expected = gamma * shifted / (LP[name](shifted if centred else rows) + epsilon) + beta
    np.testing.assert_allclose(
        y.detach().movedim(1, -1).reshape(-1, shape[0]).numpy(), expected, rtol=1e-12
    )
    assert torch.autograd.gradcheck(
        lambda x, gamma, beta: norm(x, {"gamma": gamma, "beta": beta}, training=True),
        (x, *parameters.values()),
    )


def test_the_centred_l2_norm_is_batch_norm():
    x, parameters = torch.randn(8, 3, 4, 4, dtype=torch.float64) + 1, affine(3)
    centred = NORMS["l2"](tiny_spec(lp_centred=True), (3, 4, 4), CPU, torch.float64)
    torch.testing.assert_close(
        centred(x, parameters, True), batch_norm((3, 4, 4))(x, parameters, True)
    )


@settings(max_examples=20)
@given(scale=st.floats(0.01, 100), seed=st.integers(0, 1000), name=st.sampled_from(["batch", *LP]))
def test_every_batch_normalisation_is_invariant_to_the_scale_of_its_input(scale, seed, name):
    norm = NORMS[name](tiny_spec(epsilon=1e-14), (4, 6, 6), CPU, torch.float64)
    x = torch.randn(5, 4, 6, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    y, scaled = (norm(input, affine(4), training=True) for input in (x, x * scale))
    torch.testing.assert_close(y, scaled, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", LP)
def test_lp_norms_evaluate_with_population_averages(name):
    norm = NORMS[name](tiny_spec(), (3, 4, 4), CPU, torch.float64)
    x, parameters = torch.randn(8, 3, 4, 4, dtype=torch.float64) + 0.5, affine(3)
    trained = norm(x, parameters, training=True)
    assert not torch.allclose(norm(x, parameters, training=False), trained)
    norm.commit(1.0)
    torch.testing.assert_close(norm(x, parameters, training=False), trained)
    assert norm.state()["population"].shape == (2, 3)


TORCHS = {
    "layer": lambda channels: torch.nn.GroupNorm(1, channels),
    "group": lambda channels: torch.nn.GroupNorm(2, channels),
    "instance": lambda channels: torch.nn.GroupNorm(channels, channels),
}


@pytest.mark.parametrize("name", TORCHS)
def test_norms_of_one_example_agree_with_torch_and_ignore_the_batch(name):
    norm, theirs = (
        NORMS[name](tiny_spec(groups=8), (6, 4, 5), CPU, torch.float64),
        TORCHS[name](6).double(),
    )
    parameters = affine(6)
    theirs.weight.data, theirs.bias.data = parameters["gamma"].data, parameters["beta"].data
    x = (
        torch.randn(5, 6, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3
        + 1
    )
    y = norm(x, parameters, training=True)
    torch.testing.assert_close(y, theirs(x))
    assert y.equal(norm(x, parameters, training=False))
    torch.testing.assert_close(norm(x[:1], parameters, training=True), y[:1])


def test_layer_norm_of_units_agrees_with_torch():
    norm, theirs = (
        NORMS["layer"](tiny_spec(), (7,), CPU, torch.float64),
        torch.nn.LayerNorm(7).double(),
    )
    x = torch.randn(5, 7, dtype=torch.float64)
    torch.testing.assert_close(
        norm(x, {"gamma": theirs.weight, "beta": theirs.bias}, training=True), theirs(x)
    )


@pytest.mark.parametrize(
    ("asked", "channels", "groups"), [(8, 16, 8), (8, 100, 4), (8, 10, 2), (3, 16, 1), (32, 16, 16)]
)
def test_the_number_of_groups_divides_the_channels(asked, channels, groups):
    assert NORMS["group"].groups(tiny_spec(groups=asked), channels) == groups


def test_standardised_weights_have_rows_of_zero_mean_and_unit_length():
    norm = NORMS["weight"](tiny_spec(epsilon=1e-14), (4, 6, 6), CPU, torch.float64)
    weight = np.random.default_rng(0).normal(2, 3, (4, 3, 3, 3))
    rows = weight.reshape(4, -1) - weight.reshape(4, -1).mean(1, keepdims=True)
    expected = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).reshape(weight.shape)
    np.testing.assert_allclose(norm.weight(torch.from_numpy(weight)).numpy(), expected, rtol=1e-12)
    x, parameters = torch.randn(2, 4, 6, 6, dtype=torch.float64), affine(4)
    expected = x * parameters["gamma"].view(1, 4, 1, 1) + parameters["beta"].view(1, 4, 1, 1)
    torch.testing.assert_close(norm(x, parameters, training=True), expected)
    assert torch.autograd.gradcheck(norm.weight, torch.from_numpy(weight).requires_grad_())


NORMALISING = [name for name in NORMS if name not in ("none", "noise")]


@settings(max_examples=30)
@given(scale=st.floats(0.01, 100), seed=st.integers(0, 1000), name=st.sampled_from(NORMALISING))
def test_every_normalised_layer_is_invariant_to_the_scale_of_its_weights(scale, seed, name):
    """Norm((aW)u) = Norm(Wu), up to epsilon.

    The gradient with respect to aW is 1/a of the gradient with respect to W.
    """
    draw = torch.Generator().manual_seed(seed)
    norm = NORMS[name](tiny_spec(epsilon=1e-14, batch=5), (4, 6, 6), CPU, torch.float64)
    norm.draw(generator(seed, "noise"))
    u, w, dy = (
        torch.randn(shape, generator=draw, dtype=torch.float64)
        for shape in ((5, 3, 6, 6), (4, 3, 3, 3), (5, 4, 6, 6))
    )
    results = []
    for weight in (w.clone(), w * scale):
        weight.requires_grad_()
        y = norm(conv2d(u, norm.weight(weight), padding=1), affine(4), training=True)
        results.append((y, torch.autograd.grad(y, weight, dy)[0]))
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(results[0][1], results[1][1] * scale, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NORMS)
def test_every_normalisation_trains_and_evaluates(name):
    spec = tiny_spec(norm=name, steps=3, probes={"accuracy": 1, "evaluation": 1})
    values = [row.value for row in execute(spec)]
    assert len(values) > 6 and all(np.isfinite(values))


def test_noise_is_drawn_as_in_the_papers_listing():
    spec = tiny_spec(batch=256)
    noise = Noise(spec, (200, 6, 6), CPU, torch.float32)
    noise.draw(generator(0, "noise", "conv1", 0))
    shift, scale = (t.movedim(1, 0).reshape(200, -1).double() for t in (noise.shift, noise.scale))
    mu, sigma = shift.mean(1), scale.mean(1)  # 9216 draws for each channel
    assert mu.abs().max() <= 0.505 and 0.25 < mu.std() < 0.33  # U(-.5, .5): deviation .289
    # U(1, 1.25) has the standard deviation .072.
    assert sigma.min() >= 0.995 and sigma.max() <= 1.255 and 0.06 < sigma.std() < 0.085
    assert (shift - mu[:, None]).abs().max() <= 0.103  # U(mu - .1, mu + .1)
    torch.testing.assert_close(
        (shift - mu[:, None]).std(1), torch.full((200,), 0.1 / 3**0.5).double(), rtol=0.05, atol=0
    )
    torch.testing.assert_close(
        (scale - sigma[:, None]).std(1), torch.full((200,), 0.1).double(), rtol=0.05, atol=0
    )


def test_noise_is_fixed_within_a_step_and_changes_between_steps():
    noise = Noise(tiny_spec(), (3, 4, 4), CPU, torch.float32)
    x = torch.randn(16, 3, 4, 4)
    noise.draw(generator(0, "noise", "conv1", 0))
    first, again = noise(x, {}, training=True), noise(x, {}, training=True)
    noise.draw(generator(0, "noise", "conv1", 1))
    assert first.equal(again) and not first.equal(noise(x, {}, training=True))
    assert noise(x, {}, training=False).equal(x)


def test_noisy_batch_norm_is_batch_norm_then_noise():
    noisy = NORMS["noisy"](tiny_spec(), (3, 4, 4), CPU, torch.float64)
    noisy.draw(generator(0, "noise", "conv1", 0))
    x, parameters = torch.randn(16, 3, 4, 4, dtype=torch.float64), affine(3)
    expected = batch_norm((3, 4, 4))(x, parameters, training=True) * noisy.scale + noisy.shift
    torch.testing.assert_close(noisy(x, parameters, training=True), expected)
