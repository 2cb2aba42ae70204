"""The page "BatchNorm, taken apart": it follows the hand, and a notice moves nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import playwright.sync_api as playwright
import pytest

from bnviz.ui import anatomy
from bnviz.ui.anatomy_controls import OPTIONS, PARTS, T, X
from bnviz.ui.custom import together
from tests import pages
from tests.browser.conftest import Tab

MARK = """() => {
  window.kept = [...document.querySelectorAll(
    '[data-testid=stMain] :is(.bnviz-plot, [data-testid=stColumn])')];
  window.lost = 0;  // counts elements that leave the page, even for a moment
  new MutationObserver(() => { window.lost += window.kept.some((node) => !node.isConnected); })
    .observe(document.body, { childList: true, subtree: true });
  return window.kept.length;
}"""
STILL = """() => window.lost === 0 && window.kept.length > 2
  && window.kept.every((node) => node.isConnected)"""

COMPUTE = """async ([script, data]) => {
  const { PARTS } = await import(`data:text/javascript;base64,${script}`);
  return PARTS[data.part](data.values, data);
}"""
DRAWN = """(count) => [...document.querySelectorAll(".bnviz-plot-box")]
  .filter((box) => box._fullData).length === count"""
SEEN = """() => [
  [...document.querySelectorAll(".bnviz-plot-box")].map((box) =>
    box._fullData.flatMap(({ y }) => [...y])),
  [...document.querySelectorAll(".stMarkdown td")].map((cell) => cell.textContent),
]"""
AHEAD = ".bnviz-ahead"  # the page while its sliders are ahead of the server
COUNTED = """() => {
  window.drawings = 0;
  document.querySelector(".bnviz-plot-box").on("plotly_afterplot", () => { window.drawings += 1; });
}"""


def settings(part: str, seed: int) -> dict[str, str]:
    """Return URL parameters with numbers drawn at random; seed 0 has five equal numbers."""
    draw = np.random.default_rng(seed)
    drawn = {name: draw.integers(-50, 51) / 10 for name in (*X, *T)}
    drawn |= dict.fromkeys(X, 2.0) if seed == 0 else {}
    drawn |= {name: draw.integers(-30, 31) / 10 for name in ("gamma", "beta")}
    drawn |= {name: draw.choice(OPTIONS[name]) for name in ("eps", "example", "a")}
    drawn |= {"others": draw.integers(1, 9), "draw": draw.integers(0, 1000)}
    return {name: f"{number:g}" for name, number in drawn.items()} | {"part": part}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("part", PARTS)
def test_the_browser_computes_the_same_numbers(tab: Tab, part: str, seed: int) -> None:
    opened = pages.page("classics/batchnorm", **settings(part, seed))
    (hand,) = (
        json.loads(component.proto.json)
        for component in opened.get("bidi_component")
        if component.proto.component_name == "bnviz_hand"
    )
    script = base64.b64encode(
        f"{together(*anatomy.SCRIPTS)}\nexport {{ PARTS }};".encode()
    ).decode()
    found = tab().evaluate(COMPUTE, [script, hand])
    for mine, sent in zip(found["figures"].values(), pages.plots(opened), strict=True):
        same_figure(mine, sent["figure"])
    tables = [pages.cells(shown.value) for shown in opened.markdown if "| --:" in shown.value]
    for mine, theirs in zip(found["tables"], tables, strict=True):
        same_cells(chain(*mine), chain(*(row[1:] for row in theirs)))


def same_figure(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Check what the browser changes in a figure against the figure of the server."""
    for one, other in zip(mine["data"], theirs["data"], strict=True):
        assert one.pop("name", None) in (None, other.get("name"))
        for axis, numbers in one.items():
            sent = np.array(pages.numbers(other[axis]), dtype=float)
            assert np.array(numbers, dtype=float) == pytest.approx(sent, abs=1e-9, nan_ok=True)
    for axis, change in mine.get("layout", {}).items():
        assert change["range"] == pytest.approx(theirs["layout"][axis]["range"], abs=1e-9)


def same_cells(some: Iterable[str], others: Iterable[str]) -> None:
    """Check that cells of tables are equal, but for those that show only a rounding error."""
    for one, other in zip(some, others, strict=True):
        numbers = pages.value(one), pages.value(other)
        assert one == other.strip() or max(map(abs, numbers)) < 1e-9


def test_a_drag_needs_no_server_and_the_server_agrees(tab: Tab, shipped: str) -> None:
    page, messages = tab(viewport={"width": 1440, "height": 2000}), list[Any]()  # both figures
    page.on("websocket", lambda socket: socket.on("framesent", lambda it: messages.append(it)))
    page.goto(f"{shipped}/batchnorm?part=backward")
    page.wait_for_function(DRAWN, arg=2)
    page.wait_for_timeout(500)
    figures, cells = page.evaluate(SEEN)
    count = len(messages)
    drag(page, "x2")
    held_figures, held_cells = page.evaluate(SEEN)
    assert len(messages) == count
    assert all(one != other for one, other in zip(figures, held_figures, strict=True))
    assert sum(one != other for one, other in zip(cells, held_cells, strict=True)) > 20
    page.locator(AHEAD).wait_for()
    page.mouse.up()
    page.locator(AHEAD).wait_for(state="detached")
    page.wait_for_timeout(500)
    figures, cells = page.evaluate(SEEN)
    assert len(messages) > count and "x2=" in page.url
    for one, other in zip(figures, held_figures, strict=True):
        assert one == pytest.approx(other, abs=1e-9)
    same_cells(cells, held_cells)


def drag(page: playwright.Page, key: str) -> None:
    """Press a slider and move it ten times, each time until the first figure has followed."""
    page.evaluate(COUNTED)
    box = page.locator(f".st-key-{key} [data-testid=stSliderThumbValue]").bounding_box()
    assert box is not None
    left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] + 8
    page.mouse.move(left, top)
    page.mouse.down()
    for place in range(1, 11):
        page.mouse.move(left - 4 * place, top)
        page.wait_for_function("(count) => window.drawings >= count", arg=place)


def test_a_notice_that_appears_or_disappears_moves_nothing_else(tab: Tab, shipped: str) -> None:
    page = tab()
    page.goto(f"{shipped}/batchnorm")
    equal = page.get_by_text("All five are the same")
    page.locator(".bnviz-plot .main-svg").first.wait_for()
    page.evaluate(MARK)
    page.get_by_role("button", name="All the same").click()
    equal.wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate(STILL)
    page.get_by_role("button", name="Evenly spread").click()
    equal.wait_for(state="detached")
    page.wait_for_timeout(500)
    assert page.evaluate(STILL)
