"""Every page, on an empty cache, on a filled one, with nonsense in its address, and its Run and Stop."""

from __future__ import annotations

import base64
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl
from zipfile import ZipFile

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from bnviz import presets
from bnviz.figures.panel import Panel, View
from bnviz.figures.style import Time
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs import supervisor
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from bnviz.training.models import MODELS
from bnviz.ui import controls, export, live, reader
from tests.conftest import ALL_PROBES

FIGURE_PAGES = {
    "training": 3,
    "distributions": 5,
    "covariate_shift": 2,
    "landscape": 7,
    "norms": 5,
    "surface": 3,
    "theory": 6,
}
PAGES = [
    *(f"paper/{name}" for name in FIGURE_PAGES),
    "classics/mnist",
    "classics/lenet",
    "lab/start",
    "lab/present",
    "lab/claims",
    "lab/compare",
    "lab/sweep",
    "lab/runs",
]
TINY: dict[str, Any] = {
    "width": 1 / 32,
    "batch": 16,
    "steps": 6,
    "surface_grid": 3,
    "theory_units": 1,
}
ADDRESSES = {  # what a page's own address must say besides
    "norms": {"networks": "none,batch,noisy"},
    "surface": {"preset": "surface", "norm": "none,batch,noisy"},
    "theory": {
        "preset": "theory-vgg",
        "norm": "none,batch,noisy",
        "init": "he_normal",
        "lr": "0.02",
        "precision": "float32",
    },
}


@pytest.fixture(autouse=True)
def no_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask for one; these tests start no process. Nor do they see the runs that ship with bnviz."""
    monkeypatch.setattr(supervisor, "ensure", lambda store: None)
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "no gallery")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with three finished tiny runs."""
    store = Store(tmp_path_factory.mktemp("finished"))
    for spec in PRESETS["quick"].specs(**TINY, probes=ALL_PROBES):
        Inline().start(store.submit(spec))
    return store.root


@pytest.fixture
def filled(finished: Path, own_cache: Path) -> list[str]:
    """Three finished tiny runs in this test's cache; their ids."""
    shutil.copytree(finished, own_cache, dirs_exist_ok=True)
    return [spec.id for spec in PRESETS["quick"].specs(**TINY, probes=ALL_PROBES)]


def page(name: str, **address: str) -> AppTest:
    """A page as it is when a link with these parameters is opened."""
    opened = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    for parameter, text in address.items():
        opened.query_params[parameter] = text
    return opened.run()


def tiny(name: str, **address: str) -> AppTest:
    """A figure page with the knobs of the tiny runs."""
    knobs = {"preset": "quick"} | {knob: str(value) for knob, value in TINY.items()}
    return page(
        name,
        **knobs | {f"every_{probe}": str(every) for probe, every in ALL_PROBES.items()} | address,
    )


def plots(opened: AppTest) -> list[dict[str, Any]]:
    """What the page sends to the browser for each of its figures."""
    return [
        json.loads(component.proto.bytes)
        for component in opened.get("bidi_component")
        if component.proto.bytes
    ]


def sentences(opened: AppTest) -> list[str]:
    return [shown.value for shown in [*opened.warning, *opened.error, *opened.info]]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_an_empty_cache_tells_what_to_do(name):
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
    assert [bar.proto.value for bar in opened.get("progress")] == [100] * 3
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
        ("paper/landscape", "fig10", 4, 7),
        ("paper/covariate_shift", "fig3b", 4, 2),
        ("paper/distributions", "fig9", 4, 5),
        ("paper/norms", "fig13", 4, 5),
    ],
)
def test_a_figures_own_preset_fills_its_page(name, preset, steps, figures):
    knobs = {
        "steps": steps,
        "batch": 32,
        "data": "gaussian" if preset.startswith("fig") else "mnist-sample",
    }
    intervals = dict.fromkeys(PRESETS[preset].knobs["probes"], 2)
    for spec in PRESETS[preset].specs(**knobs, probes=intervals):
        Inline().start(Store().submit(spec))
    address = {name: str(value) for name, value in knobs.items()} | {
        f"every_{probe}": "2" for probe in intervals
    }
    opened = page(name, preset=preset, **address)
    assert not opened.exception
    assert sentences(opened) == []
    drawn = plots(opened)
    assert len(drawn) == figures
    assert all("nothing measured yet" not in json.dumps(plot) for plot in drawn)
    assert opened.button(key="run").label == "Finished"


