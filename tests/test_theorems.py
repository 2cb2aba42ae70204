"""The table of the theorems' conditions in three networks, on pages and in the lesson."""

from __future__ import annotations

import numpy as np
import pytest

from bnviz.analysis import theory as theory_numbers
from bnviz.claims import judging
from bnviz.claims.theory import CONDITIONAL, NETWORKS
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs.store import Store
from bnviz.story import report, theorems
from tests.pages import page, text

SHIPPED = Store(PROJECT / "cache" / "gallery")

pytestmark = pytest.mark.usefixtures("no_supervisor")


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages see the shipped runs."""
    monkeypatch.setattr("bnviz.paths.GALLERY", SHIPPED.root)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_line_of_the_table_agrees_with_the_units_of_the_shipped_runs(network: str) -> None:
    """Compute the three numbers from the single checks: mean over units, steps, then seeds."""
    (line,) = (line for line in theorems.conditions(SHIPPED) if line.network == network)
    seeds = []
    for seed in range(line.gain.n):
        runs = SHIPPED.finished(PRESETS[NETWORKS[network]].specs(seed=seed, norm="batch"))
        rows = judging.rows(runs.values())
        first = theory_numbers.checks(rows, "theorem_4_1")
        second = theory_numbers.checks(rows, "theorem_4_2")
        shorter = first["left"] < first["scale"] / first["gain"] ** 2
        seeds.append(
            [
                first["gain"].abs().groupby(first["step"]).median().mean(),
                100 * (second["inner"] >= 0).groupby(second["step"]).mean().mean(),
                100 * shorter.groupby(first["step"]).mean().mean(),
            ]
        )
    verdicts = [line.gain, line.inner, line.smaller]
    assert [verdict.mean for verdict in verdicts] == pytest.approx(np.mean(seeds, axis=0).tolist())
    assert line.cells[0] == network and line.cells[4] == str(line.gain.n)


def test_each_condition_is_a_claim_about_each_network() -> None:
    for claims in CONDITIONAL.values():
        assert [claim.preset for claim in claims] == list(NETWORKS.values())
        assert all(f"he {name}" in c.says for name, c in zip(NETWORKS, claims, strict=True))


@pytest.mark.parametrize("name", ["paper/theory", "lab/start"])
def test_a_page_shows_the_table_of_the_shipped_runs(name: str, shipped: None) -> None:
    opened = page(name)
    assert not opened.exception
    texts = text(opened)
    assert theorems.table(theorems.conditions(SHIPPED)) in texts


def test_the_lesson_shows_all_three_networks(shipped: None) -> None:
    html = report.lesson(SHIPPED)
    for line in theorems.conditions(SHIPPED):
        assert f"<td>{line.network}</td><td>{line.cells[1]}</td>" in html


def test_a_table_without_runs_has_no_numbers() -> None:
    assert {tuple(line.cells[1:]) for line in theorems.conditions(Store())} == {
        ("—", "—", "—", "0")
    }
