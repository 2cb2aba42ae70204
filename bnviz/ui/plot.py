"""One plotly figure on a page, drawn in place: new data keep the DOM node, the zoom, the legend's choice and the hover.

Streamlit's own chart is mounted anew whenever its data change; here the browser calls `Plotly.react` (see plot.js).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from bnviz.export import typeface

HEIGHT = 360  # pixels, for a figure that names no height
PLAYER = 44  # pixels, below a figure with frames
FOOT = 36  # pixels, for the button that exports

_HERE = Path(__file__).parent
_SOURCE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_LIBRARY = "bnviz.plotly"  # the name under which Streamlit serves its folder
_FONTS = "bnviz_export.fonts"
_SERVED = "_stcore/bidi-components"
_component = st.components.v2.component(
    "bnviz_plot",
    html='<figure class="bnviz-plot"><div class="bnviz-plot-box"></div><div class="bnviz-plot-player" hidden>'
    '<button type="button">Play</button><input type="range" min="0" aria-label="Measured step"><output></output></div>'
    '<div class="bnviz-plot-foot" hidden><button type="button">Export</button></div><p hidden></p></figure>',
    css=(_HERE / "plot.css").read_text("utf-8"),
    js=(_HERE / "plot.js").read_text("utf-8"),
    isolate_styles=False,
)


def serve(name: str, folder: Path) -> None:
    """Let Streamlit serve a folder from where pip put it, so that nothing need be writable."""
    manager = get_bidi_component_manager()
    if manager.get_component_path(name) is None:
        package, component = name.split(".")
        assets = ComponentConfig(component, asset_dir=folder.name)
        manager.register_from_manifest(
            ComponentManifest(package, plotly.__version__, [assets]), folder.parent
        )


def plot(
    figure: go.Figure,
    *,
    key: str,
    revision: str,
    alt: str,
    filename: str,
    on_export: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Draw `figure`, or update the one already drawn under `key`.

    Zoom and legend live as long as `revision` stays the same. `alt` says in words what the plot shows. `filename`, without
    an ending, names the downloads. A figure with frames gets a player; its frames name steps, and `layout.meta["frame"]`
    says which of them the figure shows as it is. `on_export` is called when the reader wants to take the figure along, with
    what is seen of it, as `bnviz.export.as_seen` takes it; without it there is no such button.
    """
    serve(_LIBRARY, _SOURCE.parent)
    serve(_FONTS, typeface.FOLDER)
    head = {
        "alt": alt,
        "filename": filename,
        "library": f"{_SERVED}/{_LIBRARY}/{_SOURCE.name}?v={plotly.__version__}",
        "fonts": {
            weight: f"{_SERVED}/{_FONTS}/{path.name}" for weight, path in typeface.FILES.items()
        },
        "revision": revision,
        "title": alt.partition(".")[0],
        "exports": on_export is not None,
    }
    body = figure.to_json(
        validate=False, remove_uids=False
    )  # a trace's uid ties its legend choice to it
    payload = f'{json.dumps(head)[:-1]}, "figure": {body}}}'.encode()
    # Streamlit keys the element by `key` alone, and drops bytes above 10 kB that the browser says it still has.
    height = (
        int(figure.layout.height or HEIGHT)
        + (PLAYER if figure.frames else 0)
        + (FOOT if on_export else 0)
    )
    result = _component(key=key, data=payload, height=height, on_export_change=lambda: None)
    if on_export and result.export is not None:
        on_export(dict(result.export))
