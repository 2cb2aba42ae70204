"""The story on paper: a lesson for a class, and a report on any runs.

Each is one HTML file with interactive figures. It needs no network, because plotly.js is part of
the file. It fits A4 paper and screens down to a telephone's. The templates in `templates/` lay the
page out; the functions here gather what they show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go
import plotly.io as pio
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from pandas import DataFrame
from plotly.offline import get_plotlyjs

from bnviz import __version__
from bnviz.analysis.rows import newest
from bnviz.claims import CLAIMS, judging
from bnviz.export import STYLES, styled, typeface
from bnviz.export.takeaway import rows_of
from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.figures.panel import EACH, Panel
from bnviz.figures.style import curves
from bnviz.runs import bundle
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.story import chapters as story
from bnviz.story import theorems
from bnviz.story.chapters import CHAPTERS, Chapter
from bnviz.story.questions import QUESTIONS
from bnviz.training.norms import NORMS
from bnviz.words import duration

CONFIG = {"showSendToCloud": False, "displaylogo": False, "responsive": True}
STYLE = STYLES["page"]  # of figures
TEMPLATES = Environment(
    loader=PackageLoader("bnviz.story"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Picture(NamedTuple):
    """A figure as HTML, with its text alternative and its caption."""

    html: Markup
    alt: str
    caption: str


class Section(NamedTuple):
    """A chapter of the lesson. Without finished runs it has no picture but the command for them."""

    chapter: Chapter
    text: str
    picture: Picture | None
    command: str


class Figure(NamedTuple):
    """A figure of the report, with its most telling numbers in words."""

    panel: Panel
    picture: Picture
    numbers: str


class Group(NamedTuple):
    """Runs that share their figures, with their settings in words."""

    regime: str
    figures: list[Figure]


class Judged(NamedTuple):
    """A row of the report's table of claims."""

    claim: str
    source: str
    theirs: str
    ours: str
    verdict: str


# The lesson


def lesson(store: Store) -> str:
    """Return the lesson as HTML: the chapters of the story, and ten questions with folded answers.

    Between them is a table: the conditions of the paper's theorems in three networks. Figures and
    table are made from the finished runs of `store`.
    """
    rows = judging.rows(story.finished(store))
    sections = [section(chapter, chapter.finished(store), rows) for chapter in CHAPTERS.values()]
    title = "Why does batch normalisation help?"
    conditions = [line.cells for line in theorems.conditions(store)]
    return rendered(
        "lesson.html",
        title,
        sections=sections,
        heads=theorems.HEADS,
        conditions=conditions,
        questions=QUESTIONS,
    )


def section(chapter: Chapter, runs: Sequence[Run], rows: DataFrame) -> Section:
    """Return a chapter with its figure, drawn from those of `rows` that belong to `runs`."""
    text = chapter.told(runs)
    if not runs:
        return Section(chapter, text, None, command(chapter))
    _, figure = chapter.figure.figure(chapter.view(runs, rows))
    measured = measured_on([run.spec for run in runs], only_first(chapter.figure, runs))
    shown = picture(figure, f"{chapter.heading}. {text}", f"{chapter.reading} {measured}")
    return Section(chapter, text, shown, command(chapter))


def command(chapter: Chapter) -> str:
    """Return the shell command that makes a chapter's runs."""
    return " && ".join(
        f"python -m bnviz run --preset {chapter.preset} --seed {seed}" for seed in chapter.seeds
    )


# The report


def report(runs: Sequence[Run], title: str) -> str:
    """Return a report on these runs as HTML: their settings, every figure, and the claims.

    Runs that differ in more than network, learning rate and seed get separate figures. Unfinished
    runs are reported with what they have measured so far. Raises ValueError if there are no runs.
    """
    if not runs:
        raise ValueError("a report needs at least one run; `python -m bnviz runs` lists them")
    groups = [
        Group(panels.regime(specs_of(group)), figures_of(group)) for group in comparisons(runs)
    ]
    return rendered(
        "report.html",
        title,
        runs=[about(run) for run in runs],
        software=software_of(runs),
        groups=groups,
        verdicts=verdicts(runs),
    )


def comparisons(runs: Sequence[Run]) -> list[list[Run]]:
    """Group runs that may share a figure, which differ in network, learning rate and seed only."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        shared = run.spec.model_copy(update={"norm": "none", "lr": 1.0, "seed": 0})
        groups.setdefault(shared.id, []).append(run)
    return list(groups.values())


def about(run: Run) -> list[str]:
    """Return the cells of a run in the report's table of runs."""
    meta = run.meta()
    return [
        NORMS[run.spec.norm].label,
        run.spec.regime(),
        str(run.spec.seed),
        run.state,
        str(meta.get("device", "")),
        duration(meta["seconds"]) if "seconds" in meta else "",
        run.id,
    ]


