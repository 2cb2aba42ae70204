"""Numbers -> plotly figures: each subject is a module with its drawing functions and its panels.

Knows no Streamlit and no store. A `Panel` at the top of a module here is known by its name to pages,
command line, bundles and reports. Start with `panel`, then a subject such as `landscape`.
"""

from __future__ import annotations

from types import ModuleType

from bnviz.discover import modules
from bnviz.figures.panel import Panel

# The order in reports and on the command line; other subjects follow.
ORDER = ("training", "distributions", "covariate_shift", "landscape", "surface", "theory", "sweep")


def _place(module: ModuleType) -> int:
    name = module.__name__.rsplit(".", 1)[1]
    return ORDER.index(name) if name in ORDER else len(ORDER)


PANELS: dict[str, Panel] = {
    panel.name: panel
    for module in sorted(modules(__name__, __path__), key=_place)
    for panel in vars(module).values()
    if isinstance(panel, Panel)
}