def test_layers_are_at_first_those_of_the_figure_that_a_preset_repeats():
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


def test_a_link_may_change_knobs_that_only_fit_each_other():
    opened = page("paper/training", preset="quick", model="mlp", data="mnist-sample", batch="4000")
    assert [warning.value for warning in opened.warning] == []
    assert opened.button(key="run").label == "Run 3 networks"
    alone = page("paper/training", preset="quick", model="mlp", data="gaussian", norm="instance")
    assert alone.error[0].value.startswith("Norm instance needs more than one value per example")


def test_a_preset_of_another_page_costs_one_sentence():
    opened = page("classics/lenet", preset="quick")
    says = "preset must be one of liu-mlp, liu-lenet, liu-lenetr, lenet-quick on this page"
    assert says in opened.warning[0].value
    assert opened.session_state["preset"] == "lenet-quick"  # the one whose data are at hand


def test_knobs_that_do_not_fit_each_other_cost_one_sentence():
    opened = page("paper/landscape", preset="quick", width="0.001")
    assert opened.error[0].value == (
        "Width 0.001 leaves no channel in a layer of 64; choose a width of at least 0.016."
    )
    assert not opened.exception and Store().runs() == []


def test_a_panel_that_does_not_fit_is_left_out_or_says_what_is_missing(filled):
    opened = tiny("paper/norms", networks="none,batch,noisy")
    assert "#### Training loss" not in " ".join(
        text.value for text in opened.markdown
    )  # its place is the linear network's
    Inline().start(Store().submit(PRESETS["quick"].specs(**TINY)[0]))
    without = page(
        "paper/landscape", preset="quick", norm="none", **{k: str(v) for k, v in TINY.items()}
    )
    assert len(plots(without)) == 6
    assert [said.value for said in without.info] == [
        "These runs have not measured this."
    ]  # the curvature


def test_one_button_measures_what_the_runs_have_not():
    for spec in PRESETS["quick"].specs(**TINY, probes={"accuracy": 1, "landscape": 2}):
        Inline().start(Store().submit(spec))
    address = {knob: str(value) for knob, value in TINY.items()} | {"every_landscape": "2"}
    off = {f"every_{probe}": "0" for probe in ("evaluation", "activations", "covariate_shift")}
    opened = page(
        "paper/landscape", preset="quick", view="along a random direction", **address, **off
    )
    titles = [plot["alt"].partition(".")[0] for plot in plots(opened)]
    assert titles == ["Loss at one step", "Distance against step size", "Length of the gradient"]
    buttons = [
        button for button in opened.button if button.label.startswith("Measure it too (about ")
    ]
    assert [button.key for button in buttons] == ["measure-landscape", "measure-curvature"]
    buttons[0].click().run()
    assert not opened.exception
    assert opened.toggle(key="random_direction").value is True
    assert "Random direction on" in " ".join(text.value for text in opened.markdown)
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
    knobs = TINY | {"data": "cifar10-sample"}
    Inline().start(Store().submit(PRESETS[own].specs(**knobs, norm="batch", probes={})[0]))
    address = {knob: str(value) for knob, value in knobs.items()} | {
        f"every_{probe}": "0" for probe in ALL_PROBES
    }
    networks = {"networks" if name == "norms" else "norm": "batch"}
    opened = page(f"paper/{name}", preset=own, **address, **networks)
    assert not opened.exception and plots(opened) == []
    assert [button.label for button in opened.button if button.label.startswith("Measure it too")]


def test_the_bundle_holds_what_is_drawn(filled, monkeypatch):
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
    pd.testing.assert_frame_equal(
        full, table, check_dtype=False
    )  # so short a run is drawn in full resolution
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


