"""The loop: an SGD that anyone would recognise, divergence as a result, and going on to the same bits."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch

from bnviz import execute
from bnviz.train import Training
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
        loss = oracle.loss(model, batch.inputs, batch.labels, spec.l2)
        loss.backward()
        optimizer.step()
        rows = {row.metric: row.value for row in training.advance()}
        assert rows["train_loss"] == pytest.approx(float(loss.detach()), rel=1e-9)
    expected = torch.cat([p.detach().flatten() for p in model.parameters()])
    torch.testing.assert_close(training.theta, expected, rtol=1e-7, atol=1e-9)


def test_the_same_question_has_the_same_answer_to_the_bit():
    spec = tiny_spec(norm="noisy", probes=ALL_PROBES)
    pd.testing.assert_frame_equal(pd.DataFrame(execute(spec)), pd.DataFrame(execute(spec)))


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_going_on_from_a_state_gives_the_same_rows_and_bits(cut):
    spec = tiny_spec(norm="noisy", momentum=0.9, probes=ALL_PROBES, steps=5)
    whole, first = Training(spec), Training(spec)
    rows = []
    while not whole.finished:
        rows += whole.advance()
    kept = [row for _ in range(cut) for row in first.advance()]
    second = Training(spec)
    second.restore({name: value.clone() for name, value in first.state().items()}, cut)
    while not second.finished:
        kept += second.advance()
    assert len(kept) == len(rows)
    pd.testing.assert_frame_equal(pd.DataFrame(kept), pd.DataFrame(rows))
    for name, value in whole.state().items():
        assert second.state()[name].equal(value), name


def test_divergence_is_a_result():
    spec = tiny_spec(norm="none", lr=1000.0, steps=50, probes=ALL_PROBES)
    rows = pd.DataFrame(execute(spec))
    losses = rows[rows.metric == "train_loss"].set_index("step").value
    assert losses.index[-1] < 49 and not math.isfinite(losses.iloc[-1]) and losses.iloc[:-1].map(math.isfinite).all()
    assert rows.step.max() == losses.index[-1]


def test_a_frame_of_rows_has_the_schema():
    rows = pd.DataFrame(execute(tiny_spec(steps=1)))
    assert list(rows.columns) == ["step", "metric", "layer", "unit", "at", "value"]
