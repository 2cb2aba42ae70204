"""A real server and a real browser, for every test in this folder; without Chromium they are skipped."""

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
PATIENCE_MS = 180_000  # a busy machine draws slowly; only what never happens fails

Tab = Callable[..., playwright.Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser is not run without one."""
    if CHROMIUM is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: apt-get install chromium"))


@contextmanager
def dashboard(cache: Path) -> Iterator[str]:
    """The address of a dashboard on this cache, at once; it answers some seconds later."""
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
    """A dashboard on the cache of this test."""
    with dashboard(own_cache) as address:
        yield address


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard that answers, with nothing but what ships: as at the first visit."""
    with dashboard(tmp_path_factory.mktemp("first") / "cache") as address:
        wait_for(lambda: connects(address), "the server does not start")
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """Chromium, without a window."""
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield opened
        opened.close()


def patient(browser: playwright.Browser, **options: Any) -> playwright.BrowserContext:
    """A browser window with a profile of its own that waits PATIENCE_MS for everything."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def tab(browser: playwright.Browser) -> Iterator[Tab]:
    """Opens pages, each in a window of its own, and closes them when the test ends, even if it fails."""
    with ExitStack() as windows:
        yield lambda **options: windows.enter_context(patient(browser, **options)).new_page()
