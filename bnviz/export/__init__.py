"""Export a figure and its numbers as files for papers, slides, LaTeX and web pages.

The figures are those of bnviz.figures. Drawing them needs neither Streamlit nor the store of runs.
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
