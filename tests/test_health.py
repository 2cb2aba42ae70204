"""The state of a cache, its repair, and its metrics."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from bnviz import cli
from bnviz.cli.metrics import OfTheCache
from bnviz.runs.health import health, repair
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.worker import answer
from tests.conftest import tiny_spec


@pytest.fixture
def runs() -> list[Run]:
    """Return a finished, a queued and a damaged run."""
    made = [Store().submit(tiny_spec(seed=seed)) for seed in range(3)]
    answer(made[0])
    answer(made[2])
    (made[2].folder / "rows" / "all.parquet").write_bytes(b"PAR1")
    return made


def test_the_health_counts_runs_rows_and_bytes(runs: list[Run]) -> None:
    found = health(Store())
    assert {name: count for name, count in found.runs.items() if count} == {
        "done": 1,
        "queued": 1,
        "damaged": 1,
    }
    assert found.rows == len(runs[0].rows()) and found.seconds > 0
    files = [path for run in runs for path in run.folder.rglob("*")]
    assert found.bytes == sum(path.lstat().st_size for path in files)
    assert found.free_bytes > 0 and not found.supervisor and not found.trouble


def test_a_repair_queues_damaged_runs_and_removes_what_killed_writers_left(runs: list[Run]) -> None:
    old, young = (runs[1].folder / f".x.{letter * 32}" for letter in "ab")
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    told = repair(Store())
    assert sorted(told) == sorted(
        [f"run {runs[2].id}: removed all.parquet; the run is queued again", f"removed {old}"]
    )
    assert [run.state for run in runs] == ["done", "queued", "interrupted"]
    assert not old.exists() and young.exists()  # its writer may be at work
    answer(Run(runs[2].folder))
    assert Run(runs[2].folder).state == "done"
    assert repair(Store()) == []


def test_a_run_whose_settings_are_lost_cannot_be_repaired(runs: list[Run]) -> None:
    (runs[0].folder / "spec.json").write_text("{", "utf-8")
    assert f"run {runs[0].id}: its settings are lost; delete it on the page Runs" in repair(Store())


def test_doctor_says_the_same_in_json_and_repairs(
    runs: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["health"]["runs"]["damaged"] == 1 and runs[2].id in found["problems"]
    assert found["limits"]["steps"] == 1_000_000 and found["data"]["cifar10-sample"] == "whole"
    cli.main(["doctor", "--repair"])
    said = capsys.readouterr()
    assert "the run is queued again" in said.err and "1 done" in said.out
    assert re.search(r"^cache +\S+: .*supervisor not running$", said.out, re.MULTILINE)


def test_the_metrics_are_what_prometheus_reads(runs: list[Run]) -> None:
    registry = CollectorRegistry()
    registry.register(OfTheCache())
    server, _ = start_http_server(0, "127.0.0.1", registry)
    try:
        address = f"http://127.0.0.1:{server.server_port}/metrics"
        with urllib.request.urlopen(address) as answered:
            text = answered.read().decode("utf-8")
    finally:
        server.shutdown()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    states = {sample.labels["state"]: sample.value for sample in families["bnviz_runs"].samples}
    assert (states["done"], states["queued"], states["running"]) == (1, 1, 0)
    assert families["bnviz_rows"].samples[0].value == len(runs[0].rows())
    assert families["bnviz_supervisor_up"].samples[0].value == 0


def test_a_port_that_is_none_gets_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["metrics", "--port", "70000"])
    assert "--port takes a number from 1 to 65,535, got 70000" in capsys.readouterr().err


def test_a_cache_that_is_not_there_is_well(tmp_path: Path) -> None:
    found = health(Store(tmp_path / "none"))
    assert sum(found.runs.values()) == 0 and found.bytes == 0
