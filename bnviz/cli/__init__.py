"""The command line. Each file here holds a group of commands, and may use all of bnviz.

Start with parser.py, which lists the commands. The module of a command is imported only when that
command is given.
"""

from __future__ import annotations

import sys

from bnviz import plain
from bnviz.cli.errors import fail, told
from bnviz.cli.parser import parser
from bnviz.data import DataError
from bnviz.spec import SpecError


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the arguments name; an error exits with status 2 and one sentence."""
    plain.speak()
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except BrokenPipeError:
        sys.stderr.close()  # `| head` has read enough; Python would print a warning at exit
    except OSError as problem:
        fail(told(problem))
    except (SpecError, DataError, ValueError) as problem:
        fail(str(problem))
