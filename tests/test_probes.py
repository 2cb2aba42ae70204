"""Every probe, checked against an independent computation.

A probe must not change the training that it measures. The tests compare the final states bit by
bit, with and without each probe.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
import torch

from bnviz.training import probes, vectors
from bnviz.training.loop import Moment, Training, execute
from bnviz.training.probes import (
    Reading,
    Row,
    activations,
    covariate_shift,
    evaluation,
    landscape,
    read,
)
from tests import oracle
from tests.conftest import ALL_PROBES, tiny_spec

NORMS = ("none", "batch", "noisy", "noise")


def moment(**settings: object) -> Moment:
    """Return the third step of a tiny training in float64, as a probe sees it."""
    settings = {
        "precision": "float64",
        "momentum": 0.9,
        "lr": 0.05,
        "width": 1 / 16,
        "probes": {},
    } | settings
    training = Training(tiny_spec(**settings))
    for _ in range(2):
        training.advance()
    seen: list[Moment] = []
    recorder = types.SimpleNamespace(measure=lambda moment: seen.append(moment) or [], TAPS=True)
    probes.PROBES["recorder"] = recorder
    try:
        training._due = lambda step: {"recorder": 1}  # type: ignore[method-assign]
        training.advance()
    finally:
        del probes.PROBES["recorder"]
    return seen[0]


def frame(measured: Iterable[Reading | Row]) -> pd.DataFrame:
    measured = list(measured)
    rows = read(measured) if isinstance(measured[0], Reading) else measured
    return pd.DataFrame(rows, columns=Row._fields)


def shift_oracle(at: Moment, moved: str) -> list[tuple[float, float]]:
    """Compute Definition 2.1 (2018) for every layer, on deep copies of the network.

    `moved` says which layers have made their update.
    """
    before = oracle.network(at.objective, at.theta)
    after = oracle.network(at.objective, at.theta_next)
    results = []
    for layer in range(len(at.objective.blocks)):
        mixed = copy.deepcopy(before)
        sets = {
            "preceding": range(layer),
            "up to": range(layer + 1),
            "following": range(layer + 1, len(at.objective.blocks)),
            "all": range(len(at.objective.blocks)),
        }
        for index in sets[moved]:
            updated = oracle.parameters_by_layer(after)[index]
            for parameter, new in zip(
                oracle.parameters_by_layer(mixed)[index], updated, strict=True
            ):
                parameter.data.copy_(new.data)
        gradients = []
        for model in (copy.deepcopy(before), mixed):
            weight = oracle.weight_layers(model)[layer].weight
            loss = oracle.loss(model, at.batch.inputs, at.batch.targets, at.spec.l2)
            gradients.append(torch.autograd.grad(loss, weight)[0].flatten())
        g, h = gradients
        results.append((float((g - h).norm()), float(g @ h / (g.norm() * h.norm()))))
    return results


@pytest.mark.parametrize("norm", NORMS)
def test_covariate_shift_follows_definition_2_1_in_every_layer(norm):
    at = moment(norm=norm, l2=1e-3)
    rows = frame(covariate_shift.measure(at))
    ours = np.stack(
        [rows[rows.metric == "ics_l2"].value, rows[rows.metric == "ics_cosine"].value], axis=1
    )
    assert list(rows[rows.metric == "ics_l2"].layer) == [
        block.name for block in at.objective.blocks
    ]
    np.testing.assert_allclose(ours, shift_oracle(at, "preceding"), rtol=1e-6, atol=1e-9)
    for wrong in ("up to", "following", "all"):
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(ours, shift_oracle(at, wrong), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("norm", NORMS)
def test_the_first_layer_has_no_covariate_shift(norm):
    rows = frame(execute(tiny_spec(norm=norm, probes={"covariate_shift": 1}, width=1 / 16)))
    first = rows[rows.layer == "conv1"]
    assert (first[first.metric == "ics_l2"].value == 0).all()
    assert (first[first.metric == "ics_cosine"].value - 1).abs().max() < 1e-6
    assert rows[(rows.metric == "ics_l2") & (rows.layer != "conv1")].value.max() > 0


def test_a_zero_gradient_has_no_cosine():
    assert vectors.cosine(torch.zeros(3), torch.tensor([3.0, 4.0, 0.0])).isnan()
    assert vectors.distance(torch.zeros(3), torch.tensor([3.0, 4.0, 0.0])) == 5


@pytest.mark.parametrize("norm", NORMS)
def test_landscape_agrees_with_a_copied_model_moved_along_its_gradient(norm):
    at = moment(norm=norm, l2=1e-3, random_direction=True)
    rows = frame(landscape.measure(at))
    start = oracle.network(at.objective, at.theta)
    oracle.loss(start, at.batch.inputs, at.batch.targets, at.spec.l2).backward()
    g = [p.grad.clone() for p in start.parameters()]
    length = torch.cat([t.flatten() for t in g]).norm()
    assert rows[(rows.metric == "gradient_norm") & rows.layer.isna()].value.item() == pytest.approx(
        float(length)
    )
    weights = torch.cat([layer.weight.flatten() for layer in oracle.weight_layers(start)])
    assert rows[(rows.metric == "weight_norm") & rows.layer.isna()].value.item() == pytest.approx(
        float(weights.detach().norm())
    )
    losses = rows[rows.metric == "loss_along"].set_index("at").value
    cosines = rows[rows.metric == "gradient_cosine"].set_index("at").value
    distances = rows[(rows.metric == "gradient_distance") & rows.layer.isna()].set_index("at").value
    assert list(losses.index) == [multiple * at.spec.lr for multiple in at.spec.step_sizes]
    for eta in losses.index:
        walked = copy.deepcopy(start)
        walked.zero_grad()
        for parameter, gradient in zip(walked.parameters(), g, strict=True):
            parameter.data -= eta * gradient
        loss = oracle.loss(walked, at.batch.inputs, at.batch.targets, at.spec.l2)
        loss.backward()
        there = torch.cat([p.grad.flatten() for p in walked.parameters()])
        here = torch.cat([q.flatten() for q in g])
        assert losses[eta] == pytest.approx(float(loss.detach()), rel=1e-8)
        assert distances[eta] == pytest.approx(float((there - here).norm()), rel=1e-6)
        assert cosines[eta] == pytest.approx(
            float(torch.cosine_similarity(there, here, dim=0)), abs=1e-9
        )


def test_norms_of_the_layers_add_up_to_the_norm_of_the_whole():
    rows = frame(landscape.measure(moment(norm="batch")))
    of_layers = ["gradient_norm", "gradient_distance", "weight_norm"]
    for _, group in rows[rows.metric.isin(of_layers)].groupby(["metric", "at"], dropna=False):
        whole, parts = group[group.layer.isna()].value.item(), group[group.layer.notna()].value
        assert whole == pytest.approx(float(np.sqrt((parts**2).sum())))


def test_the_random_direction_is_as_long_as_the_gradient():
    at = moment(norm="batch")
    direction = landscape.random_direction(at)
    assert float(direction.norm()) == pytest.approx(float(at.evaluation.gradient.norm()))
    assert abs(float(torch.cosine_similarity(direction, at.evaluation.gradient, dim=0))) < 0.1
    assert direction.equal(landscape.random_direction(at))


@pytest.mark.parametrize("norm", NORMS)
def test_activations_are_the_inputs_of_every_relu(norm):
    at = moment(norm=norm)
    at = Moment(**(vars(at) | {"interval": 2}))
    rows = frame(activations.measure(at))
    model = oracle.network(at.objective, at.theta)
    seen: list[np.ndarray] = []
    for module in model:
        if isinstance(module, torch.nn.ReLU):
            module.register_forward_pre_hook(
                lambda _, inputs: seen.append(inputs[0].detach().numpy())
            )
    model(at.batch.inputs)
    hidden = [block for block in at.objective.blocks if block.activation]
    assert len(seen) == len(hidden) == rows.layer.nunique()
    for block, x in zip(hidden, seen, strict=True):
        unit = activations.chosen_unit(at.spec.seed, block.name, x.shape[1])
        for channel, values in ((unit, x[:, unit].ravel()), (None, x.ravel())):
            of_layer = rows[
                (rows.layer == block.name)
                & (rows.unit.isna() if channel is None else rows.unit == channel)
            ]
            of = dict(iter(of_layer.groupby("metric")))
            assert of["activation_mean"].value.item() == pytest.approx(values.mean(), abs=1e-9)
            assert of["activation_variance"].value.item() == pytest.approx(values.var(), abs=1e-9)
            quantile, bins = of["activation_quantile"], of["activation_histogram"]
            np.testing.assert_allclose(
                quantile.value, np.quantile(values, quantile["at"]), atol=1e-9
            )
            edges = np.append(bins["at"], np.inf)
            edges[0] = -np.inf  # the outer bins include the extremes despite rounding
            np.testing.assert_array_equal(bins.value, np.histogram(values, edges)[0])
            assert bins.value.sum() == len(values) and len(bins) == 40


def test_evaluation_agrees_with_a_torch_network_in_evaluation_mode():
    training = Training(tiny_spec(norm="batch", precision="float64", l2=1e-3))
    for _ in range(3):
        training.advance()
    objective, theta = training.objective, training.theta
    model = oracle.network(objective, theta).eval()
    norms = [module for module in model if isinstance(module, torch.nn.BatchNorm2d)]
    for ours, theirs in zip([n for n in objective.norms.values() if n.state()], norms, strict=True):
        theirs.running_mean, theirs.running_var = ours.mean, ours.variance
    with torch.no_grad():
        images = torch.cat([batch.inputs for batch in objective.task.test_batches()])
        loss = oracle.loss(model, images, objective.task.test_targets, l2=1e-3)
        right = (model(images).argmax(1) == objective.task.test_targets).double().mean()
    rows = frame(evaluation.finish(objective, theta, 3)).set_index("metric").value
    assert rows["test_loss"] == pytest.approx(float(loss)) and rows[
        "test_accuracy"
    ] == pytest.approx(float(right))


def test_exact_population_statistics_are_averages_over_the_training_set():
    training = Training(tiny_spec(norm="batch", precision="float64", population="exact", batch=200))
    training.advance()
    objective, first = training.objective, training.objective.blocks[0]
    kept = {name: value.clone() for name, value in objective.state().items()}
    rows = frame(evaluation.finish(objective, training.theta, 1)).set_index("metric").value
    assert all(value.equal(kept[name]) for name, value in objective.state().items())
    evaluation.average_over_training_set(objective, objective.views(training.theta))
    weight = objective.views(training.theta)[first.name]["weight"]
    outputs = [
        torch.nn.functional.conv2d(b.inputs, weight, padding=1)
        for b in objective.task.training_batches()
    ]
    norm = objective.norms[first.name]
    torch.testing.assert_close(norm.mean, torch.stack([y.mean((0, 2, 3)) for y in outputs]).mean(0))
    torch.testing.assert_close(
        norm.variance, torch.stack([y.var((0, 2, 3)) for y in outputs]).mean(0)
    )
    running = frame(
        evaluation.finish(Training(tiny_spec(norm="batch")).objective, training.theta.float(), 1)
    )
    assert rows["test_loss"] != pytest.approx(running.set_index("metric").value["test_loss"])


def final_state(measured: dict[str, int], **settings: object) -> dict[str, torch.Tensor]:
    spec = tiny_spec(
        **{
            "norm": "noisy",
            "momentum": 0.9,
            "steps": 5,
            "random_direction": True,
            "probes": measured,
        }
        | settings
    )
    training = Training(spec)
    while not training.finished:
        training.advance()
    # Only the surface probe reads the parameters that it has kept.
    return {
        name: value.clone()
        for name, value in training.state().items()
        if not name.startswith("kept.surface.")
    }


def assert_same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys() and len(a) > 10
    for name in a:
        assert a[name].equal(b[name]), name


@pytest.mark.parametrize(
    "measured", [*({name: interval} for name, interval in ALL_PROBES.items()), ALL_PROBES], ids=str
)
@pytest.mark.parametrize("population", ["running", "exact"])
def test_a_probe_leaves_no_trace(measured, population):
    """Parameters, population statistics and momentum end in the same bits.

    Each probe measures at steps 0, 2 and 4.
    """
    state = torch.get_rng_state()
    assert_same_bits(
        final_state(measured, population=population), final_state({}, population=population)
    )
    assert torch.get_rng_state().equal(state)


def test_a_probe_that_overflows_leaves_no_trace():
    """A step size of 1e6 overflows some batch statistics. The training must not change."""
    reckless = {"norm": "batch", "momentum": 0.0, "lr": 100.0, "step_sizes": (1.0, 1e6), "steps": 3}
    with_probe, without = (final_state(measured, **reckless) for measured in ({"landscape": 1}, {}))
    assert with_probe["theta"].isfinite().all()
    assert_same_bits(with_probe, without)


def test_the_test_above_catches_a_probe_that_touches_the_population_statistics(monkeypatch):
    def measure(moment: Moment) -> list[Row]:
        moment.objective.outputs(moment.objective.views(moment.theta), moment.batch.inputs)
        moment.objective.commit()
        return []

    monkeypatch.setitem(
        probes.PROBES, "evaluation", types.SimpleNamespace(measure=measure, finish=lambda *a: [])
    )
    with pytest.raises(AssertionError):
        assert_same_bits(final_state({"evaluation": 2}), final_state({}))


def test_every_metric_arrives_with_its_layer_and_unit():
    rows = frame(execute(tiny_spec(norm="noisy", probes=ALL_PROBES, random_direction=True)))
    expected = [
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "penalty",
        "loss_along",
        "gradient_distance",
        "loss_along_random",
        "gradient_distance_random",
        "gradient_norm",
        "ics_l2",
        "ics_cosine",
        "activation_quantile",
        "activation_mean",
        "activation_variance",
        "activation_histogram",
        "hessian_top",
        "batch_sharpness",
        "gradient_curvature",
    ]
    assert set(expected) <= set(rows.metric)
    assert rows.step.is_monotonic_increasing and rows[rows.metric == "test_loss"].step.tolist() == [
        0,
        2,
        4,
    ]
    moments = rows[rows.metric == "activation_mean"]
    assert moments.step.unique().tolist() == [0, 1, 2, 3]
