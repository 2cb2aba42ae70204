"""A Chrome that draws figures, kept warm by kaleido."""

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

LIMIT_S = 60.0  # for a file, with the start of Chrome
PATIENCE_S = 3.0  # for it to close
NO_CHROME = (
    "no Chrome was found to draw the file: install one (Debian: apt-get install chromium) or name it in BROWSER_PATH; HTML, and the "
    "SVG and PNG buttons on the figure, need none"
)


PRINT = "<style>@page { margin: 0 } img { display: block }</style>"  # else Chrome prints with a margin, and cuts the figure


class Chrome:
    """A Chrome with a page that draws figures: started by the first figure, kept warm, stopped when the process ends.

    One figure is drawn at a time, whoever asks. A Chrome that fails or takes too long is stopped, and the next figure starts another.
    (`kaleido.start_sync_server` would wait for ever for one that cannot be started, or that died.)
    """

    def __init__(self) -> None:
        self._turn = Lock()
        self._life: _Life | None = None
        atexit.register(self.stop)

    def draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        """A figure as a file. ExportError where there is no Chrome, or it fails."""
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
    """One Chrome, from its start to its end, in a thread with an event loop of its own."""

    def __init__(self) -> None:
        self._ready: Future[None] = Future()
        self._chrome: Any = None
        self._thread = Thread(target=self._run, name="chrome", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it can draw."""
        return self._thread.is_alive() and self._chrome.subprocess.poll() is None

    def draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        """A figure as a file, within LIMIT_S."""
        latest = time.monotonic() + LIMIT_S
        self._ready.result(LIMIT_S)
        job = asyncio.run_coroutine_threadsafe(self._chrome.calc_fig(figure, options), self._loop)
        return bytes(job.result(latest - time.monotonic()))

    def end(self) -> None:
        """Close it, or kill it if it does not let itself be closed."""
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
        import kaleido  # looks for a home as soon as it is imported

        page = kaleido.PageGenerator(mathjax=False)
        page.header += PRINT + typeface.style()
        page.footer = typeface.script() + page.footer
        self._chrome = kaleido.Kaleido(n=1, timeout=None, page_generator=page)
        async with self._chrome:
            self._ready.set_result(None)
            await asyncio.Event().wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and, where the system knows groups, those that it started."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _reason(problem: Exception) -> str:
    """What went wrong, for the reader."""
    if type(problem).__name__ == "ChromeNotFoundError":
        return NO_CHROME
    if isinstance(problem, TimeoutError):
        return f"Chrome took more than {LIMIT_S:g} s, so the file was not made: try again, or take HTML"
    why = " ".join(str(problem.args[0] if problem.args else type(problem).__name__).split())
    return f"Chrome failed, so the file was not made ({why.removesuffix('.')}): try again, or take HTML"


CHROME = Chrome()
