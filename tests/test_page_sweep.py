"""The Sweep page: what it runs, what it draws, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from tests.conftest import ALL_PROBES
from tests.pages import TINY, numbers, page, plots, sentences, tiny

pytestmark = pytest.mark.usefixtures("no_supervisor")


def test_a_sweep_queues_every_network_at_every_value_and_stop_cancels_them():
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


def test_the_page_opens_with_a_finished_sweep_of_shipped_runs(monkeypatch):
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "cache" / "gallery")
    opened = page("lab/sweep")
    assert not opened.exception and sentences(opened) == []
    assert any(text.value == "**6 runs**, all finished." for text in opened.markdown)
    assert opened.caption[0].value.startswith("Measured on cifar10 · vgg16 × 0.25")
    fields = [field.key for field in opened.text_input]
    assert "values" in fields and "lr" not in fields  # one field for the swept setting
    (plot,) = plots(opened)
    lines = {trace["name"]: numbers(trace["y"]) for trace in plot["figure"]["data"]}
    assert {name: len(y) for name, y in lines.items()} == {"Standard": 3, "BatchNorm": 3}
    assert np.isfinite(np.array([*lines.values()], dtype=float)).all()


@pytest.mark.parametrize("view", ["lines", "heat map"])
def test_a_sweep_draws_finished_runs_and_leaves_the_others_empty(view, filled):
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


def test_a_sweep_names_its_damaged_runs_and_can_compute_them_again(filled):
    run = next(run for run in Store().runs() if run.spec.norm == "batch")
    (run.folder / "rows" / "all.parquet").write_bytes(b"")
    opened = tiny(
        "lab/sweep", norm="none,batch", sweep="width", values="0.03125,0.0625", metric="loss"
    )
    assert [error.value for error in opened.error if "is damaged" in error.value]
    assert "damaged" in next(bar.proto.text for bar in opened.get("progress"))
    opened.button(key=f"again-{run.id}").click().run()
    assert run.state in ("queued", "interrupted")


def test_a_finished_sweep_has_nothing_to_run_and_its_link_restores_it(filled):
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
def test_nonsense_in_the_link_to_a_sweep_gives_a_one_sentence_error(address, says):
    opened = page("lab/sweep", preset="quick", norm="none,batch", **address)
    assert not opened.exception
    assert [says in warning.value for warning in opened.warning] == [True]
    assert opened.button(key="run").label == "Run 6 networks"


def test_a_sweep_changes_one_setting_that_matters_to_some_network():
    opened = page("lab/sweep", preset="quick", norm="none,batch")
    opened.text_input(key="values").set_value("1, 2, many").run()
    assert opened.error[0].value.startswith("Learning rate must be a number above 0")
    opened.text_input(key="values").set_value("1, 2").run()
    opened.selectbox(key="sweep").set_value("noise").run()
    assert (
        opened.error[0].value
        == "Noise changes nothing in none or batch; choose one of noisy, noise."
    )
    assert opened.text_input(key="values").value == "0, 0.5, 1, 2, 4"
    opened.text_input(key="lr").set_value("0.1, 0.2").run()
    opened.selectbox(key="sweep").set_value("width").run()
    assert opened.error[0].value == (
        "A sweep changes one setting: choose one learning rate under Settings to sweep width."
    )
    assert not [button for button in opened.button if button.key == "run"]
