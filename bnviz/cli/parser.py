"""The parser of the command line.

It imports the module of a command only when that command is given.
"""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from bnviz.cli.errors import fail
from bnviz.words import shorten


class Entry(NamedTuple):
    """A command: its module and function, and the first line of the function's docstring.

    The docstring is repeated here so that --help need not import the module.
    """

    module: str
    function: str
    help: str


COMMANDS = {
    "run": Entry(
        "computing",
        "run",
        "Compute runs here with a progress bar; --out also writes their rows to a file.",
    ),
    "submit": Entry(
        "computing",
        "submit",
        "Queue runs for the dashboard's workers or for `work`, and print their ids.",
    ),
    "app": Entry("housekeeping", "app", "Open the dashboard."),
    "work": Entry(
        "computing",
        "work",
        "Compute queued runs until the queue stays empty; the dashboard starts this by itself.",
    ),
    "runs": Entry("computing", "runs", "List the runs: id, state, steps and settings."),
    "cancel": Entry("computing", "cancel", "Stop runs; the rows measured so far are kept."),
    "export": Entry(
        "writing",
        "export",
        "Write a figure of some runs, its numbers, both as a zip, or the raw rows of the runs.",
    ),
    "presets": Entry(
        "listing",
        "presets",
        "List the presets: what each shows, and what it costs or took on this machine.",
    ),
    "claims": Entry(
        "listing",
        "claims",
        "Test the papers' claims on the finished runs, and print the papers' values and ours.",
    ),
    "results": Entry(
        "writing",
        "results",
        "Write every figure and claim of the papers beside our values, from the runs that ship.",
    ),
    "evaluate": Entry(
        "evaluating",
        "evaluate",
        "Print the errors of finished runs on the test images: single, over crops, as an ensemble.",
    ),
    "gallery": Entry(
        "housekeeping",
        "gallery",
        "Compute and write the runs that ship with bnviz; a GPU adds those at the paper's scale.",
    ),
    "lesson": Entry(
        "writing",
        "lesson",
        "Write the story's figures and ten questions with hidden answers as one HTML page.",
    ),
    "report": Entry(
        "writing",
        "report",
        "Write the settings and all figures of some runs as one interactive HTML page.",
    ),
    "reset": Entry(
        "housekeeping",
        "reset",
        "Delete all runs in the cache; data sets and the runs that ship with bnviz stay.",
    ),
    "doctor": Entry(
        "doctor",
        "doctor",
        "Print versions, devices, the state of the data sets and the health of the cache.",
    ),
    "metrics": Entry(
        "metrics",
        "metrics",
        "Serve the state of the cache for Prometheus, at a port of its own.",
    ),
    "data": Entry(
        "housekeeping", "data_list", "List the data sets and whether they are on this machine."
    ),
}
ABOUT = f"The command line: python -m bnviz {' | '.join(COMMANDS)}."


class Parser(argparse.ArgumentParser):
    """An argument parser that reports an error as one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print the error with long values shortened, and exit with status 2."""
        fail(re.sub(r"\S{61,}", lambda long: shorten(long[0].strip("'")), message))


class Command(Parser):
    """The parser of one command, which adds its options when it is first used."""

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        if self.get_default("command") is None:
            add_options(self, self.prog.split()[-1])
        return super().parse_known_args(*given, **named)


def add_options(command: argparse.ArgumentParser, name: str) -> None:
    """Import a command's module, and add the options that the command has."""
    entry = COMMANDS[name]
    found = import_module(f"bnviz.cli.{entry.module}")
    command.set_defaults(command=getattr(found, entry.function))
    getattr(found, f"{name}_options", lambda command: None)(command)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    main = Parser(prog="python -m bnviz", description=ABOUT, allow_abbrev=False)
    commands = main.add_subparsers(required=True, metavar="command", parser_class=Command)
    for name, entry in COMMANDS.items():
        commands.add_parser(name, help=entry.help, description=entry.help, allow_abbrev=False)
    return main
