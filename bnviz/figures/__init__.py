"""Numbers -> plotly figures: one module a subject, with its drawing functions and its panels beside them. Knows no Streamlit, no store.

Every `Panel` at the top of a module here is a figure that pages, command line, bundles and reports know by its name. Start with
`panel`, then any subject, such as `landscape`. A normalisation keeps its colour, dash and marker everywhere (`style`), and a run that
diverged ends in a cross. Figures leave the colours of text and grid to whoever shows them. An empty frame gives empty axes.
"""

from __future__ import annotations

from types import ModuleType

from bnviz.discover import modules
from bnviz.figures.panel import Panel

ORDER = (
    "training",
    "distributions",
    "covariate_shift",
    "landscape",
    "surface",
    "theory",
    "sweep",
)  # of reports; others follow


def _place(module: ModuleType) -> int:
    name = module.__name__.rsplit(".", 1)[1]
    return ORDER.index(name) if name in ORDER else len(ORDER)


PANELS: dict[str, Panel] = {
    panel.name: panel
    for module in sorted(modules(__name__, __path__), key=_place)
    for panel in vars(module).values()
    if isinstance(panel, Panel)
}
