"""The player of the Surface page in a real browser.

The keyboard moves it through the steps to the end, and zoom and point of view stay. It is the step
control of its page: the other figures mark its step, and the address holds it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from bnviz.presets import PRESETS
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from tests.browser.conftest import CHROMIUM, dashboard, patient, playwright
from tests.conftest import connects, wait_for

SWITCHES = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
TINY: dict[str, Any] = {"width": 0.03125, "batch": 16, "steps": 6, "surface_grid": 3}
CHOICES = {
    "preset": "surface",
    "step": 0,
    "every_evaluation": 0,
    "every_accuracy": 1,
    "every_surface": 2,
}
FIGURE = ".st-key-figure-surface"
BOX = f"document.querySelector('{FIGURE} .bnviz-plot-box')"
VIEW = f"""() => {{ const {{ xaxis, yaxis2, scene, scene2, coloraxis }} = {BOX}._fullLayout;
    return [xaxis?.range, yaxis2?.range, scene?.camera.eye, scene2?.camera.eye,
        coloraxis.cmin, coloraxis.cmax]; }}"""
MARKS = """() => [window.bnvizSteps.now(),
    document.querySelectorAll(".bnviz-step-mark:not([hidden])").length]"""
BUTTON = f"document.querySelector('{FIGURE} .bnviz-plot-player button')"
WATCH = f"""() => {{ const output = document.querySelector('{FIGURE} .bnviz-plot-player output');
    window.node = {BOX}; window.seen = [output.value];
    new MutationObserver(() => output.value !== seen.at(-1) && seen.push(output.value))
        .observe(output, {{ childList: true }}); }}"""


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory):
    """Return the address of a dashboard with two small runs and their surfaces."""
    cache = tmp_path_factory.mktemp("surfaces") / "cache"
    for spec in PRESETS["surface"].specs(**TINY, probes={"accuracy": 1, "surface": 2}):
        Inline().start(Store(cache).submit(spec))
    with dashboard(cache) as address:
        wait_for(lambda: connects(address), "the server does not start")
        yield address


@pytest.fixture(scope="module")
def drawing_browser(driver):
    """Start a Chromium that draws in three dimensions without a graphics card."""
    with driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES) as browser:
        yield browser


@pytest.mark.parametrize("view", ["contours", "surface"])
def test_play_goes_to_the_end_and_keeps_zoom_and_camera(surfaces, drawing_browser, view):
    with patient(drawing_browser, viewport={"width": 1000, "height": 900}) as window:
        page = window.new_page()
        page.goto(f"{surfaces}/surface?{urlencode(CHOICES | TINY | {'view': view})}")
        page.locator(f"{FIGURE} button").filter(has_text="Play").wait_for()
        page.wait_for_function(f"() => {BOX}._fullLayout")
        first = page.evaluate(VIEW)
        drag(page)
        wait_for(lambda: page.evaluate(VIEW) != first, "nothing turns or zooms")
        before = page.evaluate(VIEW)
        page.evaluate(WATCH)
        page.locator(f"{FIGURE} .bnviz-plot-player button").focus()
        page.keyboard.press("Enter")
        page.wait_for_function(f"() => {BUTTON}.textContent === 'Play' && window.seen.length === 3")
        assert page.evaluate("() => window.seen") == ["Step 0", "Step 2", "Step 4"]
        assert page.evaluate(VIEW) == before
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowLeft")
        wait_for(lambda: label(page) == "Step 2", "the slider does not listen to keys")
        assert page.evaluate(f"() => window.node === {BOX}")
        wait_for(lambda: page.evaluate(MARKS) == [2, 2], "the other figures mark another step")
        page.reload()
        page.locator(f"{FIGURE} button").filter(has_text="Play").wait_for()
        wait_for(lambda: label(page) == "Step 2", "the address does not hold the step")


def drag(page: playwright.Page) -> None:
    """Zoom into the first contour plot, or turn the first scene."""
    box = page.locator(f"{FIGURE} .bnviz-plot-box")
    box.evaluate("(box) => box.scrollIntoView()")
    area = box.bounding_box()
    x, y = area["x"] + 200, area["y"] + 200
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y + 100, steps=5)
    page.mouse.up()
    page.wait_for_timeout(1000)


def label(page: playwright.Page) -> str:
    return page.locator(f"{FIGURE} .bnviz-plot-player output").inner_text()
