"""docs/RESULTS.md agrees with the shipped runs and covers every claim and figure."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pandas import DataFrame, Series
from scipy import stats

from bnviz import cli, paths
from bnviz.claims import CLAIMS
from bnviz.claims.claim import GROUPS
from bnviz.claims.judging import KINDS, Verdict
from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.story import results
from bnviz.story.numbers import Number, summed_up
from bnviz.story.paper_figure import PaperFigure, at_rate, at_step, below, distance, spread
from bnviz.story.paper_figures import FIGURES
from tests.test_analysis import measured, together

FILE = paths.PROJECT / "docs" / "RESULTS.md"


@pytest.fixture(scope="module")
def document() -> str:
    return results.document()


def test_the_file_agrees_with_the_shipped_runs(document: str) -> None:
    assert FILE.read_text("utf-8") == document, "python -m bnviz results --out docs/RESULTS.md"


def test_every_claim_has_a_line_and_every_source_a_heading(document: str) -> None:
    for claim in CLAIMS.values():
        assert document.count(f"| {claim.says} ({claim.source}) |") == 1
    assert re.findall(r"^### (.*)$", document, re.MULTILINE) == list(GROUPS.values())


def test_all_lines_of_a_table_have_the_same_number_of_cells(document: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", document, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_every_figure_of_the_papers_appears_once(document: str) -> None:
    assert len({figure.title for figure in FIGURES}) == len(FIGURES)
    assert {figure.preset for figure in FIGURES} == {
        name for name, preset in PRESETS.items() if preset.figure
    } | {"deep", "noise-alone", "augmented", "momentum"}
    assert all(document.count(f"| {figure.title} |") == 1 for figure in FIGURES)


def test_every_claim_about_a_paper_s_figure_or_theorem_belongs_to_a_figure() -> None:
    named = [name for figure in FIGURES for name in figure.claims]
    assert len(named) == len(set(named)) and set(named) <= set(CLAIMS)
    assert {name for name, claim in CLAIMS.items() if claim.group != "counter"} <= set(named)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.title)
def test_a_figure_s_sentence_uses_every_number_it_measures(figure: PaperFigure) -> None:
    assert set(re.findall(r"\{(\w+)\}", figure.ours)) == set(figure.numbers)
    assert not re.search(r"\|", figure.theirs + figure.ours + figure.note)


def test_no_measured_number_is_missing(document: str) -> None:
    figures = document.split("## Every figure")[1].split("## Seed by seed")[0]
    assert "nan" not in figures and "| 0 |" not in figures


def test_the_accuracies_of_the_seeds_agree_with_the_rows(document: str) -> None:
    spec = PRESETS["deep"].specs(seed=1, norm="batch")[0]
    rows = Run(paths.GALLERY / spec.id).rows(["train_accuracy"])
    window = rows[(rows["step"] >= 1000) & (rows["step"] < 2000)]
    line = next(line for line in document.splitlines() if line.startswith("| 1 |"))
    assert line.split("|")[3].strip() == f"{100 * window['value'].mean():.1f}%"


def test_seeds_are_summarised_as_the_number_specifies() -> None:
    values = np.array([1.0, 4.0, 16.0])
    expected = {
        "mean": np.mean(values),
        "geometric mean": stats.gmean(values),
        "min": 1.0,
        "max": 16.0,
    }
    for over_seeds, value in expected.items():
        number = Number(lambda rows: Series(dtype=float), over_seeds)  # type: ignore[arg-type]
        assert summed_up(number, Series(values)) == pytest.approx(value)
        assert np.isnan(summed_up(number, Series(values[:0])))


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ("", "—"),
        ("hh", "2 hold"),
        ("hf", "1 holds, 1 does not hold"),
        ("fhu", "1 holds, 1 does not hold, 1 is undecided"),
        ("huum", "1 holds, 2 are undecided, 1 is not measured yet"),
    ],
)
def test_a_figure_counts_the_verdicts_of_its_claims(kinds: str, words: str) -> None:
    claim = replace(CLAIMS["batch-better"], low=0.0)
    values = {"h": [1.0, 1.0], "f": [-1.0, -1.0], "u": [1.0], "m": []}
    figure = replace(FIGURES[0], claims=tuple(map(str, range(len(kinds)))), note="")
    judged = {
        str(place): Verdict(claim, Series(values[kind], dtype=float))
        for place, kind in enumerate(kinds)
    }
    *_, line = results.figure_table([figure], judged, Store(paths.GALLERY))
    assert line.endswith(f"| {words} |")


def test_the_counts_add_up_and_the_readme_says_the_same(document: str) -> None:
    (total,) = re.findall(r"^Of .* claims, .*\.$", document, re.MULTILINE)
    everything, *counts = map(int, re.findall(r"\d+", total))
    assert everything == len(CLAIMS) == sum(counts)
    found = [
        len(re.findall(rf"\| {kind}( \([\w ]+\))? \|$", document, re.MULTILINE)) for kind in KINDS
    ]
    assert counts == [count for count in found if count]
    assert total in " ".join((paths.PROJECT / "README.md").read_text("utf-8").split())


def loss(norm: str, lr: float, values: dict[int, float]) -> DataFrame:
    return measured("train_loss", values, norm=norm, lr=lr)


def test_tables_choose_a_step_a_learning_rate_and_an_end() -> None:
    rows = together(loss("none", 0.1, {0: 3.0, 5: 2.0}), loss("batch", 0.1, {0: 4.0, 5: 1.0}))
    assert at_step("train_loss", 5)(rows).to_dict() == {"none": {0: 2.0}, "batch": {0: 1.0}}
    assert below(at_step("train_loss", 5), "batch", "none")(rows).to_dict() == {0: 100.0}
    assert below(at_step("train_loss", 0), "batch", "none")(rows).to_dict() == {0: 0.0}
    assert at_rate(0.5, at_step("train_loss", 5))(rows).empty


def test_first_and_last_values_agree_with_a_shipped_run() -> None:
    spec = PRESETS["deep"].specs(seed=0, norm="none")[0]
    rows = results.rows_of("deep", Store(paths.GALLERY))
    run = rows[(rows["norm"] == "none") & (rows["seed"] == 0)]
    unit = run[(run["metric"] == "activation_quantile") & (run["layer"] == "conv8")]
    unit = unit[unit["unit"].notna()].astype({"value": float})
    low, high = (
        unit[unit["at"].round(4) == level].set_index("step")["value"] for level in (0.05, 0.95)
    )
    for end, step in (("first", 0), ("last", unit["step"].max())):
        expected = high[step] - low[step]
        assert spread("conv8", end)(rows).loc[0, "none"] == pytest.approx(expected)  # type: ignore[arg-type]
    along = Run(paths.GALLERY / spec.id).rows(["gradient_distance"])
    along = along[along["layer"].isna()]
    far = along[along["at"] == along["at"].max()]
    expected = far["value"].median()
    assert distance("last")(rows).loc[0, "none"] == pytest.approx(expected)


def test_the_command_writes_the_file_or_prints_it(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "document", lambda: "# Results\n")
    cli.main(["results", "--out", str(tmp_path / "RESULTS.md")])
    assert (tmp_path / "RESULTS.md").read_text("utf-8") == "# Results\n"
    assert capsys.readouterr().out.strip() == str(tmp_path / "RESULTS.md")
    cli.main(["results"])
    assert capsys.readouterr().out == "# Results\n"
    with pytest.raises(SystemExit):
        cli.main(["results", "--out", str(tmp_path / "RESULTS.txt")])
    assert "--out must end in .md" in capsys.readouterr().err
