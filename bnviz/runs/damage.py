"""Find the files of a run that cannot be used.

They are empty, cut off, of the wrong kind, or belong to another account.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from pydantic import BaseModel

from bnviz.runs import parts
from bnviz.runs.disk import read_json, reason
from bnviz.runs.facts import Facts, Outcome, valid_part

FILES = (
    "spec.json",
    "owner",
    "lock",
    "checkpoint.safetensors",
    "weights.safetensors",
    "meta.json",
    "log.txt",
    "cancel",
    "error.txt",
    "done.json",
)
FOLDERS = ("rows", "waiting")
SAID = {  # what is wrong with a file whose fields do not fit its model
    Facts: "has no sensible {}",
    Outcome: "names no step at which the loss diverged",
}


def found(folder: Path) -> dict[Path, str]:
    """Return the unusable files and, for each, what is wrong, in words that follow its name.

    The result is empty for an intact run, whether finished or not. The rows, the checkpoint and the
    facts of an unfinished run are not checked, because a worker repairs them by itself.
    """
    try:
        names = {path.name for path in folder.iterdir()}
        check = unusable_result if "done.json" in names else not_ours
        return check(folder, names) | wrong_kind(folder, names)
    except NotADirectoryError:
        return {folder: "is a file"}
    except FileNotFoundError:
        return {folder: "is a link that leads nowhere" if folder.is_symlink() else "is not there"}
    except OSError as problem:
        return {folder: said(problem)}


def wrong_kind(folder: Path, names: set[str]) -> dict[Path, str]:
    """Return folders in the place of files, files in the place of folders, and broken links."""
    files = [folder / name for name in FILES if name in names and not (folder / name).is_file()]
    folders = [folder / name for name in FOLDERS if name in names and not (folder / name).is_dir()]
    return dict.fromkeys(files, "is not a file") | dict.fromkeys(folders, "is not a folder")


def unusable_result(folder: Path, names: set[str]) -> dict[Path, str]:
    """Return the files of a finished run that cannot be read."""
    checks: dict[Path, Callable[[Path], str]] = {
        folder / "done.json": partial(json_problem, Outcome),
        folder / "meta.json": partial(json_problem, Facts),
        folder / "rows" / parts.WHOLE: parts.problem,
    }
    problems = {}
    for path, check in checks.items():
        try:
            problems[path] = check(path)
        except (FileNotFoundError, NotADirectoryError):
            problems[path] = "" if path.name == "meta.json" else "is missing"
        except OSError as problem:
            problems[path] = said(problem)
    return {path: what for path, what in problems.items() if what}


def not_ours(folder: Path, names: set[str]) -> dict[Path, str]:
    """Return what this account may not write to; an unfinished run there cannot be continued."""
    wanted = [folder, *(folder / name for name in ("rows", "lock", "log.txt") if name in names)]
    return {
        path: "may not be written by this account"
        for path in wanted
        if not os.access(path, os.R_OK | os.W_OK)
    }


def json_problem(model: type[BaseModel], path: Path) -> str:
    """Return what is wrong with a JSON file that should hold this model; "" if nothing is."""
    about = path.stat()
    return _json_problem(model, path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=4096)
def _json_problem(model: type[BaseModel], path: Path, mtime_ns: int, size: int) -> str:
    try:
        _, wrong = valid_part(model, read_json(path))
    except ValueError as problem:
        return str(problem)
    return SAID[model].format(wrong[0]) if wrong else ""


def said(problem: OSError) -> str:
    """Return why a file cannot be read, in words that follow its name."""
    if isinstance(problem, FileNotFoundError):
        return "is not there"
    return f"cannot be read ({reason(problem)})"
