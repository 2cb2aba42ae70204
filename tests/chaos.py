"""Kill workers, the supervisor and the web server again and again, and check that nothing is lost.

python -m tests.chaos [--kills 100] [--runs 20] [--seed 0]        `make chaos` does this

Some kills wait until a run is writing a part or a checkpoint, and hit it in the middle. At the end
every run has to be done, with the same rows to the bit as a run that nobody disturbed, and no
process and no temporary file may be left.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bnviz.paths import PROJECT
from bnviz.runs import disk, supervisor
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec

STEPS = 300
PAUSES_S = (0.2, 1.5)  # between two kills
AIM_S = 1.0  # how long to wait for a file that is being written
FINISH_S = 300.0
LEFT_S = disk.STALE_S + supervisor.SWEEP_S + 10  # after which the last temporary file is gone
NORMS = ("none", "batch", "noisy", "noise", "layer")
Kill = Callable[[], bool]


def specs(count: int) -> list[RunSpec]:
    """Return different small runs that take some seconds each."""
    return [
        RunSpec.of(
            model="vgg11",
            width=1 / 32,
            batch=16,
            steps=STEPS,
            norm=NORMS[nth % len(NORMS)],
            momentum=0.9 * (nth % 2),
            seed=nth,
            probes={"accuracy": 1, "activations": 20, "landscape": 10, "covariate_shift": 20},
        )
        for nth in range(count)
    ]


def queue(store: Store, wanted: Sequence[RunSpec]) -> list[Run]:
    """Queue runs that wait for no page."""
    runs = [store.submit(spec) for spec in wanted]
    for run in runs:
        run.wait("chaos", seconds=3600)
    return runs


def processes(cache: Path) -> dict[int, str]:
    """Return the processes that work on a cache: their ids and command lines."""
    mark = f"\0BNVIZ_CACHE={cache.resolve()}\0".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if mark in b"\0" + (folder / "environ").read_bytes():
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = line.decode("utf-8", "replace").strip()
    found.pop(os.getpid(), None)
    return found


def end(process: int) -> bool:
    """Kill a process without warning; return whether there was one."""
    try:
        os.kill(process, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


@contextmanager
def server(cache: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Yield a function that returns the web server of a cache, started again if it has died."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port)]
    command = [sys.executable, "-m", "bnviz", "app", "--", *options]
    running: list[subprocess.Popen[bytes]] = []

    def now() -> subprocess.Popen[bytes]:
        if not running or running[-1].poll() is not None:
            log = (cache / "server.log").open("ab")
            running.append(
                subprocess.Popen(
                    command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            )
        return running[-1]

    try:
        yield now
    finally:
        for one in running:
            one.kill()
            one.wait()


class Chaos:
    """Kills processes at random, and counts which ones."""

    def __init__(self, runs: Sequence[Run], web: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.runs, self.web, self.hit = list(runs), web, Counter[str]()
        self.reached = dict[str, int]()  # run -> the step at which its worker was last killed

    def kill(self) -> None:
        """Kill one process that is chosen at random."""
        ways: dict[str, Kill] = {
            "worker": self.kill_worker,
            "worker while it writes": self.kill_writer,
            "supervisor": self.kill_supervisor,
            "web server": lambda: end(self.web().pid),
        }
        (name,) = random.choices(list(ways), weights=[4, 4, 2, 1])
        self.hit[name] += ways[name]()

    def kill_worker(self, run: Run | None = None) -> bool:
        """Kill the worker of a run, unless it has not moved since it was last killed.

        A worker that dies three times at one step is given up, on purpose.
        """
        active = [run] if run else [run for run in self.runs if run.state == "running"]
        if not active:
            return False
        run = random.choice(active)
        meta = run.meta()
        if not meta.get("pid") or self.reached.get(run.id) == meta.get("step"):
            return False
        self.reached[run.id] = meta.get("step", 0)
        return end(meta["pid"])

    def kill_writer(self) -> bool:
        """Wait until a run is writing a file, and kill its worker before it is whole."""
        until = time.monotonic() + AIM_S
        while time.monotonic() < until:
            for run in self.runs:
                for folder in (run.folder, run.folder / "rows"):
                    with suppress(OSError):
                        if any(disk.TEMPORARY.fullmatch(path.name) for path in folder.iterdir()):
                            return self.kill_worker(run)
        return False

    def kill_supervisor(self) -> bool:
        """Kill the supervisor, and let the next page start another."""
        cache = self.runs[0].folder.parent
        found = [pid for pid, line in processes(cache).items() if line.endswith("bnviz work")]
        supervisor.started_at.clear()  # this process may start another at once
        return sum(map(end, found)) > 0


def finish(store: Store, runs: Sequence[Run], seconds: float) -> None:
    """Wait until all runs are done, as an open page does."""
    until = time.monotonic() + seconds
    while any(run.state in ("queued", "running", "interrupted") for run in runs):
        supervisor.ensure(store)
        time.sleep(0.2)
        if time.monotonic() > until:
            sys.exit(f"the runs are not done: {Counter(run.state for run in runs)}")


def stop(cache: Path) -> None:
    """End the supervisor of a cache and its workers."""
    for pid in processes(cache):
        end(pid)


def problems(runs: Sequence[Run], undisturbed: Store) -> list[str]:
    """Return what is wrong with the runs, one line each."""
    found = []
    for run in runs:
        if run.state != "done":
            found.append(f"{run.id} is {run.state}: {run.error()}")
            continue
        own, other = run.rows(), undisturbed.run(run.id).rows()
        if not own.equals(other):
            found.append(f"{run.id} has {len(own)} rows, not the same {len(other)}")
        elif own.duplicated(["step", "metric", "layer", "unit", "at"]).any():
            found.append(f"{run.id} has rows twice")
    return found


def leftovers(cache: Path) -> list[str]:
    """Return the temporary files in a cache."""
    return [
        str(path.relative_to(cache))
        for path in cache.rglob(".*")
        if path.is_file() and disk.TEMPORARY.fullmatch(path.name)
    ]


def disturb(store: Store, wanted: Sequence[RunSpec], kills: int) -> list[Run]:
    """Compute runs while processes are killed, and return the runs."""
    with server(store.root) as web:
        web()
        runs = queue(store, wanted)
        chaos = Chaos(runs, web)
        while sum(chaos.hit.values()) < kills and any(run.state != "done" for run in runs):
            supervisor.ensure(store)
            time.sleep(random.uniform(*PAUSES_S))
            web()
            chaos.kill()
        print(f"{sum(chaos.hit.values())} kills: {dict(chaos.hit)}", flush=True)
        finish(store, runs, FINISH_S)
    return runs


def main() -> None:
    """Make chaos, and exit with status 1 if anything was lost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    random.seed(given.seed)
    os.environ["BNVIZ_LIMITS_CHECKPOINT_SECONDS"] = "0.5"
    folder, begun = Path(tempfile.mkdtemp(prefix="chaos-")), time.monotonic()
    plain, wild = Store(folder / "undisturbed"), Store(folder / "chaos")
    wanted = specs(given.runs)
    for store in (plain, wild):
        store.root.mkdir()
    os.environ["BNVIZ_CACHE"] = str(plain.root)
    finish(plain, queue(plain, wanted), FINISH_S)
    stop(plain.root)
    print(f"undisturbed after {time.monotonic() - begun:.0f} s", flush=True)
    os.environ["BNVIZ_CACHE"] = str(wild.root)
    runs = disturb(wild, wanted, given.kills)
    found = problems(runs, plain)
    until = time.monotonic() + LEFT_S
    while (left := leftovers(wild.root)) and time.monotonic() < until:
        time.sleep(1.0)
    found += [f"{name} is left" for name in left]
    stop(wild.root)
    time.sleep(1.0)
    found += [f"process {pid} is left: {line}" for pid, line in processes(wild.root).items()]
    print("\n".join(found) or f"all as undisturbed, after {time.monotonic() - begun:.0f} s")
    if found:
        sys.exit(f"the caches are in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
