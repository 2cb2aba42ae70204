"""A figure and its numbers as files that go into papers, slides, LaTeX and web pages.

It takes the figures of bnviz.figures and its siblings, and knows no Streamlit and no store.
"""

from bnviz.export.error import ExportError
from bnviz.export.files import FORMATS, render, table
from bnviz.export.latex import plain_name, snippets
from bnviz.export.look import as_seen
from bnviz.export.style import STYLES, Style, styled

__all__ = [
    "FORMATS",
    "STYLES",
    "ExportError",
    "Style",
    "as_seen",
    "plain_name",
    "render",
    "snippets",
    "styled",
    "table",
]
