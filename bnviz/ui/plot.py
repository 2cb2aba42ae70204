"""One plotly figure on a page, drawn in place: new data keep the DOM node, the zoom, the legend's choice and the hover.

Streamlit's own chart is mounted anew whenever its data change; here the browser calls `Plotly.react` (see plot.js).
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st

HEIGHT = 360  # pixels, for a figure that names no height
PLAYER = 44  # pixels, below a figure with frames
FOOT = 36  # pixels, for the button that exports
STATIC = Path(__file__).parents[2] / "static"  # beside app.py, whence Streamlit serves it

_HERE = Path(__file__).parent
_SOURCE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_component = st.components.v2.component(
    "bnviz_plot",
    html='<figure class="bnviz-plot"><div class="bnviz-plot-box"></div><div class="bnviz-plot-player" hidden>'
    '<button type="button">Play</button><input type="range" min="0" aria-label="Measured step"><output></output></div>'
    '<div class="bnviz-plot-foot" hidden><button type="button">Export</button></div><p hidden></p></figure>',
    css=(_HERE / "plot.css").read_text("utf-8"),
    js=(_HERE / "plot.js").read_text("utf-8"),
    isolate_styles=False,
)


def publish_plotly_js(folder: Path = STATIC) -> None:
    """Put plotly's own plotly.min.js where Streamlit serves it, unless the same one lies there. Safe to call at any time."""
    target = folder / _SOURCE.name
    if target.is_file() and _identity(target) == _identity(_SOURCE):
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".plotly-")
    os.close(handle)
    shutil.copyfile(_SOURCE, temporary)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(target)  # a browser never reads half a file


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
    head = {
        "alt": alt,
        "filename": filename,
        "library": f"{_SOURCE.name}?v={plotly.__version__}",
        "revision": revision,
        "title": alt.partition(".")[0],
        "exports": on_export is not None,
    }
    body = figure.to_json(validate=False, remove_uids=False)  # a trace's uid ties its legend choice to it
    payload = f'{json.dumps(head)[:-1]}, "figure": {body}}}'.encode()
    # Streamlit keys the element by `key` alone, and drops bytes above 10 kB that the browser says it still has.
    height = int(figure.layout.height or HEIGHT) + (PLAYER if figure.frames else 0) + (FOOT if on_export else 0)
    result = _component(key=key, data=payload, height=height, on_export_change=lambda: None)
    if on_export and result.export is not None:
        on_export(dict(result.export))


def _identity(path: Path) -> tuple[int, bytes]:
    with path.open("rb") as file:
        return path.stat().st_size, file.read(64)  # the banner names the version
