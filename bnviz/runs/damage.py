"""Find the files of a run that cannot be used.

They are empty, cut off, of the wrong kind, or belong to another account.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from bnviz.runs import parts
from bnviz.runs.disk import read_json, reason

FILES = (
    "spec.json",
    "lock",
    "checkpoint.safetensors",
    "meta.json",
    "log.txt",
    "cancel",
    "error.txt",
    "done.json",
)
FOLDERS = ("rows", "waiting")
KINDS: dict[str, type | tuple[type, ...]] = {  # types of the facts in meta.json
    "step": int,
    "steps": int,
    "saved": int,
    "seconds": (int, float),
    "started": (int, float),
    "device": str,
    "threads": int,
    "pid": int,
    "versions": dict,
    "imported": bool,
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
    checks = {
        folder / "done.json": outcome_problem,
        folder / "meta.json": facts_problem,
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


def outcome_problem(path: Path) -> str:
    """Return what is wrong with a done.json; "" if nothing is."""
    return _json_problem(path, *_when(path), outcome)


def facts_problem(path: Path) -> str:
    """Return what is wrong with a meta.json; "" if nothing is."""
    return _json_problem(path, *_when(path), facts)


def outcome(told: dict[str, Any]) -> int | None:
    """Return the step at which the loss diverged, or None; ValueError if that is not a step."""
    step = told.get("diverged_at")
    if step is not None and not is_a(step, int):
        raise ValueError("names no step at which the loss diverged")
    return step


def facts(told: dict[str, Any]) -> dict[str, Any]:
    """Return the same facts; ValueError if one of them is not of the type that a worker writes."""
    if wrong := [
        name for name, kind in KINDS.items() if name in told and not is_a(told[name], kind)
    ]:
        raise ValueError(f"has no sensible {wrong[0]}")
    return told


def is_a(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Return whether a value has this type.

    A number also has to be finite and not negative; a bool does not count as a number.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return False
    return not isinstance(value, int | float) or 0 <= value < 1e15


def _when(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


@lru_cache(maxsize=4096)
def _json_problem(path: Path, mtime_ns: int, size: int, check: Any) -> str:
    try:
        check(read_json(path))
    except ValueError as problem:
        return str(problem)
    return ""


def said(problem: OSError) -> str:
    """Return why a file cannot be read, in words that follow its name."""
    if isinstance(problem, FileNotFoundError):
        return "is not there"
    return f"cannot be read ({reason(problem)})"
