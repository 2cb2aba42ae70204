"""Draw figures in a Chrome that kaleido starts and that stays open for the next figure."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import subprocess
import time
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any

from bnviz import paths
from bnviz.export import typeface
from bnviz.export.error import ExportError

LIMIT_S = 60.0  # to draw a file, including the start of Chrome
PATIENCE_S = 3.0  # for Chrome to close by itself
NO_CHROME = (
    "no Chrome was found to draw the file: install one (on Debian: apt-get install chromium) or "
    "set BROWSER_PATH to it; HTML, and the SVG and PNG buttons on the figure, work without Chrome"
)
# Without these rules Chrome prints a PDF with a margin and cuts off the figure.
PRINT = "<style>@page { margin: 0 } img { display: block }</style>"


class Chrome:
    """A Chrome that draws one figure at a time.

    The first figure starts it; it stays open until the process ends. If it fails or takes too long
    it is stopped, and the next figure starts another. (`kaleido.start_sync_server` would wait for
    ever if Chrome cannot be started or has died.)
    """

    def __init__(self) -> None:
        self._turn = Lock()
        self._life: _Life | None = None
        atexit.register(self.stop)

    def draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        """Return the file of a figure; ExportError if there is no Chrome, or if it fails."""
        with self._turn:
            if self._life is None or not self._life.alive:
                self.stop()
                self._life = _Life()
            try:
                return self._life.draw(figure, options)
            except Exception as problem:
                self.stop()
                raise ExportError(_reason(problem)) from problem

    def stop(self) -> None:
        if self._life:
            self._life.end()
        self._life = None


class _Life:
    """One Chrome process from start to end, in a thread with its own event loop."""

    def __init__(self) -> None:
        self._ready: Future[None] = Future()
        self._chrome: Any = None
        self._thread = Thread(target=self._run, name="chrome", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether Chrome can draw."""
        return self._thread.is_alive() and self._chrome.subprocess.poll() is None

    def draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        """Return the file of a figure; TimeoutError after LIMIT_S."""
        latest = time.monotonic() + LIMIT_S
        self._ready.result(LIMIT_S)
        job = asyncio.run_coroutine_threadsafe(self._chrome.calc_fig(figure, options), self._loop)
        return bytes(job.result(latest - time.monotonic()))

    def end(self) -> None:
        """Close Chrome, or kill it if it does not close in time."""
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(PATIENCE_S)
        process = getattr(self._chrome, "subprocess", None)
        if process and process.poll() is None:
            _kill(process)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as problem:
            if not self._ready.done():
                self._ready.set_exception(problem)

    async def _live(self) -> None:
        self._loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task
        self._cancel = task.cancel
        paths.settle()
        import kaleido  # after settle(): its import fails without a home folder

        page = kaleido.PageGenerator(mathjax=False)
        page.header += PRINT + typeface.style()
        page.footer = typeface.script() + page.footer
        self._chrome = kaleido.Kaleido(n=1, timeout=None, page_generator=page)
        async with self._chrome:
            self._ready.set_result(None)
            await asyncio.Event().wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and, on systems with process groups, its children."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _reason(problem: Exception) -> str:
    if type(problem).__name__ == "ChromeNotFoundError":
        return NO_CHROME
    if isinstance(problem, TimeoutError):
        return f"Chrome took more than {LIMIT_S:g} s to draw the file: try again, or choose HTML"
    why = " ".join(str(problem.args[0] if problem.args else type(problem).__name__).split())
    return f"Chrome could not draw the file ({why.removesuffix('.')}): try again, or choose HTML"


CHROME = Chrome()
