"""Surfaces: from rows to planes, and from planes to animated figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from pandas import DataFrame, concat

from bnviz import execute
from bnviz.analysis import surface as surface_numbers
from bnviz.figures.plane import BEFORE, LIFT, NEXT, NOW, Scale, _clipped, _interpolated
from bnviz.figures.style import Time
from bnviz.figures.surface import IN_SPACE, contours, path_share, reliefs, surface_rise
from tests.conftest import tiny_spec

TITLES = ("a (along −g)", "b (random)")
EMPTY = DataFrame(
    columns=["run", "norm", "lr", "seed", "step", "metric", "layer", "unit", "at", "value"]
)


def loss(a: float, b: float, step: int) -> float:
    """Return the loss in a valley that gets deeper with the step."""
    return 2 + (a - 1) ** 2 + 0.1 * b + 100 / (step + 1)


def surface(
    norm: str, steps: tuple[int, ...] = (0, 20, 40), grid: int = 5, height: float = 1
) -> DataFrame:
    """Return rows of a run with known planes. Its path goes from (-step, 1) to (1, 0)."""
    ticks, rows = np.linspace(-2, 2, grid), []
    for place, step in enumerate(steps):
        rows += [(step, "surface_length", unit, math.nan, 0.5) for unit in (0, 1)]
        for at in [*steps[:place], step, step + 1]:
            a, b = {step: (0.0, 0.0), step + 1: (1.0, 0.0)}.get(at, (float(at - step), 1.0))
            off = math.nan if at == step else 0.0 if at > step else 0.6
            rows += [
                (step, f"surface_{name}", math.nan, at, value)
                for name, value in (("path_a", a), ("path_b", b), ("off", off))
            ]
        for a in ticks:
            rows += [
                (step, "surface_loss", unit, a, height * loss(a, b, step))
                for unit, b in enumerate(ticks)
            ]
    table = DataFrame(rows, columns=["step", "metric", "unit", "at", "value"])
    return table.assign(run=f"{norm}-run", norm=norm, lr=0.1, seed=0, layer=None)


@pytest.fixture
def rows() -> DataFrame:
    return concat([surface("batch"), surface("none", height=3)], ignore_index=True)


# Numbers


def test_every_point_of_a_surface_is_in_its_grid_cell(rows):
    points = surface_numbers.surfaces(rows.sample(frac=1, random_state=0))
    assert len(points) == 2 * 3 * 25
    for point in points.itertuples():
        height = {"none": 3, "batch": 1}[point.norm]
        assert point.loss == pytest.approx(height * loss(point.a, point.b, point.step))


def test_a_plane_is_left_out_until_it_is_complete(rows):
    for kept in (25 * 2 + 24, 25 * 2 + 5, 25 + 24, 24, 5, 1):
        one = rows[rows["norm"] == "batch"].reset_index(drop=True)
        cut = one[(one["metric"] == "surface_loss").cumsum() <= kept]
        assert surface_numbers.surfaces(cut)["step"].nunique() == kept // 25
        assert set(surface_numbers.paths(cut)["step"]) == set(surface_numbers.surfaces(cut)["step"])


@pytest.mark.parametrize("beyond", [np.nan, np.inf, -np.inf])
def test_an_overflow_is_a_gap(rows, beyond):
    lost = (
        (rows["metric"] == "surface_loss")
        & (rows["at"] == 2)
        & (rows["step"] == 20)
        & (rows["norm"] == "none")
    )
    points = surface_numbers.surfaces(rows.assign(value=rows["value"].mask(lost, beyond)))
    assert points["loss"].isna().sum() == 5 and np.isfinite(points["loss"].dropna()).all()
    rise = surface_numbers.rise(rows.assign(value=rows["value"].mask(lost, beyond))).set_index(
        ["norm", "step"]
    )["value"]
    assert rise.isna().sum() == 1 and np.isnan(rise["none", 20])


def test_the_rise_is_from_the_lowest_to_the_highest(rows):
    rise = surface_numbers.rise(rows).set_index(["norm", "step"])["value"]
    assert rise["batch", 0] == pytest.approx(9 + 0.4) and rise["none", 40] == pytest.approx(3 * 9.4)


def test_the_points_of_the_path_carry_their_steps(rows):
    path = surface_numbers.paths(rows)
    last = path[(path["norm"] == "batch") & (path["step"] == 40)]
    assert last["point"].tolist() == [0, 20, 40, 41]
    assert last["a"].tolist() == [-40, -20, 0, 1] and last["b"].tolist() == [1, 1, 0, 0]
    share = surface_numbers.path_share(rows)
    assert share["step"].tolist() == [20, 20, 40, 40]
    np.testing.assert_allclose(share["value"], 1 - 0.6**2)


def test_planes_and_paths_have_no_more_steps_than_a_figure_can_show(monkeypatch):
    monkeypatch.setattr(surface_numbers, "PLANES", 4)
    planes = surface_numbers.planes(surface("none", steps=tuple(range(0, 100, 10)), grid=3))
    assert sorted(planes["step"].unique()) == [0, 30, 60, 90]
    assert (planes["length"] == 0.5).all()
    on_grid = planes["point"].isna()
    assert on_grid.sum() == 4 * 9 and planes.loc[on_grid, "loss"].notna().all()
    assert planes.loc[~on_grid, "loss"].isna().all()


@pytest.mark.filterwarnings("error")
def test_without_measurements_there_are_no_planes():
    for derive in (
        surface_numbers.surfaces,
        surface_numbers.paths,
        surface_numbers.planes,
        surface_numbers.rise,
        surface_numbers.path_share,
    ):
        assert derive(EMPTY).empty and {"run", "norm", "lr", "seed", "step"} <= set(
            derive(EMPTY).columns
        )


def test_a_run_that_diverges_keeps_its_planes():
    spec = tiny_spec(norm="none", lr=1000.0, steps=50, probes={"accuracy": 1, "surface": 1})
    rows = DataFrame(execute(spec)).assign(run="r", norm="none", lr=1000.0, seed=0)
    planes = surface_numbers.planes(rows)
    assert len(planes) and planes["loss"].isna().any()
    for draw in DRAWN.values():
        assert draw(planes, 50).frames


# Figures

DRAWN: dict[str, Callable[[DataFrame, int], go.Figure]] = {
    "contours": lambda planes, step: contours(planes, TITLES, step),
    "reliefs": reliefs,
}


@pytest.fixture(params=DRAWN)
def draw(request: pytest.FixtureRequest) -> Callable[[DataFrame, int], go.Figure]:
    return DRAWN[request.param]


def heights(fig: go.Figure) -> list[np.ndarray]:
    return [
        np.asarray(trace.z, dtype=float)
        for trace in fig.data
        if trace.type in ("contour", "surface")
    ]


def shown(fig: go.Figure, name: str) -> dict[str, Any]:
    """Return a figure at one of its frames, merged as in plot.js."""
    frame = next(frame for frame in fig.frames if frame.name == name)
    traces = [trace.to_plotly_json() for trace in fig.data]
    for trace, news in zip(traces, frame.data, strict=True):
        merge(trace, news.to_plotly_json())
    notes = [note.text for note in frame.layout.annotations]
    return {"data": traces, "notes": notes}


def merge(trace: dict[str, Any], news: dict[str, Any]) -> None:
    for key, value in news.items():
        if isinstance(value, dict) and isinstance(trace.get(key), dict):
            merge(trace[key], value)
        else:
            trace[key] = value


def test_a_figure_shows_the_newest_plane_up_to_the_step_and_holds_all_planes(draw, rows):
    planes = surface_numbers.planes(rows)
    for step, name in ((0, "0"), (19, "0"), (20, "20"), (1000, "40")):
        fig = draw(planes, step)
        assert fig.layout.meta["frame"] == name
        assert [frame.name for frame in fig.frames] == ["0", "20", "40"]
        now = shown(fig, name)
        for trace, same in zip(fig.data, now["data"], strict=True):
            np.testing.assert_equal(trace.to_plotly_json(), same)
        assert [note.text for note in fig.layout.annotations] == now["notes"]
        assert (
            f"step {name}<br>" in now["notes"][0]
            and "Standard" in now["notes"][0]
            and "BatchNorm" in now["notes"][1]
        )


def test_a_frame_equals_the_figure_of_its_step(draw, rows):
    planes = surface_numbers.planes(rows)
    played = shown(draw(planes, 40), "20")
    for trace, same in zip(draw(planes, 20).data, played["data"], strict=True):
        np.testing.assert_equal(trace.to_plotly_json(), same)


def test_all_networks_and_steps_share_one_scale(draw, rows):
    planes = surface_numbers.planes(rows)
    axis = draw(planes, 0).layout.coloraxis
    scale = Scale.over(planes["loss"])
    assert (
        (axis.cmin, axis.cmax)
        == (scale.low, scale.high)
        == tuple(draw(planes, 40).layout.coloraxis[k] for k in ("cmin", "cmax"))
    )
    assert scale.logarithmic and 10**scale.low == pytest.approx(planes["loss"].min())
    assert 10**scale.high == pytest.approx(planes["loss"].quantile(0.98))
    fig = draw(planes, 20)
    np.testing.assert_allclose(
        heights(fig)[0][:, 0], np.log10([3 * loss(-2, b, 20) for b in (-2, -1, 0, 1, 2)]), rtol=1e-6
    )
    assert all(
        trace.coloraxis == "coloraxis" for trace in fig.data if trace.type in ("contour", "surface")
    )


def test_a_narrow_range_is_linear():
    scale = Scale.over([2.0, 3.0, 4.0])
    assert (
        not scale.logarithmic
        and scale.low == 2
        and scale.heights([3.0]) == [3]
        and scale.marks() == {}
    )
    assert not Scale.over([-1.0, 50.0]).logarithmic and not Scale.over([0.0, 50.0]).logarithmic
    for nothing in ([], [np.nan, np.inf], [7.0, 7.0]):
        assert Scale.over(nothing).high > Scale.over(nothing).low


def test_ticks_of_a_logarithmic_scale_are_round_losses():
    scale = Scale(math.log10(0.3), math.log10(21), True)
    marks = scale.marks()
    assert marks["ticktext"] == ["0.5", "1", "2", "5", "10", "20"]
    np.testing.assert_allclose(10 ** marks["tickvals"], [float(text) for text in marks["ticktext"]])
    assert len(Scale(0, 12, True).marks()["ticktext"]) == 12


def test_gaps_stay_gaps(draw, rows):
    lost = (rows["metric"] == "surface_loss") & (rows["at"] == 2) & (rows["norm"] == "none")
    fig = draw(surface_numbers.planes(rows.assign(value=rows["value"].mask(lost, np.inf))), 40)
    none, batch = heights(fig)
    assert (
        np.isnan(none[:, -1]).all() and np.isfinite(none[:, :-1]).all() and np.isfinite(batch).all()
    )


def test_contours_show_equal_distances_on_named_axes(rows):
    fig = DRAWN["contours"](surface_numbers.planes(rows), 40)
    assert [axis.title.text for axis in fig.select_xaxes()] == [TITLES[0]] * 2
    assert fig.layout.yaxis.title.text == TITLES[1] and fig.layout.yaxis.scaleanchor == "x"
    assert fig.layout.xaxis2.matches == "x" and fig.layout.yaxis2.matches == "y"
    assert all(axis.range == (-2, 2) for axis in [*fig.select_xaxes(), *fig.select_yaxes()])
    _, halo, before, after, now = fig.data[:5]
    assert before.x.tolist() == halo.x.tolist() == [-40, -20, 0] and before.customdata[
        :, 0
    ].tolist() == [0, 20, 40]
    assert after.x.tolist() == [0, 1] and (now.x, now.y) == ([0], [0])


def test_the_path_in_3d_lies_on_the_surface_within_its_grid(rows):
    fig = DRAWN["reliefs"](surface_numbers.planes(rows), 40)
    relief, line, after, now = fig.data[:4]
    low, high = fig.layout.scene.zaxis.range
    lift = LIFT * (high - low)
    seen = np.isfinite(line.z)
    assert seen.sum() == 2 * 16 and np.abs(line.x[seen]).max() <= 2 and line.x[seen].min() == -2
    assert now.z[0] == pytest.approx(relief.z[2, 2] + lift, rel=1e-5)
    assert (after.x[0], after.y[0]) == (1, 0) and after.z[0] == pytest.approx(
        relief.z[2, 3] + lift, rel=1e-5
    )


def test_heights_between_grid_points_are_bilinear():
    ticks = np.array([-1.0, 0.0, 1.0])
    plane = 3 + 2 * ticks[None, :] + 5 * ticks[:, None]
    points = np.array([[-1, -1], [1, 1], [0.25, -0.5], [0, 1], [1.01, 0], [0, np.nan]])
    found = _interpolated(ticks, plane, points)
    np.testing.assert_allclose(found[:4], 3 + 2 * points[:4, 0] + 5 * points[:4, 1])
    assert np.isnan(found[4:]).all()


@pytest.mark.parametrize(
    ("start", "end", "ends"),
    [
        ((-10, 0), (10, 0), ((-2, 0), (2, 0))),
        ((0, 0), (1, 1), ((0, 0), (1, 1))),
        ((-4, 0), (0, 4), ((-2, 2), (-2, 2))),
        ((-4, 0), (0, 2), ((-2, 1), (0, 2))),
        ((3, -9), (3, 9), None),
        ((0, 0), (0, 0), ((0, 0), (0, 0))),
        ((math.nan, 0), (0, 0), None),
    ],
)
def test_a_line_is_clipped_to_the_grid(start, end, ends):
    line = _clipped(np.array([start, end], dtype=float), 2.0)
    inside = line[np.isfinite(line).all(axis=1)]
    if ends is None or ends[0] == ends[1] != start:
        assert len(inside) == 0
    elif ends[0] != ends[1]:
        np.testing.assert_allclose(inside[[0, -1]], ends)


def test_an_empty_frame_says_so(draw):
    fig = draw(surface_numbers.planes(EMPTY), 5)
    assert (
        "nothing measured yet" in [note.text for note in fig.layout.annotations] and not fig.frames
    )


def test_many_networks_fill_several_rows_and_few_are_drawn_in_3d(rows):
    many = concat([surface("none", (0,), 3).assign(run=f"r{seed}", seed=seed) for seed in range(8)])
    flat, space = (draw(surface_numbers.planes(many), 0) for draw in DRAWN.values())
    assert sum(trace.type == "contour" for trace in flat.data) == 8
    assert (
        len({axis.domain for axis in flat.select_xaxes()}) == 3
        and len({axis.domain for axis in flat.select_yaxes()}) == 3
    )
    assert sum(trace.type == "surface" for trace in space.data) == IN_SPACE
    assert {name for name in space.layout.meta["narrow"] if name.startswith("scene")} == {
        "scene",
        *(f"scene{n}" for n in range(2, 7)),
    }


def test_colours_come_from_the_page(draw, rows, monkeypatch):
    planes = surface_numbers.planes(rows)
    fig = draw(planes, 40)
    assert fig.layout.template == pio.templates["bnviz"]
    assert (fig.layout.paper_bgcolor, fig.layout.font.color, fig.layout.title.text) == (
        None,
        None,
        None,
    )
    monkeypatch.setattr(pio.templates, "default", "plotly_dark")
    assert draw(planes, 40).to_json() == fig.to_json()
    legend = [trace.name for trace in fig.data if trace.showlegend]
    assert sorted(legend) == sorted([BEFORE, NOW, NEXT])


def test_the_figure_of_a_long_run_stays_small(draw):
    long = concat([surface(norm, tuple(range(0, 3000, 20)), 15) for norm in ("none", "batch")])
    assert len(draw(surface_numbers.planes(long), 40).to_json()) < 600_000


def test_rise_and_share_are_drawn_over_the_steps(rows):
    rise = surface_rise(surface_numbers.rise(rows), Time(40))
    share = path_share(surface_numbers.path_share(rows), Time(40))
    assert rise.layout.yaxis.title.text == "Highest − lowest" and [
        len(trace.x) for trace in rise.data
    ] == [3, 3]
    assert share.layout.yaxis.tickformat == ".0%" and share.data[0].y == pytest.approx([0.64, 0.64])
