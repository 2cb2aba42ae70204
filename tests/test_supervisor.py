"""The supervisor: its queue with a fake engine, and real processes that are killed."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pandas as pd
import pytest

from bnviz import execute
from bnviz.analysis.rows import text
from bnviz.paths import PROJECT
from bnviz.runs import schedule, supervisor
from bnviz.runs.estimate import Estimate
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.supervisor import ATTEMPTS, Supervisor
from bnviz.spec import RunSpec
from tests.conftest import LOCKS, holder, tiny_spec, wait_for


class Pretended:
    """A fake engine whose workers live until the test ends them."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.living: set[str] = set()
        self.stopped: list[str] = []

    def start(self, run: Run) -> None:
        self.started.append(run.id)
        self.living.add(run.id)

    def alive(self) -> set[str]:
        return self.living

    def stop(self, run: Run) -> None:
        self.stopped.append(run.id)


@pytest.fixture
def engine() -> Pretended:
    return Pretended()


def test_runs_start_in_order_with_one_in_each_slot(engine):
    runs = [Store().submit(tiny_spec(seed=seed)) for seed in range(4)]
    watch = Supervisor(Store(), engine, slots=2)
    assert watch.tick()
    assert engine.started == [run.id for run in runs[:2]]
    watch.tick()
    assert len(engine.started) == 2
    runs[0].write("done.json", {})
    engine.living.discard(runs[0].id)
    watch.tick()
    assert engine.started == [run.id for run in runs[:3]]


def test_a_run_held_by_another_supervisor_s_worker_takes_a_slot_but_is_not_started(engine):
    held, waiting = Store().submit(tiny_spec(seed=0)), Store().submit(tiny_spec(seed=1))
    with held.lock():
        Supervisor(Store(), engine, slots=1).tick()
        assert engine.started == []
        Supervisor(Store(), engine, slots=2).tick()
        assert engine.started == [waiting.id]


def test_finished_failed_cancelled_and_damaged_runs_are_not_started(engine):
    for seed, name in enumerate(("done.json", "error.txt", "cancel")):
        Store().submit(tiny_spec(seed=seed)).write(name, "no")
    (Store().submit(tiny_spec(seed=9)).folder / "spec.json").write_text(
        '{"spec": {"norm": "ba', "utf-8"
    )
    assert not Supervisor(Store(), engine, slots=9).tick()
    assert engine.started == []


def test_a_run_whose_worker_dies_repeatedly_has_failed(engine):
    run = Store().submit(tiny_spec())
    watch = Supervisor(Store(), engine, slots=1)
    for _ in range(ATTEMPTS + 1):
        watch.tick()
        engine.living.clear()
    assert engine.started == [run.id] * ATTEMPTS
    assert run.state == "failed"
    assert "died" in run.error()


def test_deaths_far_apart_and_repeated_cancelling_are_no_failure(engine):
    run = Store().submit(tiny_spec())
    watch = Supervisor(Store(), engine, slots=1)
    for step in range(2 * ATTEMPTS):
        run.write("meta.json", {"step": step})
        watch.tick()
        engine.living.clear()
    for _ in range(2 * ATTEMPTS):
        run.cancel()
        watch.tick()
        Store().submit(run.spec)
        watch.tick()
        engine.living.clear()
    assert len(engine.started) == 4 * ATTEMPTS
    assert run.state == "interrupted"


def test_a_cancelled_worker_that_does_not_stop_is_killed(engine):
    run = Store().submit(tiny_spec())
    watch = Supervisor(Store(), engine, slots=1)
    watch.tick()
    run.cancel()
    watch.tick()
    assert engine.stopped == []
    os.utime(run.folder / "cancel", (0, time.time() - 5))
    watch.tick()
    assert engine.stopped == [run.id]


def test_an_idle_supervisor_ends(monkeypatch, engine):
    monkeypatch.setattr(supervisor, "IDLE_S", 0.2)
    assert supervisor.supervise(Store(), lambda: engine)


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    begun: list[subprocess.Popen[bytes]] = []
    yield begun
    for run in Store().runs():
        run.cancel()
    for process in begun:
        process.kill()
        process.wait()


