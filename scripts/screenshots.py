"""Take a screenshot of every page of a running dashboard: light, dark and 390 pixels wide.

python -m bnviz app -- --server.headless true     (in one terminal)
python -m scripts.screenshots [FOLDER] [ADDRESS]  (in another)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Page, ViewportSize, sync_playwright

PAGES = (
    "",
    "present",
    "training",
    "distributions",
    "covariate_shift",
    "landscape",
    "norms",
    "surface",
    "theory",
    "mnist",
    "lenet",
    "batchnorm",
    "claims",
    "compare",
    "sweep",
    "runs",
)


class Look(NamedTuple):
    """A colour scheme and the width of the window in pixels."""

    scheme: Literal["light", "dark"]
    width: int


LOOKS = {"light": Look("light", 1400), "dark": Look("dark", 1400), "narrow": Look("light", 390)}
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


def settle(page: Page) -> None:
    """Wait until every figure is drawn, then make the window as high as the whole page."""
    page.locator("h1").first.wait_for()
    page.wait_for_timeout(2500)
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": min(height + 40, 8000)})
    page.wait_for_timeout(1500)


def main() -> None:
    """Save a screenshot of every page in every look."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    address = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8501"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
        for name, look in LOOKS.items():
            for path in PAGES:
                viewport: ViewportSize = {"width": look.width, "height": 900}
                page = browser.new_page(viewport=viewport, color_scheme=look.scheme)
                page.goto(f"{address}/{path}")
                settle(page)
                page.screenshot(path=folder / f"{path or 'start'}-{name}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