def test_a_picture_is_drawn_anew_when_a_run_has_diverged_though_its_numbers_stay():
    drawn: list[View] = []
    panel = Panel(
        "Any",
        "Look.",
        lambda view: view.rows,
        lambda numbers, view: drawn.append(view) or go.Figure(),
    )
    rows = pd.DataFrame({"step": [0]})
    for diverged in ({}, {}, {"run": 7}):
        view = View(rows, Time(10, 10, diverged), 10, ())
        live.picture("Any", live.digest(rows), repr(view.time), live.Choices(10), panel, rows, view)
    assert [view.time.diverged for view in drawn] == [{}, {"run": 7}]


def draw_the_loss_range(ids: list[str]) -> None:
    """One panel on a page of its own."""
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


def numbers(array: Any) -> list[float]:
    """plotly's typed arrays as a list."""
    return (
        list(np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]))
        if isinstance(array, dict)
        else array
    )


def test_the_step_scrubber_moves_every_figure_of_a_moment(filled):
    opened = tiny("paper/landscape")
    last = plots(opened)
    opened.slider(key="step").set_value(2).run()
    earlier = plots(opened)
    changed = [
        before["figure"] != after["figure"] for before, after in zip(last, earlier, strict=True)
    ]
    assert changed == [True] * 7  # five mark the step, the others show it
    assert opened.query_params["step"] in ("2", ["2"])


@pytest.fixture
def filled_at_the_papers_rate() -> dict[str, str]:
    """Three finished tiny runs at the learning rate of the paper; what the address of a page must say to show them."""
    probes = {
        "accuracy": 1,
        "activations": 2,
        "covariate_shift": 2,
        "evaluation": 6,
        "landscape": 2,
    }
    for spec in PRESETS["quick"].specs(**TINY, lr=0.1, probes=probes):
        Inline().start(Store().submit(spec))
    return {"lr": "0.1"} | {f"every_{probe}": str(probes.get(probe, 0)) for probe in ALL_PROBES}


def names_of_theirs(opened: AppTest) -> list[set[str]]:
    """The names of the papers' curves in each figure of a page."""
    return [
        {trace["name"] for trace in plot["figure"]["data"] if "– paper, " in trace.get("name", "")}
        for plot in plots(opened)
    ]


def test_the_papers_curves_are_off_until_asked_for_and_the_address_keeps_them(
    filled_at_the_papers_rate,
):
    opened = tiny("paper/training", **filled_at_the_papers_rate)
    assert opened.toggle(key="paper").value is False
    assert names_of_theirs(opened) == [set()] * 3
    opened.toggle(key="paper").set_value(True).run()
    assert opened.query_params["paper"] in ("true", ["true"])
    accuracy, loss, test = names_of_theirs(opened)
    labels = ("Standard", "BatchNorm", "Noisy BatchNorm")
    assert accuracy == {f"{label} – paper, 2018 v3, Fig. 2" for label in labels}
    assert (loss, test) == (set(), {f"{label} – paper, 2018 v3, Fig. 1b" for label in labels[:2]})
    opened.toggle(key="paper").set_value(False).run()
    assert "paper" not in opened.query_params
    assert names_of_theirs(opened) == [set()] * 3


def test_a_link_shows_the_papers_curves(filled_at_the_papers_rate):
    landscape = {"Fig. 4a", "Fig. 4b", "Fig. 4c"}
    for name, address, figures in (
        ("landscape", {}, landscape),  # Fig. 11 begins at step 100, after these runs
        ("landscape", {"view": "along a random direction"}, set()),
        ("covariate_shift", {"layers": "conv5,conv6"}, {"Fig. 3a"}),
        ("covariate_shift", {"layers": "conv6"}, set()),
        ("distributions", {"layers": "conv2"}, {"Fig. 8a"}),
        ("norms", {"networks": "none,batch,noisy"}, {"Fig. 2"} | landscape),
    ):
        opened = tiny(f"paper/{name}", paper="true", **filled_at_the_papers_rate, **address)
        assert not opened.exception
        assert opened.toggle(key="paper").value is True
        assert {
            label.rpartition(", ")[2] for labels in names_of_theirs(opened) for label in labels
        } == figures
        captions = " ".join(caption.value for caption in opened.caption)
        assert ("begins to count layers" in captions) == (
            name in ("covariate_shift", "distributions")
        )


