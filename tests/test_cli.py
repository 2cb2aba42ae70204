"""The command line: the same operations as the pages, and a short error for each wrong option."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import pandas as pd
import pytest

from bnviz import cli, execute
from bnviz.cli.parser import COMMANDS
from bnviz.cli.settings import asked as specs_of
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs.parts import SCHEMA
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.spec_words import command
from bnviz.training.probes import PROBES
from tests.conftest import tiny_spec

TINY = [
    "--model",
    "vgg11",
    "--width",
    "0.03125",
    "--data",
    "cifar10-sample",
    "--batch",
    "16",
    "--steps",
    "3",
    "--surface-grid",
    "3",
    "--theory-units",
    "1",
]


def bnviz(*words: str) -> int:
    """Run a command and return its exit status."""
    try:
        cli.main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_run_writes_its_rows(tmp_path, ending):
    out = tmp_path / f"rows.{ending}"
    probes = ["--probe", "landscape=2", "--probe", "covariate_shift=2", "--probe", "activations=2"]
    assert bnviz("run", *TINY, "--norm", "batch", *probes, "--out", str(out)) == 0
    rows = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    assert list(rows.columns) == SCHEMA.names
    spec = tiny_spec(
        steps=3,
        norm="batch",
        probes={
            "accuracy": 1,
            "evaluation": 100,
            "landscape": 2,
            "covariate_shift": 2,
            "activations": 2,
        },
    )
    theirs = pd.DataFrame(execute(spec))
    assert len(rows) == len(theirs)
    assert rows.value.tolist() == pytest.approx(theirs.value.tolist(), nan_ok=True)
    assert Store().run(spec.id).state == "done"


def test_a_second_run_reuses_the_rows_of_the_first(tmp_path, monkeypatch):
    for name in ("a.csv", "b.csv"):
        assert bnviz("run", *TINY, "--out", str(tmp_path / name)) == 0
        monkeypatch.setattr(
            "bnviz.runs.worker._answer", lambda *_: pytest.fail("it was computed again")
        )
    assert (tmp_path / "a.csv").read_text("utf-8") == (tmp_path / "b.csv").read_text("utf-8")


def test_a_preset_runs_with_changes_and_its_rows_name_their_run(tmp_path):
    out = tmp_path / "rows.csv"
    assert (
        bnviz("run", "--preset", "quick", *TINY, "--probe", "activations=0", "--out", str(out)) == 0
    )
    rows = pd.read_csv(out)
    assert list(rows.columns) == ["run", *SCHEMA.names]
    assert rows.run.nunique() == 3
    assert not rows.metric.str.startswith("activation").any()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("run --norm bach", "norm must be one of none, batch, noisy, noise"),
        ("run --steps -3", "steps must be a whole number from 1 to 1,000,000, got '-3'"),
        ("run --lr nan", "lr must be a number above 0 and at most 1,000, got 'nan'"),
        ("run --probe curve=3", "probes must be one of accuracy"),
        ("run --probe landscape", "NAME=N"),
        (
            "run --probe landscape=x",
            "probes landscape must be a whole number of at least 1, got 'x'",
        ),
        ("run --width 0.001", "leaves no channel"),
        ("run --speed 3", "unrecognized arguments: --speed 3"),
        ("run --preset quack", "preset must be one of quick, class, deep"),
        (
            "run --sweep lr",
            "a sweep is SETTING=V1,V2,… with SETTING one of lr, noise, width, depth, got 'lr'",
        ),
        ("submit --sweep speed=1,2", "SETTING one of lr, noise, width, depth"),
        ("submit --sweep lr=0.1,fast", "lr must be a number above 0 and at most 1,000, got 'fast'"),
        (
            "submit --sweep lr=0.1",
            "a sweep of lr takes at least two values, separated by commas, got '0.1'",
        ),
        ("run --data cifar10", "data fetch cifar10"),
        ("submit --data cifar10", "data import PATH"),
        ("run --out rows.txt", ".csv or .parquet"),
        ("run --out /no/such/folder/rows.csv", "the folder of --out does not exist"),
        ("cancel abc", "no run with an id that begins with 'abc'"),
        ("export abc --out rows.csv", "no run"),
        ("data import /no/such/file", "/no/such/file does not exist"),
        ("data fetch cifar11", "choose cifar10, cifar10-sample, gaussian, mnist or mnist-sample"),
        ("frobnicate", "invalid choice: 'frobnicate'"),
        ("run --preset=", "preset must be one of quick, class"),
        ("run --sweep=", "a sweep is SETTING=V1,V2"),
        ("run --out=", ".csv or .parquet"),
        ("lesson --out /tmp", "--out must end in .html"),
        ("gallery --out .", "--out must be a new folder or a gallery"),
    ],
)
def test_a_wrong_option_gives_a_one_sentence_error_and_starts_nothing(words, says, capsys):
    assert bnviz(*words.split()) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert "Traceback" not in said.err
    assert Store().runs() == []


@pytest.mark.parametrize(
    "words", ["run --model {}", "run --{}", "run --probe {}", "run --probe {}=1", "{}", "cancel {}"]
)
def test_an_error_quotes_no_more_than_fits_a_line(words, capsys):
    assert bnviz(*words.format("x" * 5000).split()) == 2
    assert len(capsys.readouterr().err) < 700


def test_submit_runs_cancel_and_export(tmp_path, capsys):
    assert bnviz("submit", *TINY) == 0
    id = capsys.readouterr().out.split()[0]
    assert bnviz("runs") == 0
    assert re.search(rf"{id}\s+queued\s+0 / 3 .*BatchNorm", capsys.readouterr().out)
    assert bnviz("cancel", id[:6]) == 0
    assert Store().run(id).state == "cancelled"
    assert bnviz("run", *TINY) == 0
    assert bnviz("export", id, "--out", str(tmp_path / "rows.parquet")) == 0
    assert len(pd.read_parquet(tmp_path / "rows.parquet")) == len(Store().run(id).rows())


def test_submit_queues_every_run_of_a_sweep(capsys):
    assert bnviz("submit", "--preset", "quick", "--sweep", "lr=0.01,0.1,1", "--steps", "3") == 0
    asked = [spec.id for lr in (0.01, 0.1, 1.0) for spec in PRESETS["quick"].specs(lr=lr, steps=3)]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == asked
    assert {run.id for run in Store().runs()} == set(asked)


def test_presets_doctor_and_data_print_something(capsys):
    for words, says in (
        ("presets", list(PRESETS)),
        ("doctor", ["torch", "cifar10-sample whole"]),
        ("data", ["missing"]),
    ):
        assert bnviz(words) == 0
        said = re.sub(" +", " ", capsys.readouterr().out)
        assert all(word in said for word in says), said


def test_a_preset_says_what_it_costs_here(capsys, monkeypatch):
    monkeypatch.setattr("bnviz.runs.cost.ENOUGH_S", 0.0)
    assert bnviz("presets", "mnist-quick", "--measure") == 0
    assert re.search(
        r"mnist-quick · page mnist · [\d.]+ (s|min) of computing here, \d+ runs at once",
        capsys.readouterr().out,
    )
    assert bnviz("presets", "class", "--measure") == 0
    assert "CIFAR-10 is not in" in capsys.readouterr().out
    assert bnviz("presets", "quick") == 0
    assert re.search(r"quick · about [\d.]+ (s|min) for all 3, up to", capsys.readouterr().out)
    assert bnviz("presets", "figure1") == 2
    assert "preset must be one of quick, class" in capsys.readouterr().err


def test_a_finished_preset_says_how_long_it_took(capsys, monkeypatch):
    preset = PRESETS["quick"]
    monkeypatch.setitem(preset.knobs, "steps", 2)
    monkeypatch.setitem(preset.knobs, "width", 1 / 32)
    monkeypatch.setitem(preset.knobs, "probes", {"accuracy": 1})
    assert bnviz("run", "--preset", "quick") == 0
    capsys.readouterr()
    assert bnviz("presets", "quick") == 0
    assert re.search(r"quick · took \d+ s of computing here", capsys.readouterr().out)


def test_help_names_every_setting_and_probe(capsys):
    assert bnviz("run", "--help") == 0
    said = capsys.readouterr().out
    assert all(
        f"--{name.replace('_', '-')}" in said for name in RunSpec.model_fields if name != "probes"
    )
    assert all(name in said for name in PROBES)


@pytest.mark.parametrize(
    "spec",
    [
        tiny_spec(norm="noisy", l2=1e-3, hidden=(64, 64), augment=True, probes={"landscape": 3}),
        *PRESETS["paper"].specs(),
    ],
)
def test_the_command_that_a_page_shows_has_the_same_settings(spec):
    words = __import__("shlex").split(command(spec))
    options = cli.parser().parse_args(words[3:])
    assert [asked.id for asked in specs_of(options)] == [spec.id]


@pytest.fixture
def exported(tmp_path, capsys) -> Callable[..., tuple[int, str]]:
    """Return a function that exports a finished run of three steps.

    It returns the exit status and the printed text.
    """
    assert bnviz("run", *TINY, "--probe", "landscape=2") == 0
    (run,) = Store().runs()

    def export(*words: str, out: str = "figure.csv") -> tuple[int, str]:
        capsys.readouterr()
        return bnviz(
            "export", run.id, "--out", f"{tmp_path}/{out}", *words
        ), capsys.readouterr().err

    return export


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--figure curvature", "not measured; they have measured training-accuracy"),
        (
            "--figure histograms",
            "not measured; they have measured training-accuracy, training-loss, test-accuracy",
        ),
        ("--figure overlay-hessian-top", "not measured; they have measured training-accuracy"),
        ("--figure landscape --step -5", "--step must be between 0 and 3, got -5"),
        ("--figure landscape --step 4", "--step must be between 0 and 3, got 4"),
        (
            "--figure landscape --view nonsense",
            "--view must be one of along the gradient, along a random direction",
        ),
        (
            "--figure overlay-training-loss --over nonsense",
            "--over must be one of t, range, sd, each",
        ),
        ("--figure landscape --layers=", "--layers must be one of conv1"),
        ("--figure landscape --layers conv3,", "--layers must be one of conv1"),
        (
            '--figure landscape --look {"nonsense":1}',
            "--look must be one of xaxis.range, yaxis.range, scale, hidden, frame",
        ),
        ("--figure=", "--figure must be one of training-accuracy"),
        ("--figure landscape --format=", "--format must be one of"),
        (
            "--figure landscape --format pdf --full",
            "--full writes numbers: the format must be csv or parquet, got pdf",
        ),
        (
            "--step 2",
            "--step needs a figure: choose one with --figure, one of training-accuracy",
        ),
        ("--paper", "--paper needs a figure"),
    ],
)
def test_an_export_of_missing_data_gives_a_one_sentence_error_and_writes_nothing(
    exported, tmp_path, words, says
):
    status, said = exported(*words.split())
    assert (status, says in said, len(said.strip().splitlines())) == (2, True, 1), said
    assert not (tmp_path / "figure.csv").exists()


@pytest.mark.parametrize(
    "words", ["--figure landscape --step 2", "--figure landscape --view=along a random direction"]
)
def test_a_figure_export_prints_nothing_unless_its_rows_are_missing(exported, words):
    if "random" in words:
        assert "have not measured" in exported(*words.split(maxsplit=2))[1]
    else:
        assert exported(*words.split()) == (0, "")


def test_export_needs_a_file_name(exported):
    assert (
        "--out must name a file" in exported("--figure", "landscape", "--format", "csv", out="")[1]
    )


@pytest.mark.parametrize(
    "command", [["export", "--out", "rows.csv"], ["report", "--out", "report.html"]]
)
def test_a_run_that_has_measured_nothing_gives_no_file(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = Store().submit(tiny_spec())
    assert bnviz(command[0], run.id, *command[1:]) == 2
    assert capsys.readouterr().err == f"bnviz: nothing is measured yet: run {run.id} is queued\n"
    assert not (tmp_path / command[-1]).exists()


def test_help_imports_nothing_heavy():
    code = (
        "import contextlib, io, sys\nfrom bnviz.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main(['--help'])\n"
        "print({'pandas', 'torch', 'plotly', 'streamlit'} & sys.modules.keys() or 'none')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, encoding="utf-8"
    )
    assert done.stdout == "none\n", done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_the_docstring(name):
    module, does, says = COMMANDS[name]
    assert getattr(import_module(f"bnviz.cli.{module}"), does).__doc__ == says
