"""The plain code that the benchmarks compare with gives the same numbers as the probes."""

from __future__ import annotations

import pytest

from benchmarks import plain
from bnviz.training.probes import covariate_shift, landscape
from tests.test_probes import frame, moment


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_plain_code_gives_the_same_landscape(norm):
    at = moment(norm=norm)
    rows = frame(landscape.measure(at))
    rows = rows[rows.layer.isna()].pivot_table("value", "at", "metric")
    before = plain.network(at.objective, at.theta)
    found = plain.landscape(before, at.batch, rows.index)
    for eta, (loss, distance) in zip(rows.index, found, strict=True):
        assert loss == pytest.approx(rows.loss_along[eta], rel=1e-9)
        assert distance == pytest.approx(rows.gradient_distance[eta], rel=1e-7)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_plain_code_gives_the_same_covariate_shift(norm):
    at = moment(norm=norm)
    rows = frame(covariate_shift.measure(at)).pivot_table("value", "layer", "metric", sort=False)
    models = (plain.network(at.objective, theta) for theta in (at.theta, at.theta_next))
    found = plain.covariate_shift(*models, at.batch)
    assert [pair[0] for pair in found] == pytest.approx(rows.ics_l2.tolist(), rel=1e-7, abs=1e-12)
    assert [pair[1] for pair in found] == pytest.approx(rows.ics_cosine.tolist(), rel=1e-9)
