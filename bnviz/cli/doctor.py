"""The command that checks this installation: versions, devices, data sets, the cache."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from bnviz import data
from bnviz.limits import limits
from bnviz.runs import devices
from bnviz.runs.health import health, repair
from bnviz.runs.store import Store

PACKAGES = ("torch", "torchvision", "streamlit", "plotly", "pandas", "pyarrow")


def doctor(options: argparse.Namespace) -> None:
    """Print versions, devices, the state of the data sets and the health of the cache."""
    if options.repair:
        done = repair(Store())
        print("\n".join(done) or "nothing had to be repaired", file=sys.stderr)
    found = examined()
    print(json.dumps(found, indent=1) if options.json else text(found))


def examined() -> dict[str, Any]:
    """Return everything that the command reports."""
    from importlib.metadata import version

    from bnviz.runs.supervisor import slots

    store = Store()
    here = {name: devices.described(name) for name in devices.here()}
    here["cpu"] = f"CPU with {os.cpu_count()} cores"
    return {
        "python": sys.version.split()[0],
        **{package: version(package) for package in PACKAGES},
        "devices": here,
        "device": chosen(),
        "slots": slots(),
        "data": {name: state(name) for name in data.SOURCES},
        "cache": str(store.root),
        "health": health(store)._asdict(),
        "limits": limits().model_dump(),
        "problems": {
            run.id: f"{run.state}: {run.error()}"
            for run in store.runs()
            if run.state in ("failed", "damaged")
        },
    }


def chosen() -> str:
    """Return the device that runs are computed on, or why there is none."""
    try:
        return devices.device()
    except devices.DeviceError as problem:
        return str(problem)


def state(name: str) -> str:
    """Return the state of a data set in one word."""
    return ("whole" if data.check(name) else "DAMAGED") if data.available(name) else "missing"


def text(found: dict[str, Any]) -> str:
    """Return the report as text."""
    told = found["health"]
    counts = ", ".join(f"{count} {name}" for name, count in told["runs"].items() if count)
    running = "running" if told["supervisor"] else "not running"
    lines = [
        *(f"{name:12} {found[name]}" for name in ("python", *PACKAGES)),
        "devices      " + "; ".join(f"{name}: {said}" for name, said in found["devices"].items()),
        f"runs         on {found['device']}, {found['slots']} at once",
        *(f"{name:15} {said}" for name, said in found["data"].items()),
        f"cache        {found['cache']}: {counts or 'no runs'}; supervisor {running}",
        *(f"  {id} {said}" for id, said in found["problems"].items()),
    ]
    return "\n".join([*lines, *([f"trouble      {told['trouble']}"] if told["trouble"] else [])])


def doctor_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.add_argument(
        "--repair",
        action="store_true",
        help="first queue damaged runs again, and remove the files of killed writers",
    )
