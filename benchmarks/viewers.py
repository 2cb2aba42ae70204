"""Measure the memory of the web process while many readers watch runs that are being computed.

python -m benchmarks.viewers [--readers 25] [--seconds 180] [--page landscape]
                             [--ask "preset=quick"]

Each reader is a websocket that speaks Streamlit's protocol to a real server: it opens the page, and
then requests the live part of the page as often as the page says. Real workers compute the runs in
a separate cache.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl
from urllib.request import urlopen

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Subprotocol

from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs.run import ACTIVE
from bnviz.runs.store import Store
from bnviz.spec import RunSpec

PORT = 8791
REPORT_S = 15.0


class Reader:
    """A browser tab without the browser, which waits for a busy server without a time limit."""

    def __init__(self, page: str, ask: str) -> None:
        self.page, self.ask = page, ask
        self.looks = self.errors = self.bytes = 0
        self.timers: dict[str, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """Open the page, and watch it until cancelled."""
        address = f"ws://127.0.0.1:{PORT}/_stcore/stream"
        try:
            async with websockets.connect(
                address, subprotocols=[Subprotocol("streamlit")], max_size=None, ping_interval=None
            ) as socket:
                await self.rerun(socket)
                async for data in socket:
                    self.bytes += len(data)
                    message = ForwardMsg()
                    message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                    await self.heed(socket, message)
        finally:
            for timer in self.timers.values():
                timer.cancel()

    async def heed(self, socket: websockets.ClientConnection, message: ForwardMsg) -> None:
        """Handle a message as a browser does, as far as it leads to another request."""
        kind = message.WhichOneof("type")
        if kind == "auto_rerun":
            fragment, every = message.auto_rerun.fragment_id, message.auto_rerun.interval
            if fragment in self.timers:
                self.timers[fragment].cancel()
            self.timers[fragment] = asyncio.create_task(self.look_every(socket, fragment, every))
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            self.errors += 1

    async def look_every(
        self, socket: websockets.ClientConnection, fragment: str, seconds: float
    ) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self.rerun(socket, fragment)

    async def rerun(self, socket: websockets.ClientConnection, fragment: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.ask
        message.rerun_script.page_name = self.page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        await socket.send(message.SerializeToString())
        self.looks += 1


def specs(ask: str) -> list[RunSpec]:
    """Return the settings that a page's URL parameters ask for: a preset and changes to it."""
    knobs = dict(parse_qsl(ask))
    preset = PRESETS[knobs.pop("preset")]
    probes = dict(preset.knobs["probes"])
    for name in [name for name in knobs if name.startswith("every_")]:
        probes[name.removeprefix("every_")] = int(knobs.pop(name))
    return preset.specs(**knobs, probes=probes)


@contextmanager
def server(cache: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the dashboard on this cache; its supervisor and workers end together with it."""
    options = ["--server.headless", "true", "--server.port", str(PORT)]
    command = [sys.executable, "-m", "bnviz", "app", "--", *options]
    environment = os.environ | {"BNVIZ_CACHE": str(cache)}
    with (cache / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(600):
            with suppress(OSError):
                urlopen(f"http://127.0.0.1:{PORT}/_stcore/health").close()
                break
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()
        end_supervisor(cache)


def end_supervisor(cache: Path) -> None:
    """Stop the workers, then the supervisor of this cache, which its environment identifies."""
    for run in Store(cache).runs():
        if run.state in ACTIVE:
            run.cancel()
    time.sleep(3)
    mine = f"BNVIZ_CACHE={cache.resolve()}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (folder / "environ").read_bytes().split(b"\0")
            if int(folder.name) != os.getpid() and mine in environment:
                os.kill(int(folder.name), signal.SIGTERM)


def megabytes(process: int, field: str = "VmRSS") -> float:
    """Return the memory of a process in MB: what it holds now, or with VmHWM its maximum."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


async def watch(process: int, store: Store, readers: list[Reader], seconds: float) -> None:
    """Let the readers watch, and print the memory of the process meanwhile."""
    begun = time.monotonic()
    tabs = [asyncio.create_task(reader.watch()) for reader in readers]
    print(
        f"{'s':>5} {'MB':>7} {'most':>7} {'looks':>7} {'errors':>7} {'sent MB':>8}  steps",
        flush=True,
    )
    while (past := time.monotonic() - begun) < seconds + 1:
        looks, errors, sent = (
            sum(getattr(reader, name) for reader in readers)
            for name in ("looks", "errors", "bytes")
        )
        steps = " ".join(
            f"{run.meta().get('step', 0)}{'' if run.state in ACTIVE else ' ' + run.state}"
            for run in store.runs()
        )
        now, most = megabytes(process), megabytes(process, "VmHWM")
        print(
            f"{past:5.0f} {now:7.0f} {most:7.0f} {looks:7} {errors:7} {sent / 2**20:8.1f}  {steps}",
            flush=True,
        )
        await asyncio.sleep(REPORT_S)
    for tab in tabs:
        tab.cancel()
    for outcome in await asyncio.gather(*tabs, return_exceptions=True):
        if outcome and not isinstance(outcome, asyncio.CancelledError):
            print(f"a reader's connection ended: {outcome!r}")


def main() -> None:
    """Queue the runs, open the page in many tabs, and measure the web process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--readers", type=int, default=25)
    options.add_argument("--seconds", type=float, default=180)
    options.add_argument("--page", default="landscape")
    options.add_argument("--ask", default="preset=quick")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for spec in specs(asked.ask):
            store.submit(spec)
        with server(store.root) as process:
            memory = megabytes(process.pid)
            print(f"{asked.readers} readers of {asked.page}?{asked.ask}; before: {memory:.0f} MB")
            readers = [Reader(asked.page, asked.ask) for _ in range(asked.readers)]
            asyncio.run(watch(process.pid, store, readers, asked.seconds))


if __name__ == "__main__":
    main()
