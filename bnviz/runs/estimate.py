"""Estimate what a run will cost: seconds, memory of its worker, rows, and bytes on disk.

The counts follow from the network's blocks; each probe brings its own. The constants were measured
on one thread of a CPU; `prices` corrects them by the runs that this machine has finished. No torch.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path

from bnviz.data import SOURCES
from bnviz.limits import limits
from bnviz.limits import problem as limits_problem
from bnviz.spec import RunSpec
from bnviz.training.models import Block, Network, layers
from bnviz.training.norms import NORMS, Noise
from bnviz.training.probes import optional
from bnviz.words import duration, in_bytes

# Seconds of one CPU thread.
MULTIPLICATION_S = 1.5e-11  # in a forward; a step takes three times as many
VALUE_S = 4e-9  # a step's other work on each value that a layer outputs
STEP_S = 4e-4  # a step of the smallest network
LAYER_S = 8e-5  # a step's work on the narrowest layer

# Bytes.
MARGIN = 1.4  # times the sum; the measured peaks were 1.1 to 1.25 times the sum
WORKER_BYTES = 700 * 10**6  # a worker with torch loaded and nothing to do
COPIES = 5  # of θ: the parameters, their gradient, those before the step, two of a probe
KEPT = 4  # tensors as large as a layer's output in a forward and backward pass
ROW_BYTES = 12  # a row on disk
ROW_MEMORY = 120  # a row in memory while the parts are merged
PARTS = 2  # rows are on disk twice while the parts are merged

MOST_KNOWN = 4096  # estimates that a process keeps


@dataclass(frozen=True)
class Estimate:
    """The cost of one run."""

    seconds: float  # of one thread
    memory: int  # bytes, at the most
    rows: int
    disk: int  # bytes


# By id: pages ask for the same ones often, and counting takes milliseconds.
known: dict[str, Estimate] = {}


def estimate(spec: RunSpec) -> Estimate:
    """Return the cost of one run."""
    if spec.id not in known:
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[spec.id] = counted(spec)
    return known[spec.id]


def counted(spec: RunSpec) -> Estimate:
    """Return the cost of one run without looking it up."""
    rows, parameters = sum(rows_of(name, spec) for name in spec.probes), count(spec)
    checkpoints = 2 * parameters * size(spec) * (2 + states(spec) + copies(spec))
    disk = PARTS * rows * ROW_BYTES + checkpoints + spec.keep_weights * weights(spec)
    return Estimate(seconds_of(spec), memory_of(spec, parameters, rows), rows, disk)


def count(spec: RunSpec) -> int:
    """Return an upper bound on the number of parameters."""
    return sum(prod(block.weight) + 3 * block.output[0] for block in spec.blocks())


def weights(spec: RunSpec) -> int:
    """Return the bytes of the final weights on disk."""
    return count(spec) * size(spec)


# Rows


def intervals(probe: str, spec: RunSpec) -> int:
    """Return how many intervals of a probe a run has that does not diverge."""
    return ceil(spec.steps / spec.probes[probe])


def rows_of(probe: str, spec: RunSpec) -> int:
    """Return the number of rows that a probe writes."""
    times = intervals(probe, spec)
    count = optional(probe, "rows")
    return count(spec, times) if count else times * (len(spec.blocks()) + 1)


# Seconds


def seconds_of(spec: RunSpec) -> float:
    """Return the seconds that one thread takes for all steps and all measurements."""
    step = pass_seconds(spec)
    return spec.steps * step + sum(probe_seconds(name, spec, step) for name in spec.probes)


def pass_seconds(spec: RunSpec) -> float:
    """Return the seconds of one forward and backward pass of a batch."""
    network, precision = spec.network(), 2 if spec.precision == "float64" else 1
    products = 3 * multiplications(layers(network)) * MULTIPLICATION_S
    work = spec.batch * precision * (products + values(network) * VALUE_S)
    return work + len(network) * LAYER_S + STEP_S


def probe_seconds(probe: str, spec: RunSpec, step: float) -> float:
    """Return the seconds of all measurements of a probe, if a training step takes `step`."""
    seconds = optional(probe, "seconds")
    return intervals(probe, spec) * seconds(spec, step) if seconds else 0.0


def multiplications(blocks: Sequence[Block]) -> int:
    """Return the multiplications of one example's forward pass through the weight layers."""
    return sum(prod(block.weight) * prod(block.output[1:]) for block in blocks)


