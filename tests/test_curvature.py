"""The curvature probe, checked against the full Hessian of a small network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bnviz.training import vectors
from bnviz.training.probes import curvature, landscape
from tests.test_probes import frame, moment


def small(**changed: object) -> dict[str, object]:
    """Return settings of a network so small that its full Hessian can be computed."""
    return {
        "model": "dln",
        "data": "gaussian",
        "depth": 4,
        "width": 0.3,
        "batch": 100,
        "lr": 1e-4,
    } | changed


def hessian(at) -> np.ndarray:
    def loss(theta: torch.Tensor) -> torch.Tensor:
        return at.objective.loss(at.objective.views(theta), at.batch)[0]

    return torch.autograd.functional.hessian(loss, at.theta).numpy()


@pytest.mark.parametrize("norm", ["none", "batch", "l1"])
def test_top_eigenvalue_and_sharpness_agree_with_the_full_hessian(norm):
    at = moment(**small(norm=norm, l2=1e-3))
    rows = frame(curvature.measure(at)).set_index("metric").value
    whole, g = hessian(at), at.evaluation.gradient.numpy()
    assert rows["hessian_top"] == pytest.approx(np.linalg.eigvalsh(whole).max(), rel=1e-2)
    assert rows["batch_sharpness"] == pytest.approx(g @ whole @ g / (g @ g), rel=1e-8)
    length = np.linalg.norm
    assert rows["gradient_curvature"] == pytest.approx(length(whole @ g) / length(g), rel=1e-8)


def test_effective_beta_tends_to_the_gradient_curvature_for_small_steps():
    at = moment(**small(norm="batch", step_sizes=(1e-3,)))
    small_steps = frame(landscape.measure(at))
    told = small_steps[small_steps.layer.isna()].set_index("metric").value
    beta = told["gradient_distance"] / (1e-3 * at.spec.lr * told["gradient_norm"])
    limit = frame(curvature.measure(at)).set_index("metric").value["gradient_curvature"]
    assert beta == pytest.approx(limit, rel=1e-2)


def test_the_hessian_vector_product_is_the_hessian_times_the_vector():
    at = moment(**small(norm="batch"))
    vector = torch.randn(
        at.theta.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    ours = at.objective.curvature(at.theta, at.batch)(vector)
    np.testing.assert_allclose(ours.numpy(), hessian(at) @ vector.numpy(), rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize(
    "eigenvalues",
    [
        (3.0, 1.0, -2.0),
        (-5.0, 1.0, 2.0),
        (-5.0, -4.0, -0.5),
        (0.0, 0.0, 0.0),
        (-10.0, 1.0, *[0.0] * 500),
        tuple(sign * value for value in (3.0, 2.0, 1.0, 0.01) for sign in (1, -1)),
        tuple(np.linspace(-100, 7, 300)),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_largest_eigenvalue_is_found_beside_negative_ones_of_the_same_size(eigenvalues, seed):
    spectrum = torch.tensor(eigenvalues, dtype=torch.float64)
    start = torch.randn(
        len(spectrum), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    assert curvature.largest(lambda vector: spectrum * vector, start) == pytest.approx(
        max(eigenvalues), rel=2e-3
    )


@pytest.mark.parametrize("depth", [2, 6])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_the_top_eigenvalue_at_step_0_of_a_deep_linear_network_does_not_depend_on_the_start(
    norm, depth
):
    at = moment(**small(norm=norm, depth=depth, init="gaussian", init_std=0.01))
    top = np.linalg.eigvalsh(hessian(at)).max()
    product = at.objective.curvature(at.theta, at.batch)
    for seed in range(3):
        start = torch.randn(
            at.theta.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        assert curvature.largest(product, start) == pytest.approx(top, rel=1e-2)


def test_an_overflow_has_no_eigenvalue():
    assert np.isnan(
        curvature.largest(lambda vector: vector * float("inf"), torch.ones(3, dtype=torch.float64))
    )


def test_a_zero_gradient_has_no_sharpness():
    assert vectors.quotient(torch.zeros(3), torch.zeros(3)).isnan()
