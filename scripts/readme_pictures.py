"""The pictures of the README, from a running dashboard: one for each thing that bnviz does.

BNVIZ_CACHE=FOLDER python -m bnviz app -- --server.headless true  (in one terminal; an empty folder)
python -m scripts.readme_pictures [ADDRESS [NAME ...]]            (in another)

*Run* starts the quick comparison and waits for some of its steps, so it takes a minute or two.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from scripts.screenshots import SWITCHES

FOLDER = Path(__file__).parent.parent / "docs"
WIDTH, HEIGHT = 1280, 800  # pixels of the browser window
SMALLEST = 1000  # pixels: a picture is no wider, which GitHub would shrink anyway
COLOURS = 256  # of a palette, so that a picture stays below 170 kB
TALL = 1500  # pixels, of the picture of a whole page
MANY_STEPS = """() => [...document.querySelectorAll('[data-testid=stProgress]')].some(
    (bar) => /\\b[3-6]\\d%/.test(bar.innerText))"""
PATIENCE_MS = 240_000
SETTLE_MS = 3000  # from the last figure to a still page


def landscape(page: Page) -> None:
    """A whole page, from its heading to its first figures."""
    page.set_viewport_size({"width": WIDTH, "height": TALL})
    wait_for_figures(page)


def explore(page: Page) -> None:
    """Distributions of the runs that ship."""
    see_figure(page, 0)


def run(page: Page) -> None:
    """Three networks in training, with their progress."""
    start = page.get_by_role("button", name="Run 3 networks")
    start.or_(page.locator(".st-key-stop button")).wait_for()
    if start.is_visible():
        start.click()
    page.wait_for_function(MANY_STEPS)
    see_figure(page, 0)


def compare(page: Page) -> None:
    """The difference of several runs from a baseline."""
    see_figure(page, 1)


def teach(page: Page) -> None:
    """A slide of the presenter."""
    wait_for_figures(page)


def export(page: Page) -> None:
    """The export dialog over its page."""
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT + 120})
    page.get_by_role("button", name="Export Width of the loss range").click()
    page.get_by_role("dialog").locator("img").wait_for()


PICTURES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "landscape": ("landscape?preset=deep", landscape),
    "explore": ("distributions?preset=deep", explore),
    "run": ("training?preset=quick&seed=3", run),
    "compare": ("compare", compare),
    "teach": ("present?slide=landscape", teach),
    "export": ("landscape?preset=deep", export),
}


def wait_for_figures(page: Page) -> None:
    """Wait until the first figure is drawn."""
    page.locator(".bnviz-plot svg.main-svg").first.wait_for()


def see_figure(page: Page, number: int) -> None:
    """Scroll until a figure is in the middle of the window."""
    wait_for_figures(page)
    figure = page.locator(".bnviz-plot").nth(number)
    figure.evaluate("figure => figure.scrollIntoView({ block: 'center' })")


def small(png: bytes) -> bytes:
    """Return a picture as a palette PNG that is at most SMALLEST pixels wide."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    height = round(picture.height * SMALLEST / picture.width)
    picture = picture.resize((SMALLEST, height), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return made.getvalue()


def main() -> None:
    """Take every picture, or those that are named after the address."""
    address, *names = sys.argv[1:] or ["http://127.0.0.1:8501"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
        for name in names or PICTURES:
            path, show = PICTURES[name]
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light"
            )
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"{address}/{path}")
            page.locator("h1").first.wait_for()
            show(page)
            page.wait_for_timeout(SETTLE_MS)
            content = small(page.screenshot())
            (FOLDER / f"{name}.png").write_bytes(content)
            print(f"{name}.png {len(content) / 1000:.0f} kB")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
