"""Estimates of rows, time, memory and disk, compared with measured values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs import estimate
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from bnviz.spec import RunSpec, SpecError
from bnviz.training.probes import PROBES
from tests.conftest import ALL_PROBES, tiny_spec

HUGE = {"model": "vgg19", "width": 64, "hidden": (8192,) * 4}


@pytest.mark.parametrize(
    "settings",
    [
        {"norm": "batch", "steps": 5, "probes": ALL_PROBES},
        {
            "norm": "none",
            "steps": 4,
            "random_direction": True,
            "probes": {"landscape": 3, "activations": 1},
        },
        {
            "norm": "batch",
            "steps": 6,
            "bins": 7,
            "quantiles": (0.2,),
            "probes": {"activations": 4, "surface": 1},
        },
        {
            "model": "dln",
            "data": "gaussian",
            "depth": 3,
            "width": 1.0,
            "lr": 1e-6,
            "steps": 3,
            "probes": {"accuracy": 1, "evaluation": 2},
        },
        {
            "model": "mlp",
            "data": "mnist-sample",
            "width": 0.1,
            "steps": 3,
            "probes": {"theory": 1, "accuracy": 2},
        },
    ],
)
def test_rows_are_counted_exactly(settings):
    spec = tiny_spec(**settings)
    run = Store().submit(spec)
    Inline().start(run)
    assert run.state == "done", run.error()
    counted = {name: estimate.rows_of(name, spec) for name in spec.probes}
    assert sum(counted.values()) == len(run.rows()) == estimate.estimate(spec).rows


def test_every_probe_is_counted():
    spec = tiny_spec(probes=dict.fromkeys(PROBES, 2))
    assert all(estimate.rows_of(name, spec) > 0 for name in PROBES)


# Seconds of one CPU thread for all runs of a preset, by `python -m bnviz presets --measure`.
TOOK = {
    "quick": 109,
    "class": 859,
    "fig1": 7957,
    "fig2": 3448,
    "fig3b": 258,
    "fig5a": 7700,
    "fig5b": 531,
    "fig10": 129,
    "mnist": 128,
    "mnist-quick": 14,
    "liu-mlp": 61,
    "liu-lenet": 397,
    "theory-mlp": 8,
    "theory-dln": 144,
    "theory-vgg": 300,
    "surface": 200,
    "surface-dln": 105,
}


@pytest.mark.parametrize(("preset", "took"), TOOK.items())
def test_estimated_seconds_are_near_the_measured_ones(preset, took):
    said = sum(estimate.estimate(spec).seconds for spec in PRESETS[preset].specs())
    assert 0.4 < said / took < 2.5


# Peak memory of a worker (VmHWM) on Linux with CPU threads, in bytes.
MEASURED = [
    ({"width": 0.25, "probes": {"accuracy": 1}}, 998e6),
    (
        {"width": 0.25, "bins": 1000, "steps": 6, "probes": {"accuracy": 1, "activations": 1}},
        1070e6,
    ),
    ({"width": 0.25, "norm": "noisy", "probes": {"accuracy": 1, "covariate_shift": 3}}, 1043e6),
    ({"width": 1.0, "optimizer": "adam", "probes": {"accuracy": 1}}, 1444e6),
    ({"width": 0.25, "batch": 1024, "probes": {"accuracy": 1}}, 1502e6),
]


@pytest.mark.parametrize(("settings", "peak"), MEASURED)
def test_estimated_memory_is_above_the_measured_peak_but_close(settings, peak):
    assert peak < estimate.estimate(RunSpec.of(**settings)).memory < 1.5 * peak


PEAK = """
import sys
from pathlib import Path
from bnviz.runs.run import Run
from bnviz.runs.worker import answer
run = Run(Path(sys.argv[1]))
answer(run)
assert run.state == "done", run.error()
lines = Path("/proc/self/status").read_text("ascii").splitlines()
peak = next(line for line in lines if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    "settings",
    [
        {"norm": "batch", "probes": ALL_PROBES},
        {
            "norm": "noisy",
            "width": 1 / 8,
            "batch": 256,
            "steps": 2,
            "probes": {"landscape": 1, "activations": 1},
        },
        {
            "norm": "none",
            "width": 1 / 2,
            "optimizer": "adam",
            "steps": 1,
            "probes": {"accuracy": 1},
        },
    ],
)
def test_estimated_memory_is_above_the_peak_of_a_real_worker(settings):
    run = Store().submit(tiny_spec(**settings))
    told = subprocess.run(
        [sys.executable, "-c", PEAK, run.folder],
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert int(told.stdout) < estimate.estimate(run.spec).memory < 6 * int(told.stdout)


@pytest.mark.parametrize(
    ("settings", "number", "limit"),
    [
        (HUGE, "TB of memory", "this machine has"),
        ({"steps": 1_000_000, "bins": 1000, "probes": {"activations": 1}}, "rows", "50,000,000"),
    ],
)
def test_too_large_a_run_is_refused_with_the_number_and_the_limit(settings, number, limit, capsys):
    spec = RunSpec.of(**settings)
    with pytest.raises(SpecError, match=number) as told:
        Store().submit(spec)
    assert limit in str(told.value) and "\n" not in str(told.value)
    assert not Store().runs()


def test_a_run_that_needs_more_disk_than_is_free_is_refused(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(estimate, "free_disk", lambda folder: 10_000)
    assert "10 kB are free" in estimate.refusal(RunSpec.of(), tmp_path)


def test_a_worker_refuses_a_run_that_was_queued_on_a_larger_machine(monkeypatch):
    run = Store().submit(tiny_spec())
    monkeypatch.setattr(estimate, "total_memory", lambda: 10**8)
    Inline().start(run)
    assert run.state == "failed"
    assert "this machine has 85 MB" in run.error()
