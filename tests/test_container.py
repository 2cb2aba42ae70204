"""The container's files refer to files that exist, and its process runs as an ordinary user."""

from __future__ import annotations

import json
import re

from bnviz.paths import PROJECT
from bnviz.runs.store import Store

DOCKERFILE = (PROJECT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def told(instruction: str) -> list[str]:
    """Return what follows each of these instructions."""
    return re.findall(rf"^\s*{instruction} +(.*)$", DOCKERFILE, re.MULTILINE)


def test_the_image_copies_files_that_are_there() -> None:
    named = [name for line in told("COPY") for name in line.split()[:-1]]
    assert named and all((PROJECT / name).exists() for name in named)


def test_the_process_is_an_ordinary_user_whose_health_is_asked() -> None:
    assert told("USER") == ["1000"] and "--uid 1000" in DOCKERFILE
    (check,) = told("HEALTHCHECK --start-period=60s +CMD")
    assert "/_stcore/health" in json.loads(check)[-1]


def test_the_runs_are_in_the_volume() -> None:
    assert told("VOLUME") == ["/cache"] and "BNVIZ_CACHE=/cache" in DOCKERFILE


def test_the_image_has_the_runs_that_ship_and_no_others() -> None:
    left_out = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    assert "cache/*" in left_out and "!cache/gallery" in left_out
    assert Store(PROJECT / "cache" / "gallery").runs()


def test_the_command_of_the_image_is_one_of_ours() -> None:
    command = json.loads(told("CMD")[-1])
    assert command[:4] == ["python", "-m", "bnviz", "app"]
