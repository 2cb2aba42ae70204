"""A real server and a real browser for the tests of this folder, skipped without Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import playwright.sync_api as playwright
import pytest

from bnviz.paths import PROJECT
from bnviz.runs.store import Store
from tests.conftest import connects, end_supervisor, wait_for

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 180_000  # generous, because a busy machine draws slowly

HERO = ".bnviz-plot-box .main-svg[role=img]"
SCREENS = {(1440, 900): 350, (1366, 768): 350, (390, 844): 520}  # size -> lowest top of the hero

Tab = Callable[..., playwright.Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder if there is no Chromium."""
    if CHROMIUM is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: apt-get install chromium"))


@contextmanager
def dashboard(cache: Path) -> Iterator[str]:
    """Start a dashboard on this cache and return its address. It answers some seconds later."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port)]
    log = (cache.parent / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "bnviz", "app", "--", *options],
        cwd=PROJECT,
        env=os.environ | {"BNVIZ_CACHE": str(cache)},
        stdout=log,
        stderr=log,
    )
    yield f"http://127.0.0.1:{port}"
    server.kill()
    for run in Store(cache).runs():
        run.cancel()
    end_supervisor(cache)


@pytest.fixture
def address(own_cache: Path) -> Iterator[str]:
    """Return the address of a dashboard on the cache of this test."""
    with dashboard(own_cache) as address:
        yield address


@pytest.fixture(scope="package")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a running dashboard with only the shipped runs, as at first visit."""
    with dashboard(tmp_path_factory.mktemp("first") / "cache") as address:
        wait_for(lambda: connects(address), "the server does not start")
        yield address


@pytest.fixture(scope="package")
def driver() -> Iterator[playwright.Playwright]:
    """Start Playwright. It ends with this folder, because its event loop would be in the way."""
    with playwright.sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(driver: playwright.Playwright) -> Iterator[playwright.Browser]:
    """Start Chromium without a window."""
    opened = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
    yield opened
    opened.close()


def patient(browser: playwright.Browser, **options: Any) -> playwright.BrowserContext:
    """Return a browser window with its own profile that waits up to PATIENCE_MS."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture(scope="package")
def window(browser: playwright.Browser) -> Iterator[playwright.BrowserContext]:
    """Open a window for all tests of this folder, so that it loads the scripts only once."""
    with patient(browser) as opened:
        yield opened


@pytest.fixture
def tab(browser: playwright.Browser, window: playwright.BrowserContext) -> Iterator[Tab]:
    """Return a function that opens a page: in the shared window, or in its own with more options.

    The pages are closed when the test ends, even if it fails.
    """
    with ExitStack() as opened:

        def new(
            viewport: Any = None, color_scheme: Any = "light", **options: Any
        ) -> playwright.Page:
            within = opened.enter_context(patient(browser, **options)) if options else window
            page = within.new_page()
            opened.callback(page.close)
            page.emulate_media(color_scheme=color_scheme)
            if viewport:
                page.set_viewport_size(viewport)
            return page

        yield new


def on_the_first_screen(page: playwright.Page) -> None:
    """Check that the hero figure of a page is whole on the first screen of three sizes."""
    hero = page.locator(HERO).first
    for (width, height), lowest in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        wait_for(
            lambda lowest=lowest, height=height: whole(hero, lowest, height),
            f"the hero is not on the first screen of {width} × {height}",
        )


def whole(hero: playwright.Locator, lowest: int, height: int) -> bool:
    """Return whether a figure begins above `lowest` and ends above the foot of the screen."""
    box = hero.bounding_box()
    return box is not None and box["y"] <= lowest and box["y"] + box["height"] <= height
