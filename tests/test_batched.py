"""L and ∇L at several θ at once, against one after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from bnviz.training import batched
from bnviz.training.loop import Training
from bnviz.training.norms import NORMS
from bnviz.training.objective import Objective
from bnviz.training.task import Batch
from tests.conftest import tiny_spec


def moment(norm: str) -> tuple[Objective, list[Tensor], Batch]:
    training = Training(tiny_spec(norm=norm, precision="float64", batch=8))
    training.advance()
    thetas = [training.theta * factor for factor in (1.0, 0.9, 1.1)]
    return training.objective, thetas, training.objective.task.batch(1)


@pytest.mark.parametrize("norm", NORMS)
def test_all_at_once_is_one_after_the_other_within_rounding(norm: str) -> None:
    objective, thetas, batch = moment(norm)
    together = batched.together(objective, thetas, batch)
    for own, theta in zip(together, thetas, strict=True):
        for value, right in zip(own, objective.evaluate(theta, batch), strict=True):
            torch.testing.assert_close(value, right, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("norm", ["batch", "l1"])
def test_all_at_once_keeps_no_statistics(norm: str) -> None:
    states = []
    for looked in (False, True):
        objective, thetas, batch = moment(norm)
        objective.evaluate(thetas[0], batch)
        if looked:
            batched.together(objective, thetas[1:], batch)
        objective.commit()
        states.append(objective.state())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("together", "loop", "chosen"), [(1.0, 2.0, True), (2.0, 1.0, False), (None, 1.0, False)]
)
def test_the_faster_way_is_measured_once(
    monkeypatch: pytest.MonkeyPatch, together: float | None, loop: float, chosen: bool
) -> None:
    objective, thetas, batch = moment("batch")
    times = [together, loop]

    def seconds(work: Callable[[], object]) -> float:
        if (time := times.pop(0)) is None:
            raise torch.OutOfMemoryError("out of memory")
        return time

    monkeypatch.setattr(batched, "seconds", seconds)
    objective.evaluations.at_once = None
    for _ in range(2):
        found = list(objective.evaluations(iter(thetas), batch))
        assert len(found) == len(thetas)
        assert objective.evaluations.at_once is chosen


def test_a_cpu_computes_one_after_the_other() -> None:
    assert moment("batch")[0].evaluations.at_once is False
