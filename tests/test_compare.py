"""The Compare page: choosing runs, their figures and table, and links with wrong values."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bnviz import paths
from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.training.probes import Row
from bnviz.ui import compare_table
from tests.conftest import tiny_spec
from tests.pages import page, plots, sentences

SHIPPED = PRESETS["deep"].specs()


def finished_run(spec: RunSpec, store: Store) -> Run:
    """Return a finished run with made-up rows: a loss that halves, shift in two layers."""
    run = store.submit(spec)
    level = 1 + ["none", "batch", "noisy"].index(spec.norm) + spec.seed / 10
    steps = range(0, spec.steps + 1, max(1, spec.steps // 4))
    rows = [
        Row(step, "test_loss", None, None, None, level * 2.0**-i) for i, step in enumerate(steps)
    ]
    rows += [Row(step, "train_loss", None, None, None, level) for step in steps]
    if "covariate_shift" in spec.probes:
        rows += [
            Row(step, "ics_cosine", layer, None, None, 0.5)
            for step in steps
            for layer in ("conv1", "conv2")
        ]
    run.write_rows("all", rows)
    run.write(
        "meta.json", {"step": spec.steps, "steps": spec.steps, "seconds": 1.0, "device": "cpu"}
    )
    run.finish()
    return run


@pytest.fixture(autouse=True)
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide the shipped runs."""
    monkeypatch.setattr(paths, "GALLERY", tmp_path / "gallery")
    return tmp_path / "gallery"


@pytest.fixture
def mine() -> list[Run]:
    """Return six runs of the cache, oldest first.

    Two networks with two seeds each, and one network at two more learning rates.
    """
    specs = [
        tiny_spec(norm=norm, seed=seed, probes={"covariate_shift": 1})
        for seed in (0, 1)
        for norm in ("none", "batch")
    ]
    specs += [tiny_spec(norm="batch", lr=lr) for lr in (0.2, 0.4)]
    return [finished_run(spec, Store()) for spec in specs]


def ids(runs: list[Run]) -> str:
    return ",".join(run.id[:8] for run in runs)


def names(plot: dict[str, Any]) -> list[str]:
    return [
        trace["name"] for trace in plot["figure"]["data"] if trace.get("showlegend") is not False
    ]


def address(opened: AppTest, name: str) -> str:
    said = opened.query_params.get(name, "")
    return said if isinstance(said, str) else ",".join(said)


def ticked(opened: AppTest, *rows: int) -> AppTest:
    """Tick exactly these lines of the table and return the page."""
    key = f"compare-{opened.session_state['tables']}"
    opened.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return opened.run()


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("vgg11 seed 1", False),
        ("vgg11 seed 0", True),
        ("batch vgg 0.1", True),
        ("0.01", False),
        ("1", False),
        ("2000", True),
        ("lr 0.1 batch", True),
        ("lr 0", False),
        ("steps 2000", True),
        ("cifar", True),
        ("batchnorm", True),
        ("128", True),
    ],
)
def test_a_filter_matches_whole_numbers_and_the_value_of_a_named_setting(words, fits):
    text = (
        "batch BatchNorm · cifar10 · vgg11 × 0.25 · SGD, lr 0.1 · batch 128 · 2,000 steps · seed 0 "
        "0123456789abcdef"
    )
    assert compare_table.matches(words, text.lower()) == fits


def test_the_word_batch_finds_networks_and_not_batch_sizes():
    standard = tiny_spec(norm="none").summary().lower()
    assert "batch 16" in standard and not compare_table.matches("batch", standard)
    assert compare_table.matches("batch", tiny_spec(norm="batch").summary().lower())


def test_the_table_lists_cached_and_shipped_runs_once(gallery):
    first, second, third = (finished_run(spec, Store(gallery)) for spec in SHIPPED)
    own = finished_run(tiny_spec(norm="none"), Store())
    shutil.copytree(first.folder, Store().root / first.id)
    assert [run.folder for run in Store().all_runs()] == [
        Store().root / first.id,
        second.folder,
        third.folder,
        own.folder,
    ]