def test_no_switch_where_the_paper_has_no_curve():
    opened = page("paper/landscape", preset="quick", paper="true")  # at another learning rate
    assert not [toggle for toggle in opened.toggle if toggle.key == "paper"]
    assert not opened.warning
    opened.text_input(key="lr").set_value("0.1").run()
    assert opened.toggle(key="paper").value is True  # what the link asked for is remembered
    opened.selectbox(key="optimizer").set_value("adam").run()
    assert not [toggle for toggle in opened.toggle if toggle.key == "paper"]


def test_the_help_of_the_switch_names_figures_and_layers():
    help_of = {
        name: page(f"paper/{name}", preset="quick", lr="0.1").toggle(key="paper").help
        for name in ("covariate_shift", "training")
    }
    assert "2018 v3, Fig. 3a (layers 5, 10)" in help_of["covariate_shift"]
    assert "2018 v3, Fig. 2; 2018 v3, Fig. 1b." in help_of["training"]


@pytest.mark.parametrize("view", ["contours", "surface"])
def test_the_player_of_the_surface_is_the_only_step_control_of_its_page(view, filled):
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
    assert [curve["layout"]["shapes"][0]["x0"] for curve in curves] == [3, 3]


def test_a_step_that_the_surface_has_not_costs_a_sentence(filled):
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


def test_a_link_restores_the_question():
    address = {
        "norm": "batch, noise",
        "hidden": "",
        "lr": "0.1,0.5",
        "seed": "0,1",
        "width": "0.5",
        "every_landscape": "0",
        "augment": "true",
    }
    opened = page("paper/training", **address)
    assert not sentences(opened)[:-1]
    assert opened.get("button_group")[1].value == ["batch", "noise"]
    assert opened.number_input(key="width").value == 0.5
    assert opened.toggle(key="augment").value is True
    assert opened.text_input(key="hidden").value == ""
    assert opened.button(key="run").label == "Run 8 networks"


def test_a_choice_goes_into_the_address_and_a_default_does_not():
    opened = page("paper/training")
    assert set(opened.query_params) == {"preset"}
    opened.number_input(key="width").set_value(0.5).run()
    assert opened.query_params["width"] in ("0.5", ["0.5"])
    opened.number_input(key="width").set_value(0.25).run()
    assert "width" not in opened.query_params


def test_a_changed_setting_is_said_beside_the_preset_and_taken_back_by_one_button():
    opened = page("paper/training", preset="quick")
    assert chosen_preset(opened) == "Quick" and not [
        button for button in opened.button if button.key == "reset"
    ]
    opened.text_input(key="lr").set_value("0.5").run()
    opened.number_input(key="every_landscape").set_value(0).run()
    assert chosen_preset(opened) == "Quick, modified"
    texts = [text.value for text in opened.markdown]
    assert any(
        t.startswith("**Quick, modified:** lr 0.5; Landscape along the gradient never.")
        for t in texts
    )
    assert not any(PRESETS["quick"].summary in text for text in texts)
    opened.button(key="reset").click().run()
    assert (
        opened.text_input(key="lr").value == "0.02"
        and opened.number_input(key="every_landscape").value == 10
    )
    assert chosen_preset(opened) == "Quick"
    assert any(PRESETS["quick"].summary in text.value for text in opened.markdown)


def chosen_preset(opened: AppTest) -> str:
    """The highlighted preset's label, as the browser shows it."""
    presets = opened.get("button_group")[0]
    (label,) = [
        label for label in presets.options if label.startswith(PRESETS[presets.value].label)
    ]
    return str(label)


def one_page_after_the_other() -> None:
    """An app of which `go` says the page."""
    import streamlit as st

    from bnviz.ui import controls, link

    link.arrive(st.session_state["go"])
    controls.ask(st.session_state["go"])


def visit(app: AppTest, name: str, **address: str) -> AppTest:
    """Click on another page; the browser then empties the address, or on a link, which brings its own."""
    app.session_state["go"] = name
    app.query_params.clear()
    app.query_params.update(address)
    return app.run()


