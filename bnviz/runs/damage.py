"""What of a run's folder cannot be used: files that are empty, cut off or of the wrong kind, and folders of other accounts."""

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
KINDS: dict[str, type | tuple[type, ...]] = {  # of the facts in meta.json
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
    """What cannot be used, and why, in words that follow its name. Empty for a run that is whole, finished or not.

    What a worker mends by itself is not damage: an unfinished run's rows, checkpoint and facts.
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
    """A folder where a file should be, a file where a folder should be, and links that lead nowhere."""
    files = [folder / name for name in FILES if name in names and not (folder / name).is_file()]
    folders = [folder / name for name in FOLDERS if name in names and not (folder / name).is_dir()]
    return dict.fromkeys(files, "is not a file") | dict.fromkeys(folders, "is not a folder")


def unusable_result(folder: Path, names: set[str]) -> dict[Path, str]:
    """The files of a finished run that cannot be read."""
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
    """What another account made and this one may not write: an unfinished run there cannot go on."""
    wanted = [folder, *(folder / name for name in ("rows", "lock", "log.txt") if name in names)]
    return {
        path: "may not be written by this account"
        for path in wanted
        if not os.access(path, os.R_OK | os.W_OK)
    }


def outcome_problem(path: Path) -> str:
    """What is wrong with a done.json; "" if nothing is."""
    return _json_problem(path, *_when(path), outcome)


def facts_problem(path: Path) -> str:
    """What is wrong with a meta.json; "" if nothing is."""
    return _json_problem(path, *_when(path), facts)


def outcome(told: dict[str, Any]) -> int | None:
    """The step at which the loss was no longer a number. ValueError where that is no step."""
    step = told.get("diverged_at")
    if step is not None and not is_a(step, int):
        raise ValueError("names no step at which the loss diverged")
    return step


def facts(told: dict[str, Any]) -> dict[str, Any]:
    """The same facts. ValueError where one of them is of another kind than a worker writes."""
    if wrong := [
        name for name, kind in KINDS.items() if name in told and not is_a(told[name], kind)
    ]:
        raise ValueError(f"has no sensible {wrong[0]}")
    return told


def is_a(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a value is of this kind; numbers are finite and not negative, and True is no number."""
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
    """Why something cannot be read, in words that follow its name."""
    return (
        "is not there"
        if isinstance(problem, FileNotFoundError)
        else f"cannot be read ({reason(problem)})"
    )
