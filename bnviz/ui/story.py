"""A chapter of the story on a page: its figure, drawn once for all readers, and its controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from pandas import DataFrame

from bnviz.export.takeaway import Takeaway, rows_of
from bnviz.figures import panel as panels
from bnviz.figures.panel import View
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.story.chapters import Chapter
from bnviz.ui import live
from bnviz.ui.live import Stamp
from bnviz.ui.plot import plot


@dataclass(frozen=True)
class Drawn:
    """A chapter's figure, the runs that it shows, and what can be exported of it."""

    chapter: Chapter
    runs: list[Run]
    take: Takeaway

    @property
    def caption(self) -> str:
        """What the figure was measured on, in a sentence or two."""
        one = " Only the first of several seeds is drawn." if self.only_first else ""
        return f"Measured on {self.take.caption}.{one}"

    @property
    def only_first(self) -> bool:
        """Whether there are several seeds but the figure shows no mean, only the first of them."""
        return not self.chapter.figure.averages and len({run.spec.seed for run in self.runs}) > 1

    def show(
        self,
        key: str,
        figure: go.Figure | None = None,
        on_export: Callable[[Any], None] | None = None,
        height: int | None = None,
    ) -> None:
        """Draw the figure, or `figure` in its place, such as an enlarged one."""
        chapter = self.chapter
        plot(
            figure or self.take.figure,
            key=key,
            revision=f"{chapter.slug}-{live.revision(self.runs)}",
            alt=f"{chapter.heading}. {text(chapter, self)}",
            filename=f"bnviz-{chapter.slug}",
            on_export=on_export,
            height=height,
        )

    def take_seen(self, look: Mapping[str, Any]) -> Takeaway:
        """Return the export with the reader's zoom and hidden networks."""
        return replace(self.take, look=look)


def drawn(chapter: Chapter) -> Drawn | None:
    """Return the figure of a chapter from its finished runs, or None if none is finished."""
    runs = chapter.finished(Store())
    if not runs:
        return None
    view, numbers, figure = made(chapter.slug, live.stamp_of(runs), chapter, runs)
    take = Takeaway(
        chapter.panel,
        chapter.heading,
        panels.regime([run.spec for run in runs]),
        figure,
        numbers,
        partial(chapter.figure.measure, view),
        tuple(runs),
        live.options(live.Choices(view.step, chapter.layers, statistic=chapter.statistic)),
    )
    return Drawn(chapter, runs, take)


@st.cache_resource(max_entries=32, show_spinner=False)
def made(
    slug: str, stamp: Stamp, _chapter: Chapter, _runs: list[Run]
) -> tuple[View, DataFrame, go.Figure]:
    """Return the view, the numbers and the figure of a chapter, cached until its runs change."""
    figure = _chapter.figure
    view = _chapter.view(_runs, rows_of([figure], _runs, layers=_chapter.layers))
    return view, *figure.figure(view)


def text(chapter: Chapter, drawn: Drawn | None) -> str:
    """Return the text of a chapter with the numbers of the runs that are drawn."""
    return chapter.told(drawn.runs if drawn else [])


def not_yet(chapter: Chapter) -> None:
    """Say what to do if none of a chapter's runs is finished."""
    st.info(
        "Not measured yet: open the page and press **Run**. The figure appears here when the runs "
        "are finished.",
        icon=":material/hourglass_empty:",
    )
    more(chapter)


def more(chapter: Chapter) -> None:
    """Draw a link to the page that shows this figure and more."""
    page_link(chapter.page, chapter.link, type="tertiary", key=f"more-{chapter.slug}")


def page_link(page: str, address: str, icon: str = ":material/arrow_forward:", **look: Any) -> None:
    """Draw a button that opens a page at this address."""
    name = page.replace("_", " ").capitalize()
    st.link_button(f"Page {name}", address, icon=icon, **look)


def formula(chapter: Chapter) -> None:
    """Draw a popover with the formula and what to look at."""
    with st.popover(
        "Formula", icon=":material/functions:", type="tertiary", key=f"formula-{chapter.slug}"
    ):
        st.text(chapter.formula)
        st.markdown(f"**What to look at.** {chapter.reading}")