def software_of(runs: Sequence[Run]) -> str:
    """Return the software that draws the report, and the software that computed the runs."""
    software = bundle.versions(runs)
    of_runs = {tuple(sorted(versions.items())) for versions in software.pop("runs").values()}
    computed = [
        f"runs computed with {words(dict(versions))}" for versions in sorted(of_runs) if versions
    ]
    return "; ".join([words(software), *computed])


def words(versions: Mapping[str, str]) -> str:
    """Return names and versions in one line."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def figures_of(runs: Sequence[Run]) -> list[Figure]:
    """Return a figure for every panel for which these runs have numbers."""
    specs = specs_of(runs)
    several = len({spec.seed for spec in specs}) > 1
    view = panels.view(rows_of(PANELS.values(), runs), specs, statistic="t" if several else EACH)
    drawn = []
    for panel in PANELS.values():
        if not panel.fits(specs):
            continue
        numbers = panel.fewer(panel.measure(view))
        if len(numbers):
            caption = measured_on(specs, only_first(panel, runs))
            shown = picture(panel.draw(numbers, view), f"{panel.title}. {panel.reading}", caption)
            drawn.append(Figure(panel, shown, in_words(panel, numbers)))
    return drawn


def in_words(panel: Panel, numbers: DataFrame) -> str:
    """Return a panel's summary of its numbers, or the last value of each curve over training."""
    if said := panel.say(numbers):
        return said
    if not panel.averages or "layer" in numbers or "step" not in numbers or "knob" in numbers:
        return ""
    last = newest(numbers.dropna(subset=list(panel.averages)), int(numbers["step"].max()))
    ends = [
        f"{curve.label} {' to '.join(f'{row[name]:{panel.number}}' for name in panel.averages)}"
        for curve, rows in curves(last)
        for _, row in rows.iterrows()
    ]
    return f"At the last measurement: {'; '.join(ends)}."


def verdicts(runs: Sequence[Run]) -> list[Judged]:
    """Return the papers' claims that the finished ones of these runs can judge."""
    done = {run.id: run for run in runs if run.state == "done"}
    rows = judging.rows(done.values())
    judged = []
    for claim in CLAIMS.values():
        ids = [run.id for run in judging.measured_on(claim, done)]
        if ids and (verdict := judging.judge(claim, rows[rows["run"].isin(ids)])).n:
            ours = "; ".join(filter(None, (verdict.ours, verdict.aside)))
            told = (claim.theirs, f"{claim.quantity}: {ours}", verdict.said)
            judged.append(Judged(claim.says, claim.source, *told))
    return judged


# Both


def specs_of(runs: Iterable[Run]) -> list[RunSpec]:
    """Return the settings of these runs."""
    return [run.spec for run in runs]


def only_first(panel: Panel, runs: Sequence[Run]) -> bool:
    """Return whether a figure of these runs shows only the first of several seeds."""
    return not panel.averages and len({run.spec.seed for run in runs}) > 1


def measured_on(specs: Sequence[RunSpec], first: bool) -> str:
    """Return the settings and seeds of a figure as a caption."""
    one = " Only the first of several seeds is drawn." if first else ""
    return f"Measured on {panels.regime(specs)}.{one}"


def picture(figure: go.Figure, alt: str, caption: str) -> Picture:
    """Return a figure as wide as the page, without its animation."""
    paper = styled(figure, STYLE)
    paper.frames = ()
    paper.update_layout(width=None, autosize=True)
    height = f"{paper.layout.height}px"
    drawn = pio.to_html(
        paper, CONFIG, include_plotlyjs=False, full_html=False, default_height=height
    )
    return Picture(Markup(drawn), plain(alt), caption)


def plain(text: str) -> str:
    """Remove Markdown's emphasis."""
    return text.replace("*", "")


def marked(text: str) -> Markup:
    """Turn the Markdown of panels into HTML.

    It has emphasis, and lists in which every line begins with a hyphen.
    """
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text)))
    lines = re.sub(r"\*(.+?)\*", r"<em>\1</em>", html).splitlines()
    if lines and all(line.startswith("- ") for line in lines):
        return Markup(f"<ul>{''.join(f'<li>{line[2:]}</li>' for line in lines)}</ul>\n")
    return Markup(f"<p>{chr(10).join(lines)}</p>\n" if lines else "")


def rendered(template: str, title: str, **values: object) -> str:
    """Return the whole file: a template with its title, style, plotly.js and citation."""
    return TEMPLATES.get_template(template).render(
        title=title,
        width=f"{STYLE.width:.0f}",
        families=typeface.FAMILIES,
        typeface_style=Markup(typeface.style()),
        typeface_script=Markup(typeface.script()),
        plotlyjs=Markup(get_plotlyjs()),
        citation=bundle.CITATION.format(version=__version__),
        **values,
    )


TEMPLATES.filters["marked"] = marked
