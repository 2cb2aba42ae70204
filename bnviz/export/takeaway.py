"""Export one or several figures together with their data, their runs and the command.

The figures are exported as the reader sees them on the screen.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from pandas import DataFrame

from bnviz import export
from bnviz.analysis.distributions import HISTOGRAM
from bnviz.export import ExportError, Style
from bnviz.figures import panel as panels
from bnviz.figures.distributions import histogram_steps
from bnviz.figures.lines import SECONDS, STEPS, Lines
from bnviz.figures.panel import EACH, Panel
from bnviz.runs.bundle import bundle
from bnviz.runs.run import Run
from bnviz.runs.store import joined, stacked
from bnviz.spec_words import command

PICTURES = ("pdf", "svg", "png")
SUFFIXES = (*export.FORMATS, "tex", "csv", "parquet", "zip")


@dataclass(frozen=True)
class Takeaway:
    """One figure and everything that its export needs."""

    name: str
    title: str
    caption: str
    figure: go.Figure
    numbers: DataFrame  # as drawn
    full: Callable[[], DataFrame]  # returns the numbers at full resolution
    runs: tuple[Run, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)  # of the command that repeats it
    look: Mapping[str, Any] = field(default_factory=dict)  # see export.as_seen

    def seen(self) -> go.Figure:
        """Return the figure with the reader's zoom and legend choices."""
        return export.as_seen(self.figure, self.look)

    def picture(self, format: str, style: Style) -> bytes:
        """Return a file in one of export.FORMATS; ExportError if it cannot be made."""
        return export.render(self.seen(), format, style, self.caption)

    def latex(self, pdf: bytes | str | None, name: str = "") -> dict[str, bytes | str]:
        """Return the LaTeX snippets and the files that they read, by name.

        There is a picture, a table and a plot. Without `pdf` the file of the picture is missing.
        """
        name = name or self.name
        texts = export.snippets(self.seen(), self.numbers, name)
        return {**texts, f"{export.plain_name(name)}.pdf": pdf} if pdf else {**texts}

    def pdf(self, style: Style) -> bytes | None:
        """Return the figure as PDF; None if no browser can draw it."""
        try:
            return self.picture("pdf", style)
        except ExportError:
            return None

    def command(self, style: Style) -> str:
        """Return the command that makes the same file as PDF."""
        options = {"figure": self.name, "style": style.name, **self.options}
        if self.look:
            options["look"] = json.dumps(self.look)
        words = [word for name, value in options.items() for word in flag(name, value)]
        ids = [run.id for run in self.runs]
        return shlex.join(
            ["python", "-m", "bnviz", "export", *ids, *words, "--out", f"{self.name}.pdf"]
        )


def of_runs(
    panel: Panel,
    runs: Sequence[Run],
    *,
    step: int | None = None,
    layers: Sequence[str] = (),
    choice: str = "",
    statistic: str = EACH,
    paper: bool = False,
    unit: str = STEPS,
    smoothing: float = 0.0,
    look: Mapping[str, Any] | None = None,
) -> Takeaway:
    """Return the figure of these runs, with the choices that a page offers its reader.

    Raises ValueError if the figure shows nothing about them.
    """
    specs = [run.spec for run in runs]
    if not panel.about(specs):
        raise ValueError(f"figure {panel.name} is not about these runs")
    rows = rows_of([panel], runs, step, layers)
    chosen: dict[str, Any] = {"step": step, "layers": layers, "statistic": statistic}
    lines = lines_of(runs, unit, smoothing)
    view = panels.view(rows, specs, choice=choice, lines=lines, **chosen)
    view = replace(view, paper=panel.counterpart(specs, choice, unit) if paper else None)
    numbers, figure = panel.figure(view)
    named = {"step": step, "layers": ",".join(layers), "view": choice}
    return Takeaway(
        name=panel.name,
        title=panel.title,
        caption=panels.regime(specs),
        figure=figure,
        numbers=numbers,
        full=partial(panel.measure, view),
        runs=tuple(runs),
        options=named | {"over": statistic, "paper": paper} | line_options(unit, smoothing),
        look=look or {},
    )


