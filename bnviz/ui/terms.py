"""Texts of a page whose words show what they mean under the pointer, at their first use."""

from __future__ import annotations

from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bnviz.story.glossary import Term, marked


def begin() -> None:
    """Forget where the words of the page before were used first."""
    st.session_state["terms"] = {}


def markdown(
    text: str, place: str, into: DeltaGenerator | None = None, alone: bool = False
) -> None:
    """Draw a Markdown text, with the meaning of the words that the page uses here first.

    `place` names the text on its page: a part of the page that is drawn again marks the same words.
    A text that is read `alone`, as in a popover, explains its words itself.
    """
    first = {} if alone else st.session_state.setdefault("terms", {})

    def mark(term: Term, form: str) -> str:
        if first.setdefault(term.word, place) != place:
            return form
        meaning = escape(term.meaning, quote=True)
        return f'<span class="bnviz-term" tabindex="0" data-means="{meaning}">{form}</span>'

    (into or st).markdown(marked(text, mark), unsafe_allow_html=True)
