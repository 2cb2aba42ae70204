"""An installation by pip is complete and works from any folder.

It has the command, the pages, the shipped runs and the sample images.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnviz.paths import PROJECT
from tests.conftest import end_supervisor

PARTS = ("bnviz", "pages", "cache/gallery", ".streamlit")
FILES = ("app.py", "setup.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder that holds an installed bnviz and no other part of the project."""
    folder = tmp_path_factory.mktemp("pip")
    for name in PARTS:
        shutil.copytree(
            PROJECT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in FILES:
        shutil.copy(PROJECT / name, folder / "source")
    options = [
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--target",
        str(folder / "site"),
    ]
    words = [sys.executable, "-m", "pip", "install", *options, str(folder / "source")]
    done = subprocess.run(words, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / "source")
    yield folder
    end_supervisor(folder / "cache")


def bnviz(installed: Path, *words: str) -> str:
    """Run the installed command outside the project and return its output."""
    home = {
        "PYTHONPATH": str(installed / "site"),
        "HOME": str(installed),
        "XDG_CACHE_HOME": str(installed / "kept"),
    }
    environment = {
        name: value for name, value in os.environ.items() if name != "BNVIZ_CACHE"
    } | home
    command = [sys.executable, str(installed / "site" / "bin" / "bnviz"), *words]
    done = subprocess.run(
        command, cwd=installed, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shipped_runs_are_installed(installed):
    shipped = [
        folder.name for folder in (PROJECT / "cache" / "gallery").iterdir() if folder.is_dir()
    ]
    assert sorted(
        line.split()[0] for line in bnviz(installed, "runs", "--shipped").splitlines()
    ) == sorted(shipped)


def test_the_sample_images_are_installed_and_runs_go_to_the_user_s_cache(installed):
    said = bnviz(installed, "doctor")
    assert "cifar10-sample  whole" in said
    assert f"{installed / 'kept' / 'bnviz'}: no runs" in said


def test_every_page_and_every_other_file_is_installed(installed):
    site = installed / "site" / "bnviz"
    ours = [
        PROJECT / "app.py",
        *(PROJECT / "pages").rglob("*.py"),
        PROJECT / ".streamlit" / "config.toml",
    ]
    assert [
        file for file in ours if not (site / "site" / file.relative_to(PROJECT)).is_file()
    ] == []
    files = [
        file
        for file in (PROJECT / "bnviz").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    assert [
        file for file in files if not (site / file.relative_to(PROJECT / "bnviz")).is_file()
    ] == []


def test_a_page_opens(installed):
    code = """
from streamlit.testing.v1 import AppTest
from bnviz.paths import INSTALLED, PROJECT
page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
assert INSTALLED and not page.exception, page.exception
"""
    environment = os.environ | {
        "PYTHONPATH": str(installed / "site"),
        "BNVIZ_CACHE": str(installed / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=installed, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr
