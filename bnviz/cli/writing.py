"""The commands that write figures, numbers and HTML pages to files."""

from __future__ import annotations

import argparse
from pathlib import Path

from bnviz.cli import figure_options
from bnviz.cli.files import chosen, in_a_folder, measured, rows_of, table_writer, write_page
from bnviz.export import takeaway
from bnviz.runs.store import Store


def export(options: argparse.Namespace) -> None:
    """Write a figure of some runs, its numbers, both as a zip, or the raw rows of the runs."""
    runs = chosen(options.runs)
    if options.figure is None:
        figure_options.none_given(options)
        table_writer(options.out)(rows_of(measured(runs)))
        return
    in_a_folder(options.out)
    take, format, style = figure_options.taken(options, runs)
    for path in takeaway.save(take, options.out, format, style, options.full):
        print(path)


def lesson(options: argparse.Namespace) -> None:
    """Write the story's figures and ten questions with hidden answers as one HTML page."""
    from bnviz.story.report import lesson

    write_page(options.out, lambda: lesson(Store()))


def report(options: argparse.Namespace) -> None:
    """Write the settings and all figures of some runs as one interactive HTML page."""
    from bnviz.story.report import report

    runs = chosen(options.runs)
    write_page(options.out, lambda: report(measured(runs), options.title))


def results(options: argparse.Namespace) -> None:
    """Write every figure and claim of the papers beside our values, from the runs that ship."""
    from bnviz.story.results import document

    if options.out is None:
        print(document(), end="")
        return
    if options.out.suffix != ".md":
        raise ValueError(f"--out must end in .md, got {options.out}")
    in_a_folder(options.out)
    options.out.write_text(document(), encoding="utf-8")
    print(options.out)


def export_options(command: argparse.ArgumentParser) -> None:
    runs_argument(command)
    command.add_argument(
        "--out", type=Path, required=True, help="the file to write; its ending sets the format"
    )
    figure_options.add_to(command)


def lesson_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, required=True, help="the .html file to write")


def results_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, help="the .md file; standard output by default")


def report_options(command: argparse.ArgumentParser) -> None:
    runs_argument(command)
    command.add_argument("--out", type=Path, required=True, help="the .html file to write")
    command.add_argument(
        "--title",
        default="Why does batch normalisation help? A report",
        help="the heading of the page",
    )


def runs_argument(command: argparse.ArgumentParser) -> None:
    """Add the argument that names the runs."""
    text = "an id or its first characters, or a preset for its finished runs"
    command.add_argument("runs", nargs="+", metavar="RUN", help=text)
