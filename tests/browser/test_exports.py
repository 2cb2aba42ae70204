"""Exported web pages in a real browser: no other host, and texts in the embedded typeface."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnviz import paths
from bnviz.export import STYLES, takeaway, typeface
from bnviz.figures import PANELS
from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.story import report
from tests.browser.conftest import Tab

TEXTS = """() => [...document.querySelectorAll('svg text')]
  .filter((text) => text.textContent && !text.querySelector('tspan') && text.checkVisibility())
  .map((text) => [text.textContent, parseFloat(getComputedStyle(text).fontSize),
    text.getComputedTextLength(), getComputedStyle(text).fontFamily])"""


def shipped() -> list[Run]:
    return [Run(paths.GALLERY / spec.id) for spec in PRESETS["deep"].specs()]


PAGES = {
    "figure": lambda: (
        takeaway.of_runs(PANELS["landscape"], shipped()).picture("html", STYLES["page"]).decode()
    ),
    "lesson": lambda: report.lesson(Store()),
    "report": lambda: report.report(shipped()[:1], "A report"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_no_other_host_and_its_texts_have_the_embedded_typeface(
    name: str, tab: Tab, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), "utf-8")
    page = tab()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri(), wait_until="networkidle")
    page.locator("svg.main-svg").last.wait_for(state="attached")
    texts = page.evaluate(TEXTS)
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {path.as_uri()}
    assert texts and problems == []
    for text, size, length, family in texts:
        assert typeface.FAMILY in family.split(",")[0]
        assert length == pytest.approx(typeface.width(text, size), abs=0.5), text
