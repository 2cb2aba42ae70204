"""What a reader takes along: one figure as it is on the screen, or several, as files, with their data, runs and the command."""

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
from bnviz.figures.panel import EACH, Panel
from bnviz.runs.bundle import bundle
from bnviz.runs.store import Run, joined, stacked
from bnviz.spec_words import command as question

PICTURES = ("pdf", "svg", "png")
SUFFIXES = (*export.FORMATS, "tex", "csv", "parquet", "zip")


@dataclass(frozen=True)
class Takeaway:
    """One figure, and what it was drawn from. `full` gives its numbers in full resolution; `options` repeat it on the command line."""

    name: str
    title: str
    caption: str
    figure: go.Figure
    numbers: DataFrame
    full: Callable[[], DataFrame]
    runs: tuple[Run, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    look: Mapping[str, Any] = field(default_factory=dict)

    def seen(self) -> go.Figure:
        """The figure as the reader has zoomed it and chosen in its legend."""
        return export.as_seen(self.figure, self.look)

    def picture(self, format: str, style: Style) -> bytes:
        """A file of export.FORMATS. ExportError where it cannot be made."""
        return export.render(self.seen(), format, style, self.caption)

    def latex(self, pdf: bytes | str | None, name: str = "") -> dict[str, bytes | str]:
        """Snippets for LaTeX and what they read, by file name: a picture, a table and a plot.

        Without `pdf`, the snippet of the picture lacks its file.
        """
        name = name or self.name
        texts = export.snippets(self.seen(), self.numbers, name)
        return {**texts, f"{export.plain_name(name)}.pdf": pdf} if pdf else {**texts}

    def pdf(self, style: Style) -> bytes | None:
        """Its PDF; None where no browser can draw it."""
        try:
            return self.picture("pdf", style)
        except ExportError:
            return None

    def command(self, style: Style) -> str:
        """What makes the same file elsewhere."""
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
    look: Mapping[str, Any] | None = None,
) -> Takeaway:
    """A panel of these runs, with what a page would let its reader choose. ValueError where it is not about any of them."""
    specs = [run.spec for run in runs]
    if not panel.about(specs):
        raise ValueError(f"figure {panel.name} is not about these runs")
    view = panels.view(
        rows_of([panel], runs, step, layers),
        specs,
        step=step,
        layers=layers,
        choice=choice,
        statistic=statistic,
    )
    view = replace(view, paper=panel.counterpart(specs, choice) if paper else None)
    numbers, figure = panel.figure(view)
    options = {
        "step": step,
        "layers": ",".join(layers),
        "view": choice,
        "over": statistic,
        "paper": paper,
    }
    full = partial(panel.measure, view)
    return Takeaway(
        panel.name,
        panel.title,
        panels.regime(specs),
        figure,
        numbers,
        full,
        tuple(runs),
        options,
        look or {},
    )


def rows_of(
    shown: Iterable[Panel], runs: Sequence[Run], step: int | None = None, layers: Sequence[str] = ()
) -> DataFrame:
    """The rows that these panels are made of; of the histograms, which are by far the most, only those that are drawn."""
    metrics = panels.metrics_of(shown)
    if metrics is None or HISTOGRAM not in metrics:
        return joined(runs, metrics)
    rows = joined(runs, metrics - {HISTOGRAM})
    view = panels.view(rows, [run.spec for run in runs], step=step, layers=layers)
    histograms = joined(runs, {HISTOGRAM}, histogram_steps(view))
    return stacked([rows, histograms[histograms["layer"].isin(view.layers)]])


def save(take: Takeaway, path: Path, format: str, style: Style, full: bool = False) -> list[Path]:
    """Write a figure or its numbers into a file, or several for LaTeX. -> what was written."""
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
    """What a file holds: a text in UTF-8, or the bytes themselves."""
    return content.encode() if isinstance(content, str) else content


def flag(name: str, value: Any) -> list[str]:
    """One option of the command line; a switch that is off is none."""
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    return [f"--{name}", str(value)] if value not in (None, "") else []


def files(take: Takeaway, style: Style, interactive: bool) -> dict[str, bytes | str]:
    """Everything of one figure: pictures, LaTeX, the data as drawn and in full resolution."""
    data = f"data/{take.name}"
    made: dict[str, bytes | str] = {
        f"{data}.csv": export.table(take.numbers, "csv"),
        f"{data}.parquet": export.table(take.numbers, "parquet"),
        f"{data}-full.parquet": export.table(take.full(), "parquet"),
    }
    made |= pictures(take, style)
    latex = take.latex(made.get(f"figures/{take.name}.pdf"))
    made |= {f"latex/{name}": content for name, content in latex.items()}
    return made | (
        {f"figures/{take.name}.html": take.picture("html", style)} if interactive else {}
    )


def pictures(take: Takeaway, style: Style) -> dict[str, bytes | str]:
    """Its static files; where they cannot be made, a file that says why."""
    try:
        return {f"figures/{take.name}.{format}": take.picture(format, style) for format in PICTURES}
    except ExportError as problem:
        return {f"figures/{take.name}-missing.txt": f"{problem}\n"}


def zipped(
    takes: Sequence[Takeaway], title: str, style: Style, extra: Mapping[str, bytes | str]
) -> bytes:
    """The bundle of some figures: their files, their runs, and how to make both again."""
    runs = list({run.id: run for take in takes for run in take.runs}.values())
    made = {
        name: content
        for take in takes
        for name, content in files(take, style, interactive=not extra).items()
    }
    commands = [*(question(run.spec) for run in runs), *(take.command(style) for take in takes)]
    return bundle(runs, made | dict(extra), commands, title)
