"""The words of a page: its heading, what it is about, and how its numbers are measured."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bnviz.story.tour import Part
from bnviz.ui import link, terms
from bnviz.ui.experiment import experiment


@dataclass(frozen=True)
class About:
    """What the docstring of a page says about it.

    Attributes
    ----------
    title : heading of the page
    text : what the page is about
    measured : how its numbers are measured
    limits : what they do not show
    """

    title: str
    text: str
    measured: str = ""
    limits: str = ""

    @classmethod
    def of(cls, doc: str | None) -> About:
        """Read a docstring, in which lines with "---" separate the last three."""
        about, *rest = (part.strip() for part in (doc or "").split("\n---\n"))
        title, _, text = about.partition("\n")
        return cls(title, text.strip(), *rest)


def heading(words: About, part: Part | None = None) -> None:
    """Draw the heading of a page, how it is measured, and the button that copies the link.

    `part` is the part of the experiment that the page is about, if its drawing explains it.
    """
    terms.begin()
    with st.container(key="head", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"# {words.title}", width="content")
        if words.measured:
            with st.popover("How it is measured", icon=":material/info:", type="tertiary"):
                if part is not None:
                    experiment(part)
                terms.markdown(words.measured, "measured", alone=True)
        link.copy_button()