def test_settings_stay_with_their_page_and_a_link_brings_its_own():
    app = visit(
        AppTest.from_function(one_page_after_the_other, default_timeout=60),
        "training",
        preset="quick",
    )
    app.text_input(key="lr").set_value("0.5").run()
    visit(app, "landscape")
    assert app.text_input(key="lr").value == "0.02"
    assert not any("modified" in text.value for text in app.markdown)
    app.number_input(key="steps").set_value(50).run()
    visit(app, "training")
    assert (app.text_input(key="lr").value, app.number_input(key="steps").value) == ("0.5", 200)
    visit(app, "training", preset="quick", width="0.5")  # the page that is open: nothing is lost
    visit(app, "landscape", preset="quick", width="0.5")
    assert (app.number_input(key="width").value, app.number_input(key="steps").value) == (0.5, 200)
    assert "modified:** Width 0.5." in " ".join(text.value for text in app.markdown)


def test_what_is_wrong_stands_above_the_knobs():
    opened = page("paper/training", preset="quick")
    opened.text_input(key="lr").set_value("fast").run()
    kinds = [element.type for element in opened.main]
    assert kinds.index("error") < kinds.index("tab")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"norm": "bach"}, "norm must be one of none, batch, noisy, noise"),
        ({"lr": "nan"}, "lr must be a number above 0 and at most 1,000"),
        ({"lr": "fast"}, "lr must be a number above 0 and at most 1,000"),
        ({"steps": "-3"}, "steps must be a whole number from 1 to 1,000,000"),
        ({"steps": "2.5"}, "steps must be a whole number from 1 to 1,000,000"),
        ({"preset": "quack"}, "preset must be one of quick, class, paper"),
        ({"every_landscape": "-1"}, "whole number of steps"),
        ({"speed": "3"}, "no choice on this page"),
        ({"step": "999999"}, "the steps are 0 to 200"),
        ({"step": "²"}, "the steps are 0 to 200"),
        ({"model": "vgg11,vgg13"}, f"model must be one of {', '.join(MODELS)}"),
        ({"lr": "![x](http://example.org/x.png)"}, "lr must be a number above 0 and at most 1,000"),
        ({"augment": "perhaps"}, "augment must be true or false"),
        ({"paper": "perhaps"}, "that must be true or false"),
    ],
)
def test_nonsense_in_a_link_costs_one_sentence_and_starts_nothing(address, says):
    opened = page("paper/landscape", **{"preset": "quick"} | address)
    assert not opened.exception
    told = [warning.value for warning in opened.warning]
    assert len(told) == 1
    assert says in told[0]
    assert "\n" not in told[0]
    assert Store().runs() == []
    assert opened.button(key="run").label == "Run 3 networks"


def test_a_link_with_values_of_any_length_costs_short_sentences():
    long = "x" * 5000
    for address in (
        {"lr": long},
        {"norm": long},
        {long: "1"},
        {"layers": long},
        {"view": long},
        {"step": "9" * 5000},
    ):
        opened = page("paper/distributions", preset="quick", **address)
        assert not opened.exception
        assert [len(warning.value) < 900 for warning in opened.warning] == [True]


def test_too_many_layers_cost_one_sentence():
    opened = page("paper/distributions", layers="conv1,conv2,conv3,conv4,conv5")
    assert "it takes up to 4 of conv1" in opened.warning[0].value
    assert not opened.exception


def test_too_many_runs_cost_one_sentence():
    opened = page("paper/training", seed=",".join(map(str, range(1000))))
    assert opened.error[0].value == "That would be 3000 runs; choose at most 24 at a time."


def test_a_link_is_not_markdown():
    opened = page("paper/training", preset="quick", lr="![x](http://example.org/x.png)")
    assert "![" not in opened.warning[0].value


def test_a_wrong_knob_on_the_page_costs_one_sentence_and_there_is_no_run(filled):
    opened = page("paper/landscape", preset="quick")
    opened.text_input(key="lr").set_value("0.1, fast").run()
    assert [error.value for error in opened.error] == [
        "Learning rate must be a number above 0 and at most 1,000, got 'fast'."
    ]
    assert not [button for button in opened.button if button.key == "run"]
    opened.text_input(key="lr").set_value("0.1").run()
    assert not opened.error
    opened.get("button_group")[1].set_value([]).run()
    assert "Choose at least one network" in opened.error[0].value


