"""The story on paper: a lesson for a class and a report on any runs, each one HTML file with its interactive figures in it.

A file needs no network: plotly.js stands in it once, from plotly's own package. It is made for light paper, A4, and for screens down
to a telephone's. Answers and formulas are folded away. This knows no Streamlit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import plotly.graph_objects as go
import plotly.io as pio
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
from bnviz.story.chapters import CHAPTERS, QUESTIONS, Chapter, Question
from bnviz.training.norms import NORMS
from bnviz.words import duration

CONFIG = {"showSendToCloud": False, "displaylogo": False, "responsive": True}
STYLE = STYLES["page"]  # of figures

CSS = f"""
:root {{ color-scheme: light }}
body {{ max-width: {STYLE.width:.0f}px; margin: 2rem auto; padding: 0 1rem; color: #15181e; background: #fff;
  font: 16px/1.5 {typeface.FAMILIES} }}
h1, h2, h3 {{ line-height: 1.25; break-after: avoid }}
h2 {{ margin-top: 2.5rem }}
figure {{ margin: 1rem 0 }}
figcaption, .note {{ font-size: .875rem; color: #4a505b }}
details {{ margin: .5rem 0; padding: .25rem .75rem; border: 1px solid #dde1e7; border-radius: .375rem }}
summary {{ cursor: pointer; color: #1f5fa8 }}
:focus-visible {{ outline: 2px solid #1f5fa8; outline-offset: 2px }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: .875rem }}
th, td {{ padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #dde1e7 }}
pre {{ overflow-x: auto; font-size: .8rem }}
ol.questions > li {{ margin: 1.25rem 0 }}
@page {{ size: A4; margin: 16mm 18mm }}
@media print {{
  body {{ margin: 0; padding: 0; font-size: 11pt }}
  figure, li, tr, details, .chapter {{ break-inside: avoid }}
  .modebar-container, .screen {{ display: none }}
  .wide, pre {{ overflow: visible; white-space: pre-wrap }}
  details.formula::details-content {{ content-visibility: visible; block-size: auto }}
}}
"""


# The lesson


def lesson(store: Store) -> str:
    """The chapters of the story and ten questions with their answers folded away, drawn from the runs of `store` that are done."""
    rows = judging.rows(story.finished(store))
    told = "".join(
        chapter_section(number, chapter, chapter.finished(store), rows)
        for number, chapter in enumerate(CHAPTERS.values(), 1)
    )
    asked = "".join(map(question_item, QUESTIONS))
    body = (
        f"{marked(LESSON)}<div class='note screen'>{marked(LESSON_ON_SCREEN)}</div>\n{told}"
        f"<section>\n<h2>Ten questions</h2>\n<ol class='questions'>\n{asked}</ol>\n</section>\n{citation()}"
    )
    return page("Why does batch normalisation help?", body)


LESSON = (
    "Since 2015 almost every deep network has normalised its layers, and trains faster for it. Why? Here are measurements on small networks, after "
    "Santurkar, Tsipras, Ilyas and Mądry, *How Does Batch Normalization Help Optimization?* (2018). Look at each figure before you read on."
)
LESSON_ON_SCREEN = (
    "Drag over a figure to zoom, double-click to see all of it again, click a name in its legend to hide that network. "
    "On paper the formulas are printed, and the answers only where they are unfolded."
)


def chapter_section(number: int, chapter: Chapter, runs: Sequence[Run], rows: DataFrame) -> str:
    """One chapter: its text, its figure, its formula; a sentence where none of its runs is finished."""
    shown = f"<p><strong>Not measured yet.</strong> <code>{command(chapter)}</code> makes its runs.</p>\n"
    if runs:
        _, figure = chapter.figure.figure(chapter.view(runs, rows))
        caption = f"{chapter.reading} {measured_on([run.spec for run in runs], only_first(chapter.figure, runs))}"
        shown = picture(figure, f"{chapter.heading}. {chapter.text}", caption)
    formula = folded("Formula", f"<p>{escape(chapter.formula)}</p>", "formula")
    more = f"<p class='note'>More of it in bnviz, page {chapter.page.replace('_', ' ').capitalize()}.</p>\n"
    heading = f"<h2>{number}. {escape(chapter.heading)}</h2>\n<p>{escape(chapter.text)}</p>\n"
    return f"<section class='chapter'>\n{heading}{shown}{formula}{more}</section>\n"


def command(chapter: Chapter) -> str:
    """What makes a chapter's runs."""
    return " && ".join(
        f"python -m bnviz run --preset {chapter.preset} --seed {seed}" for seed in chapter.seeds
    )


def question_item(question: Question) -> str:
    """A question, and its answer behind a click."""
    answer = folded("Answer", f"<p>{escape(question.answer)}</p>")
    return f"<li><strong>{escape(question.question)}</strong>\n{answer}</li>\n"


# The report


def report(runs: Sequence[Run], title: str) -> str:
    """What these runs are and every figure of them, runs that differ in more than network, learning rate and seed apart.

    ValueError where there are none. Runs that are not finished are reported as far as they are.
    """
    if not runs:
        raise ValueError("a report needs at least one run; `python -m bnviz runs` lists them")
    groups = comparisons(runs)
    headed = len(groups) > 1
    told = "".join(
        f"<section>\n<h2>Figures{f': {escape(panels.regime(specs_of(group)))}' if headed else ''}</h2>\n{figures_of(group)}</section>\n"
        for group in groups
    )
    return page(title, f"{about(runs)}{told}{verdicts(runs)}{citation()}")


def comparisons(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that may stand in one figure together: those that differ in normalisation, learning rate and seed only."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(
            run.spec.model_copy(update={"norm": "none", "lr": 1.0, "seed": 0}).id, []
        ).append(run)
    return list(groups.values())


def about(runs: Sequence[Run]) -> str:
    """What was asked, where it was computed, how long it took, with which software."""
    lines = [
        [
            NORMS[run.spec.norm].label,
            run.spec.regime(),
            str(run.spec.seed),
            run.state,
            str(run.meta().get("device", "")),
            duration(run.meta()["seconds"]) if "seconds" in run.meta() else "",
            run.id,
        ]
        for run in runs
    ]
    heads = ["Network", "Regime", "Seed", "State", "Device", "Computed in", "Id"]
    software = bundle.versions(runs)
    of_runs = {tuple(sorted(versions.items())) for versions in software.pop("runs").values()}
    said = [
        words(software),
        *(
            f"runs computed with {words(dict(versions))}"
            for versions in sorted(of_runs)
            if versions
        ),
    ]
    return f"<section>\n<h2>Runs</h2>\n{table(heads, lines)}<p class='note'>{escape('; '.join(said))}.</p>\n</section>\n"


def words(versions: Mapping[str, str]) -> str:
    """Names and versions in a line."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def figures_of(runs: Sequence[Run]) -> str:
    """Every panel of which these runs have numbers, with its sentence, and its numbers in words."""
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
            drawn.append(
                f"<h3>{escape(panel.title)}</h3>\n{marked(panel.reading)}{shown}{marked(in_words(panel, numbers))}"
            )
    return "".join(drawn) or "<p>Nothing measured yet.</p>\n"


def in_words(panel: Panel, numbers: DataFrame) -> str:
    """What a panel says of its numbers, or where each of its curves over training ends."""
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


def verdicts(runs: Sequence[Run]) -> str:
    """The papers' claims that these runs can judge; nothing where they can judge none."""
    done = {run.id: run for run in runs if run.state == "done"}
    rows = judging.rows(done.values())
    judged = []
    for claim in CLAIMS.values():
        used = [run.id for run in judging.used(claim, done)]
        if used and (verdict := judging.judge(claim, rows[rows["run"].isin(used)])).n:
            doubt = f" ({verdict.doubt})" if verdict.doubt else ""
            judged.append(
                [
                    claim.says,
                    claim.source,
                    claim.theirs,
                    f"{claim.quantity}: {verdict.ours}",
                    f"{verdict.words}{doubt}",
                ]
            )
    heads = ["Claim", "Source", "The paper", "Ours", "Verdict"]
    return (
        f"<section>\n<h2>The papers' claims on these runs</h2>\n{table(heads, judged)}</section>\n"
        if judged
        else ""
    )


# Both


def specs_of(runs: Iterable[Run]) -> list[RunSpec]:
    """Their questions."""
    return [run.spec for run in runs]


def only_first(panel: Panel, runs: Sequence[Run]) -> bool:
    """Whether a figure of these runs shows one seed of several."""
    return not panel.averages and len({run.spec.seed for run in runs}) > 1


def measured_on(specs: Sequence[RunSpec], first: bool) -> str:
    """The regime of a figure, and its seeds."""
    one = " Only the first of several seeds is drawn." if first else ""
    return f"Measured on {panels.regime(specs)}.{one}"


def picture(figure: go.Figure, alt: str, caption: str) -> str:
    """A figure in its own place, as wide as the page is, with its text alternative."""
    paper = styled(figure, STYLE)
    paper.frames = ()
    paper.update_layout(width=None, autosize=True)
    height = f"{paper.layout.height}px"
    drawn = pio.to_html(
        paper, CONFIG, include_plotlyjs=False, full_html=False, default_height=height
    )
    return f'<figure aria-label="{escape(plain(alt))}">\n{drawn}\n<figcaption>{escape(caption)}</figcaption>\n</figure>\n'


def folded(summary: str, content: str, kind: str = "answer") -> str:
    """Something behind a click."""
    return f"<details class='{kind}'><summary>{summary}</summary>{content}</details>\n"


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table that scrolls by itself where the page is narrow."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in heads)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>\n" for line in lines
    )
    return f"<div class='wide' tabindex='0'><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"


def citation() -> str:
    """Whom to cite."""
    text = bundle.CITATION.format(version=__version__)
    return f"<section>\n<h2>Please cite</h2>\n<pre tabindex='0'>{escape(text)}</pre>\n</section>\n"


def plain(text: str) -> str:
    """Markdown's emphasis taken off."""
    return text.replace("*", "")


def marked(text: str) -> str:
    """The little Markdown that panels speak: emphasis, and lists whose lines begin with a hyphen."""
    html = re.sub(
        r"\*(.+?)\*", r"<em>\1</em>", re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text))
    )
    lines = html.splitlines()
    if lines and all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{line[2:]}</li>' for line in lines)}</ul>\n"
    return f"<p>{html}</p>\n" if html else ""


def page(title: str, body: str) -> str:
    """The whole file."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{typeface.style()}<style>{CSS}</style>\n<script>{get_plotlyjs()}</script>\n{typeface.script()}</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
