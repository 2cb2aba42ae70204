"""L(θ) and ∇L(θ), checked against torch.nn, and the fairness of a comparison."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bnviz.training import task as task_module
from bnviz.training.objective import Objective
from bnviz.training.probes.activations import chosen_unit
from bnviz.training.task import task
from tests import oracle
from tests.conftest import tiny_spec


def objective(**settings: object) -> Objective:
    spec = tiny_spec(**({"precision": "float64"} | settings))
    return Objective(spec, task(spec, torch.device("cpu"), getattr(torch, spec.precision)))


@pytest.mark.parametrize("norm", ["none", "batch", "noisy", "noise"])
@pytest.mark.parametrize(
    "settings", [{}, {"l2": 1e-2, "hidden": (256, 512), "norm_hidden": True, "model": "vgg13"}]
)
def test_loss_and_gradient_agree_with_a_torch_network(norm, settings):
    ours = objective(norm=norm, **settings)
    theta, batch = ours.initial(), ours.task.batch(0)
    theta += 0.01 * torch.randn(
        theta.shape, generator=torch.Generator().manual_seed(0), dtype=theta.dtype
    )
    ours.draw_noise(0)
    evaluation = ours.evaluate(theta, batch)
    model = oracle.network(ours, theta)
    loss = oracle.loss(model, batch.inputs, batch.targets, ours.spec.l2)
    loss.backward()
    gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
    torch.testing.assert_close(evaluation.loss, loss.detach())
    torch.testing.assert_close(evaluation.gradient, gradient, rtol=1e-8, atol=1e-10)
    assert gradient.norm() > 1e-3


def test_views_are_views_and_cover_theta_once():
    ours = objective(norm="batch")
    theta = torch.arange(float(ours.size))
    views = ours.views(theta)
    joined = torch.cat(
        [view.flatten() for parameters in views.values() for view in parameters.values()]
    )
    assert joined.equal(theta)
    assert torch.cat([stretch for _, stretch in ours.layers(theta)]).equal(theta)
    theta.zero_()
    assert views["conv1"]["weight"].eq(0).all()


def test_compared_networks_differ_only_in_their_normalisation():
    """Initial weights, batches and sampled units depend on neither normalisation nor probes."""
    reference = objective(norm="none")
    for norm in ("batch", "noisy", "noise"):
        other = objective(norm=norm, probes={"landscape": 3})
        ours, theirs = reference.views(reference.initial()), other.views(other.initial())
        for layer in ours:
            assert ours[layer]["weight"].equal(theirs[layer]["weight"])
        for step in (0, 1, 300):
            assert reference.task.batch(step).inputs.equal(other.task.batch(step).inputs)
            assert reference.task.batch(step).targets.equal(other.task.batch(step).targets)
    assert chosen_unit(0, "conv1", 64) == chosen_unit(0, "conv1", 64)
    assert len({chosen_unit(seed, "conv1", 64) for seed in range(50)}) > 20


def test_initial_weights_are_glorot_uniform():
    ours = objective(norm="none", width=0.25)
    for parameters in ours.views(ours.initial()).values():
        weight = parameters["weight"]
        fan_out, fan_in = weight.shape[0] * weight[0, 0].numel(), weight[0].numel()
        bound = (6 / (fan_in + fan_out)) ** 0.5
        assert weight.abs().max() <= bound and weight.abs().max() > 0.95 * bound
        assert parameters["bias"].eq(0).all()


def test_an_epoch_shows_every_image_once_and_epochs_differ():
    task = objective(batch=100).task
    per_epoch = task.count // 100
    first = torch.cat([task.batch(step).inputs.flatten(1).sum(1) for step in range(per_epoch)])
    second = torch.cat(
        [task.batch(step).inputs.flatten(1).sum(1) for step in range(per_epoch, 2 * per_epoch)]
    )
    assert not first.equal(second)
    torch.testing.assert_close(first.sort().values, second.sort().values)


def test_inputs_are_standardised_by_the_training_set():
    task = objective(batch=4000).task
    inputs = task.batch(0).inputs
    torch.testing.assert_close(inputs.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(inputs.std((0, 2, 3), correction=0), torch.ones(3).double())


def test_a_channel_that_is_the_same_everywhere_is_divided_by_one(monkeypatch):
    images = np.full((3, 2, 2, 2), 7, np.uint8)
    images[0, ..., 1] = 10
    monkeypatch.setattr(task_module, "read", lambda name: SimpleNamespace(train_images=images))
    mean, deviation = task_module.pixel_statistics.__wrapped__("grey")
    assert mean == pytest.approx([7, 8])
    assert deviation == pytest.approx([1, 2**0.5])


def test_augmentation_crops_and_flips_and_keeps_labels():
    plain, augmented = objective().task, objective(augment=True).task
    before, after = plain.batch(0), augmented.batch(0)
    assert before.targets.equal(after.targets) and before.inputs.shape == after.inputs.shape
    assert not before.inputs.equal(after.inputs)
    assert augmented.batch(0).inputs.equal(after.inputs)
    pixels = augmented._augmented(torch.full((4, 32, 32, 3), 7, dtype=torch.uint8), 3)
    assert set(pixels.unique().tolist()) <= {0, 7}
    ramp = torch.arange(32).repeat(4, 32, 1)[..., None].expand(4, 32, 32, 3).to(torch.uint8)
    inside = augmented._augmented(ramp, 3)[:, 8:-8, 8:-8, 0].int().diff(dim=2)
    assert all(set(image.unique().tolist()) in ({1}, {-1}) for image in inside)


def linear_map(**settings: object) -> Objective:
    linear = {"model": "dln", "data": "gaussian", "width": 1.0, "batch": 1000}
    return objective(**(linear | settings))


def test_the_deep_linear_network_is_a_product_of_matrices_and_its_loss_a_sum_of_squares():
    ours = linear_map(norm="none", loss_factor=0.5)
    theta, task = ours.initial(), ours.task
    batch = task.batch(0)
    matrix = torch.linalg.lstsq(batch.inputs, batch.targets).solution.T
    torch.testing.assert_close(batch.inputs @ matrix.T, batch.targets)
    assert (
        0.5 < matrix.std() < 1.5
        and abs(float(batch.inputs.std()) - 1) < 0.05
        and batch.inputs.shape == (1000, 10)
    )
    product = torch.eye(10, dtype=torch.float64)
    for parameters in ours.views(theta).values():
        product = parameters["weight"] @ product
    expected = 0.5 * (batch.inputs @ (product - matrix).T).square().sum()
    torch.testing.assert_close(ours.evaluate(theta, batch).loss, expected)
    twice = linear_map(norm="none", loss_factor=1.0)
    torch.testing.assert_close(twice.evaluate(theta, twice.task.batch(0)).loss, 2 * expected)


def test_gaussian_samples_depend_only_on_the_seed():
    first, same, other = (
        linear_map(**settings).task.batch(0)
        for settings in ({}, {"norm": "batch", "depth": 3}, {"seed": 1})
    )
    assert first.inputs.equal(same.inputs) and first.targets.equal(same.targets)
    assert not first.inputs.equal(other.inputs)


def test_a_full_batch_has_one_order_and_smaller_ones_are_shuffled():
    full, part = linear_map().task, linear_map(batch=100).task
    assert full.batch(0).inputs.equal(full.batch(7).inputs)
    assert not part.batch(0).inputs.equal(part.batch(10).inputs)
    sums = [
        torch.cat([part.batch(s).inputs.sum(1) for s in range(e * 10, e * 10 + 10)]).sort().values
        for e in (0, 1)
    ]
    assert sums[0].equal(sums[1])


def test_a_summed_test_loss_is_per_full_batch_whatever_the_size_of_the_last_one():
    task = linear_map(batch=300).task
    outputs = torch.zeros(100, 10, dtype=torch.float64)
    last = list(task.test_batches())[-1]
    assert len(last.targets) == 100
    torch.testing.assert_close(
        task.loss(outputs, last.targets), 0.5 * 3 * last.targets.square().sum()
    )


def test_binary_pixels_are_one_from_half_the_range_on():
    task = objective(pixels="binary").task
    chosen = task._order(0)[:16]
    expected = (task.images[chosen].permute(0, 3, 1, 2) >= 128).double()
    assert task.batch(0).inputs.equal(expected)


def test_gaussian_initial_weights_have_the_chosen_standard_deviation():
    ours = objective(norm="none", width=0.5, init="gaussian", init_std=0.03)
    weight = ours.views(ours.initial())["conv8"]["weight"]
    assert float(weight.std()) == pytest.approx(0.03, rel=0.02) and abs(float(weight.mean())) < 1e-3