def begin(processes: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a real supervisor on the test's cache."""
    processes.append(subprocess.Popen([sys.executable, "-m", "bnviz", "work"], cwd=PROJECT))
    wait_for(lambda: supervisor.held(supervisor.lock(Store())), "the supervisor does not start", 90)
    return processes[-1]


@pytest.mark.skipif(not LOCKS.exists(), reason="needs Linux to find the worker")
def test_killing_supervisor_and_worker_loses_nothing(processes):
    """Kill the supervisor, then a worker, with SIGKILL.

    Nothing runs twice, nothing is lost, and the next supervisor continues.
    """
    specs = [
        tiny_spec(norm="batch", steps=300, seed=seed, probes={"accuracy": 1, "landscape": 100})
        for seed in range(2)
    ]
    runs = [Store().submit(spec) for spec in specs]
    first = begin(processes)
    wait_for(lambda: all(len(run.rows()) > 30 for run in runs), "no rows", 300)
    workers = [holder(run.folder / "lock") for run in runs]
    # Otherwise they may be done before the second supervisor has started.
    signal_all(workers, signal.SIGSTOP)

    first.send_signal(signal.SIGKILL)
    first.wait()
    assert [run.state for run in runs] == ["running", "running"]
    second = begin(processes)
    time.sleep(1.0)
    assert [holder(run.folder / "lock") for run in runs] == workers, "a run was started twice"

    shown = runs[0].rows()
    signal_all(workers[:1], signal.SIGKILL)
    signal_all(workers[1:], signal.SIGCONT)
    wait_for(
        lambda: runs[0].state != "running" or holder(runs[0].folder / "lock") != workers[0],
        "still running",
        5,
    )
    wait_for(lambda: all(run.state == "done" for run in runs), "they do not end", 300)
    for run in runs:
        theirs = pd.DataFrame(execute(run.spec)).astype({"unit": "float64", "at": "float64"})
        pd.testing.assert_frame_equal(text(run.rows()), theirs, check_dtype=False)
    pd.testing.assert_frame_equal(text(runs[0].rows().iloc[: len(shown)]), text(shown))
    assert second.poll() is None


def signal_all(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        os.kill(process, number)


def test_a_second_supervisor_ends_at_once(processes):
    begin(processes)
    said = subprocess.run(
        [sys.executable, "-m", "bnviz", "work"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert said.returncode == 0
    assert "already working on this cache" in said.stdout


def test_ensure_starts_a_supervisor_that_outlives_its_starter():
    """The dashboard starts it in this way and is then killed."""
    code = (
        "import time; from bnviz.runs.store import Store; "
        "from bnviz.runs.supervisor import ensure; "
        "print(ensure(Store()), flush=True); time.sleep(99)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert starter.stdout
    pid = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    run = Store().submit(tiny_spec(steps=3))
    wait_for(lambda: run.state == "done", "nobody works", 90)
    assert supervisor.ensure(Store()) is None
    os.kill(pid, signal.SIGTERM)


def test_a_run_that_cannot_be_started_stops_no_other_and_is_reported_once(engine, monkeypatch):
    barred, free = Store().submit(tiny_spec(seed=0)), Store().submit(tiny_spec(seed=1))
    begin_worker = engine.start

    def start(run: Run) -> None:
        if run.id == barred.id:
            raise OSError("AF_UNIX path too long")
        begin_worker(run)

    monkeypatch.setattr(engine, "start", start)
    watch = Supervisor(Store(), engine, slots=1)
    watch.tick()
    assert engine.started == [free.id]
    assert supervisor.trouble(Store()) == f"Run {barred.id} cannot continue: AF_UNIX path too long."
    barred.cancel()
    watch.tick()
    assert supervisor.trouble(Store()) == ""


def test_a_run_that_cannot_be_scheduled_stops_no_other(engine, monkeypatch):
    odd, sound = (Store().submit(tiny_spec(seed=seed)) for seed in range(2))
    estimate = schedule.estimate

    def fails_once(spec: RunSpec) -> Estimate:
        if spec.seed == 0:
            raise ZeroDivisionError("division by zero")
        return estimate(spec)

    monkeypatch.setattr(schedule, "estimate", fails_once)
    schedule.cost.cache_clear()
    Supervisor(Store(), engine, slots=2).tick()
    assert engine.started == [sound.id]
    assert odd.id in supervisor.trouble(Store())


def test_the_supervisor_s_last_error_is_shown_until_another_one_works(monkeypatch, engine):
    def broken() -> Pretended:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        supervisor.supervise(Store(), broken)
    assert supervisor.trouble(Store()) == "The supervisor has died: the disk is full."
    monkeypatch.setattr(supervisor, "IDLE_S", 0.0)
    assert supervisor.supervise(Store(), lambda: engine)
    assert supervisor.trouble(Store()) == ""


def test_a_supervisor_that_dies_without_a_message_is_reported(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false") or "false")
    assert supervisor.ensure(Store())
    wait_for(lambda: supervisor.trouble(Store()), "nothing is told")
    assert "supervisor.log says why" in supervisor.trouble(Store())


def test_a_cache_that_cannot_be_used_is_reported(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "file" / "cache"))
    assert supervisor.ensure(Store()) is None
    assert "set BNVIZ_CACHE" in supervisor.trouble(Store())
    assert Store().runs() == []


def test_temporary_files_of_killed_writers_are_deleted_and_all_others_kept(engine, own_cache):
    run = Store().submit(tiny_spec())
    (run.folder / "rows").mkdir()
    killed = [
        run.folder / f".meta.json.{'0' * 32}",
        run.folder / "rows" / ".000003",
        own_cache / f".{run.id}.{'f' * 32}",
    ]
    others = [run.folder / ".DS_Store", run.folder / f".meta.json.{'1' * 32}"]
    for path in killed + others:
        path.touch()
    for path in [*killed, others[0]]:
        os.utime(path, (0, time.time() - 999))
    Supervisor(Store(), engine, slots=0).tick()
    assert [path.exists() for path in killed] == [False] * 3
    assert all(path.exists() for path in others)


@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="needs a fork server"
)
def test_workers_start_even_if_the_temporary_folder_has_a_long_name(tmp_path):
    long = tmp_path / ("x" * 111)
    long.mkdir()
    code = """
from bnviz.runs.engines.local import Local
from multiprocessing import util
Local()
assert len(util.get_temp_dir()) < 60
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(long)},
        timeout=120,
    )
    assert done.returncode == 0
