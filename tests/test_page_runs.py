"""Running and stopping from a page, and how pages show queued, failed, damaged and shipped runs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs import supervisor
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from bnviz.ui import reader
from tests.pages import TINY, page, plots, tiny

pytestmark = pytest.mark.usefixtures("no_supervisor")


def test_run_queues_and_stop_cancels():
    opened = page("paper/training", preset="quick")
    opened.button(key="run").click().run()
    assert [run.state for run in Store().runs()] == ["queued"] * 3
    assert [run.id for run in Store().runs()] == [spec.id for spec in PRESETS["quick"].specs()]
    assert "run" not in [button.key for button in opened.button]
    opened.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 3
    assert opened.button(key="run").label == "Run 3 networks"


def test_a_second_reader_sees_the_same_runs_but_cannot_stop_them_for_the_first():
    first, second = page("paper/training", preset="quick"), page("paper/landscape", preset="quick")
    first.button(key="run").click().run()
    second.run()
    assert "run" not in [button.key for button in second.button]
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
def test_a_cookie_that_is_not_an_id_is_replaced(cookie, monkeypatch):
    monkeypatch.setattr(reader.st, "context", SimpleNamespace(cookies={reader.COOKIE: cookie}))
    page("paper/training", preset="quick").button(key="run").click().run()
    (mark,) = (Store().runs()[0].folder / "waiting").iterdir()
    assert reader.ID.fullmatch(mark.name)


def test_closing_a_tab_lets_its_runs_go_on():
    run = Store().submit(PRESETS["quick"].specs()[0])
    run.wait("gone")
    reader.go({run.id: (run, "gone")})  # Streamlit calls it when a tab disconnects
    assert run.state == "queued"
    assert run.leave("somebody else")


def test_missing_data_are_offered_for_download_and_run_is_disabled():
    opened = page("paper/training", data="cifar10", preset="quick")
    assert opened.button(key="run").disabled
    assert "data fetch cifar10" in opened.warning[0].value
    assert opened.button(key="download-cifar10").label == "Download CIFAR-10"
    assert "Get the data first: see above. Then press **Run 3 networks**" in opened.info[0].value
    opened.button(key="sample-cifar10").click().run()
    assert opened.session_state["data"] == "cifar10-sample"
    assert not opened.button(key="run").disabled
    assert "Press **Run 3 networks**" in opened.info[0].value


def test_a_failed_run_says_why():
    run = Store().submit(PRESETS["quick"].specs()[0])
    run.write("error.txt", "The device ran out of memory.\n\nTraceback …")
    opened = page("paper/training", preset="quick", norm="none")
    assert "The device ran out of memory." in opened.error[0].value
    assert "Traceback" not in opened.error[0].value


def test_the_start_page_starts_the_quick_comparison():
    opened = page("lab/start", show="quick")
    label = opened.button(key="run").label
    assert f"Press **{label}**" in opened.info[0].value
    opened.button(key="run").click().run()
    assert [run.id for run in Store().runs()] == [spec.id for spec in PRESETS["quick"].specs()]
    assert len(plots(opened)) == 4
    opened.button(key="stop").click().run()
    assert [run.state for run in Store().runs()] == ["cancelled"] * 3


def test_the_start_page_trains_at_the_first_seed_that_is_not_finished(monkeypatch):
    monkeypatch.setitem(
        PRESETS, "quick", replace(PRESETS["quick"], knobs=PRESETS["quick"].knobs | TINY)
    )
    for spec in (*PRESETS["quick"].specs(), *PRESETS["quick"].specs(seed=1)):
        Inline().start(Store().submit(spec))
    opened = page("lab/start")
    assert opened.button(key="run").label == "Train three networks now"
    assert "Seed 2, about" in opened.caption[0].value
    opened.button(key="run").click().run()
    assert [run.spec.seed for run in Store().runs() if run.state == "queued"] == [2] * 3
    assert opened.session_state["show"] == "quick" and len(opened.get("progress")) == 1
    # In a new tab seed 0 is finished, so there is nothing to stop.
    assert not [button for button in page("lab/start").button if button.key == "stop"]


def test_the_runs_page_lists_shipped_runs_with_results_and_links_to_figures(monkeypatch):
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "cache" / "gallery")
    opened = page("lab/runs")
    assert not opened.exception
    table = opened.dataframe[0].value
    assert len(table) == len([*(PROJECT / "cache" / "gallery").glob("[0-9a-f]*")]) and set(
        table.From
    ) == {"bnviz"}
    ended = table[table.State == "finished"]
    assert (ended["Test accuracy"].notna() | ended["Training loss"].notna()).all()
    assert ended["Test accuracy"].dropna().between(0, 1).all()
    assert table.State.str.fullmatch(r"finished|diverged at [\d,]+").all()
    assert {"vgg16 × 0.25", "dln × 1"} <= set(table.Model) and table.Seed.nunique() > 1
    assert "cifar10" not in " ".join(table.Settings)  # every setting stands in one column only
    spec = PRESETS["deep"].specs(norm="noisy", seed=2)[0]
    (link,) = table[table.Id == spec.id].Figures
    shown = page("paper/" + link.partition("?")[0], **dict(parse_qsl(link.partition("?")[2])))
    assert shown.button(key="run").label == "Finished" and spec.id in str(plots(shown)[0])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "waiting"),
        ({"meta.json": {"step": 50}, "cancel": ""}, "stopped, 25%"),
        ({"meta.json": {"step": 100}}, "interrupted, 50%"),
        ({"error.txt": "The device ran out of memory."}, "failed"),
    ],
)
def test_the_runs_page_says_the_state_in_a_few_words(files, says):
    run = Store().submit(PRESETS["quick"].specs()[0])
    for name, content in files.items():
        run.write(name, content)
    (state,) = page("lab/runs").dataframe[0].value.State
    assert state == says and len(state) < 20


def test_a_damaged_run_is_named_beside_its_figures_and_can_be_computed_again(filled):
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
def test_every_live_page_says_why_runs_do_not_continue(name, filled, monkeypatch):
    monkeypatch.setattr(supervisor, "trouble", lambda store: "The disk is full.")
    address = (
        {"show": "quick"}
        if name == "lab/start"
        else {"runs": filled[0][:8]}
        if name == "lab/compare"
        else {}
    )
    assert "The disk is full." in [error.value for error in page(name, **address).error]


def test_the_runs_page_lists_damaged_runs_too(filled):
    (Store().submit(PRESETS["quick"].specs()[0]).folder / "spec.json").write_text("{", "utf-8")
    opened = page("lab/runs")
    assert not opened.exception
    table = opened.dataframe[0].value
    assert sorted(table.State) == ["damaged"] + ["finished"] * 3
    assert table.Settings.str.contains("damaged").sum() == 1
