"""The surface probe: heights checked against torch.nn, directions, and the projected path."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from bnviz.training.loop import Moment, Training, execute
from bnviz.training.probes import landscape, surface
from tests import oracle
from tests.conftest import tiny_spec
from tests.test_probes import assert_same_bits, final_state, frame, moment

NORMS = ("none", "batch", "noisy", "noise")
DLN = {
    "model": "dln",
    "data": "gaussian",
    "depth": 2,
    "width": 1.0,
    "norm": "none",
    "batch": 1000,
    "lr": 1e-5,
}


def heights(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the losses as a table, with coordinate a in rows and b in columns."""
    losses = rows[rows.metric == "surface_loss"].pivot(index="at", columns="unit", values="value")
    return losses.set_axis(losses.index, axis=1)  # both axes have the same grid


def path(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a, b and the distance from the plane for each step that was projected."""
    names = {"surface_path_a": "a", "surface_path_b": "b", "surface_off": "off"}
    places = rows[rows.metric.isin(names)].pivot(index="at", columns="metric", values="value")
    return places.rename(columns=names)[["a", "b", "off"]]


def filters(at: Moment, flat: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the norm of every row of every weight."""
    return {
        layer: torch.stack([row.norm() for row in parameters["weight"]])
        for layer, parameters in at.objective.views(flat).items()
    }


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("norm", NORMS)
def test_a_height_is_the_loss_of_a_copied_model(norm, scaled):
    at = moment(norm=norm, l2=1e-3, surface_scaled=scaled, surface_extent=1.5, surface_grid=4)
    measured = heights(frame(surface.measure(at)))
    u, v = surface.directions(at)
    assert list(measured.index) == pytest.approx([-1.5, -0.5, 0.5, 1.5])
    for a in measured.index:
        for b in measured.columns:
            copied = oracle.network(at.objective, at.theta + a * u + b * v)
            expected = oracle.loss(copied, at.batch.inputs, at.batch.targets, at.spec.l2)
            assert measured.loc[a, b] == pytest.approx(float(expected.detach()), rel=1e-8)


def test_a_linear_network_of_two_layers_has_a_surface_in_closed_form():
    """Compute ‖(W₂ + …)((W₁ + …) x + …) + … − y‖² in NumPy.

    It is a polynomial of degree four in a and in b.
    """
    at = moment(**DLN, surface_along="random", surface_grid=9, surface_extent=300)
    measured, (u, v) = heights(frame(surface.measure(at))), surface.directions(at)
    x, y = (tensor.numpy() for tensor in at.batch)
    for a in measured.index:
        for b in measured.columns:
            first, second = at.objective.views(at.theta + a * u + b * v).values()
            hidden = x @ first["weight"].numpy().T + first["bias"].numpy()
            residual = hidden @ second["weight"].numpy().T + second["bias"].numpy() - y
            assert measured.loc[a, b] == pytest.approx(0.5 * (residual**2).sum(), rel=1e-10)
    differences = np.diff(measured.to_numpy(), n=5, axis=0)
    assert np.ptp(measured.to_numpy()) > 1
    assert np.abs(differences).max() < 1e-8 * np.abs(measured.to_numpy()).max()


@pytest.mark.parametrize("settings", [{}, {"surface_along": "random"}, {"surface_scaled": True}])
@pytest.mark.parametrize("norm", NORMS)
def test_the_height_in_the_middle_is_the_loss_of_the_step(norm, settings):
    at = moment(norm=norm, l2=1e-3, **settings)
    assert heights(frame(surface.measure(at))).loc[0, 0] == pytest.approx(
        float(at.evaluation.loss), rel=1e-12
    )


@pytest.mark.parametrize("norm", NORMS)
def test_along_the_gradient_the_surface_agrees_with_the_landscape_probe(norm):
    at = moment(norm=norm, surface_extent=4, surface_grid=9, step_sizes=(1.0, 2.0, 3.0, 4.0))
    measured = heights(frame(surface.measure(at)))[0.0]
    rows = frame(landscape.measure(at))
    along = rows[rows.metric == "loss_along"].set_index("at").value
    for eta, loss in along.items():
        assert measured[round(eta / at.lr)] == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("along", ["gradient", "random"])
def test_directions_are_orthogonal_and_as_long_as_a_training_step(along):
    at = moment(surface_along=along, schedule="cosine")
    u, v = surface.directions(at)
    length = at.lr * float(at.evaluation.gradient.norm())
    assert at.lr < at.spec.lr
    assert float(u.norm()) == pytest.approx(length) and float(v.norm()) == pytest.approx(length)
    assert abs(float(u @ v)) < 1e-12 * length**2
    lengths = frame(surface.measure(at)).query("metric == 'surface_length'").set_index("unit").value
    assert lengths.to_dict() == {0: pytest.approx(length), 1: pytest.approx(length)}
    if along == "gradient":
        torch.testing.assert_close(u, -at.lr * at.evaluation.gradient, rtol=1e-12, atol=0)
    else:
        assert abs(float(torch.cosine_similarity(u, at.evaluation.gradient, dim=0))) < 0.1


@pytest.mark.parametrize("along", ["gradient", "random"])
def test_filter_normalised_directions_have_only_the_filter_norms_of_the_network(along):
    at = moment(norm="batch", surface_along=along, surface_scaled=True)
    goals = filters(at, at.theta)
    source = -at.evaluation.gradient if along == "gradient" else surface.draw(at, "u")
    for direction, drawn in zip(
        surface.directions(at), (source, surface.draw(at, "v")), strict=True
    ):
        own = filters(at, direction)
        for layer, parameters in at.objective.views(direction).items():
            alive = filters(at, drawn)[layer] > 0
            torch.testing.assert_close(own[layer][alive], goals[layer][alive])
            assert not own[layer][~alive].any()
            assert not any(value.any() for name, value in parameters.items() if name != "weight")
            for row, its in zip(
                parameters["weight"], at.objective.views(drawn)[layer]["weight"], strict=True
            ):
                assert float(row.flatten() @ its.flatten()) == pytest.approx(
                    float(row.norm() * its.norm())
                )


def test_random_directions_are_drawn_once_for_each_run():
    first, other = moment(surface_along="random"), moment(surface_along="random", lr=0.01)
    for ours, theirs in zip(surface.directions(first), surface.directions(other), strict=True):
        torch.testing.assert_close(ours / ours.norm(), theirs / theirs.norm())
    seed = moment(surface_along="random", seed=1)
    assert (
        abs(
            float(torch.cosine_similarity(surface.draw(seed, "u"), surface.draw(first, "u"), dim=0))
        )
        < 0.1
    )
    assert (
        abs(
            float(
                torch.cosine_similarity(surface.draw(first, "v"), surface.draw(first, "u"), dim=0)
            )
        )
        < 0.1
    )


@pytest.mark.parametrize("settings", [{}, {"surface_along": "random"}, {"surface_scaled": True}])
def test_the_path_is_projected_by_least_squares(settings):
    spec = tiny_spec(
        norm="batch", precision="float64", momentum=0.9, steps=7, probes={"surface": 3}, **settings
    )
    training, thetas, planes, rows = Training(spec), {}, {}, []
    while not training.finished:
        thetas[training.step] = training.theta.clone()
        training.advance()
        made = training.fetch()
        rows += made
        if made:
            lengths = [row.value for row in made if row.metric == "surface_length"]
            planes[training.step - 1] = (set(training.kept["surface"]), lengths)
    thetas[training.step] = training.theta.clone()
    assert [visited for visited, _ in planes.values()] == [{0}, {0, 3}, {0, 3, 6}]
    at = replay(spec, 6)
    u, v = surface.directions(at)
    measured = path(frame(row for row in rows if row.step == 6))
    assert list(measured.index) == [0, 3, 6, 7]
    for step in (0, 3, 7):
        way = (thetas[step] - thetas[6]).numpy()
        basis = torch.stack([u, v]).numpy().T
        place, *_ = np.linalg.lstsq(basis, way, rcond=None)
        off = np.linalg.norm(way - basis @ place) / np.linalg.norm(way)
        np.testing.assert_allclose(measured.loc[step], [*place, off], rtol=1e-8)
        assert 0 < off < 1
    assert measured.loc[6, ["a", "b"]].tolist() == [0, 0] and np.isnan(measured.loc[6, "off"])


def replay(spec, step: int) -> Moment:
    """Return a training step as the surface probe sees it."""
    training, seen = Training(spec), []
    measure = surface.measure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surface, "measure", lambda at: seen.append(at) or measure(at))
        while training.step <= step:
            training.advance()
    return seen[-1]


