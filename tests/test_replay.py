"""Recorded passes: on the CPU, torch's tracer stands in for a CUDA graph.

Like a graph, it replays operations on memory, and never runs our Python again.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from bnviz.training.loop import Training
from bnviz.training.norms import NORMS
from bnviz.training.replay import Function, Recording, Replay
from tests.conftest import tiny_spec

PROBES = {"accuracy": 1, "landscape": 2, "activations": 4, "covariate_shift": 4, "evaluation": 4}


def traced(function: Function, inputs: Sequence[Tensor]) -> Recording:
    recording: Recording = make_fx(lambda *given: tuple(function(*given)))(*inputs)
    return recording


def trained(norm: str, *, replayed: bool) -> tuple[Training, list[object]]:
    training = Training(tiny_spec(model="lenetr", width=0.5, norm=norm, steps=5, probes=PROBES))
    if replayed:
        training.objective.replay = Replay(training.objective._evaluate, traced)
    while not training.finished:
        training.advance()
    return training, list(training.fetch())


# Not InstanceNorm, which no dense layer can have; GroupNorm computes it.
@pytest.mark.parametrize("norm", sorted(set(NORMS) - {"instance"}))
def test_a_replayed_pass_gives_the_same_rows_and_state(norm: str) -> None:
    own, rows = trained(norm, replayed=True)
    plain, expected = trained(norm, replayed=False)
    assert own.objective.replay and own.objective.replay.recordings
    assert not own.objective.replay.problem
    assert repr(rows) == repr(expected)  # so that NaN equals NaN
    for name, tensor in plain.state().items():
        assert torch.equal(own.state()[name], tensor), name


def test_each_shape_is_recorded_once() -> None:
    made = []

    def record(function: Function, inputs: Sequence[Tensor]) -> Recording:
        made.append(inputs[0].shape)
        return function

    replay = Replay(lambda x: (x + 1,), record)
    for size in (2, 3, 2, 3, 3):
        assert replay(torch.zeros(size))[0].tolist() == [1.0] * size
    assert made == [(2,), (3,)]


def test_what_cannot_be_recorded_is_computed_as_it_is() -> None:
    def record(function: Function, inputs: Sequence[Tensor]) -> Recording:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    replay = Replay(lambda x: (x + 1,), record)
    assert replay(torch.ones(1))[0].item() == replay(torch.ones(1))[0].item() == 2
    assert replay.problem == "operation not permitted when stream is capturing"


def test_running_out_of_memory_is_not_hidden() -> None:
    def record(function: Function, inputs: Sequence[Tensor]) -> Recording:
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        Replay(lambda x: (x,), record)(torch.ones(1))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
@pytest.mark.parametrize("norm", NORMS)
def test_a_cuda_graph_gives_what_eager_gives(norm: str) -> None:
    training = Training(tiny_spec(norm=norm), "cuda:0")
    batch, theta = training.objective.task.batch(0), training.theta
    training.objective.draw_noise(0)
    eager = training.objective._evaluate(theta, *batch)
    assert training.objective.replay
    for _ in range(2):
        replayed = training.objective.evaluate(theta, batch)
        assert not training.objective.replay.problem
        for own, expected in zip(replayed, eager, strict=True):
            torch.testing.assert_close(own, expected)
