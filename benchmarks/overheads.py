"""What everything but the training costs: start-up, command line, rows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.lines import ROUNDS, Line
from bnviz.paths import PROJECT
from bnviz.runs import parts
from bnviz.training.probes import Row

COMMANDS = {
    "import bnviz": ["-c", "import bnviz"],
    "bnviz --help": ["-m", "bnviz", "--help"],
    "bnviz runs --shipped": ["-m", "bnviz", "runs", "--shipped"],
    "import of all that a worker needs": ["-c", "import bnviz.runs.worker"],
}
ROWS = 100_000


def seconds(command: list[str]) -> float:
    """Return the wall-clock seconds of a Python command, the median of ROUNDS."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, *command], cwd=PROJECT, check=True, stdout=subprocess.DEVNULL
        )
        spent.append(time.perf_counter() - begun)
    return median(spent)


def of_rows() -> tuple[float, int]:
    """Return the seconds to write ROWS rows to the disk, and their bytes there."""
    rows = [Row(n, "gradient_distance", f"conv{n % 8}", None, 0.05, n**0.5) for n in range(ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        parts.write(Path(folder), "000000", rows)
        spent = time.perf_counter() - begun
        return spent, sum(path.stat().st_size for path in Path(folder).iterdir())


def lines() -> Iterator[Line]:
    """Yield the lines of the table."""
    bare = seconds(["-c", "pass"])
    yield Line("python with nothing to do", bare)
    for what, command in COMMANDS.items():
        yield Line(what, seconds(command), "python with nothing to do", bare)
    spent, size = of_rows()
    yield Line(f"writing {ROWS:,} rows ({size / ROWS:.1f} bytes a row on disk)", spent)