def test_gradient_descent_without_momentum_goes_to_one_and_zero():
    places = path(frame(surface.measure(moment(norm="batch", momentum=0.0))))
    assert places.loc[3, "a"] == pytest.approx(1) and places.loc[3, "b"] == pytest.approx(
        0, abs=1e-9
    )
    assert places.loc[3, "off"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("cut", [1, 3, 4])
def test_continuing_from_a_state_gives_the_same_surfaces(cut):
    spec = tiny_spec(norm="noisy", momentum=0.9, probes={"surface": 2}, steps=5)
    whole, first, second = Training(spec), Training(spec), Training(spec)
    rows = []
    while not whole.finished:
        whole.advance()
        rows += whole.fetch()
    for _ in range(cut):
        first.advance()
    kept = first.fetch()
    second.restore({name: value.clone() for name, value in first.state().items()}, cut)
    while not second.finished:
        second.advance()
    kept += second.fetch()
    pd.testing.assert_frame_equal(frame(kept), frame(rows))
    assert frame(rows).query("step == 4 and metric == 'surface_path_a'")["at"].tolist() == [
        0,
        2,
        4,
        5,
    ]


def test_a_surface_that_overflows_leaves_no_trace():
    reckless = {"norm": "batch", "momentum": 0.0, "lr": 100.0, "steps": 3, "surface_extent": 1e6}
    rows = frame(execute(tiny_spec(**reckless, probes={"surface": 1})))
    assert not np.isfinite(rows[rows.metric == "surface_loss"].value).all()
    with_probe, without = (final_state(measured, **reckless) for measured in ({"surface": 1}, {}))
    assert without["theta"].isfinite().all()
    assert_same_bits(with_probe, without)


def test_a_gradient_of_zero_has_no_plane():
    at = moment(norm="none")
    still = Moment(
        **(vars(at) | {"evaluation": at.evaluation._replace(gradient=torch.zeros_like(at.theta))})
    )
    rows = frame(surface.measure(still))
    assert rows[rows.metric == "surface_loss"].value.isna().all() and len(heights(rows)) == 3


def test_the_kept_parameters_are_thinned_before_they_fill_memory():
    kept: dict[int, torch.Tensor] = {}
    for step in range(0, 1000, 10):
        kept = surface.keep(kept, step, torch.zeros(1))
        assert len(kept) <= surface.MOST_KEPT
    assert next(iter(kept)) == 0 and len(kept) > surface.MOST_KEPT / 2
    assert list(kept) == sorted(kept)


@pytest.mark.parametrize("points", [3, 4, 15, 101])
def test_the_grid_is_symmetric_and_its_ends_and_middle_are_exact(points):
    ticks = np.array(surface.grid(0.1, points))
    np.testing.assert_allclose(ticks, np.linspace(-0.1, 0.1, points), rtol=1e-12, atol=1e-16)
    assert (ticks == -ticks[::-1]).all() and ticks[-1] == 0.1
    assert points % 2 == 0 or ticks[points // 2] == 0
