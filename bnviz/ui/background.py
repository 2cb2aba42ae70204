"""Start bnviz commands from a page, each in its own process with a log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bnviz.paths import PROJECT, cache


def start(name: str, arguments: Sequence[str], log: Path) -> None:
    """Start `python -m bnviz` with these arguments under a name, with its output in a log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    here = os.environ | {"BNVIZ_CACHE": str(cache())}
    with log.open("wb") as output:
        _processes()[name] = subprocess.Popen(
            [sys.executable, "-m", "bnviz", *arguments],
            cwd=PROJECT,
            env=here,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def running(name: str) -> bool:
    """Return whether the command with this name is still running."""
    process = _processes().get(name)
    return process is not None and process.poll() is None


def failed(name: str) -> bool:
    """Return whether the command with this name has failed."""
    process = _processes().get(name)
    return process is not None and bool(process.poll())


def last_line(log: Path) -> str:
    """Return the last line in a log; "" if there is none."""
    if not log.exists():
        return ""
    lines = log.read_text("utf-8", errors="replace").replace("\r", "\n").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "")


@st.cache_resource
def _processes() -> dict[str, subprocess.Popen[bytes]]:
    """Return the processes that this server has started, by name."""
    return {}
