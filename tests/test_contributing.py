"""The examples of CONTRIBUTING.md: added as it says, they run and appear in every menu."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bnviz.figures import PANELS
from bnviz.paths import PROJECT
from tests.conftest import end_supervisor

TEXT = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
COUNTS = dict(re.findall(r"^\| (\w[\w ]*) \| [^|]+ \| (\d) \|$", TEXT, re.MULTILINE))
SECTION = re.compile(r"\n## Add an? ")

# One process runs every check on the copy, because importing torch and Streamlit takes seconds.
ASK = r"""
import contextlib, io, json, runpy, sys, traceback

def command(*words):
    said, failed = io.StringIO(), io.StringIO()
    sys.argv = ["bnviz", *words]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
        try:
            runpy.run_module("bnviz", run_name="__main__", alter_sys=False)
            status = 0
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            status, _ = 1, traceback.print_exc()
    return {"status": status, "said": said.getvalue(), "failed": failed.getvalue()}

def attempt(run):
    try:
        return run()
    except BaseException:
        return {"failed": traceback.format_exc()}

TINY = ["--data", "cifar10-sample", "--batch", "16", "--steps", "3"]
results = {}
for option, wrong in (("--norm", "mox"), ("--model", "deep"), ("--probe", "x=1"), ("--data", "x")):
    results[option] = command("run", *TINY, option, wrong)

from bnviz.figures import PANELS
from bnviz.claims import CLAIMS
results["panels"], results["claims"] = [*PANELS], [*CLAIMS]

from streamlit.testing.v1 import AppTest

def menus():
    page = AppTest.from_file("pages/paper/landscape.py", default_timeout=60).run()
    page.button(key="settings-button").click().run()
    assert not page.exception, page.exception
    return {
        "options": [button.label for button in page.button],
        "models": list(page.selectbox(key="model").options),
        "data": list(page.selectbox(key="data").options),
        "probe": page.number_input(key="every_length").label,
    }

results["menus"] = attempt(menus)
words = ["--model", "shallow", "--norm", "max", "--probe", "length=1", "--out", "rows.csv"]
results["run"] = command("run", *TINY, *words)
stripes = ["--data", "stripes", "--model", "shallow", "--batch", "16", "--steps", "2"]
results["stripes"] = command("run", *stripes, "--out", "stripes.csv")

from bnviz.presets import PRESETS
from bnviz.runs.engines.inline import Inline
from bnviz.runs.engines.threads import Threads
from bnviz.runs.store import Store
from bnviz.runs.supervisor import Supervisor
from bnviz.spec import RunSpec

queued = Store().submit(RunSpec(model="shallow", data="stripes", batch=16, steps=1))
supervisor = Supervisor(Store(), Threads(), 1)
supervisor.tick()
supervisor.engine.workers[queued.id].join()
results["engine"] = queued.state

def new_page():
    knobs = {"steps": 2, "batch": 16, "model": "shallow"}
    probes = PRESETS["quick"].knobs["probes"] | {"length": 1}
    for spec in PRESETS["quick"].specs(**knobs, probes=probes):
        Inline().start(Store().submit(spec))
    app = AppTest.from_file("app.py", default_timeout=60).run()
    app = app.switch_page("pages/lab/length.py")
    chosen = {name: str(value) for name, value in knobs.items()}
    app.query_params.update({"preset": "quick", "every_length": "1", **chosen})
    app.run()
    assert not app.exception, app.exception
    return [text.value for text in app.markdown]

