"""The numbers that bnviz states are those that tests/independent.py finds without bnviz."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from bnviz.claims import CLAIMS, judging
from bnviz.claims.judging import Verdict
from bnviz.runs import supervisor
from bnviz.runs.store import Store
from bnviz.story import report
from bnviz.story.chapters import CHAPTERS
from bnviz.words import three_digits
from tests import independent
from tests.pages import page, text
from tests.test_story import Page

told = cache(independent.told)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return an empty store, in which only the shipped runs are found."""
    return Store(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def verdicts(store: Store) -> dict[str, Verdict]:
    """Return the verdicts on the shipped runs by the names of their claims."""
    claims = [CLAIMS[name] for name in independent.CLAIMS]
    return {verdict.claim.name: verdict for verdict in judging.verdicts(claims, store)}


@pytest.fixture(scope="module")
def lesson(store: Store) -> str:
    """Return the text of the lesson on the shipped runs."""
    return Page(report.lesson(store)).text


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pages from starting a supervisor process."""
    monkeypatch.setattr(supervisor, "ensure", lambda store: None)


def sentences(slug: str) -> str:
    """Return the text of a chapter, with the numbers of tests/independent.py in their places."""
    numbers = told()[slug]
    return "".join(
        literal + (f"{numbers[name]:{how}}".replace("-", "−") if name else "")
        for literal, name, how, _ in Formatter().parse(CHAPTERS[slug].text)
    )


def table() -> list[list[str]]:
    """Return the lines of the table of the theorems, with the numbers of tests/independent.py."""
    return [
        [
            network,
            three_digits(gain),
            *(f"{three_digits(share)}%" for share in shares),
            str(len(independent.by_seed(independent.CLAIMS[f"gain-below-one-{network.lower()}"]))),
        ]
        for network, numbers in independent.conditions().items()
        for gain, *shares in [numbers.values()]
    ]


def test_the_recomputation_imports_nothing_of_bnviz() -> None:
    tree = ast.parse(Path(independent.__file__).read_text("utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if name
    }
    assert {"pandas", "pyarrow.parquet"} <= imported
    assert not [name for name in imported if name.split(".")[0] in ("bnviz", "tests")]


@pytest.mark.parametrize("name", independent.CLAIMS)
def test_every_seed_of_a_claim_has_the_recomputed_number(
    name: str, verdicts: dict[str, Verdict]
) -> None:
    expected = independent.claimed(name)
    assert expected
    assert verdicts[name].values.to_dict() == pytest.approx(expected, rel=1e-6, abs=0)


@pytest.mark.parametrize("slug", CHAPTERS)
def test_every_number_in_a_chapter_is_the_recomputed_one(slug: str, store: Store) -> None:
    chapter = CHAPTERS[slug]
    assert set(told()[slug]) == set(chapter.numbers)
    assert chapter.told(chapter.finished(store)) == sentences(slug)


def test_the_lesson_has_the_recomputed_numbers(lesson: str) -> None:
    for slug in CHAPTERS:
        assert sentences(slug) in lesson
    for line in table():
        assert " ".join(line) in lesson


@pytest.mark.usefixtures("quiet")
def test_the_start_page_has_the_recomputed_numbers() -> None:
    shown = text(page("lab/start"))
    for slug in CHAPTERS:
        assert sentences(slug) in shown
    for line in table():
        assert f"| {' | '.join(line)} |" in shown


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("slug", CHAPTERS)
def test_a_slide_has_the_recomputed_numbers(slug: str) -> None:
    shown = [part.proto.body for part in page("lab/present", slide=slug, answer="true").get("html")]
    assert any(sentences(slug) in body for body in shown)


@pytest.mark.parametrize("network", independent.THEORY)
def test_in_no_network_do_most_units_meet_a_condition_of_the_theorems(network: str) -> None:
    small, positive = independent.units_that_meet(network)
    assert small < 50 and positive < 55
