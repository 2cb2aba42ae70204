"""The parser of the command line. It imports a command's module only when that command is given."""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from typing import Any, NoReturn

from bnviz.cli.errors import fail
from bnviz.words import shorten

ABOUT = "The command line: python -m bnviz app | run | submit | work | runs | cancel | data | export | presets | claims | results | lesson | report | reset | doctor."
# The module and function of each command, and the function's docstring, so that --help need not import the module.
COMMANDS = {
    "run": (
        "computing",
        "run",
        "Compute in place, with a progress bar; the answer lands in the cache, and in a file if --out names one.",
    ),
    "submit": (
        "computing",
        "submit",
        "Queue, for the dashboard's workers or `work`; prints the ids.",
    ),
    "app": ("housekeeping", "app", "Open the dashboard."),
    "work": (
        "computing",
        "work",
        "Answer queued runs until there has been nothing to do for a while; the dashboard starts this by itself.",
    ),
    "runs": ("computing", "runs", "List the runs: id, state, steps, question."),
    "cancel": ("computing", "cancel", "Stop runs; the rows so far stay."),
    "export": (
        "writing",
        "export",
        "Write a figure of runs (pdf, svg, png, html, tex), its numbers (csv, parquet), all of it (zip), or the raw rows.",
    ),
    "presets": (
        "listing",
        "presets",
        "List the presets: what each shows and costs. What it took here stands with those that this machine has finished.",
    ),
    "claims": (
        "listing",
        "claims",
        "What the papers claim, and how it stands on the finished runs: a named test each, with the paper's value and ours.",
    ),
    "results": (
        "writing",
        "results",
        "Write every figure and claim of the papers beside our values, from the runs that ship.",
    ),
    "gallery": (
        "housekeeping",
        "gallery",
        "Compute what is missing of the runs that ship, and write them; with a GPU at the paper's scale too.",
    ),
    "lesson": (
        "writing",
        "lesson",
        "Write the story's figures and ten questions, answers folded away, as one HTML page to print or to send.",
    ),
    "report": (
        "writing",
        "report",
        "Write what some runs are, and every figure of them, as one HTML page with the interactive figures in it.",
    ),
    "reset": (
        "housekeeping",
        "reset",
        "Delete all runs of the cache, for the next class; data sets and the runs that ship stay.",
    ),
    "doctor": ("housekeeping", "doctor", "Versions, devices, data and the health of the cache."),
    "data": ("housekeeping", "data_list", "List the data sets and whether they are at hand."),
}


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
    module, does, _ = COMMANDS[name]
    found = import_module(f"bnviz.cli.{module}")
    command.set_defaults(command=getattr(found, does))
    getattr(found, f"{name}_options", lambda command: None)(command)


def parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    main = Parser(prog="python -m bnviz", description=ABOUT, allow_abbrev=False)
    commands = main.add_subparsers(required=True, metavar="command", parser_class=Command)
    for name, (_, _, says) in COMMANDS.items():
        commands.add_parser(name, help=says, description=says, allow_abbrev=False)
    return main
