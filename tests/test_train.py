"""The training loop: it agrees with torch, records divergence, and continues bit by bit."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from bnviz import execute
from bnviz.runs.run import outcome
from bnviz.training.loop import Training, learning_rate
from bnviz.training.task import Task
from tests import oracle
from tests.conftest import ALL_PROBES, tiny_spec


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_training_is_sgd_on_a_torch_network(momentum):
    spec = tiny_spec(norm="batch", precision="float64", momentum=momentum, l2=1e-3, lr=0.05)
    training = Training(spec)
    model = oracle.network(training.objective, training.theta)
    optimizer = torch.optim.SGD(model.parameters(), lr=spec.lr, momentum=momentum)
    while not training.finished:
        batch = training.objective.task.batch(training.step)
        optimizer.zero_grad()
        loss = oracle.loss(model, batch.inputs, batch.targets, spec.l2)
        loss.backward()
        optimizer.step()
        training.advance()
        rows = {row.metric: row.value for row in training.fetch()}
        assert rows["train_loss"] == pytest.approx(float(loss.detach()), rel=1e-9)
    expected = torch.cat([p.detach().flatten() for p in model.parameters()])
    torch.testing.assert_close(training.theta, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("adadelta", lambda parameters: torch.optim.Adadelta(parameters, lr=0.05)),
        ("adam", lambda parameters: torch.optim.Adam(parameters, lr=0.05)),
        ("adamw", lambda parameters: torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.3)),
    ],
)
def test_optimisers_on_one_flat_theta_agree_with_torch_on_many_parameters(name, theirs):
    spec = tiny_spec(
        norm="batch", precision="float64", optimizer=name, lr=0.05, weight_decay=0.3, steps=6
    )
    training = Training(spec)
    model = oracle.network(training.objective, training.theta)
    optimizer = theirs(model.parameters())
    while not training.finished:
        batch = training.objective.task.batch(training.step)
        optimizer.zero_grad()
        oracle.loss(model, batch.inputs, batch.targets).backward()
        optimizer.step()
        training.advance()
    expected = torch.cat([p.detach().flatten() for p in model.parameters()])
    torch.testing.assert_close(training.theta, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        (
            {"schedule": "constant"},
            lambda optimizer: schedulers.LambdaLR(optimizer, lambda step: 1.0),
        ),
        (
            {"schedule": "step", "decay": 0.7, "decay_every": 3},
            lambda o: schedulers.StepLR(o, 3, 0.7),
        ),
        (
            {"schedule": "cosine"},
            lambda optimizer: schedulers.CosineAnnealingLR(optimizer, T_max=20),
        ),
        (
            {"warmup": 5},
            lambda optimizer: schedulers.LinearLR(optimizer, start_factor=1 / 5, total_iters=4),
        ),
    ],
)
def test_schedules_agree_with_torch(settings, theirs):
    spec = tiny_spec(lr=0.3, steps=20, **settings)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=spec.lr)
    scheduler = theirs(optimizer)
    for step in range(spec.steps):
        assert learning_rate(spec, step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        scheduler.step()


def test_the_schedule_changes_the_optimiser_and_the_step_sizes_of_the_landscape():
    spec = tiny_spec(
        schedule="step", decay=0.5, decay_every=1, lr=0.1, steps=3, probes={"landscape": 1}
    )
    training, moved, etas = Training(spec), [], []
    while not training.finished:
        before = training.theta.clone()
        training.advance()
        rows = training.fetch()
        gradient = next(
            row.value for row in rows if row.metric == "gradient_norm" and row.layer is None
        )
        moved.append(float((training.theta - before).norm()) / gradient)
        etas.append([row.at for row in rows if row.metric == "loss_along"])
    assert moved == pytest.approx([0.1, 0.05, 0.025], rel=1e-4)
    assert etas == [[pytest.approx(lr * k) for k in spec.step_sizes] for lr in (0.1, 0.05, 0.025)]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("norm", ["none", "batch", "l1"])
def test_at_full_batch_the_loss_one_step_along_the_gradient_equals_the_next_loss_bitwise(
    norm, precision
):
    spec = tiny_spec(
        model="dln",
        data="gaussian",
        depth=5,
        width=1.0,
        batch=1000,
        lr=1e-5,
        norm=norm,
        steps=20,
        precision=precision,
        step_sizes=(0.1, 1.0, 10.0),
        probes={"accuracy": 1, "landscape": 1},
    )
    rows = pd.DataFrame(execute(spec))
    along = rows[(rows.metric == "loss_along") & (rows["at"] == spec.lr)].set_index("step").value
    losses = rows[rows.metric == "train_loss"].set_index("step").value
    assert len(losses) == 20 and losses.iloc[-1] < losses.iloc[0]
    assert along.iloc[:-1].tolist() == losses.iloc[1:].tolist()


@pytest.mark.parametrize("optimizer", ["adadelta", "adam", "adamw"])
def test_every_optimiser_continues_from_its_state_to_the_same_bits(optimizer):
    spec = tiny_spec(norm="batch", optimizer=optimizer, schedule="cosine", warmup=2, steps=5)
    whole, first, second = (Training(spec) for _ in range(3))
    while not whole.finished:
        whole.advance()
    for _ in range(2):
        first.advance()
    second.restore({name: value.clone() for name, value in first.state().items()}, 2)
    while not second.finished:
        second.advance()
    for name, value in whole.state().items():
        assert second.state()[name].equal(value), name


def test_the_same_settings_give_the_same_rows_bitwise():
    spec = tiny_spec(norm="noisy", probes=ALL_PROBES)
    pd.testing.assert_frame_equal(pd.DataFrame(execute(spec)), pd.DataFrame(execute(spec)))


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_continuing_from_a_state_gives_the_same_rows_and_bits(cut):
    spec = tiny_spec(norm="noisy", momentum=0.9, probes=ALL_PROBES, steps=5)
    whole, first = Training(spec), Training(spec)
    rows = []
    while not whole.finished:
        whole.advance()
        rows += whole.fetch()
    for _ in range(cut):
        first.advance()
    kept = first.fetch()
    second = Training(spec)
    second.restore({name: value.clone() for name, value in first.state().items()}, cut)
    while not second.finished:
        second.advance()
    kept += second.fetch()
    assert len(kept) == len(rows)
    pd.testing.assert_frame_equal(pd.DataFrame(kept), pd.DataFrame(rows))
    for name, value in whole.state().items():
        assert second.state()[name].equal(value), name


def test_divergence_ends_the_rows_with_a_loss_that_is_not_finite():
    spec = tiny_spec(norm="none", lr=1000.0, steps=50, probes=ALL_PROBES)
    rows = pd.DataFrame(execute(spec))
    losses = rows[rows.metric == "train_loss"].set_index("step").value
    assert (
        losses.index[-1] < 49
        and not math.isfinite(losses.iloc[-1])
        and losses.iloc[:-1].map(math.isfinite).all()
    )
    assert rows.step.max() == losses.index[-1]


def test_a_state_of_another_version_is_refused():
    training = Training(tiny_spec())
    with pytest.raises(ValueError, match="visited, which this version does not know"):
        training.restore(training.state() | {"visited.0": training.theta}, 0)


def test_a_frame_of_rows_has_the_schema():
    rows = pd.DataFrame(execute(tiny_spec(steps=1)))
    assert list(rows.columns) == ["step", "metric", "layer", "unit", "at", "value"]


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_network_with_non_finite_outputs_has_no_accuracy(norm):
    """argmax of NaN is class 0, which would be right for one image in ten."""
    spec = tiny_spec(
        norm=norm, width=0.125, lr=1000.0, steps=2, probes={"accuracy": 1, "evaluation": 1}
    )
    measured = pd.DataFrame(execute(spec))
    rows = measured.set_index(["metric", "step"])["value"]
    assert math.isnan(rows["test_loss", 2]) and math.isnan(rows["test_accuracy", 2])
    # Finite outputs still give an accuracy.
    assert rows["test_accuracy", 0] == pytest.approx(0.1, abs=0.01)
    assert outcome(measured, spec.steps) == {"diverged_at": 2}


def test_the_step_at_which_training_diverges_has_a_gap_in_its_accuracy():
    spec = tiny_spec(
        norm="none", width=0.125, lr=1000.0, steps=9, probes={"accuracy": 4, "evaluation": 4}
    )
    measured = pd.DataFrame(execute(spec))
    rows = measured.set_index(["metric", "step"])["value"]
    assert rows["train_accuracy"].isna().to_dict() == {0: False, 2: True}
    assert outcome(measured, spec.steps) == {"diverged_at": 2}


def test_an_example_with_non_finite_outputs_is_neither_right_nor_wrong():
    outputs = torch.tensor([[1.0, 2.0], [3.0, 0.0], [torch.nan, 1.0], [torch.inf, 1.0]])
    hits = Task.hits(outputs, torch.tensor([1, 1, 1, 0]))
    torch.testing.assert_close(
        hits, torch.tensor([1, 0, torch.nan, torch.nan], dtype=torch.float64), equal_nan=True
    )