def test_shipped_runs_are_compared_at_first_and_the_address_is_short(gallery, mine):
    for spec in SHIPPED:
        finished_run(spec, Store(gallery))
    opened = page("lab/compare")
    assert not opened.exception and not sentences(opened)
    assert opened.session_state["chosen"] == [spec.id for spec in SHIPPED]
    assert "runs" not in opened.query_params
    overlay, difference = plots(opened)
    assert names(overlay) == ["Standard", "BatchNorm", "Noisy BatchNorm"]
    assert names(difference) == ["BatchNorm", "Noisy BatchNorm"]
    table = opened.dataframe[0].value
    assert table["From"].tolist() == ["bnviz"] * 3 + ["you"] * 6
    assert "Figures" not in table  # a link there would leave the comparison


def test_without_shipped_runs_none_is_chosen_and_the_page_says_what_to_do(mine):
    opened = page("lab/compare")
    assert plots(opened) == []
    assert sentences(opened) == [
        "Choose runs in the table below. With two or more you see what differs."
    ]


def test_ticking_lines_chooses_runs_and_the_address_keeps_them(mine):
    opened = page("lab/compare")
    newest_first = mine[::-1]
    assert opened.dataframe[0].value["Id"].tolist() == [run.id for run in newest_first]
    ticked(opened, 4, 5)
    assert address(opened, "runs") == ids([newest_first[4], newest_first[5]])
    assert names(plots(opened)[0]) == ["Standard", "BatchNorm"]
    ticked(opened, 5)
    assert address(opened, "runs") == newest_first[5].id[:8]
    assert len(plots(opened)) == 1  # a difference needs a second run
    again = page("lab/compare", runs=address(opened, "runs"))
    assert again.session_state["chosen"] == opened.session_state["chosen"]
    # Chosen runs come first.
    assert again.dataframe[0].value["Id"].tolist()[0] == newest_first[5].id


def test_a_filter_hides_chosen_runs_and_keeps_them(mine):
    opened = page("lab/compare", runs=ids(mine[:2]))
    opened.text_input(key="find").set_value("BATCH 0.4").run()
    assert opened.dataframe[0].value["Id"].tolist() == [mine[5].id]
    assert any(
        "2 of 6 runs chosen, 2 of them hidden by the filter." in text.value
        for text in opened.markdown
    )
    ticked(opened, 0)
    assert opened.session_state["chosen"] == [run.id for run in (*mine[:2], mine[5])]
    opened.text_input(key="find").set_value("").run()
    assert opened.session_state["chosen"] == [run.id for run in (*mine[:2], mine[5])]
    opened.text_input(key="find").set_value("no such run").run()
    assert sentences(opened) == ["No run matches this filter. Remove a word or a pill."]
    assert len(plots(opened)) == 2


def test_pills_filter_by_normalisation_and_by_model_and_data(mine):
    opened = page("lab/compare")
    norms, tasks = opened.get("button_group")[:2]
    assert tasks.options == ["vgg11 · cifar10-sample"]
    norms.set_value(["none"]).run()
    assert set(opened.dataframe[0].value["Id"]) == {mine[0].id, mine[2].id}


def test_clear_chooses_nothing(mine):
    opened = page("lab/compare", runs=ids(mine[:2]))
    opened.button(key="clear").click().run()
    assert opened.session_state["chosen"] == []
    assert plots(opened) == []


def test_missing_runs_give_a_one_sentence_error_and_are_left_out(mine):
    opened = page("lab/compare", runs=f"{ids(mine[:2])},0123abcd,nonsense")
    assert not opened.exception
    (warning,) = opened.warning
    assert warning.value.startswith(
        "The link asks for runs that are not here: '0123abcd', 'nonsense'."
    )
    assert address(opened, "runs") == ids(mine[:2])
    assert len(plots(opened)) == 2


def test_a_link_restores_metric_layer_baseline_facet_and_seeds(mine):
    four = mine[:4]
    choices = {
        "metric": "shift-cosine",
        "layer": "conv1",
        "facet": "norm",
        "over": "sd",
        "baseline": mine[1].id[:8],
    }
    opened = page("lab/compare", runs=ids(four), **choices)
    assert not opened.exception and not sentences(opened)
    assert {name: opened.session_state[name] for name in choices} == choices
    overlay, difference, multiples = plots(opened)
    assert names(overlay) == [
        "Standard · n = 2",
        "BatchNorm · n = 2",
        "mean of Fisher's z, ± one standard deviation over seeds",
    ]
    assert names(difference)[0] == "Standard · n = 2"
    heads = [note["text"] for note in multiples["figure"]["layout"]["annotations"]]
    assert heads == ["Standard", "BatchNorm"]
    assert {name: address(opened, name) for name in choices} == choices


