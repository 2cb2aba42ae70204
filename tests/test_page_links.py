"""The settings of a page: what a link sets, what the address keeps, and how errors are worded."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bnviz import presets
from bnviz.runs.prices import Machine
from bnviz.runs.store import Store
from bnviz.training.models import MODELS
from bnviz.ui import asking, controls, widgets
from tests.pages import drawer, page, sentences

pytestmark = pytest.mark.usefixtures("no_supervisor")


def test_a_link_may_change_settings_that_only_fit_together():
    opened = page("paper/training", preset="quick", model="mlp", data="mnist-sample", batch="4000")
    assert [warning.value for warning in opened.warning] == []
    assert opened.button(key="run").label == "Run 3 networks"
    alone = page("paper/training", preset="quick", model="mlp", data="gaussian", norm="instance")
    assert alone.error[0].value.startswith("Norm instance needs more than one value per example")


def test_a_preset_of_another_page_gives_a_one_sentence_error():
    opened = page("classics/lenet", preset="quick")
    says = "preset must be one of liu-mlp, liu-lenet, liu-lenetr, lenet-quick on this page"
    assert says in opened.warning[0].value
    assert opened.session_state["preset"] == "lenet-quick"  # the preset whose data are available


def test_settings_that_do_not_fit_together_give_a_one_sentence_error():
    opened = page("paper/landscape", preset="quick", width="0.001")
    assert opened.error[0].value == (
        "Width 0.001 leaves no channel in a layer of 64; choose a width of at least 0.016."
    )
    assert not opened.exception and Store().runs() == []


def test_a_link_restores_the_settings():
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
    assert opened.get("button_group")[0].value == ["batch", "noise"]
    assert opened.button(key="run").label == "Run 8 networks"
    drawer(opened)
    assert opened.number_input(key="width").value == 0.5
    assert opened.toggle(key="augment").value is True
    assert opened.text_input(key="hidden").value == ""


def test_the_address_holds_choices_but_no_defaults():
    opened = page("paper/training")
    assert set(opened.query_params) == {"preset"}
    drawer(opened).number_input(key="width").set_value(0.5).run()
    assert opened.query_params["width"] in ("0.5", ["0.5"])
    drawer(opened).number_input(key="width").set_value(0.25).run()
    assert "width" not in opened.query_params


def test_a_preset_says_what_it_is_and_how_long_it_takes_here(monkeypatch):
    monkeypatch.setattr(asking, "machine", lambda: Machine(1))
    monkeypatch.setattr(presets, "shipped", lambda preset: preset.name == "deep")
    opened = page("paper/training", preset="class")
    quick, small, deep, *_ = opened.selectbox(key="preset").options
    assert quick == "Quick · 2 min · A small VGG on 4,000 images for 200 steps"
    assert small == "Class · 13 min · A small VGG on all of CIFAR-10 for 2,000 steps"
    assert deep.startswith("Deep · shipped · VGG-16 at a quarter of its width")

    monkeypatch.setattr(asking, "machine", lambda: Machine(1, {"vgg11": 5.0}))
    opened.text_input(key="lr").set_value("0.5").run()
    assert opened.session_state["preset"] == "class"
    assert opened.selectbox(key="preset").options[1] == small


def test_a_changed_setting_is_named_beside_the_preset_and_one_button_resets_it():
    opened = page("paper/training", preset="quick")
    assert not [button for button in opened.button if button.key == "reset"]
    opened.text_input(key="lr").set_value("0.5").run()
    drawer(opened).number_input(key="every_landscape").set_value(0).run()
    texts = [text.value for text in opened.markdown]
    assert any(
        t.startswith("**Quick, modified:** lr 0.5; Landscape along the gradient never.")
        for t in texts
    )
    assert any(t.startswith("**Quick, before your changes.**") for t in texts)
    opened.button(key="reset").click().run()
    assert opened.text_input(key="lr").value == "0.02"
    assert opened.session_state["every_landscape"] == 10
    assert not any("modified" in text.value for text in opened.markdown)
    assert any(text.value.startswith("**Quick.**") for text in opened.markdown)


def test_the_drawer_names_each_changed_setting_and_undoes_it_alone():
    opened = page("paper/training", preset="quick", lr="0.5", momentum="0.9")
    said = [text.value for text in drawer(opened).markdown]
    assert "lr 0.5" in said and "Momentum 0.9" in said
    opened.button(key="undo-momentum").click().run()
    assert (opened.session_state["momentum"], opened.session_state["lr"]) == (0.0, "0.5")


def test_the_drawer_finds_settings_by_a_word():
    opened = drawer(page("paper/training", preset="quick"))
    every = {widget.key for widget in opened.number_input}
    opened.button(key="settings-button").click()
    opened.text_input(key="wanted").set_value("momentum").run()
    found = {widget.key for widget in opened.number_input} - {"noise"}
    assert found == {"momentum"} < every


def test_more_networks_are_behind_the_plus():
    opened = page("paper/training", preset="quick")
    chips = opened.get("button_group")[0]
    assert chips.options == ["Standard", "BatchNorm", "Noisy BatchNorm"]
    opened.button(key="add-l1").click().run()
    assert opened.get("button_group")[0].value == ["none", "batch", "noisy", "l1"]
    assert "add-l1" not in [button.key for button in opened.button]


def test_the_noise_is_set_in_multiples_of_the_papers():
    opened = page("paper/training", preset="quick")
    assert opened.number_input(key="noise").value == 0.5
    opened.number_input(key="noise").set_value(2.0).run()
    assert opened.session_state["noise_mean"] == 1.0
    assert opened.session_state["noise_scale"] == 1.5
    opened.get("button_group")[0].set_value(["none", "batch"]).run()
    assert "noise" not in [widget.key for widget in opened.number_input]


def one_page_after_the_other() -> None:
    """Show the page whose name is in the session state under `go`."""
    import streamlit as st

    from bnviz.ui import controls, link

    link.arrive(st.session_state["go"])
    controls.ask(st.session_state["go"])


def visit(app: AppTest, name: str, **address: str) -> AppTest:
    """Go to another page by the navigation, which empties the address, or by a link with one."""
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
    drawer(app).number_input(key="steps").set_value(50).run()
    visit(app, "training")
    assert (app.text_input(key="lr").value, app.session_state["steps"]) == ("0.5", 200)
    visit(app, "training", preset="quick", width="0.5")  # a link to the open page: nothing is lost
    visit(app, "landscape", preset="quick", width="0.5")
    assert (app.session_state["width"], app.session_state["steps"]) == (0.5, 200)
    assert "modified:** Width 0.5." in " ".join(text.value for text in app.markdown)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"norm": "bach"}, "norm must be one of none, batch, noisy, noise"),
        ({"lr": "nan"}, "lr must be a number above 0 and at most 1,000"),
        ({"lr": "fast"}, "lr must be a number above 0 and at most 1,000"),
        ({"steps": "-3"}, "steps must be a whole number from 1 to 1,000,000"),
        ({"steps": "2.5"}, "steps must be a whole number from 1 to 1,000,000"),
        ({"preset": "quack"}, "preset must be one of quick, class, deep"),
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
def test_nonsense_in_a_link_gives_a_one_sentence_error_and_starts_nothing(address, says):
    opened = page("paper/landscape", **{"preset": "quick"} | address)
    assert not opened.exception
    told = [warning.value for warning in opened.warning]
    assert len(told) == 1
    assert says in told[0]
    assert "\n" not in told[0]
    assert Store().runs() == []
    assert opened.button(key="run").label == "Run 3 networks"


def test_a_link_with_values_of_any_length_gives_short_errors():
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
        assert [len(warning.value) < 1000 for warning in opened.warning] == [True]


def test_too_many_layers_give_a_one_sentence_error():
    opened = page("paper/distributions", layers="conv1,conv2,conv3,conv4,conv5")
    assert "it takes up to 4 of conv1" in opened.warning[0].value
    assert not opened.exception


def test_too_many_runs_give_a_one_sentence_error():
    opened = page("paper/training", seed=",".join(map(str, range(1000))))
    assert opened.error[0].value == "That would be 3000 runs; choose at most 24 at a time."


def test_a_link_is_not_rendered_as_markdown():
    opened = page("paper/training", preset="quick", lr="![x](http://example.org/x.png)")
    assert "![" not in opened.warning[0].value


def test_a_wrong_setting_gives_a_one_sentence_error_and_hides_the_run_button(filled):
    opened = page("paper/landscape", preset="quick")
    opened.text_input(key="lr").set_value("0.1, fast").run()
    assert [error.value for error in opened.error] == [
        "Learning rate must be a number above 0 and at most 1,000, got 'fast'."
    ]
    assert not [button for button in opened.button if button.key == "run"]
    opened.text_input(key="lr").set_value("0.1").run()
    assert not opened.error
    opened.get("button_group")[0].set_value([]).run()
    assert "Choose at least one network" in opened.error[0].value


def test_every_setting_of_a_run_has_a_widget():
    drawn = {name for names in widgets.GROUPS.values() for name in names} | {"norm", "probes"}
    assert drawn == set(controls.RunSpec.model_fields)
