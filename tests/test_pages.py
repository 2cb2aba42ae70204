"""What each page draws: on an empty cache, from finished runs, and for each figure's own preset."""

from __future__ import annotations

import io
import json
from zipfile import ZipFile

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from bnviz import presets
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import Time
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from bnviz.ui import export, live
from tests.conftest import ALL_PROBES
from tests.pages import ADDRESSES, TINY, numbers, page, plots, sentences, tiny

pytestmark = pytest.mark.usefixtures("no_supervisor")


FIGURE_PAGES = {
    "training": 3,
    "distributions": 5,
    "covariate_shift": 2,
    "landscape": 11,
    "norms": 6,
    "surface": 3,
    "theory": 6,
}
PAGES = [
    *(f"paper/{name}" for name in FIGURE_PAGES),
    "classics/mnist",
    "classics/learning_rates",
    "classics/lenet",
    "lab/start",
    "lab/present",
    "lab/claims",
    "lab/compare",
    "lab/sweep",
    "lab/runs",
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_an_empty_cache_says_what_to_do(name):
    opened = page(name)
    assert not opened.exception
    assert any("Run" in sentence or "run" in sentence for sentence in sentences(opened))
    assert plots(opened) == []
    assert Store().runs() == []


@pytest.mark.parametrize(("name", "figures"), FIGURE_PAGES.items())
def test_a_figure_page_draws_finished_runs(name, figures, filled):
    opened = tiny(f"paper/{name}", **ADDRESSES.get(name, {}))
    assert not opened.exception
    drawn = plots(opened)
    assert len(drawn) == figures
    for plot in drawn:
        assert plot["alt"]
        assert plot["figure"]["data"], plot["filename"]
    assert not opened.get("progress")
    assert opened.button(key="run").label == "Finished"
    assert opened.button(key="run").disabled
    assert all(plot["exports"] for plot in drawn)
    assert [button.proto.label for button in opened.get("download_button")] == [
        "Bundle of all figures",
        "Report",
    ]


@pytest.mark.parametrize(
    ("name", "preset", "steps", "figures"),
    [
        ("classics/mnist", "mnist-quick", 5, 5),
        ("classics/lenet", "liu-lenetr", 5, 4),
        ("paper/landscape", "fig10", 4, 11),
        ("paper/covariate_shift", "fig3b", 4, 2),
        ("paper/distributions", "fig9", 4, 5),
        ("paper/norms", "fig13", 4, 6),
    ],
)
def test_the_preset_of_a_paper_s_figure_fills_its_page(name, preset, steps, figures):
    settings = {
        "steps": steps,
        "batch": 32,
        "data": "gaussian" if preset.startswith("fig") else "mnist-sample",
    }
    intervals = dict.fromkeys(PRESETS[preset].knobs["probes"], 2)
    for spec in PRESETS[preset].specs(**settings, probes=intervals):
        Inline().start(Store().submit(spec))
    address = {name: str(value) for name, value in settings.items()} | {
        f"every_{probe}": "2" for probe in intervals
    }
    opened = page(name, preset=preset, **address)
    assert not opened.exception
    assert sentences(opened) == []
    drawn = plots(opened)
    assert len(drawn) == figures
    assert all("nothing measured yet" not in json.dumps(plot) for plot in drawn)
    assert opened.button(key="run").label == "Finished"


def test_a_preset_of_a_paper_s_figure_starts_with_the_layers_of_that_figure():
    assert page("paper/covariate_shift", preset="fig3b").session_state["layers"] == ["fc9", "fc17"]
    assert page("paper/distributions", preset="fig9").session_state["layers"] == [
        "fc1",
        "fc11",
        "fc24",
    ]
    assert page("classics/mnist", preset="mnist").session_state["layers"] == ["fc3"]


def test_a_preset_brings_its_learning_rates_networks_and_layers():
    opened = page("paper/covariate_shift", preset="fig3b")
    assert opened.text_input(key="lr").value == "1e-06, 1e-07"
    assert opened.button(key="run").label == "Run 4 networks"


def test_an_unsuitable_panel_is_left_out_or_says_what_is_missing(filled):
    opened = tiny("paper/norms", networks="none,batch,noisy")
    # Only the linear network has this panel.
    assert "#### Training loss" not in " ".join(text.value for text in opened.markdown)
    Inline().start(Store().submit(PRESETS["quick"].specs(**TINY)[0]))
    without = page(
        "paper/landscape", preset="quick", norm="none", **{k: str(v) for k, v in TINY.items()}
    )
    assert len(plots(without)) == 10
    # The curvature is missing.
    assert [said.value for said in without.info] == ["These runs have not measured this."]


def test_one_button_adds_the_missing_measurement():
    for spec in PRESETS["quick"].specs(**TINY, probes={"accuracy": 1, "landscape": 2}):
        Inline().start(Store().submit(spec))
    address = {setting: str(value) for setting, value in TINY.items()} | {"every_landscape": "2"}
    off = {f"every_{probe}": "0" for probe in ("evaluation", "activations", "covariate_shift")}
    opened = page(
        "paper/landscape", preset="quick", view="along a random direction", **address, **off
    )
    titles = [plot["alt"].partition(".")[0] for plot in plots(opened)]
    assert titles == [
        "Effective β against the smallest step size",
        "Loss at one step",
        "Distance against step size",
        "Length of the gradient",
    ]
    buttons = [
        button for button in opened.button if button.label.startswith("Measure it too (about ")
    ]
    assert [button.key for button in buttons] == ["measure-loss-width", "measure-curvature"]
    buttons[0].click().run()
    assert not opened.exception
    assert opened.session_state["random_direction"] is True
    asked = [run.spec for run in Store().runs() if run.state == "queued"]
    assert [spec.norm for spec in asked] == ["none", "batch", "noisy"]
    assert all(
        spec.random_direction and spec.probes == {"accuracy": 1, "landscape": 2} for spec in asked
    )


@pytest.mark.parametrize(
    "name", ["distributions", "covariate_shift", "norms", "surface", "theory", "training"]
)
def test_no_page_draws_empty_axes(name):
    own = {"surface": "surface", "theory": "theory-vgg"}.get(name, "quick")
    settings = TINY | {"data": "cifar10-sample"}
    Inline().start(Store().submit(PRESETS[own].specs(**settings, norm="batch", probes={})[0]))
    address = {setting: str(value) for setting, value in settings.items()} | {
        f"every_{probe}": "0" for probe in ALL_PROBES
    }
    networks = {"networks" if name == "norms" else "norm": "batch"}
    opened = page(f"paper/{name}", preset=own, **address, **networks)
    assert not opened.exception and plots(opened) == []
    assert [button.label for button in opened.button if button.label.startswith("Measure it too")]


def test_the_bundle_holds_the_drawn_numbers(filled, monkeypatch):
    given: dict[str, bytes] = {}
    button = export.st.download_button
    monkeypatch.setattr(
        export.st,
        "download_button",
        lambda *a, **k: given.update({a[2]: a[1]()}) or button(*a, **k),
    )
    opened = AppTest.from_function(draw_the_loss_range, args=(filled,), default_timeout=60).run()
    assert not opened.exception
    with ZipFile(io.BytesIO(given["bnviz-page.zip"])) as bundle:
        table = pd.read_csv(bundle.open("data/loss-range.csv"))
        full = pd.read_parquet(io.BytesIO(bundle.read("data/loss-range-full.parquet")))
        runs = {name.split("/")[1] for name in bundle.namelist() if name.startswith("runs/")}
    assert runs == set(filled)
    # A run as short as this is drawn in full resolution.
    pd.testing.assert_frame_equal(full, table, check_dtype=False)
    drawn = {
        trace["legendgroup"]: trace
        for trace in plots(opened)[0]["figure"]["data"]
        if trace.get("fill") == "tonexty"
    }
    assert set(table.run) == set(drawn) == set(filled)
    for run, trace in drawn.items():
        band = table[table.run == run]
        assert numbers(trace["x"]) == pytest.approx(band.step.tolist())
        assert numbers(trace["y"]) == pytest.approx(band.loss_high.tolist(), rel=1e-6)


def test_a_figure_is_redrawn_when_a_run_diverges_even_if_its_numbers_stay():
    drawn: list[View] = []
    panel = Panel(
        "Any",
        "Look.",
        lambda view: view.rows,
        lambda numbers, view: drawn.append(view) or go.Figure(),
    )
    rows = pd.DataFrame({"step": [0]})
    for diverged in ({}, {}, {"run": 7}):
        view = View(rows, Time(10, diverged), 10, ())
        live.picture("Any", live.digest(rows), repr(view.time), live.Choices(10), panel, rows, view)
    assert [view.time.diverged for view in drawn] == [{}, {"run": 7}]


def draw_the_loss_range(ids: list[str]) -> None:
    """Draw a page with a single panel."""
    from bnviz.analysis.landscape import landscape_bands
    from bnviz.figures.landscape import loss_band
    from bnviz.figures.panel import Panel
    from bnviz.runs.store import Store
    from bnviz.ui import live

    panel = Panel(
        "Loss range",
        "Look.",
        lambda view: landscape_bands(view.rows),
        lambda numbers, view: loss_band(numbers, view.time),
    )
    live.draw([Store().run(id) for id in ids], [[panel]], live.Choices(6))


def test_a_figure_of_a_moment_has_a_frame_for_every_measured_step(filled):
    at_the_end, at_2 = tiny("paper/landscape"), tiny("paper/landscape", step="2")
    moments = [
        [plot for plot in plots(opened) if "frames" in plot["figure"]]
        for opened in (at_the_end, at_2)
    ]
    (last,), (earlier,) = moments
    assert last["alt"].startswith("Loss at one step")
    assert last["figure"] == earlier["figure"]
    assert (last["step"], earlier["step"]) == (6, 2)
    assert [frame["name"] for frame in last["figure"]["frames"]] == ["0", "2", "4"]
    shown = last["figure"]["data"]
    assert [trace["y"] for trace in shown] == [
        trace["y"] for trace in last["figure"]["frames"][-1]["data"]
    ]


def test_figures_over_steps_say_that_a_step_can_be_marked(filled):
    over_steps = [
        bool(plot["figure"]["layout"].get("meta", {}).get("steps"))
        for plot in plots(tiny("paper/landscape"))
    ]
    assert over_steps == [True] * 5 + [False] * 3 + [True] * 3


@pytest.mark.parametrize("view", ["contours", "surface"])
def test_the_surface_page_has_its_player_as_its_only_step_control(view, filled):
    last = tiny("paper/surface", **ADDRESSES["surface"], view=view)
    third = tiny("paper/surface", **ADDRESSES["surface"], view=view, step="3")
    assert "step" not in [slider.key for slider in last.slider]
    shown, *curves = [[plot["figure"] for plot in plots(opened)] for opened in (last, third)][1]
    assert [frame["name"] for frame in shown["frames"]] == ["0", "2", "4"]
    assert plots(last)[0]["figure"]["frames"] == shown["frames"]
    assert (
        plots(last)[0]["figure"]["layout"]["meta"]["frame"],
        shown["layout"]["meta"]["frame"],
    ) == ("4", "2")
    assert all(curve["layout"]["meta"]["steps"] for curve in curves)


def test_a_step_without_a_surface_gives_a_one_sentence_error(filled):
    opened = tiny("paper/surface", **ADDRESSES["surface"], step="77")
    assert "the steps are 0 to" in opened.warning[0].value
    assert "step" not in opened.query_params


def test_layers_and_units_can_be_chosen(filled):
    opened = tiny("paper/distributions", layers="conv1,conv8", view="all units")
    assert opened.multiselect(key="layers").value == ["conv1", "conv8"]
    pooled, unit = (
        plots(opened)[0]["figure"],
        plots(tiny("paper/distributions", layers="conv1,conv8"))[0]["figure"],
    )
    assert pooled["data"] != unit["data"]
    assert pooled["layout"]["yaxis"]["title"] == unit["layout"]["yaxis"]["title"]
    assert "#1" in str(pooled["layout"]["yaxis"]["title"])


def test_the_app_opens_with_its_title():
    opened = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert not opened.exception
    assert "Why does batch normalisation help?" in opened.markdown[0].value


def test_the_norms_page_has_its_own_choice_of_networks():
    opened = page("paper/norms")
    assert opened.get("button_group")[0].value == ["none", "batch", "l1", "l2", "linf"]
    assert "networks" not in opened.query_params
    assert (
        page("paper/norms", networks="l1,l7")
        .warning[0]
        .value.startswith("The link asks for networks='l1,l7'")
    )
    assert page("paper/training").get("button_group")[0].value == ["none", "batch", "noisy"]


def test_the_first_preset_is_a_shipped_one_or_one_whose_data_are_available(monkeypatch):
    assert [presets.first(page) for page in ("landscape", "mnist", "surface")] == [
        "quick",
        "mnist-quick",
        "surface",
    ]
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "cache" / "gallery")
    assert [presets.first(page) for page in ("landscape", "norms", "mnist")] == [
        "deep",
        "fig5a",
        "mnist",
    ]
    opened = page("classics/mnist")
    assert opened.button(key="run").label == "Finished" and len(plots(opened)) == 5
