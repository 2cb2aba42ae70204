"""The store of runs: states, submission, cancelling, deleting and reading rows."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from filelock import FileLock

from bnviz.recent import Recent
from bnviz.runs import parts
from bnviz.runs.parts import SCHEMA, TEXT
from bnviz.runs.store import Store, joined
from bnviz.spec import RunSpec, SpecError
from bnviz.training.probes import Row
from tests.conftest import tiny_spec


def row(step: int, value: float = 1.0) -> Row:
    return Row(step, "train_loss", None, None, None, value)


def test_the_files_of_a_run_give_its_state():
    run = Store().submit(tiny_spec())
    assert run.state == "queued"
    run.write("meta.json", {"step": 1})
    assert run.state == "interrupted"
    run.cancel()
    assert run.state == "cancelled"
    run.write("error.txt", "It broke.\n\nTraceback …")
    assert run.state == "failed"
    assert run.error() == "It broke."
    with FileLock(run.folder / "lock"):
        assert run.state == "running"
    run.finish()
    assert run.state == "done"


def test_a_lock_is_free_when_its_process_ends_and_checking_does_not_take_it():
    run = Store().submit(tiny_spec())
    lock = run.lock()
    lock.acquire()
    assert all(run.state == "running" for _ in range(20))
    lock.release()
    assert run.state == "queued"


def test_the_same_settings_give_one_run():
    first, second = Store().submit(tiny_spec(lr=1)), Store().submit(tiny_spec(lr=1.0))
    assert first.folder == second.folder
    assert first.queued_at == second.queued_at
    assert [run.id for run in Store().runs()] == [first.id]


def test_runs_come_in_the_order_of_submission():
    ids = [Store().submit(tiny_spec(seed=seed)).id for seed in (3, 1, 2)]
    assert [run.id for run in Store().runs()] == ids


@pytest.mark.parametrize("sign", ["cancel", "error.txt"])
def test_submitting_a_failed_or_cancelled_run_again_queues_it(sign):
    run = Store().submit(tiny_spec())
    run.write(sign, "no")
    assert Store().submit(tiny_spec()).state == "queued"


def test_a_run_is_cancelled_only_if_nobody_else_waits_for_it():
    run = Store().submit(tiny_spec())
    run.wait("ann")
    run.wait("bob")
    assert not run.leave("ann")
    assert run.state == "queued"
    assert run.leave("bob")
    assert run.state == "cancelled"


def test_a_reader_who_has_left_is_not_waiting():
    run = Store().submit(tiny_spec())
    run.wait("gone")
    os.utime(run.folder / "waiting" / "gone", (0, time.time() - 60))
    assert run.leave("ann")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"spec": 3}',
        '{"spec": {"cls": 1}, "queued_at": 1}',
        '{"spec": {}, "queued_at": Infinity}',
        '{"spec": {}, "queued_at": 1}',
        '{"spec": {"norm": "bach"}, "queued_at": 1}',
        '{"spec": {}}',
        "[]",
    ],
)
def test_a_damaged_settings_file_starts_nothing_and_is_reported(text):
    run = Store().submit(tiny_spec())
    (run.folder / "spec.json").write_text(text, "utf-8")
    again = Store().runs()[0]
    assert again.state == "damaged"
    assert "damaged" in again.error()
    with pytest.raises(SpecError) as refused:
        _ = again.spec
    assert "\n" not in str(refused.value)
    assert Store().submit(tiny_spec()).state == "queued"


def test_ids_are_checked_before_they_touch_a_path():
    for bad in ("../../etc", "", "xyz", "0" * 15, "0" * 17, "/" + "0" * 15):
        with pytest.raises(ValueError, match="not a run id"):
            Store().run(bad)
    with pytest.raises(ValueError, match="no run"):
        Store().find("abc")


def test_rows_keep_their_order_and_schema_in_parts_and_after_merging():
    run = Store().submit(tiny_spec())
    assert list(run.rows().columns) == SCHEMA.names
    run.write_rows("000000", [row(0), Row(0, "activation_mean", "conv1", 7, None, 0.5)])
    run.write_rows("000001", [row(1, float("nan")), Row(1, "loss_along", None, None, 0.05, 2.0)])
    before = run.rows()
    run.finish()
    assert [part.name for part in run.parts()] == ["all.parquet"]
    assert len(list((run.folder / "rows").glob("*.parquet"))) == 1
    pd.testing.assert_frame_equal(before, run.rows())
    assert before.value.isna().sum() == 1
    assert run.state == "done"
    assert run.diverged_at == 1
    assert before["at"].tolist()[-1] == 0.05


def test_a_run_that_is_running_cannot_be_deleted():
    run = Store().submit(tiny_spec())
    with run.lock():
        assert not run.delete()
    assert run.delete()
    assert not run.folder.exists()
    assert Store().runs() == []


def test_a_deleted_run_leaves_nothing_behind():
    run = Store().submit(tiny_spec())
    run.write_rows("000000", [row(0), row(1), row(2)])
    assert len(run.rows()) == 3
    assert run.delete()
    run = Store().submit(tiny_spec())
    assert len(run.rows()) == 0
    run.write_rows("000000", [row(0)])
    assert len(run.rows()) == 1


def test_a_deleted_run_can_still_be_inspected():
    run = Store().submit(tiny_spec())
    assert run.readable
    assert run.delete()
    run.wait("ann")
    assert len(run.rows()) == 0
    assert not run.folder.exists()


def test_many_readers_may_submit_at_once():
    specs = [tiny_spec(seed=seed) for seed in range(20)]
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda spec: Store().submit(spec), specs * 8))
    assert sorted(run.id for run in Store().runs()) == sorted(spec.id for spec in specs)
    assert {run.state for run in Store().runs()} == {"queued"}


def test_submitting_again_withdraws_a_pending_cancellation():
    run = Store().submit(tiny_spec())
    run.write("meta.json", {"step": 1})
    with run.lock():
        run.cancel()
        assert Store().submit(tiny_spec()).state == "running"
    assert run.state == "interrupted"


def test_a_half_written_file_is_never_visible():
    run = Store().submit(tiny_spec())
    run.write_rows("000000", [row(0)])
    (run.folder / "rows" / ".000001").write_bytes(b"PAR1 half")
    assert len(run.rows()) == 1


def test_a_shipped_run_is_used_if_the_cache_has_none(tmp_path, monkeypatch):
    from bnviz import paths

    spec = RunSpec()
    shipped = Store(tmp_path / "gallery").submit(spec)
    shipped.finish()
    monkeypatch.setattr(paths, "GALLERY", tmp_path / "gallery")
    assert Store().run(spec.id).state == "done"
    assert Store().submit(spec).folder == shipped.folder
    assert Store().runs() == []


def test_reading_some_metrics_and_steps_gives_a_subset_of_all_rows():
    run = Store().submit(tiny_spec())
    run.write_rows(
        "000000", [*(row(step) for step in range(3)), Row(2, "ics_l2", "conv10", None, None, 0.5)]
    )
    run.write_rows("000001", [row(3), Row(3, "ics_l2", "conv2", None, None, 0.5)])
    every = run.rows()
    for metrics, steps in (
        (["train_loss"], None),
        (["ics_l2"], [3]),
        (None, [2, 3]),
        ([], None),
        (["none"], None),
    ):
        asked = every["metric"].isin(metrics) if metrics is not None else every["metric"].notna()
        asked &= every["step"].isin(steps) if steps is not None else True
        found = run.rows(metrics, steps)
        pd.testing.assert_frame_equal(
            found.astype(TEXT), every[asked].reset_index(drop=True).astype(TEXT)
        )
    assert run.measured().fillna("").to_numpy().tolist() == [
        ["train_loss", ""],
        ["ics_l2", "conv10"],
        ["ics_l2", "conv2"],
    ]


def test_rows_take_little_memory_and_sort_like_text():
    run = Store().submit(tiny_spec())
    run.write_rows(
        "000000", [Row(0, "ics_l2", layer, None, None, 1.0) for layer in ("conv2", "conv10")] * 5000
    )
    rows = run.labelled_rows()
    # As text, a row would take three times as many bytes.
    assert rows.memory_usage(deep=True).sum() / len(rows) < 60
    assert rows.sort_values("layer")["layer"].iloc[0] == "conv10"
    assert joined([run, run])["layer"].dtype == rows["layer"].dtype  # still categories


def test_the_memory_for_files_that_were_read_is_bounded(monkeypatch):
    cache = Recent(100_000, parts.kept.size)
    monkeypatch.setattr(parts, "kept", cache)
    run = Store().submit(tiny_spec())
    for part in range(10):
        run.write_rows(f"{part:06}", [row(step) for step in range(1000)])
    assert len(run.rows()) == 10_000
    assert 0 < cache.bytes <= 100_000


def test_of_a_large_file_only_row_groups_with_the_steps_are_read(monkeypatch):
    run, read, chosen = Store().submit(tiny_spec()), [], parts.chosen
    monkeypatch.setattr(parts, "GROUP", 100)
    monkeypatch.setattr(parts, "SMALL", 0)
    monkeypatch.setattr(
        parts, "chosen", lambda table, *asked: read.append(len(table)) or chosen(table, *asked)
    )
    run.write_rows("000000", [row(step) for step in range(1000)])
    assert run.rows(steps=[250, 777])["step"].tolist() == [250, 777]
    assert read == [100, 100]


def test_a_small_file_is_read_once_whatever_steps_are_asked_for(monkeypatch):
    run, read, some = Store().submit(tiny_spec()), [], parts.some
    monkeypatch.setattr(parts, "some", lambda *asked: read.append(asked) or some(*asked))
    run.write_rows("000000", [row(step) for step in range(10)])
    for step in (3, 7):
        assert run.rows(steps=[step])["step"].tolist() == [step]
    assert len(read) == 1