def test_a_run_of_any_seed_can_name_the_baseline(mine):
    opened = page("lab/compare", runs=ids(mine[:4]), baseline=mine[3].id[:8])
    assert opened.session_state["baseline"] == mine[1].id[:8]
    assert not sentences(opened)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"metric": "speed"}, "it must be one of training-loss, test-loss, shift-cosine"),
        ({"baseline": "zzzz"}, "it must be one of "),
        ({"facet": "width"}, "it must be one of none, norm, seed"),
        ({"over": "median"}, "it must be one of t, range, sd, each"),
        ({"metric": "shift-cosine", "layer": "fc9"}, "it must be one of conv1, conv2"),
        ({"speed": "3"}, "no choice on this page"),
    ],
)
def test_nonsense_in_a_link_gives_a_one_sentence_error_and_gives_the_default(mine, choice, says):
    opened = page("lab/compare", runs=ids(mine[:4]), **choice)
    assert not opened.exception
    (warning,) = opened.warning
    assert says in warning.value
    assert len(plots(opened)) == 2


def test_a_choice_that_the_new_runs_lack_falls_back_to_the_default(mine):
    opened = page(
        "lab/compare", runs=ids(mine[:4]), metric="shift-cosine", layer="conv2", facet="seed"
    )
    opened.button(key="clear").click().run()
    ticked(opened, *(opened.dataframe[0].value["Id"].tolist().index(run.id) for run in mine[4:]))
    assert not opened.exception and not sentences(opened)
    assert opened.session_state["metric"] == "training-loss"
    assert names(plots(opened)[0]) == ["lr 0.2", "lr 0.4"]


def test_too_many_runs_give_a_one_sentence_error(mine):
    runs = [finished_run(tiny_spec(seed=seed), Store()) for seed in range(25)]
    opened = page("lab/compare", runs=ids(runs))
    assert sentences(opened) == ["25 runs are chosen; compare at most 24 at a time."]
    assert plots(opened) == []


def test_a_seed_that_the_baseline_lacks_is_named(mine):
    opened = page("lab/compare", runs=ids([mine[0], mine[1], mine[3]]))
    says = (
        "The baseline has no run with the same seed as BatchNorm, seed 1, so no difference is drawn"
        " there."
    )
    assert [info.value for info in opened.info] == [says]


def test_runs_that_differ_in_unlabelled_settings_cost_a_caution(mine):
    other = finished_run(tiny_spec(norm="none", lr=0.3, batch=8), Store())
    opened = page("lab/compare", runs=ids([mine[1], other]))
    says = "Not shown in the labels: these runs also differ in Learning rate, Batch."
    assert says in [caption.value for caption in opened.caption]


def test_final_values_are_in_a_table_with_their_differences(mine):
    opened = page("lab/compare", runs=ids(mine[:4]), metric="test-loss")
    final = opened.dataframe[-1].value
    assert final["Run"].tolist() == ["Standard", "BatchNorm"]
    end = (1 / 8 + 1 / 16) / 2  # the last of four steps, and the measurement after it
    np.testing.assert_allclose(final["Mean"], [1.1**0.5 * end, 4.2**0.5 * end])
    np.testing.assert_allclose(final["Minus baseline"], [np.nan, end])
    (said,) = [text.value for text in opened.markdown if "# Final values" in text.value]
    assert "Over seeds: mean of logarithms, 95% t-interval; of differences, 95% t-int" in said
    labels = [button.proto.label for button in opened.get("download_button")]
    assert labels == ["Bundle of all figures", "Report", "Final values, CSV"]


def test_runs_without_rows_say_so():
    runs = [Store().submit(tiny_spec(norm=norm)) for norm in ("none", "batch")]
    opened = page("lab/compare", runs=ids(runs))
    assert not opened.exception
    assert sentences(opened) == [
        "These runs have measured nothing yet. The figures appear when they start."
    ]
