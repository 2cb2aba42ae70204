"""A plotly figure on a page that is updated in place.

New data keep the DOM node, the zoom, the networks hidden in the legend and the hover. Streamlit's
own chart is mounted anew whenever its data change; here the browser calls `Plotly.react` (plot.js).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import plotly.graph_objects as go
from _plotly_utils.utils import convert_to_base64
from plotly.io import to_json
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from bnviz.export import typeface
from bnviz.figures.unchecked import traces
from bnviz.recent import once_each
from bnviz.ui.custom import custom

HEIGHT = 360  # pixels of a figure without a height of its own
PLAYER = 44  # pixels of the player below a figure with frames
FOOT = 36  # pixels of the export button
STEP = 62  # pixels of the step control

# plotly.js comes in two parts: the small one cannot draw in three dimensions. The names are those
# under which Streamlit serves their folders.
_WHOLE = "bnviz.plotly", Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_SMALL = "bnviz_small.plotly", Path(__file__).parent / "plotly" / "plotly-cartesian.min.js"
_IN_3D = {"surface", "scatter3d", "mesh3d"}  # types of traces
_FONTS = "bnviz_export.fonts"
_SERVED = "_stcore/bidi-components"
_component = custom(
    "plot",
    "in_sight.js",
    "svg_part.js",
    "plot_theme.js",
    "plot_pictures.js",
    "plot_steps.js",
    "plot_labels.js",
    "plot.js",
    html='<figure class="bnviz-plot"><div class="bnviz-plot-box"></div>'
    '<div class="bnviz-plot-player" hidden><button type="button">Play</button>'
    '<input type="range" min="0" aria-label="Measured step"><output></output></div>'
    '<div class="bnviz-plot-foot" hidden><output></output>'
    '<button type="button">Export</button></div>'
    "<p hidden></p></figure>",
    styles="plot.css",
)
_step = custom(
    "step",
    "step.js",
    html='<label class="bnviz-step">Step <output></output>'
    '<input type="range" min="0" aria-label="Step"></label>',
    styles="step.css",
)


def step_control() -> None:
    """Draw the slider that chooses the step of all figures on the page, in the browser."""
    _step(key="step-control", height=STEP)


def serve(name: str, folder: Path) -> None:
    """Let Streamlit serve a folder from where pip installed it, so that nothing need be copied."""
    manager = get_bidi_component_manager()
    if manager.get_component_path(name) is None:
        package, component = name.split(".")
        assets = ComponentConfig(component, asset_dir=folder.name)
        manager.register_from_manifest(
            ComponentManifest(package, plotly.__version__, [assets]), folder.parent
        )


def serve_all() -> None:
    """Let Streamlit serve plotly.js and the typeface."""
    for name, file in (_WHOLE, _SMALL):
        serve(name, file.parent)
    serve(_FONTS, typeface.FOLDER)


def plot(
    figure: go.Figure,
    *,
    key: str,
    revision: str,
    alt: str,
    filename: str,
    on_export: Callable[[dict[str, Any]], None] | None = None,
    height: int | None = None,
    step: int | None = None,
) -> None:
    """Draw `figure`, or update the one already drawn under `key`.

    Zoom and legend stay as long as `revision` stays the same. `alt` is the text alternative: the
    title, a full stop, and what the figure shows. `filename`, without an ending, names the
    downloads. Frames are named after steps; at first the newest up to `step` is shown, or the one
    that `layout.meta` names. `height`, in pixels, replaces the figure's own. `on_export` is called
    when the reader presses Export, with the view as `bnviz.export.as_seen` takes it. Without it
    there is no such button.
    """
    serve_all()
    head = {"alt": alt, "filename": filename, "revision": revision, "height": height, "step": step}
    head |= {"title": alt.partition(".")[0], "exports": on_export is not None}
    # Streamlit identifies the element by `key` alone. It does not send bytes above 10 kB again if
    # the browser says that it still has them.
    result = _component(
        key=key,
        data=_payload(head, figure),
        height=_room(figure, height) + (FOOT if on_export else 0),
        on_export_change=lambda: None,
    )
    if on_export and result.export is not None:
        on_export(dict(result.export))


def _room(figure: go.Figure, height: int | None) -> int:
    """Return the height of a figure and its player, in pixels."""
    player = PLAYER if "player" in (figure.layout.meta or {}) else 0
    return int(height or figure.layout.height or HEIGHT) + player


def library(is3d: bool = False) -> str:
    """Return the path under which plotly.js is served, which names it in the browser."""
    name, file = _WHOLE if is3d else _SMALL
    return f"{_SERVED}/{name}/{file.name}?v={plotly.__version__}"


def _payload(head: dict[str, Any], figure: go.Figure) -> bytes:
    """Return the JSON that plot.js reads: `head`, where to find plotly.js and fonts, the figure."""
    is3d = bool(_IN_3D & {trace["type"] for trace in traces(figure)})
    served = {
        "is3d": is3d,
        "library": library(is3d),
        "fonts": {
            weight: f"{_SERVED}/{_FONTS}/{path.name}" for weight, path in typeface.FILES.items()
        },
    }
    return f'{json.dumps(head | served)[:-1]}, "figure": {text_of(figure)}}}'.encode()


@once_each
def text_of(figure: go.Figure) -> str:
    """Return a figure as JSON, from which bnviz/ui/plot.js draws it."""
    parts = {"data": traces(figure), "layout": figure._layout}
    if figure.frames:
        parts["frames"] = [frame.to_plotly_json() for frame in figure.frames]
    whole = _packed(parts)
    convert_to_base64(whole)
    # The uids stay, because the browser remembers by uid which traces the legend hides.
    return str(to_json(whole, validate=False, remove_uids=False))


def _packed(part: Any) -> Any:
    """Return a copy of a part of a figure, with base64 in place of arrays of float32.

    plotly's `convert_to_base64`, which does the same for all arrays, takes ten times as long.
    """
    if isinstance(part, dict):
        return {name: _packed(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_packed(value) for value in part]
    flat = isinstance(part, np.ndarray) and part.ndim == 1 and part.size
    if flat and part.dtype == np.float32:
        return {"dtype": "f4", "bdata": b64encode(part).decode("ascii")}
    return part