def test_run_queues_and_stop_cancels():
    opened = page("paper/training", preset="quick")
    opened.button(key="run").click().run()
    assert [run.state for run in Store().runs()] == ["queued"] * 3
    assert [run.id for run in Store().runs()] == [spec.id for spec in PRESETS["quick"].specs()]
    assert opened.button(key="run").disabled
    assert not opened.button(key="stop").disabled
    opened.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 3
    assert opened.button(key="run").label == "Run 3 networks"


def test_a_second_reader_sees_the_same_runs_and_does_not_stop_them_for_the_first():
    first, second = page("paper/training", preset="quick"), page("paper/landscape", preset="quick")
    first.button(key="run").click().run()
    second.run()
    assert second.button(key="run").disabled
    second.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["queued"] * 3


def test_a_browser_is_one_reader_in_all_its_tabs(monkeypatch):
    monkeypatch.setattr(reader.st, "context", SimpleNamespace(cookies={reader.COOKIE: "0" * 32}))
    first, second = page("paper/training", preset="quick"), page("paper/landscape", preset="quick")
    first.button(key="run").click().run()
    second.run()
    second.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 3


@pytest.mark.parametrize("cookie", ["", "../../spec.json", "0" * 31, "x" * 5000])
def test_a_cookie_that_is_no_id_is_not_taken_for_one(cookie, monkeypatch):
    monkeypatch.setattr(reader.st, "context", SimpleNamespace(cookies={reader.COOKIE: cookie}))
    page("paper/training", preset="quick").button(key="run").click().run()
    (mark,) = (Store().runs()[0].folder / "waiting").iterdir()
    assert reader.ID.fullmatch(mark.name)


def test_a_closed_tab_waits_for_nothing_and_its_runs_go_on():
    run = Store().submit(PRESETS["quick"].specs()[0])
    run.wait("gone")
    reader.go({run.id: (run, "gone")})  # Streamlit calls it when a tab disconnects
    assert run.state == "queued"
    assert run.leave("somebody else")


def test_missing_data_offers_the_ways_and_no_run():
    opened = page("paper/training", data="cifar10", preset="quick")
    assert opened.button(key="run").disabled
    assert "data fetch cifar10" in opened.warning[0].value
    assert opened.button(key="download-cifar10").label == "Download CIFAR-10"


def test_a_failed_run_says_why():
    run = Store().submit(PRESETS["quick"].specs()[0])
    run.write("error.txt", "The device ran out of memory.\n\nTraceback …")
    opened = page("paper/training", preset="quick", norm="none")
    assert "The device ran out of memory." in opened.error[0].value
    assert "Traceback" not in opened.error[0].value


def test_the_start_page_starts_the_quick_comparison():
    opened = page("lab/start", show="quick")
    label = opened.button(key="quick").label
    assert f"Press **{label}**" in opened.info[0].value
    opened.button(key="quick").click().run()
    assert [run.id for run in Store().runs()] == [spec.id for spec in PRESETS["quick"].specs()]
    assert len(plots(opened)) == 4
    opened.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 3


def test_the_start_page_trains_again_from_another_seed_once_all_are_finished(monkeypatch):
    monkeypatch.setitem(
        PRESETS, "quick", replace(PRESETS["quick"], knobs=PRESETS["quick"].knobs | TINY)
    )
    for spec in PRESETS["quick"].specs():
        Inline().start(Store().submit(spec))
    opened = page("lab/start")
    assert opened.button(key="quick").label == "Train again, seed 1"
    opened.button(key="quick").click().run()
    assert [run.spec.seed for run in Store().runs() if run.state == "queued"] == [1] * 3
    assert opened.session_state["show"] == "quick" and len(opened.get("progress")) == 3
    assert not [
        button for button in page("lab/start").button if button.key == "stop"
    ]  # seed 0 is finished


def test_runs_lists_what_ships_with_its_result_and_a_link_that_shows_its_figures(monkeypatch):
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "cache" / "gallery")
    opened = page("lab/runs")
    assert not opened.exception
    table = opened.dataframe[0].value
    assert len(table) == len([*(PROJECT / "cache" / "gallery").glob("[0-9a-f]*")]) and set(
        table.From
    ) == {"bnviz"}
    assert set(
        table[table.State == "done"].Result.str.contains("test set right|training loss")
    ) == {True}
    assert not table[table.State.str.startswith("diverged at step")].Share.lt(1).any()
    spec = PRESETS["class"].specs(norm="noisy", seed=2)[0]
    (link,) = table[table.Id == spec.id].Figures
    shown = page("paper/" + link.partition("?")[0], **dict(parse_qsl(link.partition("?")[2])))
    assert shown.button(key="run").label == "Finished" and spec.id in str(plots(shown)[0])