def lines_of(runs: Sequence[Run], unit: str, smoothing: float) -> Lines:
    """Return how figures over steps of these runs are drawn."""
    seconds = {run.id: run.seconds_per_step for run in runs} if unit == SECONDS else {}
    return Lines(unit, smoothing, seconds)


def line_options(unit: str, smoothing: float) -> dict[str, Any]:
    """Return these choices as options of `python -m bnviz export`; None for a default."""
    return {"unit": None if unit == STEPS else unit, "smoothing": smoothing or None}


def rows_of(
    shown: Iterable[Panel],
    runs: Sequence[Run],
    step: int | None = None,
    layers: Sequence[str] = (),
    every: bool = False,
) -> DataFrame:
    """Return the rows that these panels need.

    Histograms have by far the most rows; only those of the layers shown are read, and unless
    `every` is true, only those of the steps shown.
    """
    metrics = panels.metrics_of(shown)
    if metrics is None or HISTOGRAM not in metrics:
        return joined(runs, metrics)
    rows = joined(runs, metrics - {HISTOGRAM})
    view = panels.view(rows, [run.spec for run in runs], step=step, layers=layers)
    histograms = joined(runs, {HISTOGRAM}, None if every else histogram_steps(view))
    return stacked([rows, histograms[histograms["layer"].isin(view.layers)]])


def save(take: Takeaway, path: Path, format: str, style: Style, full: bool = False) -> list[Path]:
    """Write a figure or its numbers to `path`, and return the files written.

    There are several for LaTeX, one for all other formats. `full` writes a table at full
    resolution.
    """
    if format in ("csv", "parquet"):
        path.write_bytes(export.table(take.full() if full else take.numbers, format))
    elif format == "zip":
        path.write_bytes(zipped([take], take.title, style, {}))
    elif format == "tex":
        made = take.latex(take.pdf(style), path.stem)
        for name, content in made.items():
            (path.parent / name).write_bytes(encoded(content))
        return [path.parent / name for name in made]
    else:
        path.write_bytes(take.picture(format, style))
    return [path]


def encoded(content: bytes | str) -> bytes:
    """Return the bytes of a file's content; a text is encoded in UTF-8."""
    return content.encode() if isinstance(content, str) else content


def flag(name: str, value: Any) -> list[str]:
    """Return the words of one command-line option; none for a switch that is off."""
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    return [f"--{name}", str(value)] if value not in (None, "") else []


def files(take: Takeaway, style: Style, interactive: bool) -> dict[str, bytes | str]:
    """Return all files of one figure by path: pictures, LaTeX, and its data.

    The data are those drawn, and the same at full resolution. `interactive` adds an HTML page.
    """
    data = f"data/{take.name}"
    made: dict[str, bytes | str] = {
        f"{data}.csv": export.table(take.numbers, "csv"),
        f"{data}.parquet": export.table(take.numbers, "parquet"),
        f"{data}-full.parquet": export.table(take.full(), "parquet"),
    }
    made |= pictures(take, style)
    latex = take.latex(made.get(f"figures/{take.name}.pdf"))
    made |= {f"latex/{name}": content for name, content in latex.items()}
    if interactive:
        made[f"figures/{take.name}.html"] = take.picture("html", style)
    return made


def pictures(take: Takeaway, style: Style) -> dict[str, bytes | str]:
    """Return the pictures of a figure by path; if they cannot be made, a file that says why."""
    try:
        return {f"figures/{take.name}.{format}": take.picture(format, style) for format in PICTURES}
    except ExportError as problem:
        return {f"figures/{take.name}-missing.txt": f"{problem}\n"}


def zipped(
    takes: Sequence[Takeaway], title: str, style: Style, extra: Mapping[str, bytes | str]
) -> bytes:
    """Return a zip with the files of some figures, their runs, and the commands for both.

    `extra` are further files; with them, the figures come without their own HTML pages.
    """
    runs = list({run.id: run for take in takes for run in take.runs}.values())
    made = {
        name: content
        for take in takes
        for name, content in files(take, style, interactive=not extra).items()
    }
    commands = [*(command(run.spec) for run in runs), *(take.command(style) for take in takes)]
    return bundle(runs, made | dict(extra), commands, title)