results["page"] = attempt(new_page)
sys.__stdout__.write("RESULTS" + json.dumps(results))
"""


def example(heading: str) -> str:
    """Return the first code block under a heading of CONTRIBUTING.md."""
    section = re.split(rf"\n## {heading}\n", TEXT)[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


def new_file(path: str, heading: str) -> Callable[[Path], None]:
    """Return a function that writes an example into a new file."""

    def add(folder: Path) -> None:
        (folder / path).write_text(example(heading), "utf-8")

    return add


def edit(path: Path, before: str, after: str) -> None:
    """Replace the first occurrence of a text in a file."""
    text = path.read_text("utf-8")
    assert before in text, f"{path} has no {before!r}"
    path.write_text(text.replace(before, after, 1), "utf-8")


def add_norm(folder: Path) -> None:
    norm, _ = example("Add a normalisation").split("\n\n\nNORMS")
    norms = folder / "bnviz/training/norms.py"
    edit(norms, "\n\ndef over_batch", f"\n\n{norm}\n\n\ndef over_batch")
    edit(norms, '    "none": Standard,\n', '    "none": Standard,\n    "max": MaxNorm,\n')


def add_page(folder: Path) -> None:
    new_file("pages/lab/length.py", "Add a page")(folder)
    runs = '        st.Page("pages/lab/runs.py"'
    line = '        st.Page("pages/lab/length.py", title="Length"),\n'
    edit(folder / "app.py", runs, line + runs)


def add_claim(folder: Path) -> None:
    with (folder / "bnviz/claims/liu.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{example('Add a claim')}")


ADDITIONS: dict[str, Callable[[Path], None]] = {
    "normalisation": add_norm,
    "probe": new_file("bnviz/training/probes/length.py", "Add a probe"),
    "network": new_file("bnviz/training/models/shallow.py", "Add a network"),
    "data set": new_file("bnviz/data/stripes.py", "Add a data set"),
    "figure": new_file("bnviz/figures/length.py", "Add a figure"),
    "page": add_page,
    "claim": add_claim,
    "engine": new_file("bnviz/runs/engines/threads.py", "Add an engine"),
}


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the content of every Python file of the copy."""
    return {path: path.read_bytes() for path in folder.rglob("*.py")}


@pytest.fixture(scope="module")
def additions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, set[Path]]]:
    """Return a copy of the project with all additions, and the files that each one changed."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("bnviz", "pages", "app.py"):
        source = PROJECT / name
        copied = shutil.copytree if source.is_dir() else shutil.copy
        copied(source, folder / name)
    changed, before = {}, contents(folder)
    for name, add in ADDITIONS.items():
        add(folder)
        now = contents(folder)
        changed[name] = {path for path in now if now[path] != before.get(path)}
        before = now
    return folder, changed


@pytest.fixture(scope="module")
def results(additions: tuple[Path, dict[str, set[Path]]]) -> dict[str, Any]:
    """Run the checks in the copy, with its own cache, and return their results."""
    folder = additions[0]
    environment = os.environ | {"BNVIZ_CACHE": str(folder / "cache"), "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    end_supervisor(folder / "cache")
    found: dict[str, Any] = json.loads(done.stdout.split("RESULTS")[1])
    return found


@pytest.mark.parametrize("name", ADDITIONS)
def test_an_addition_changes_as_many_files_as_the_table_says(name, additions):
    assert len(additions[1][name]) == int(COUNTS[name])


def test_the_table_and_this_test_cover_every_section():
    sections = {section.split("\n")[0] for section in SECTION.split(TEXT)[1:]}
    assert sections == set(COUNTS) == {*ADDITIONS, "preset"}


def test_the_example_network_norm_and_probe_run_from_the_command_line(results, additions):
    assert results["run"]["status"] == 0, results["run"]["failed"]
    rows = (additions[0] / "rows.csv").read_text("utf-8")
    assert rows.count(",theta_norm,") == 3 and rows.count(",train_loss,") == 3


def test_a_network_trains_on_the_example_data_set(results, additions):
    assert results["stripes"]["status"] == 0, results["stripes"]["failed"]
    assert (additions[0] / "stripes.csv").read_text("utf-8").count(",train_loss,") == 2


def test_the_example_engine_finishes_a_run_of_the_supervisor(results):
    assert results["engine"] == "done"


def test_the_example_claim_is_listed(results):
    assert "report-mlp-ends-higher" in results["claims"]


@pytest.mark.parametrize(
    ("option", "named"),
    [("--norm", "max"), ("--model", "shallow"), ("--probe", "length"), ("--data", "stripes")],
)
def test_the_error_for_a_wrong_option_lists_the_examples(results, option, named):
    refused = results[option]
    assert refused["status"] == 2 and "Traceback" not in refused["failed"]
    assert re.search(rf"\b{named}\b", refused["failed"]), refused["failed"]


def test_the_example_panel_is_listed_after_the_shipped_ones(results):
    assert results["panels"] == [*PANELS, "length"]


def test_the_examples_are_in_the_menus_of_a_page(results):
    menus = results["menus"]
    assert "failed" not in menus, menus
    assert "MaxNorm" in menus["options"] and menus["probe"] == "Length of θ"
    assert any("shallow" in model for model in menus["models"])
    assert any("tripes" in name for name in menus["data"])


def test_the_example_page_is_in_the_navigation_and_draws_the_example_probe(results):
    shown = str(results["page"])
    assert "# Length" in shown and "Does it grow?" in shown, shown
