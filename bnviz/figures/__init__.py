"""Draw numbers as plotly figures. Each subject is a module with its drawing functions and panels.

This package imports neither Streamlit nor the store. Every `Panel` at the top level of a module
here is found automatically and collected in PANELS, where pages, command line, bundles and reports
look it up by name. Start with `panel`, then read a subject such as `landscape`.
"""

from __future__ import annotations

from types import ModuleType

from bnviz.discover import modules
from bnviz.figures.panel import Panel

# The order of subjects in reports and on the command line. Subjects not listed here come last.
ORDER = (
    "training",
    "distributions",
    "covariate_shift",
    "landscape",
    "gradients",
    "surface",
    "theory",
    "sweep",
    "rates",
)


def _place(module: ModuleType) -> int:
    name = module.__name__.rsplit(".", 1)[1]
    return ORDER.index(name) if name in ORDER else len(ORDER)


PANELS: dict[str, Panel] = {
    panel.name: panel
    for module in sorted(modules(__name__, __path__), key=_place)
    for panel in vars(module).values()
    if isinstance(panel, Panel)
}