def test_a_damaged_run_is_told_where_its_figures_are_and_computed_again(filled):
    (Store().run(filled[0]).folder / "rows" / "all.parquet").write_bytes(b"")
    opened = tiny("paper/landscape")
    assert not opened.exception and "is damaged" in opened.error[0].value
    assert opened.button(key="run").label == "Run 1 more"
    assert opened.button(key=f"delete-{filled[0]}")
    opened.button(key=f"again-{filled[0]}").click().run()
    assert Store().run(filled[0]).state in ("queued", "interrupted")


@pytest.mark.parametrize(
    "name", ["paper/landscape", "lab/start", "lab/claims", "lab/compare", "lab/sweep", "lab/runs"]
)
def test_every_live_page_says_why_runs_do_not_go_on(name, filled, monkeypatch):
    monkeypatch.setattr(supervisor, "trouble", lambda store: "The disk is full.")
    address = (
        {"show": "quick"}
        if name == "lab/start"
        else {"runs": filled[0][:8]}
        if name == "lab/compare"
        else {}
    )
    assert "The disk is full." in [error.value for error in page(name, **address).error]


def test_runs_lists_every_run_also_a_damaged_one(filled):
    (Store().submit(PRESETS["quick"].specs()[0]).folder / "spec.json").write_text("{", "utf-8")
    opened = page("lab/runs")
    assert not opened.exception
    table = opened.dataframe[0].value
    assert sorted(table.State) == ["damaged"] + ["done"] * 3
    assert table.Settings.str.contains("damaged").sum() == 1


def test_the_app_frames_the_pages():
    opened = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert not opened.exception
    assert "Why does batch normalisation help?" in opened.markdown[0].value


def test_the_norms_page_compares_its_own_networks_and_leaves_those_of_other_pages_alone():
    opened = page("paper/norms")
    assert opened.get("button_group")[1].value == ["none", "batch", "l1", "l2", "linf"]
    assert "networks" not in opened.query_params
    assert (
        page("paper/norms", networks="l1,l7")
        .warning[0]
        .value.startswith("The link asks for networks='l1,l7'")
    )
    assert page("paper/training").get("button_group")[1].value == ["none", "batch", "noisy"]


def test_every_knob_of_the_spec_has_a_widget():
    drawn = {name for names in controls.GROUPS.values() for name in names} | {"norm", "probes"}
    assert drawn == set(controls.RunSpec.model_fields)


def test_a_preset_that_ships_is_offered_first_else_one_whose_data_are_at_hand(monkeypatch):
    assert [presets.first(page) for page in ("landscape", "mnist", "surface")] == [
        "quick",
        "mnist-quick",
        "surface",
    ]
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "cache" / "gallery")
    assert [presets.first(page) for page in ("landscape", "norms", "mnist")] == [
        "class",
        "class",
        "mnist",
    ]
    opened = page("classics/mnist")
    assert opened.button(key="run").label == "Finished" and len(plots(opened)) == 5


def test_a_sweep_runs_every_network_at_every_value_and_stops():
    opened = page(
        "lab/sweep", preset="quick", norm="none,batch", sweep="width", values="0.0625,0.125"
    )
    assert not opened.exception
    assert opened.text_input(key="values").value == "0.0625,0.125"
    assert any(text.value == "**4 runs**." for text in opened.markdown)
    opened.button(key="run").click().run()
    widths = [(spec.width, spec.norm) for spec in (run.spec for run in Store().runs())]
    assert widths == [(0.0625, "none"), (0.0625, "batch"), (0.125, "none"), (0.125, "batch")]
    assert "**0 of 4 finished · 4 waiting**" in [bar.proto.text for bar in opened.get("progress")]
    assert len(plots(opened)) == 1
    opened.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 4


