"""Exported figures: single files, bundles, LaTeX, and the command that repeats an export."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import plotly.graph_objects as go
import pytest
from pandas.testing import assert_frame_equal

from bnviz import export
from bnviz.cli import main
from bnviz.export import STYLES, takeaway
from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.figures.distributions import HISTOGRAMS, HISTOGRAMS_AT_STEP
from bnviz.figures.panel import EACH
from bnviz.runs.engines.inline import Inline
from bnviz.runs.run import Run
from bnviz.runs.store import Store, joined
from bnviz.runs.unpack import unpack
from bnviz.training.probes import Row
from tests.conftest import ALL_PROBES, tiny_spec

SEEDS = (0, 1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with four finished tiny runs: two networks, two seeds."""
    store = Store(tmp_path_factory.mktemp("finished"))
    for norm in ("none", "batch"):
        for seed in SEEDS:
            Inline().start(store.submit(tiny_spec(norm=norm, seed=seed, probes=ALL_PROBES)))
    return store.root


@pytest.fixture
def runs(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Return these runs, with their cache as the cache of this test."""
    monkeypatch.setenv("BNVIZ_CACHE", str(root))
    return Store().runs()


def ids(runs: list[Run]) -> list[str]:
    return [run.id for run in runs]


@pytest.mark.parametrize("name", PANELS)
def test_every_figure_can_be_exported(name: str, runs: list[Run]) -> None:
    panel = PANELS[name]
    if not panel.fits([run.spec for run in runs]):
        pytest.skip("it is about other runs")
    take = takeaway.of_runs(panel, runs, statistic="range")
    assert len(take.numbers) and len(take.full()) >= len(take.numbers)
    drawn, full = (
        numbers.reset_index(drop=True).rename_axis(columns=None)
        for numbers in (take.numbers, take.full())
    )
    assert_frame_equal(
        pd.read_csv(BytesIO(export.table(take.numbers, "csv"))), drawn, check_dtype=False
    )
    assert_frame_equal(pd.read_parquet(BytesIO(export.table(take.full(), "parquet"))), full)


@pytest.mark.parametrize("name", PANELS)
def test_a_figure_needs_only_the_metrics_it_names(name: str, runs: list[Run]) -> None:
    panel, specs = PANELS[name], [run.spec for run in runs]
    if not panel.fits(specs):
        pytest.skip("it is about other runs")
    assert panel.metrics, "it would read everything"
    few, all_rows = (
        panels.view(rows, specs) for rows in (takeaway.rows_of([panel], runs), joined(runs))
    )
    assert len(few.rows) < len(all_rows.rows)
    assert few.time == all_rows.time
    assert_frame_equal(panel.measure(few), panel.measure(all_rows))


@pytest.mark.parametrize(("step", "statistic"), [(None, EACH), (17, EACH), (33, "range")])
def test_only_the_drawn_histograms_are_read(step: int | None, statistic: str) -> None:
    runs = [
        Store().submit(tiny_spec(steps=50, seed=seed, probes={"activations": 1})) for seed in SEEDS
    ]
    for run, reached in zip(runs, (40, 23), strict=True):  # both runs are still being computed
        run.write_rows("000000", [row for at in range(reached) for row in histogram(at)])
    shown, specs = [HISTOGRAMS, HISTOGRAMS_AT_STEP], [run.spec for run in runs]
    few, every = (
        panels.view(rows, specs, step=step, layers=["conv1"], statistic=statistic)
        for rows in (takeaway.rows_of(shown, runs, step, ["conv1"]), joined(runs))
    )
    assert len(few.rows) < len(every.rows) / 1.5
    for panel in shown:
        assert len(panel.measure(every))
        drawn, whole = (panel.measure(view).reset_index(drop=True) for view in (few, every))
        assert_frame_equal(drawn, whole)


def histogram(step: int) -> Iterator[Row]:
    """Yield the rows of one unit at a step, like `bnviz.training.probes.activations`."""
    yield Row(step, "activation_quantile", "conv1", 0, 1.0, 10.0 + step)
    yield from (
        Row(step, "activation_histogram", "conv1", 0, float(edge), edge + 1.0) for edge in range(9)
    )


def test_exported_numbers_are_the_drawn_ones(runs: list[Run], tmp_path: Path) -> None:
    for name in ("drawn.csv", "drawn.parquet"):
        main(
            [
                "export",
                *ids(runs),
                "--figure",
                "landscape",
                "--over",
                "each",
                "--out",
                str(tmp_path / name),
            ]
        )
    drawn = takeaway.of_runs(PANELS["landscape"], runs).figure
    table = pd.read_csv(tmp_path / "drawn.csv")
    assert_frame_equal(pd.read_parquet(tmp_path / "drawn.parquet"), table, check_dtype=False)
    tops = {trace.legendgroup: list(trace.y) for trace in drawn.data if trace.fill == "tonexty"}
    assert set(tops) == set(ids(runs))
    for run, values in tops.items():
        assert values == pytest.approx(
            table.loc[table["run"] == run, "loss_high"].tolist(), rel=1e-6
        )


def test_a_command_names_every_choice_of_its_figure(
    runs: list[Run], tmp_path: Path, capsys
) -> None:
    look = {"xaxis.range": [0, 2], "hidden": [runs[0].id]}
    take = takeaway.of_runs(
        PANELS["covariate-shift"],
        runs,
        step=2,
        layers=["conv3", "fc9"],
        statistic="each",
        paper=True,
        look=look,
    )
    words = shlex.split(take.command(STYLES["slide"]))
    assert words[:4] == ["python", "-m", "bnviz", "export"]
    words[words.index("--out") + 1] = str(tmp_path / "figure.html")
    main(words[3:])
    assert capsys.readouterr().out.strip() == str(tmp_path / "figure.html")
    told = {
        words[at].removeprefix("--"): words[at + 1]
        for at, word in enumerate(words)
        if word in ("--step", "--layers")
    }
    assert told == {"step": "2", "layers": "conv3,fc9"}
    assert json.loads(words[words.index("--look") + 1]) == look and "--paper" in words


def test_an_imported_bundle_gives_the_same_figures(runs: list[Run], tmp_path: Path) -> None:
    main(["export", *ids(runs), "--figure", "landscape", "--out", str(tmp_path / "bundle.zip")])
    elsewhere = Store(tmp_path / "elsewhere")
    unpack(tmp_path / "bundle.zip", elsewhere)
    assert set(ids(elsewhere.runs())) == set(ids(runs))
    moved = [elsewhere.run(run.id) for run in runs]
    for panel in PANELS.values():
        if panel.fits([run.spec for run in runs]):
            here, there = (
                takeaway.of_runs(panel, some, statistic="t").figure.to_json()
                for some in (runs, moved)
            )
            assert here == there, panel.name


def test_a_bundle_describes_its_content(runs: list[Run], tmp_path: Path) -> None:
    main(
        [
            "export",
            *ids(runs[:2]),
            "--figure",
            "training-loss",
            "--out",
            str(tmp_path / "bundle.zip"),
        ]
    )
    with ZipFile(tmp_path / "bundle.zip") as bundle:
        names = set(bundle.namelist())
        readme = bundle.read("README.md").decode()
    assert {
        "data/training-loss.csv",
        "data/training-loss-full.parquet",
        "figures/training-loss.html",
    } <= names
    assert {
        "CITATION.bib",
        "versions.json",
        "latex/training-loss.tex",
        "latex/training-loss.dat",
    } <= names
    assert {"latex/training-loss-table.tex", "latex/training-loss-plot.tex"} <= names
    assert ("latex/training-loss.pdf" in names) == ("figures/training-loss.pdf" in names)
    assert "export " in readme and "--figure training-loss" in readme
    pictures = {f"figures/training-loss.{format}" for format in ("pdf", "svg", "png")}
    assert pictures <= names or "figures/training-loss-missing.txt" in names


def test_latex_export_is_a_snippet_with_its_tables(runs: list[Run], tmp_path: Path, capsys) -> None:
    main(["export", runs[0].id, "--figure", "training-loss", "--out", str(tmp_path / "loss.tex")])
    written = [Path(line) for line in capsys.readouterr().out.split()]
    assert {path.name for path in written} >= {
        "loss.tex",
        "loss-table.tex",
        "loss-plot.tex",
        "loss.dat",
    }
    assert all(path.exists() for path in written)


AWKWARD = [
    "fig 100%",
    "fig 100&",
    "Größe_1 #2 ~x",
    "a{b}$c^d",
    "a%20b",
    "-",
    "x" * 200,
    "x" * 199 + "y",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_latex_can_read_the_table_of_a_snippet_with_any_name(
    name: str, runs: list[Run], tmp_path: Path, capsys
) -> None:
    out = tmp_path / f"{name}.tex"
    main(["export", runs[0].id, "--figure", "training-loss", "--out", str(out)])
    assert {Path(line) for line in capsys.readouterr().out.splitlines()} == set(tmp_path.iterdir())
    (picture,) = re.findall(r"\\includegraphics\[.*\]\{(.*)\.pdf\}", out.read_text("utf-8"))
    plot = tmp_path / f"{picture}-plot.tex"
    (table,) = re.findall(r"\\pgfplotstableread\{(.*)\}\{", plot.read_text("utf-8"))
    assert table == f"{picture}.dat"
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,120}\.dat", table)
    drawn = pd.read_csv(tmp_path / table, sep=" ")
    curve = takeaway.of_runs(PANELS["training-loss"], runs[:1]).figure.data[0]
    assert any(drawn[name].dropna().tolist() == pytest.approx(list(curve.y)) for name in drawn)


def test_snippets_in_one_folder_keep_their_own_tables() -> None:
    figure, numbers = go.Figure(go.Scatter(y=[1])), pd.DataFrame({"value": [1.0]})
    files = [name for called in AWKWARD for name in export.snippets(figure, numbers, called)]
    assert len(set(files)) == 4 * len(AWKWARD)


FOLDERS = ["Übung 100% %41 #1 & $x ~ {y}", "x" * 200]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_cache_may_have_any_path(folder: str, root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("BNVIZ_CACHE", str(shutil.copytree(root, tmp_path / folder / "cache")))
    monkeypatch.chdir(tmp_path / folder)
    Inline().start(Store().submit(tiny_spec(seed=7, probes=ALL_PROBES)))
    runs = Store().runs()
    assert [run.state for run in runs] == ["done"] * 5
    drawn = takeaway.of_runs(PANELS["training-loss"], runs).numbers.reset_index(drop=True)
    for format, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        out = f"{folder}.{format}"
        main(["export", *ids(runs), "--figure", "training-loss", "--over", "each", "--out", out])
        assert_frame_equal(read(out), drawn, check_dtype=False)
    main(["export", *ids(runs), "--figure", "training-loss", "--out", f"{folder}.zip"])
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / folder / "elsewhere"))
    main(["data", "import", f"{folder}.zip"])
    assert set(ids(Store().runs())) == set(ids(runs))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--figure", "landscap", "--out", "a.pdf"], "--figure must be one of training-accuracy, "),
        (
            ["--figure", "landscape", "--style", "poster", "--out", "a.pdf"],
            "--style must be one of column, page, slide",
        ),
        (
            ["--figure", "landscape", "--out", "a.jpg"],
            "--format must be one of pdf, svg, png, html, tex, csv, parquet, zip",
        ),
        (
            ["--figure", "landscape", "--over", "se", "--out", "a.csv"],
            "--over must be one of t, range, sd, each",
        ),
        (
            ["--figure", "quantiles", "--layers", "conv99", "--out", "a.csv"],
            "--layers must be one of conv1, ",
        ),
        (
            ["--figure", "landscape", "--look", "zoom", "--out", "a.pdf"],
            "--look must be a JSON object",
        ),
        (
            ["--figure", "landscape", "--out", "no/such/folder/a.csv"],
            "the folder of --out does not exist",
        ),
        (
            ["--figure", "landscape", "--out", "ü" * 200 + ".tex"],
            "file name of --out is too long: 404 bytes, at most 255",
        ),
        (
            ["--figure", "theorem-4-1", "--out", "a.csv"],
            "figure theorem-4-1 is not about these runs",
        ),
    ],
)
def test_a_wrong_option_gives_a_one_sentence_error(
    words: list[str], says: str, runs: list[Run], tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(["export", next(run.id for run in runs if run.spec.norm == "none"), *words])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_a_preset_selects_its_finished_runs(
    runs: list[Run], tmp_path: Path, capsys
) -> None:
    # The name of a preset stands for its shipped runs.
    main(["export", "deep", "--figure", "test-accuracy", "--out", str(tmp_path / "a.csv")])
    assert set(pd.read_csv(tmp_path / "a.csv")["norm"]) == {"none", "batch", "noisy"}
    with pytest.raises(SystemExit):
        main(["export", "paper", "--figure", "test-accuracy", "--out", str(tmp_path / "b.csv")])
    assert "compute them with `python -m bnviz run --preset paper`" in capsys.readouterr().err
