"""A figure as a reader sees it: what the browser says is applied exactly, and whatever else it may send changes nothing."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.subplots import make_subplots

from bnviz import surface_figures, surfaces
from bnviz.export import as_seen
from tests.test_surfaces import TITLES, surface


def grid() -> go.Figure:
    """Two panels with one x axis in common, of which the upper is logarithmic; two runs, and a line that is none."""
    fig = make_subplots(2, 1, shared_xaxes=True)
    for run in "ab":
        fig.add_scatter(x=[1, 2], y=[3, 4], name=run, legendgroup=run, row=1, col=1)
        fig.add_scatter(x=[1, 2], y=[3, 4], name=run, legendgroup=run, row=2, col=1)
    fig.add_scatter(x=[1, 2], y=[5, 5], name="limit", row=2, col=1)
    return fig.update_yaxes(type="log", row=1).update_layout(template="bnviz")


def player(kind: str = "contours") -> go.Figure:
    """A surface at three steps, which shows the last."""
    planes = surfaces.planes(surface("batch"))
    return surface_figures.reliefs(planes, 40) if kind == "reliefs" else surface_figures.contours(planes, TITLES, 40)


@pytest.mark.parametrize("figure", [grid(), player(), player("reliefs")], ids=["grid", "contours", "reliefs"])
def test_with_nothing_to_say_it_is_the_same_figure(figure: go.Figure) -> None:
    assert as_seen(figure, {}).to_plotly_json() == figure.to_plotly_json()


def test_a_zoom_is_that_of_the_axis_and_of_those_that_match_it() -> None:
    seen = as_seen(grid(), {"xaxis2.range": [1.25, 1.5], "yaxis.range": [2, -1]})
    assert seen.layout.xaxis.range == seen.layout.xaxis2.range == (1.25, 1.5)
    assert seen.layout.yaxis.range == (2, -1)  # exponents, and upside down
    assert seen.layout.xaxis.autorange is seen.layout.yaxis.autorange is False
    assert seen.layout.yaxis2.range is None


def test_what_the_legend_hides_is_hidden() -> None:
    seen = as_seen(grid(), {"hidden": ["a", "limit", None, 3]})
    assert [trace.visible for trace in seen.data] == ["legendonly", "legendonly", None, None, "legendonly"]
    assert [trace.name for trace in seen.data] == [trace.name for trace in grid().data]


def test_who_turns_one_scene_turns_all() -> None:
    figure = player("reliefs")
    figure.layout.scene2 = figure.layout.scene
    eye = {"x": 1, "y": 2, "z": -0.5}
    look = {
        "scene.camera": {"eye": eye, "up": {"x": 0, "y": 0}, "center": "here", "projection": {"type": "orthographic"}}
    }
    seen = as_seen(figure, look)
    for scene in (seen.layout.scene, seen.layout.scene2):
        assert scene.camera.eye.to_plotly_json() == eye
        assert scene.camera.projection.type == "orthographic"
        assert scene.camera.center == figure.layout.scene.camera.center  # half a place is none
        assert scene.camera.up == figure.layout.scene.camera.up


@pytest.mark.parametrize("kind", ["contours", "reliefs"])
def test_a_frame_of_the_player_is_laid_over_the_figure(kind: str) -> None:
    figure = player(kind)
    frame = figure.frames[1]
    seen = as_seen(figure, {"frame": frame.name})
    assert not seen.frames and seen.layout.meta["frame"] == frame.name == "20"
    assert seen.layout.meta["narrow"] == figure.layout.meta["narrow"]
    for trace, base, news in zip(seen.data, figure.data, frame.data, strict=True):
        for letter in "xyz":
            if letter in news:
                assert list(map(str, trace[letter])) == list(map(str, news[letter]))
        assert trace.name == base.name
    (head,) = seen.layout.annotations
    assert "step 20" in head.text and head.y == figure.layout.annotations[0].y


NONSENSE: list[Any] = [
    None, True, "zoom", 3, [], [1], [1, 2, 3], [1, 1], ["0", "1"], [True, False], [float("nan"), 1], [0, float("inf")],
    [0, 10**400], {}, {"eye": 1}, {"eye": {"x": 1e9, "y": 0, "z": 0}}, {"up": {"x": "0", "y": 0, "z": 1}},
]  # fmt: skip
KEYS = [
    "xaxis.range",
    "yaxis.range",
    "yaxis7.range",
    "scene.camera",
    "scene9.camera",
    "hidden",
    "frame",
    "xaxis.type",
    "template",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_nonsense_is_left_out_piece_by_piece(key: str, value: Any) -> None:
    figure = player("reliefs") if key.startswith("scene") else grid()
    seen = as_seen(figure, {key: value, "hidden": ["b"]} if key != "hidden" else {key: value})
    hidden = ["b"] if key != "hidden" else []
    assert seen.layout.to_plotly_json() == figure.layout.to_plotly_json()
    assert [trace.visible for trace in seen.data] == [
        "legendonly" if t.legendgroup in hidden else None for t in figure.data
    ]


def test_an_exponent_beyond_all_numbers_is_nonsense() -> None:
    assert as_seen(grid(), {"yaxis.range": [0, 301]}).layout.yaxis.range is None  # logarithmic
    assert as_seen(grid(), {"yaxis2.range": [0, 301]}).layout.yaxis2.range == (0, 301)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=9), JSON, max_size=4))
def test_whatever_comes_a_figure_with_the_same_numbers_goes_out(look: dict[str, Any]) -> None:
    seen, figure = as_seen(GRID, look), GRID
    for trace, before in zip(seen.data, figure.data, strict=True):
        assert (trace.x, trace.y) == (before.x, before.y)


GRID = grid()
