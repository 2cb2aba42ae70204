"""The command line. A file holds a group of commands, and may know every other part of bnviz.

Start with parser.py, which lists the commands. The command's module is imported only when the command is given.
"""

from __future__ import annotations

import sys

from bnviz import plain
from bnviz.cli.errors import fail, told
from bnviz.cli.parser import parser
from bnviz.data import DataError
from bnviz.spec import SpecError


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    plain.speak()
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has seen enough
    except OSError as problem:
        fail(told(problem))
    except (SpecError, DataError, ValueError) as problem:
        fail(str(problem))
