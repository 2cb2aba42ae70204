"""Imports: the layers of the import linter, and a web process that never loads torch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bnviz.paths import PROJECT


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    ).stdout


def test_the_import_linter_finds_nothing():
    result = subprocess.run(
        ["lint-imports"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=path_of_this_python(),
    )
    assert result.returncode == 0, result.stdout


def path_of_this_python() -> dict[str, str]:
    import os

    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "names",
    [
        "bnviz",
        "bnviz.presets",
        "bnviz.runs.supervisor",
        "bnviz.figures",
        "bnviz.ui.page, bnviz.ui.runs, bnviz.ui.start, bnviz.ui.present, bnviz.story.report",
    ],
)
def test_the_web_process_never_imports_torch(names):
    assert python(f"import sys, {names}; print('torch' in sys.modules)") == "False\n"


def test_training_never_imports_streamlit():
    assert (
        python(
            "import sys, bnviz.runs.worker; "
            "print('streamlit' in sys.modules, 'plotly' in sys.modules)"
        )
        == "False False\n"
    )


def test_no_page_imports_torch():
    code = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from bnviz import paths
paths.GALLERY = Path("nothing")  # without runs it is quicker, and figures import no torch anyway
for page in sorted(Path("pages").rglob("*.py")):
    assert not AppTest.from_file(str(page.resolve()), default_timeout=60).run().exception, page
print('torch' in sys.modules)
"""
    assert python(code).splitlines()[-1] == "False"


def test_plotly_is_served_from_its_own_package(monkeypatch):
    """bnviz must not copy it, because the project's folder may be read-only."""
    import plotly
    from streamlit.components.v2.component_manager import BidiComponentManager

    from bnviz.ui import plot

    manager = BidiComponentManager()
    monkeypatch.setattr(plot, "get_bidi_component_manager", lambda: manager)
    name, file = plot._WHOLE
    plot.serve(name, file.parent)
    plot.serve(name, file.parent)
    folder = manager.get_component_path("bnviz.plotly")
    assert Path(folder) == Path(plotly.__file__).resolve().parent / "package_data"
    assert (Path(folder) / "plotly.min.js").is_file()


def test_both_parts_of_plotly_js_are_of_the_same_version():
    from bnviz.ui import plot

    heads = [file.read_text("utf-8")[:300] for _, file in (plot._WHOLE, plot._SMALL)]
    versions = [re.search(r"plotly\.js.* v([\d.]+)", head)[1] for head in heads]
    assert versions[0] == versions[1]