def values(network: Network) -> int:
    """Return how many numbers the layers and operations compute for one example."""
    return sum(prod(part.output) for part in network)


# Memory


def memory_of(spec: RunSpec, parameters: int, rows: int) -> int:
    """Return the peak memory of a worker, in bytes."""
    source = SOURCES[spec.data]
    # One byte a pixel, and a copy.
    data = 2 * (source.train_count + source.test_count) * prod(source.shape)
    thetas = parameters * (COPIES + states(spec) + copies(spec))
    noise = 2 if issubclass(NORMS[spec.norm], Noise) else 0
    tensors = KEPT + noise + sum(optional(name, "TENSORS", 0) for name in spec.probes)
    layers = spec.batch * values(spec.network()) * tensors
    numbers = size(spec) * (thetas + layers)
    return int(MARGIN * (WORKER_BYTES + data + numbers + ROW_MEMORY * rows))


def states(spec: RunSpec) -> int:
    """Return how many copies of θ the optimiser keeps."""
    return int(spec.momentum > 0) if spec.optimizer == "sgd" else 2


def copies(spec: RunSpec) -> int:
    """Return how many copies of θ the probes keep."""
    kept = {name: optional(name, "copies") for name in spec.probes}
    return sum(count(spec, intervals(name, spec)) for name, count in kept.items() if count)


def size(spec: RunSpec) -> int:
    """Return the bytes of one number."""
    return 8 if spec.precision == "float64" else 4


# This machine


def total_memory() -> int:
    """Return the memory of this machine or container, in bytes."""
    total = (
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if hasattr(os, "sysconf")
        else 8 * 10**9
    )
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text("ascii")))
        except (OSError, ValueError):  # there is no such limit
            continue
    return total


def memory_for_workers() -> int:
    """Return the memory that all workers together may use, in bytes."""
    return int(limits().memory_share * total_memory())


def ask_seconds() -> float:
    """Return the time of a run above which the reader is asked before it starts."""
    return 60 * limits().ask_minutes


def refusal(spec: RunSpec, folder: Path) -> str:
    """Return why this machine refuses a run, with the number and the limit; "" if it does not.

    The limits are those of `bnviz.limits`.
    """
    problems = (
        limits_problem(),
        of_steps(spec),
        of_size(spec),
        of_disk(spec, folder),
        of_time(spec),
    )
    return next(filter(None, problems), "")


def of_steps(spec: RunSpec) -> str:
    """Return a sentence if a run has too many steps or rows, else ""."""
    most, rows = limits(), estimate(spec).rows
    if spec.steps > most.steps:
        return (
            f"this run has {spec.steps:,} steps, and a run may have at most {most.steps:,} here; "
            "choose fewer steps"
        )
    if rows > most.rows:
        return (
            f"this run would measure {rows:,} rows, and a run may have at most {most.rows:,}; "
            "measure less often, or choose fewer bins, step sizes or steps"
        )
    return ""


def of_size(spec: RunSpec) -> str:
    """Return a sentence if a run needs too much memory, else ""."""
    needed, there = estimate(spec).memory, memory_for_workers()
    if needed <= there:
        return ""
    return (
        f"this run needs about {in_bytes(needed)} of memory, and this machine has "
        f"{in_bytes(there)} for runs; choose a smaller width, batch or hidden layers"
    )


def of_disk(spec: RunSpec, folder: Path) -> str:
    """Return a sentence if a run would write too much, else ""."""
    needed, free, most = estimate(spec).disk, free_disk(folder), limits().disk_gigabytes
    if needed <= min(free, most * 1e9):
        return ""
    there = (
        f"{in_bytes(free)} are free"
        if needed > free
        else f"a run may write at most {most:g} GB here"
    )
    return (
        f"this run needs about {in_bytes(needed)} on disk, and {there}; measure less often, or "
        "delete runs"
    )


def of_time(spec: RunSpec) -> str:
    """Return a sentence if a run would take too long, else ""."""
    needed, hours = estimate(spec).seconds, limits().hours
    if needed <= 3600 * hours:
        return ""
    return (
        f"this run would take about {duration(needed)} of one core, and a run may take at most "
        f"{hours:g} h here; choose fewer steps, a smaller width or batch, or measure less often"
    )


def free_disk(folder: Path) -> int:
    """Return the free bytes on the disk of the cache."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
