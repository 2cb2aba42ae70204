"""Unusual machines: an ASCII locale, a user without a home folder, a read-only project."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bnviz import cli, paths
from bnviz.paths import GALLERY, PROJECT
from bnviz.plain import ascii_only

# The last two keep Python from switching to UTF-8 by itself.
OLD_LOCALE = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}
OURS = ("bnviz", "pages", "benchmarks", "scripts", "tests")
TEXT_MODES = ("r", "w", "a", "x", "r+", "w+", "a+", "rt", "wt", "at")
ENCODING_AT = {"read_text": 1, "write_text": 2}  # the position of `encoding` among the arguments
SHIPPED = next(folder.name for folder in sorted(GALLERY.iterdir()) if folder.is_dir())


def nameless(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code as a user without HOME and without an entry in the list of users."""
    unknown = "import pwd; pwd.getpwuid = lambda uid: {}[uid]\n"
    known = {
        name: value
        for name, value in os.environ.items()
        if name != "HOME" and not name.startswith("XDG_")
    }
    words = [sys.executable, "-c", unknown + code]
    return subprocess.run(
        words, cwd=PROJECT, env=known | environment, capture_output=True, encoding="utf-8"
    )


def in_locale(encoding: str, *words: str) -> tuple[int, str]:
    """Run a command with its output in a pipe of this encoding.

    Returns the exit status and the output.
    """
    pipe = io.BytesIO()
    stream = io.TextIOWrapper(pipe, encoding, errors="strict", write_through=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        try:
            cli.main(list(words))
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    return status, pipe.getvalue().decode(encoding)


def test_every_text_file_is_opened_as_utf_8():
    files = [
        PROJECT / "app.py",
        *(file for folder in OURS for file in (PROJECT / folder).rglob("*.py")),
    ]
    found = [place for file in files for place in left_to_the_locale(file)]
    assert not found, "\n".join(found)


def left_to_the_locale(file: Path) -> list[str]:
    """Return the places where a file opens text without naming an encoding."""
    calls = [
        node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    return [
        f"{file}:{call.lineno}: {ast.unparse(call)}"
        for call in calls
        if not names_its_encoding(call)
    ]


def names_its_encoding(call: ast.Call) -> bool:
    """Return whether a call handles no text, or names its encoding."""
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    modes = [
        word.value
        for word in call.args
        if isinstance(word, ast.Constant) and word.value in TEXT_MODES
    ]
    text = (
        name in ("read_text", "write_text")
        or (name == "open" and modes)
        or given.get("text") == "True"
    )
    return not text or "encoding" in given or len(call.args) >= ENCODING_AT.get(name, 9)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("run --help", "nan"),
        ("claims batch-at-half", "holds if >= -10 points"),
        ("runs --shipped", "SGD"),
        ("presets", "quick"),
        ("data", "here"),
        ("run --lr −3", "lr must be a valid number"),
        ("run --norm μ", "norm must be one of none, batch"),
    ],
)
def test_every_sentence_can_be_printed_in_any_encoding(encoding, words, says):
    status, said = in_locale(encoding, *words.split())
    assert (status == 0) == ("must" not in says)
    assert "Traceback" not in said and "codec" not in said
    assert "?" not in said.replace("\\?", "")


def test_ascii_output_spells_out_other_characters():
    assert ascii_only("≥ 0 [−0.5, ∞], λ/2 · ‖w‖² ≈ 3 × 10⁻³ … ½ ŷ") == (
        ">= 0 [-0.5, inf], lambda/2 - ||w||^2 ~ 3 x 10^-3 ... 1/2 y"
    )
    bytes_of_a_name = "fig \udcff −1".encode("ascii", "bnviz.plain")
    assert bytes_of_a_name == b"fig \xff -1"


@pytest.mark.parametrize(
    "words", [["lesson", "--out", "ü.html"], ["export", SHIPPED, "--figure", "training-accuracy"]]
)
def test_files_are_the_same_in_an_ascii_locale(tmp_path, words):
    if words[0] == "export":
        words = [*words, "--out", "ü.zip"]
    command = [sys.executable, "-m", "bnviz", *words]
    environment = os.environ | OLD_LOCALE | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert [os.fsencode(file) for file in tmp_path.iterdir()] == [
        os.fsencode(tmp_path) + b"/" + words[-1].encode()
    ]


def test_a_user_without_home_needs_none_unless_a_picture_is_drawn():
    done = nameless("import sys, bnviz.cli.writing\nprint('kaleido' in sys.modules)")
    assert done.stdout == "False\n", done.stderr


def test_a_user_without_home_gets_one_before_a_picture_is_drawn(own_cache):
    done = nameless(
        "from bnviz import paths\npaths.settle()\n"
        "import kaleido\nfrom pathlib import Path\nprint(Path.home())"
    )
    assert done.stdout.splitlines()[-1:] == [str(own_cache / "home")], done.stderr


def test_an_existing_home_is_kept(monkeypatch):
    before = os.environ.get("HOME")
    paths.settle()
    assert os.environ.get("HOME") == before or before is None
