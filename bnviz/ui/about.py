"""The words of a page: its heading, what it is about, and how its numbers are measured."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bnviz.ui import link, terms
from bnviz.ui.experiment import PARTS, experiment


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


def heading(words: About, page: str = "") -> None:
    """Draw the heading of a page, how it is measured, and the button that copies the link.

    Pages in PARTS also show a drawing of the experiment.
    """
    terms.begin()
    with st.container(key="head", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"# {words.title}", width="content")
        if words.measured:
            with st.popover("How it is measured", icon=":material/info:", type="tertiary"):
                if page in PARTS:
                    experiment(PARTS[page], page)
                terms.markdown(words.measured, "measured", alone=True)
        link.copy_button()
