"""Properties that hold for every figure, drawn from shipped runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from bnviz import paths
from bnviz.figures import PANELS, comparison, unchecked
from bnviz.figures import panel as panels
from bnviz.figures.axes import POWERS
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import UNDER
from bnviz.papers import reference
from bnviz.presets import PRESETS
from bnviz.presets.ioffe_2015 import RATES
from bnviz.runs.run import Run
from bnviz.spec import RunSpec

ASKED = {  # as few runs as show every panel, to keep the figures small
    "quick": PRESETS["few-images"].specs()[:2],
    "theory": PRESETS["theory-vgg"].specs(),
    "surface": PRESETS["surface"].specs(),
    "rates": [spec for preset in RATES[:4] for spec in preset.specs()],
    "jacobians": PRESETS["mnist-jacobians"].specs(),
    "seeds": [spec for seed in (0, 1, 2) for spec in PRESETS["few-images"].specs(seed=seed)[:1]],
    "dln": [spec for spec in PRESETS["fig3b"].specs() if spec.norm == "none"],  # two learning rates
}
OVER = (
    "overlay-training-accuracy",
    "difference-test-accuracy",
    "multiples-training-loss",
    "overlay-effective-beta",
)
ALL = PANELS | {name: comparison.COMPARISONS[name] for name in OVER}


@cache
def view(asked: str) -> View:
    specs: list[RunSpec] = list(ASKED[asked])
    rows = pd.concat(
        [Run(paths.GALLERY / spec.id).labelled_rows() for spec in specs], ignore_index=True
    )
    return panels.view(rows, specs, step=specs[0].steps // 2, statistic="t")


@cache
def drawn(asked: str, name: str, paper: bool = False) -> go.Figure | None:
    """Return a figure of these runs, or None if they have none."""
    panel: Panel = ALL[name]
    specs = view(asked).specs
    if not panel.fits(specs):
        return None
    numbers, figure = panel.figure(
        replace(view(asked), paper=panel.counterpart(specs) if paper else None)
    )
    return figure if len(numbers) else None


MADE = [
    (
        "quick",
        [
            name
            for name in ALL
            if not name.startswith(
                ("surface", "path", "theorem", "lemma", "sweep", "curvature", "rates", "jacob")
            )
        ],
    ),
    ("theory", [name for name in PANELS if name.startswith(("theorem", "lemma"))]),
    ("surface", ["surface", "surface-rise", "path-share"]),
    ("dln", ["curvature", "effective-beta", "sweep", "sweep-map"]),
    ("rates", ["rates-accuracy", "rates-speed-up"]),
    ("jacobians", ["jacobians"]),
    ("seeds", ["training-accuracy", "test-error", "landscape"]),
]


@pytest.fixture(params=[(asked, name) for asked, names in MADE for name in names], ids="-".join)
def made(request: pytest.FixtureRequest) -> go.Figure:
    """Return one figure of each kind."""
    figure = drawn(*request.param)
    assert figure is not None
    return figure


def test_numbers_on_logarithmic_axes_are_as_large_as_on_others(made: go.Figure) -> None:
    """plotly writes powers of ten a quarter larger, and 2 and 5 between them smaller."""
    for axis in (*made.select_xaxes(), *made.select_yaxes()):
        written = (
            axis.tickformat or axis.ticktext or axis.tickfont.size == POWERS["tickfont"]["size"]
        )
        assert axis.type != "log" or written or axis.showticklabels is False


def test_plotly_accepts_every_figure(made: go.Figure) -> None:
    """bnviz draws figures without plotly's validation; the test validates them.

    plotly raises an error for an unknown property or value.
    """
    assert go.Figure(made.to_dict()).to_dict()["data"] is not None


def test_a_wrong_property_raises() -> None:
    wrong = unchecked.scatter(x=[1], y=[1], mode="no such mode")
    with pytest.raises(ValueError, match="no such mode"):
        go.Figure({"data": [wrong.to_plotly_json()]})


def y_axes(figure: go.Figure) -> Iterator[tuple[Any, list[Any]]]:
    """Yield every y axis with its traces."""
    for axis in figure.select_yaxes():
        letter = axis.plotly_name.replace("axis", "")
        yield (
            axis,
            [trace for trace in figure.data if (getattr(trace, "yaxis", None) or "y") == letter],
        )


def test_a_logarithmic_axis_labels_every_value_in_full(made: go.Figure) -> None:
    for axis in [*made.select_xaxes(), *made.select_yaxes()]:
        powers = isinstance(axis.dtick, int | float)  # only 0.1, 1, 10, which plotly writes in full
        assert axis.type != "log" or axis.tickformat or axis.tickvals or powers


def test_a_hover_is_in_per_cent_if_its_axis_is(made: go.Figure) -> None:
    for axis, traces in y_axes(made):
        for said in re.findall(
            r"%\{y:([^}]*)\}", " ".join(trace.hovertemplate or "" for trace in traces)
        ):
            assert said.endswith(("%", "p")) == (axis.tickformat or "").endswith("%"), said


@pytest.mark.parametrize("asked", ["quick", "dln"])
@pytest.mark.parametrize("name", [name for name, panel in PANELS.items() if panel.paper])
def test_the_papers_curves_change_none_of_our_axes(asked: str, name: str) -> None:
    without, beside = drawn(asked, name), drawn(asked, name, paper=True)
    if without is None or beside is None:
        pytest.skip("it is about other runs")
    for ours, with_theirs in zip(y_axes(without), y_axes(beside), strict=True):
        assert ours[0].type == with_theirs[0].type


@pytest.mark.parametrize("name", [name for name, panel in PANELS.items() if panel.paper])
def test_a_figure_for_which_the_paper_has_no_curve_is_drawn_without(name: str) -> None:
    of = next(asked for asked in ("quick", "dln") if PANELS[name].fits(view(asked).specs))
    none = reference.counterpart(PANELS[name].paper, "vgg", frozenset())
    assert none.empty
    _, figure = PANELS[name].figure(replace(view(of), paper=none))
    assert all(trace.zorder != UNDER for trace in figure.data)


def test_lines_that_mark_a_value_look_different() -> None:
    figure = drawn("dln", "effective-beta")
    assert figure is not None
    levels = [
        trace for trace in figure.data if trace.hoverinfo == "skip" and "=" in (trace.name or "")
    ]
    assert len(levels) > 1
    assert (
        len({trace.line.dash for trace in levels})
        == len({trace.name for trace in levels})
        == len(levels)
    )