@pytest.mark.parametrize("view", ["lines", "heat map"])
def test_a_sweep_draws_what_is_finished_and_leaves_the_rest_empty(view, filled):
    address = {
        "norm": "none,batch",
        "sweep": "width",
        "values": "0.03125,0.0625",
        "metric": "loss",
        "view": view,
    }
    opened = tiny("lab/sweep", **address)
    assert not opened.exception and sentences(opened) == []
    (plot,) = plots(opened)
    assert "Training loss, last tenth, by width" in plot["alt"]
    if view == "lines":
        lines = {trace["name"]: numbers(trace["y"]) for trace in plot["figure"]["data"]}
        finite = {name: np.isfinite(np.array(y, dtype=float)).tolist() for name, y in lines.items()}
        assert finite == {"Standard": [True, False], "BatchNorm": [True, False]}
    else:
        texts = [note["text"] for note in plot["figure"]["layout"]["annotations"]]
        assert [bool(text) for text in texts] == [True, False, True, False]
    assert "**2 of 4 finished**" in [bar.proto.text for bar in opened.get("progress")]
    assert any(text.value == "**4 runs**, 2 of them finished." for text in opened.markdown)
    assert opened.button(key="run").label == "Run 2 more"


def test_a_sweep_says_which_of_its_runs_is_damaged_and_computes_it_again(filled):
    run = next(run for run in Store().runs() if run.spec.norm == "batch")
    (run.folder / "rows" / "all.parquet").write_bytes(b"")
    opened = tiny(
        "lab/sweep", norm="none,batch", sweep="width", values="0.03125,0.0625", metric="loss"
    )
    assert [error.value for error in opened.error if "is damaged" in error.value]
    assert "damaged" in next(bar.proto.text for bar in opened.get("progress"))
    opened.button(key=f"again-{run.id}").click().run()
    assert run.state in ("queued", "interrupted")


def test_a_finished_sweep_needs_no_button_and_its_link_restores_it(filled):
    Inline().start(
        Store().submit(PRESETS["quick"].specs(**TINY | {"width": 1 / 16}, probes=ALL_PROBES)[0])
    )
    address = {
        "norm": "none",
        "sweep": "width",
        "values": "0.03125,0.0625",
        "metric": "beta",
        "view": "heat map",
    }
    opened = tiny("lab/sweep", **address)
    assert opened.button(key="run").label == "Finished"
    assert any(text.value == "**2 runs**, all finished." for text in opened.markdown)
    kept = {name: opened.query_params[name] for name in address}
    assert {
        name: text[0] if isinstance(text, list) else text for name, text in kept.items()
    } == address


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"sweep": "speed"}, "it must be one of lr, noise, width, depth"),
        ({"values": "0.1,fast"}, "lr must be a number above 0 and at most 1,000"),
        ({"values": "0.1"}, "a sweep of lr takes at least two values"),
        (
            {"metric": "speed"},
            "it must be one of accuracy, loss, test_accuracy, loss_band, beta, lost",
        ),
        ({"view": "pie"}, "it must be one of lines, heat map"),
    ],
)
def test_nonsense_in_the_link_to_a_sweep_costs_one_sentence(address, says):
    opened = page("lab/sweep", preset="quick", norm="none,batch", **address)
    assert not opened.exception
    assert [says in warning.value for warning in opened.warning] == [True]
    assert opened.button(key="run").label == "Run 8 networks"


def test_a_sweep_turns_one_knob_that_some_network_has():
    opened = page("lab/sweep", preset="quick", norm="none,batch")
    opened.text_input(key="values").set_value("1, 2, many").run()
    assert opened.error[0].value.startswith("Learning rate must be a number above 0")
    opened.text_input(key="values").set_value("1, 2").run()
    opened.get("button_group")[2].set_value("noise").run()
    assert (
        opened.error[0].value
        == "Noise changes nothing in none or batch; choose one of noisy, noise."
    )
    assert opened.text_input(key="values").value == "0, 0.5, 1, 2, 4"
    opened.text_input(key="lr").set_value("0.1, 0.2").run()
    opened.get("button_group")[2].set_value("width").run()
    assert opened.error[0].value == (
        "A sweep changes one setting: choose one learning rate under Settings to sweep width."
    )
    assert not [button for button in opened.button if button.key == "run"]
