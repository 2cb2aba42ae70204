"""The worker: a run ends with the same rows however often its worker dies."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

from bnviz import execute
from bnviz.analysis.rows import text
from bnviz.paths import PROJECT
from bnviz.runs import parts, supervisor
from bnviz.runs import worker as module
from bnviz.runs.engines.inline import Inline
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.worker import answer
from tests.conftest import ALL_PROBES, tiny_spec, wait_for


def expected(spec: object) -> pd.DataFrame:
    return pd.DataFrame(execute(spec)).astype({"unit": "float64", "at": "float64"})


def assert_answered(run: Run) -> None:
    assert run.state == "done", run.log()
    pd.testing.assert_frame_equal(text(run.rows()), expected(run.spec), check_dtype=False)
    assert run.meta()["step"] == run.spec.steps
    assert [part.name for part in run.parts()] == ["all.parquet"]


def test_the_rows_of_a_run_agree_with_execute():
    run = Store().submit(tiny_spec(norm="noisy", probes=ALL_PROBES))
    Inline().start(run)
    assert_answered(run)
    assert not (run.folder / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("checkpoint_s", [0.0, 1e9], ids=["checkpoints", "no checkpoint"])
def test_an_interrupted_run_continues_to_the_same_rows(monkeypatch, checkpoint_s):
    """The worker dies three times: before its rows are on the disk, and after."""
    monkeypatch.setenv("BNVIZ_LIMITS_CHECKPOINT_SECONDS", str(checkpoint_s))
    monkeypatch.setattr(module, "FLUSH_S", 0.0)
    run = Store().submit(tiny_spec(norm="noisy", momentum=0.9, steps=6, probes=ALL_PROBES))
    for name, death in (("fetch", 2), ("tell", 4), ("fetch", 3)):
        calls, whole = iter(range(10**9)), getattr(module.Recorder, name)

        def die(self, whole=whole, calls=calls, death=death):
            whole(self)
            if next(calls) == death:
                raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(module.Recorder, name, die)
            with pytest.raises(SystemExit):
                answer(run)
        assert run.state == "interrupted"
    answer(run)
    assert_answered(run)


def test_a_diverged_run_is_done_and_records_the_step():
    run = Store().submit(tiny_spec(norm="none", lr=1000.0, steps=50))
    answer(run)
    assert run.state == "done"
    last = run.rows().query("metric == 'train_loss'").step.max()
    assert run.diverged_at == last


@pytest.mark.parametrize("name", ["done.json", "all"])
def test_a_worker_that_dies_while_finishing_loses_nothing(monkeypatch, name):
    """It is killed before the merged rows are written, and between them and done.json."""
    run = Store().submit(tiny_spec(norm="batch", probes=ALL_PROBES))
    method = "write" if name == "done.json" else "write_rows"
    original = getattr(Run, method)

    def die(self, what, *rest):
        if what == name:
            raise SystemExit
        original(self, what, *rest)

    monkeypatch.setattr(Run, method, die)
    with pytest.raises(SystemExit):
        answer(run)
    assert run.state == "interrupted"
    monkeypatch.setattr(Run, method, original)
    answer(run)
    assert_answered(run)


def test_missing_data_fail_with_the_ways_to_get_them():
    run = Store().submit(tiny_spec(data="cifar10"))
    answer(run)
    assert run.state == "failed"
    assert "data fetch cifar10" in run.error()
    assert "data import" in run.error()
    assert "Traceback" not in run.log()


def test_a_failure_is_one_sentence_and_keeps_the_rows_so_far(monkeypatch):
    run = Store().submit(tiny_spec(probes={"accuracy": 1, "landscape": 3}))
    monkeypatch.setattr("bnviz.training.probes.landscape.norms", lambda *_: 1 / 0)
    answer(run)
    assert run.state == "failed"
    assert run.error() == "ZeroDivisionError: division by zero"
    assert "Traceback" in run.log()
    assert len(run.rows()) == 3
    answer(run)
    assert run.state == "failed"


def started(run: Run) -> subprocess.Popen[bytes]:
    """Start a real worker process and wait until it has written rows."""
    code = (
        "import sys; from pathlib import Path; "
        "from bnviz.runs.engines.local import work; work(Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(run.folder)], cwd=PROJECT)
    wait_for(lambda: len(run.rows()) > 30, "no rows came")
    return process


@pytest.mark.parametrize(
    "interrupts", [signal.SIG_DFL, signal.SIG_IGN], ids=["foreground", "background"]
)
def test_cancel_stops_a_worker_soon_and_keeps_the_rows(interrupts):
    run = Store().submit(tiny_spec(steps=1_000_000))
    # The worker inherits the handler, as from a shell.
    before = signal.signal(signal.SIGINT, interrupts)
    process = started(run)
    signal.signal(signal.SIGINT, before)
    run.cancel()
    wait_for(lambda: run.state == "cancelled", "it goes on", 20)  # two seconds on an idle machine
    assert process.wait(60) == 0
    rows = run.rows()
    assert len(rows) > 30
    assert run.error() == ""


def test_a_cancelled_run_continues_from_the_step_at_which_it_stopped(monkeypatch):
    monkeypatch.setattr(module, "STEP_S", 60.0)  # even if this machine is slow
    run = Store().submit(
        tiny_spec(norm="noisy", momentum=0.9, steps=60, probes={"accuracy": 1, "landscape": 9})
    )

    def stop(step: int) -> None:
        if step == 7:
            run.cancel()
            time.sleep(5 * module.CANCEL_S)

    answer(run, stop)
    assert run.state == "cancelled"
    stopped, shown = run.meta()["step"], run.rows()
    assert 7 <= stopped == run.meta()["saved"] < 60
    steps: list[int] = []
    answer(Store().submit(run.spec), steps.append)
    assert steps == list(range(stopped + 1, 61))
    pd.testing.assert_frame_equal(text(run.rows().iloc[: len(shown)]), text(shown))
    assert_answered(run)


def test_a_step_that_does_not_end_is_interrupted_and_the_run_says_where_it_continues(
    monkeypatch,
):
    monkeypatch.setattr(module, "STEP_S", 0.3)
    monkeypatch.setenv("BNVIZ_LIMITS_CHECKPOINT_SECONDS", "0")
    run = Store().submit(tiny_spec(steps=9))
    advance = module.Training.advance

    def slow(training):
        if training.step == 5:
            run.cancel()
            for _ in range(1000):
                time.sleep(0.05)
        advance(training)

    monkeypatch.setattr(module.Training, "advance", slow)
    answer(run)
    assert run.state == "cancelled"
    assert run.meta()["saved"] in (4, 5)


def test_a_cancelled_worker_gets_the_time_to_save(monkeypatch):
    """The supervisor kills a worker some time after the request, whose time saving renews."""
    run = Store().submit(tiny_spec())
    run.cancel()
    os.utime(run.folder / "cancel", (0, 0))
    with module.interrupted_by_cancel(run) as wish:
        wish.saving.set()
        wait_for(lambda: (run.folder / "cancel").stat().st_mtime > 0, "it is not renewed", 20)


def test_after_a_killed_worker_another_one_continues(monkeypatch):
    run = Store().submit(
        tiny_spec(norm="noisy", steps=400, probes={"accuracy": 1, "landscape": 50})
    )
    process = started(run)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: run.state != "running", "still running")
    assert run.state == "interrupted"
    shown = run.rows()
    answer(run)
    pd.testing.assert_frame_equal(text(run.rows().iloc[: len(shown)]), text(shown))
    assert_answered(run)


def test_two_workers_never_train_one_run():
    run = Store().submit(tiny_spec(steps=1_000_000))
    process = started(run)
    answer(run)  # returns at once, although the run has many steps to go
    assert run.state == "running"
    process.kill()
    process.wait()


def test_a_full_disk_only_delays_a_run_until_there_is_room(monkeypatch, own_cache):
    """Every third file does not fit at first.

    The files are rows, progress, a checkpoint, the merged rows and done.json.
    """
    monkeypatch.setenv("BNVIZ_LIMITS_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(module, "FLUSH_S", 0.0)
    monkeypatch.setattr("bnviz.runs.disk.RETRY_S", 0.01)
    writes, told, sync = itertools.count(), set(), os.fsync

    def fsync(descriptor: int) -> None:
        told.add(supervisor.trouble(Store()))
        if next(writes) % 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    run = Store().submit(tiny_spec(norm="batch", probes={"accuracy": 1, "landscape": 2}))
    monkeypatch.setattr(os, "fsync", fsync)
    answer(run)
    assert_answered(run)
    assert any("is full: runs wait" in said for said in told)
    assert supervisor.trouble(Store()) == ""
    assert [path.name for path in own_cache.rglob(".*")] == []
    assert not (own_cache / "disk.full").exists()


def test_a_run_that_waits_for_disk_space_can_be_cancelled(monkeypatch):
    run = Store().submit(tiny_spec())
    asked = threading.Event()

    def fsync(descriptor: int) -> None:
        if not asked.is_set():
            asked.set()
            run.cancel()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    answer(run)
    assert run.state == "cancelled"


def test_a_failing_disk_fails_the_run_in_plain_words(monkeypatch):
    run = Store().submit(tiny_spec(norm="batch", probes={"accuracy": 1, "landscape": 2}))
    real = parts.write
    monkeypatch.setattr(
        parts, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error"))
    )
    answer(run)
    assert run.state == "failed"
    assert run.error() == "The run could not be written: input/output error."
    monkeypatch.setattr(parts, "write", real)
    answer(Store().submit(run.spec))
    assert_answered(run)


def test_parts_are_merged_during_a_run_and_when_it_continues(monkeypatch):
    monkeypatch.setattr(module, "FLUSH_S", 0.0)
    monkeypatch.setattr(parts, "MOST", 2)
    monkeypatch.setenv("BNVIZ_LIMITS_CHECKPOINT_SECONDS", "0")
    run = Store().submit(tiny_spec(norm="batch", steps=12, probes={"accuracy": 1, "landscape": 3}))

    def die(step: int) -> None:
        assert len(run.parts()) <= 4
        if step % 5 == 4:
            raise SystemExit

    for _ in range(2):
        with pytest.raises(SystemExit):
            answer(run, die)
        assert any("-" in part.name for part in run.parts())
    answer(run)
    assert_answered(run)
