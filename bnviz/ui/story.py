"""A chapter's figure on a page: drawn once for all readers from the runs that are finished, and what stands around it."""

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
from bnviz.runs.store import Run, Store
from bnviz.story.chapters import CHAPTERS, Chapter
from bnviz.ui import live
from bnviz.ui.live import Stamp
from bnviz.ui.plot import plot


@dataclass(frozen=True)
class Drawn:
    """A chapter's figure, the runs that it shows, and what there is to take along of it."""

    chapter: Chapter
    runs: list[Run]
    take: Takeaway

    @property
    def caption(self) -> str:
        """What it was measured on."""
        one = " Of several seeds the first is drawn." if self.only_first else ""
        return f"Measured on {self.take.caption}.{one}"

    @property
    def only_first(self) -> bool:
        """Whether there are several seeds of which the figure has no mean."""
        return not self.chapter.figure.averages and len({run.spec.seed for run in self.runs}) > 1

    def show(
        self,
        key: str,
        figure: go.Figure | None = None,
        on_export: Callable[[Any], None] | None = None,
    ) -> None:
        """The figure in place, or another size of it."""
        chapter = self.chapter
        plot(
            figure or self.take.figure,
            key=key,
            revision=f"{chapter.slug}-{live.revision(self.runs)}",
            alt=f"{chapter.heading}. {chapter.text}",
            filename=f"bnviz-{chapter.slug}",
            on_export=on_export,
        )

    def take_seen(self, look: Mapping[str, Any]) -> Takeaway:
        """What there is to take along, as the reader sees it."""
        return replace(self.take, look=look)


def drawn(chapter: Chapter) -> Drawn | None:
    """The figure of a chapter from those of its runs that are done; None where none is."""
    runs = chapter.finished(Store())
    if not runs:
        return None
    view, numbers, figure = made(chapter.slug, tuple(map(live.newest, runs)), runs)
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
def made(slug: str, stamp: Stamp, _runs: list[Run]) -> tuple[View, DataFrame, go.Figure]:
    """A chapter's view, numbers and figure."""
    figure = CHAPTERS[slug].figure
    view = CHAPTERS[slug].view(_runs, rows_of([figure], _runs, layers=CHAPTERS[slug].layers))
    return view, *figure.figure(view)


def not_yet(chapter: Chapter) -> None:
    """What to do where none of a chapter's runs is finished."""
    st.info(
        "Not measured yet: open the page and press **Run**; the figure appears here when the runs are done.",
        icon=":material/hourglass_empty:",
    )
    more(chapter)


def more(chapter: Chapter) -> None:
    """The way to the page that has more of it."""
    st.link_button(
        f"Page {chapter.page.replace('_', ' ').capitalize()}",
        chapter.link,
        icon=":material/open_in_new:",
        type="tertiary",
        key=f"more-{chapter.slug}",
    )


def formula(chapter: Chapter) -> None:
    """What is measured, one click away."""
    with st.popover(
        "Formula", icon=":material/functions:", type="tertiary", key=f"formula-{chapter.slug}"
    ):
        st.text(chapter.formula)
        st.markdown(f"**What to look at.** {chapter.look}")
