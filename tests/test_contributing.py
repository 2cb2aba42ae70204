"""CONTRIBUTING.md keeps its word: its own examples, put where it says, are in every menu and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bnviz.figures import PANELS
from bnviz.paths import PROJECT

TINY = ["--data", "cifar10-sample", "--batch", "16", "--steps", "3"]


def example(heading: str) -> str:
    """The first code block under a heading of CONTRIBUTING.md."""
    section = (
        (PROJECT / "CONTRIBUTING.md")
        .read_text("utf-8")
        .split(f"## {heading}\n")[1]
        .split("\n## ")[0]
    )
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a normalisation, a probe, a network and a page more, each in the one place that is named."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("bnviz", "pages", "app.py"):
        source = PROJECT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(
            source, folder / name
        )
    norm, _ = example("Add a normalisation").split("\n\n\nNORMS")
    norms = folder / "bnviz/training/norms.py"
    text = norms.read_text("utf-8").replace(
        "\n\ndef over_batch", f"\n\n{norm}\n\n\ndef over_batch", 1
    )
    norms.write_text(
        text.replace('    "none": Standard,\n', '    "none": Standard,\n    "max": MaxNorm,\n'),
        "utf-8",
    )
    (folder / "bnviz/training/probes/length.py").write_text(example("Add a probe"), "utf-8")
    (folder / "bnviz/training/models/shallow.py").write_text(example("Add a network"), "utf-8")
    (folder / "pages/lab/length.py").write_text(example("Add a page"), "utf-8")
    panel, _ = (
        example("Add a page")
        .replace("from bnviz.ui.page import figure_page\n", "")
        .split("figure_page(")
    )
    (folder / "bnviz/figures/length.py").write_text(
        panel.replace("    fewer=", '    slug="length",\n    fewer='), "utf-8"
    )
    app, runs = folder / "app.py", '        st.Page("pages/lab/runs.py"'
    line = '        st.Page("pages/lab/length.py", title="Length"),\n'
    app.write_text(app.read_text("utf-8").replace(runs, line + runs), "utf-8")
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, with a cache of its own."""
    environment = os.environ | {"BNVIZ_CACHE": str(folder / "cache"), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_the_toys_run_from_the_command_line(copy):
    words = ["--model", "shallow", "--norm", "max", "--probe", "length=1", "--out", "rows.csv"]
    done = python(copy, "-m", "bnviz", "run", *TINY, *words)
    assert done.returncode == 0, done.stderr
    rows = (copy / "rows.csv").read_text("utf-8")
    assert rows.count(",theta_norm,") == 3 and rows.count(",train_loss,") == 3


@pytest.mark.parametrize(
    ("words", "named"),
    [(("--norm", "mox"), "max"), (("--model", "deep"), "shallow"), (("--probe", "x=1"), "length")],
)
def test_the_toys_are_among_the_choices_that_a_wrong_word_is_told(copy, words, named):
    refused = python(copy, "-m", "bnviz", "run", *TINY, *words)
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert re.search(rf"\b{named}\b", refused.stderr), refused.stderr


def test_a_panel_in_a_file_of_its_own_is_known_by_its_name_after_those_that_ship(copy):
    shown = python(copy, "-c", "from bnviz.figures import PANELS; print(*PANELS)")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == [*PANELS, "length"]


def test_the_toys_are_in_the_menus_of_a_page(copy):
    code = """
from streamlit.testing.v1 import AppTest
page = AppTest.from_file("pages/paper/landscape.py", default_timeout=60).run()
assert not page.exception, page.exception
print([option for pills in page.get("button_group") for option in [o.content for o in pills.proto.options]])
print(page.selectbox(key="model").options)
print(page.number_input(key="every_length").label)
"""
    shown = python(copy, "-c", code)
    assert shown.returncode == 0, shown.stderr
    assert "MaxNorm" in shown.stdout and "shallow" in shown.stdout and "Length of θ" in shown.stdout


def test_the_toy_page_is_in_the_navigation_and_draws_what_the_toy_probe_measured(copy):
    code = """
from streamlit.testing.v1 import AppTest
from bnviz.runs.engines.inline import Inline
from bnviz.presets import PRESETS
from bnviz.runs.store import Store
knobs = {"steps": 2, "batch": 16, "model": "shallow"}
probes = PRESETS["quick"].knobs["probes"] | {"length": 1}
for spec in PRESETS["quick"].specs(**knobs, probes=probes):
    Inline().start(Store().submit(spec))
app = AppTest.from_file("app.py", default_timeout=60).run().switch_page("pages/lab/length.py")
app.query_params.update({"preset": "quick", "every_length": "1", **{name: str(value) for name, value in knobs.items()}})
app.run()
assert not app.exception, app.exception
print([text.value for text in app.markdown])
"""
    shown = python(copy, "-c", code)
    assert shown.returncode == 0, shown.stderr
    assert "# Length" in shown.stdout and "Does it grow?" in shown.stdout
