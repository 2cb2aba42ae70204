"""The choice of the device, and a run that needs more memory than its device has."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from bnviz.cli import main
from bnviz.paths import PROJECT
from bnviz.runs import devices, schedule, worker
from bnviz.runs.store import Store
from tests.conftest import tiny_spec

TWO_GPUS = ["cpu", "cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("name", "found", "used"),
    [
        ("auto", ["cpu"], "cpu"),
        ("auto", TWO_GPUS, "cuda:0"),
        ("auto", ["cpu", "mps"], "cpu"),  # bnviz has never run on MPS
        ("cuda:1", TWO_GPUS, "cuda:1"),
        ("cpu", TWO_GPUS, "cpu"),
        ("mps", ["cpu", "mps"], "mps"),
    ],
)
def test_the_device_is_the_one_chosen_or_else_a_gpu(monkeypatch, name, found, used):
    monkeypatch.setenv(devices.VARIABLE, name)
    monkeypatch.setattr(devices, "here", lambda: found)
    assert devices.device() == used


def test_a_device_that_is_not_here_fails_the_run_with_one_sentence(monkeypatch):
    monkeypatch.setenv(devices.VARIABLE, "cuda:7")
    run = Store().submit(tiny_spec())
    worker.answer(run)
    assert run.state == "failed"
    assert run.error().startswith("device must be one of auto, cpu")
    assert run.error().endswith("got cuda:7")
    assert "Traceback" not in run.log()


@pytest.mark.parametrize("command", ["run", "work", "app"])
def test_the_command_line_refuses_other_names_in_one_sentence(monkeypatch, capsys, command):
    monkeypatch.delenv(devices.VARIABLE, raising=False)
    with pytest.raises(SystemExit):
        main([command, "--device", "tpu"])
    said = "bnviz: device must be auto, cpu, cuda:N or mps, got tpu\n"
    assert capsys.readouterr().err == said


def test_float64_falls_to_the_cpu_on_mps_and_the_run_says_so(monkeypatch):
    monkeypatch.setenv(devices.VARIABLE, "mps")
    monkeypatch.setattr(devices, "here", lambda: ["cpu", "mps"])
    run = Store().submit(tiny_spec(precision="float64"))
    worker.answer(run)
    assert run.state == "done"
    assert run.meta()["device"] == "CPU, 1 thread (MPS has no float64)"
    assert devices.device_of(tiny_spec()) == "mps"


def out_of_memory(times: int):
    """Return a step that runs out of memory so often, and then is made."""
    left, advance = iter(range(times)), worker.Training.advance

    def step(training: worker.Training) -> None:
        if training.step == 2 and next(left, None) is not None:
            raise torch.OutOfMemoryError
        advance(training)

    return step


def test_a_run_without_enough_memory_is_tried_once_more_alone(monkeypatch):
    monkeypatch.setattr(worker.Training, "advance", out_of_memory(1))
    run, other = Store().submit(tiny_spec()), Store().submit(tiny_spec(seed=1))
    worker.answer(run)
    assert run.state == "interrupted"
    job, beside = schedule.job(run), schedule.job(other)
    assert job.alone
    assert schedule.next_job([job], [beside], slots=3) is None
    assert schedule.next_job([beside], [job], slots=3) is None
    assert schedule.next_job([job], [], slots=3) == job
    worker.answer(run)
    assert run.state == "done"


def test_a_run_without_enough_memory_alone_fails_with_a_sentence(monkeypatch):
    monkeypatch.setattr(worker.Training, "advance", out_of_memory(2))
    run = Store().submit(tiny_spec())
    worker.answer(run)
    worker.answer(run)
    assert run.error() == "The device ran out of memory: choose a smaller width or batch."


def test_the_command_line_tries_again_too(monkeypatch, capsys):
    monkeypatch.setattr(worker.Training, "advance", out_of_memory(1))
    knobs = {"norm": "none", "model": "mlp", "data": "mnist-sample", "steps": 4, "width": 0.1}
    main(["run", "--device", "cpu", *(f"--{name}={value}" for name, value in knobs.items())])
    assert [run.state for run in Store().runs()] == ["done"]


def test_the_fork_server_touches_no_gpu() -> None:
    """A process that has used CUDA cannot be forked."""
    code = (
        "import torch; torch.cuda.is_available = torch.cuda.device_count = None\n"
        "import bnviz.runs.engines.warm\n"
        "assert not torch.cuda.is_initialized()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
