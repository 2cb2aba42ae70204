"""What the texts may say: measured orders, no causes, and on every page what it does not show."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnviz.claims import CLAIMS, chart, judging
from bnviz.paths import PROJECT
from bnviz.runs.store import Store
from bnviz.story import theorems
from bnviz.story.chapters import CHAPTERS
from tests.pages import page

SHIPPED = Store(PROJECT / "cache" / "gallery")
ANALYSIS_PAGES = (
    "paper/training",
    "paper/distributions",
    "paper/covariate_shift",
    "paper/landscape",
    "paper/norms",
    "paper/surface",
    "paper/theory",
    "classics/batchnorm",
    "classics/mnist",
    "classics/learning_rates",
    "classics/lenet",
)
FOLDERS = ("pages", "bnviz/story", "bnviz/presets", "bnviz/ui", "bnviz/figures", "bnviz/analysis")
SOURCES = sorted(file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.py"))
DOCUMENTS = sorted(
    [*(PROJECT / "bnviz" / "story" / "templates").iterdir(), PROJECT / "README.md"]
    + [PROJECT / "docs" / f"{name}.md" for name in ("ARCHITECTURE", "DEFAULTS", "RESULTS")]
)
# They state a cause, a superlative or a conclusion where only an order is measured.
BANNED = re.compile(
    "|".join(
        (
            r"\bbecause (its|of) (\w+ )?(distributions|landscape|covariate|shift|loss|gradient)",
            r"\bits landscape is smoother",
            r"\bnarrow band means",
            r"[:;] a smoother landscape",
            r"\bmeans a (smooth|flat|stable)",
            r"\bpredicts the next",
            r"\btrusted farther",
            r"\bstays valid for longer",
            r"\bdoes not survive",
            r"\bsurvives? measurement",
            r"\bhardly be the reason",
            r"\bhardly slows",
            r"\bclearly (the|stead|more|less)",
            r"\b(least|most) steady\b",
            r"\bsteadiest",
            r"\bshift (freely|as they like)",
            r"\b(the|not the) only way to",
            r"\bnot the only way",
            r"\btrains faster for it",
            r"\bso its (loss|band)",
            r"\bdue to the normalisation",
            r"\bmakes a link more likely",
            r"\badapts the effective step",
            r"\bpower iteration",
        )
    ),
    re.IGNORECASE,
)

pytestmark = pytest.mark.usefixtures("no_supervisor")


def strings(file: Path) -> Iterator[str]:
    """Yield the text literals of a Python file, docstrings too, each in one line."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


@pytest.mark.parametrize(
    "text",
    [
        "Because its landscape is smoother?",
        "The explanation does not survive measurement.",
        "A narrow band means that the loss barely changes: a smoother landscape.",
        "A step hardly changes the gradient, so it predicts the next one well.",
        "The distributions are clearly steadiest.",
        "The distributions can shift freely.",
        "found by power iteration",
    ],
)
def test_the_banned_phrases_are_found(text: str) -> None:
    assert BANNED.search(text)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_no_text_in_the_code_has_a_banned_phrase(file: Path) -> None:
    assert [text for text in strings(file) if BANNED.search(text)] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_no_template_or_document_has_a_banned_phrase(file: Path) -> None:
    text = " ".join(file.read_text("utf-8").split())
    assert [found[0] for found in BANNED.finditer(text)] == []


# Numbers


SPACED = re.compile(r"[\d}][ \u00a0]%(?![{}\w(])")  # not "} %{", of a plotly template
WRITTEN = sorted(
    file
    for pattern in ("bnviz/**/*.py", "pages/**/*.py", "docs/**/*.md", "*.md", "bnviz/**/*.html")
    for file in PROJECT.glob(pattern)
)


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_a_number_in_per_cent_has_no_space_before_the_sign(file: Path) -> None:
    # plotly and Streamlit write none either, in axes, hovers and tables.
    assert SPACED.findall(file.read_text("utf-8")) == []


def test_a_space_before_the_sign_is_found() -> None:
    assert SPACED.search("78 % of them") and SPACED.search('f"{share} %"')
    assert not SPACED.search("78% of them")


def test_claims_write_per_cent_as_all_texts_do() -> None:
    claim = CLAIMS["theorem-4-1-printed"]
    assert claim.in_unit("100") == "100%" and chart.short(claim, "100") == "100%"


# What this does not show


def test_every_page_with_figures_of_the_papers_is_an_analysis_page() -> None:
    there = {
        file.relative_to(PROJECT / "pages").with_suffix("").as_posix()
        for folder in ("paper", "classics")
        for file in (PROJECT / "pages" / folder).glob("*.py")
    }
    assert there == set(ANALYSIS_PAGES)


@pytest.mark.parametrize("name", ANALYSIS_PAGES)
def test_an_analysis_page_says_what_it_does_not_show(name: str) -> None:
    opened = page(name)
    assert not opened.exception
    labels = [popover.proto.popover.label for popover in opened.get("popover")]
    assert "How it is measured" in labels
    boxes = {box.label: box for box in opened.expander}
    (box,) = boxes["What this does not show"].markdown
    docstring = ast.get_docstring(ast.parse((PROJECT / "pages" / f"{name}.py").read_text("utf-8")))
    assert docstring is not None and box.value == docstring.split("\n---\n")[2]
    paragraphs = box.value.split("\n\n")
    assert 2 <= len(paragraphs) <= 3
    assert all(len(paragraph) < 300 for paragraph in paragraphs)


# Orders that the texts state without a number


def words(*names: str) -> set[str]:
    """Return the verdicts on these claims, judged on the runs that ship."""
    return {found.words for found in judging.verdicts([CLAIMS[name] for name in names], SHIPPED)}


def test_covariate_shift_has_the_order_that_its_page_states() -> None:
    """The distance is larger with BatchNorm early on; the cosine is undecided."""
    assert words("ics-distance-5-early", "ics-distance-10-early") == {judging.HOLDS}
    cosines = [name for name in CLAIMS if name.startswith("ics-cosine-")]
    assert words(*cosines) == {judging.UNDECIDED}


def test_the_networks_meet_the_conditions_as_seldom_as_the_story_says() -> None:
    lines = theorems.conditions(SHIPPED)
    assert [line.network for line in lines] == ["MLP", "DLN", "VGG"]
    assert all(line.gain.mean > 1 and line.inner.mean < 55 for line in lines)
    text = CHAPTERS["landscape"].text
    assert "first holds for fewer than half of the units, the second for about half" in text
    assert all(line.network in text for line in lines)


def test_the_orders_of_stability_and_speed_in_the_story_are_measured() -> None:
    names = ("noisy-less-stable", "batch-steadier", "noisy-above-standard", "batch-faster")
    assert words(*names) == {judging.HOLDS}
