"""The time estimate counts every step and every measurement of every probe."""

from __future__ import annotations

import pytest

from bnviz.runs import cost
from tests.conftest import tiny_spec


@pytest.fixture
def a_step_takes_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each step take a second and each measurement ten more."""
    monkeypatch.setattr(cost, "step_seconds", lambda spec, device: 1.0 + 10.0 * len(spec.probes))


@pytest.mark.parametrize(
    ("probes", "seconds"),
    [
        ({}, 100),
        ({"landscape": 50}, 100 + 2 * 10),
        ({"landscape": 30}, 100 + 4 * 10),
        (
            {"activations": 50, "accuracy": 1},
            100 + 4 * 10 + 100 * 10,
        ),  # activations measure at steps t and t + 1
    ],
)
def test_steps_and_measurements_add_up(probes, seconds, a_step_takes_a_second):
    assert cost.estimate(tiny_spec(steps=100, probes=probes)) == pytest.approx(seconds)


def test_a_probe_makes_a_step_take_longer():
    plain, probed = (cost.step_seconds(tiny_spec(probes=p), "cpu") for p in ({}, {"landscape": 1}))
    assert 0 < plain < probed < 10
