"""Make the files of a figure: pictures, web pages and tables."""

from __future__ import annotations

import io
from html import escape

import plotly.graph_objects as go
import plotly.io as pio
from pandas import DataFrame
from PIL import Image
from plotly.offline import get_plotlyjs

from bnviz.export import typeface
from bnviz.export.chrome import CHROME
from bnviz.export.error import ExportError
from bnviz.export.layout import merged
from bnviz.export.style import BACK, PIXELS, STYLES, TYPE, Style, styled
from bnviz.words import shorten

FORMATS = ("pdf", "svg", "png", "html")


def render(figure: go.Figure, format: str, style: Style, caption: str = "") -> bytes:
    """Return a figure as a file in one of FORMATS; ExportError if it cannot be made.

    PDF, SVG and PNG show only the curves that the legend does not hide. HTML contains plotly.js: it
    is interactive and needs no network.
    """
    if format not in FORMATS:
        raise ExportError(f"unknown format {shorten(format)}; the formats are {', '.join(FORMATS)}")
    if format == "html":
        # A browser window is wide enough for the figure's full arrangement.
        style = STYLES["page"] if style.narrow else style
        return _page(styled(figure, style, caption), style, caption)
    figure = styled(_without_hidden(figure), style, caption)
    sharp = {"plotGlPixelRatio": 4}  # WebGL surfaces are bitmaps in every format
    scale = style.scale(figure) * (style.dpi / PIXELS if format == "png" else 1)
    size = {"width": figure.layout.width, "height": figure.layout.height, "scale": scale}
    made = CHROME.draw(figure.to_dict() | {"config": sharp}, {"format": format, **size})
    return _with_dpi(made, style.dpi) if format == "png" else made


def table(numbers: DataFrame, format: str) -> bytes:
    """Return a table as a csv or parquet file, at full precision.

    Raises ExportError for any other format.
    """
    if format == "csv":
        return numbers.to_csv(index=False).encode()
    if format == "parquet":
        return bytes(numbers.to_parquet(index=False))
    raise ExportError(f"unknown format {shorten(format)}; a table is csv or parquet")


def _without_hidden(figure: go.Figure) -> go.Figure:
    """Return a copy whose legend leaves out what it hides.

    The hidden traces stay in the figure, because plotly draws no panel without a trace.
    """
    figure = go.Figure(figure)
    figure.frames = ()
    figure.for_each_trace(lambda trace: trace.update(showlegend=False), {"visible": "legendonly"})
    return figure


def _with_dpi(png: bytes, dpi: int) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).save(file, "png", dpi=(dpi, dpi))
    return file.getvalue()


SLIDER = 90  # height of the slider in pixels
SCREEN = 16 / TYPE  # how much larger type is on a web page
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
{typeface}<script>{plotly}</script>
{script}<style>body {{ margin: 16px auto; max-width: min(1280px, 100% - 32px); background: {back} }}
main {{ width: calc(100% / {scale}); transform: scale({scale}); transform-origin: 0 0 }}</style>
</head>
<body><main>{figure}</main></body>
</html>
"""


def _page(figure: go.Figure, style: Style, caption: str) -> bytes:
    """Return a web page that fills its window; a figure with frames gets a slider."""
    scale = max(SCREEN, style.scale(figure))
    figure = _with_slider(figure).update_layout(width=None, autosize=True)
    image = {"format": "svg", "filename": "bnviz"}
    config = {
        "displaylogo": False,
        "showSendToCloud": False,
        "responsive": True,
        "toImageButtonOptions": image,
    }
    body = pio.to_html(
        figure,
        config,
        auto_play=False,
        include_plotlyjs=False,
        full_html=False,
        default_height=f"{figure.layout.height}px",
    )
    return PAGE.format(
        title=escape(caption or "bnviz"),
        typeface=typeface.style(),
        plotly=get_plotlyjs(),
        script=typeface.script(),
        back=BACK,
        scale=f"{scale:.4f}",
        figure=body,
    ).encode()


def _with_slider(figure: go.Figure) -> go.Figure:
    """Add a slider above the panels that goes through the frames.

    Each frame gets all annotations, because plotly replaces the figure's list with the frame's.
    """
    if len(figure.frames) < 2:
        return figure
    notes = figure.layout.to_plotly_json().get("annotations", [])
    for frame in figure.frames:
        news = frame.layout.to_plotly_json()
        frame.layout = news | {"annotations": merged(notes, news.get("annotations", []))}
    how = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": True},
        "transition": {"duration": 0},
    }
    names = [frame.name for frame in figure.frames]
    steps = [{"label": name, "method": "animate", "args": [[name], how]} for name in names]
    active = names.index((figure.layout.meta or {}).get("frame", names[0]))
    place = {"yanchor": "bottom", "y": 1, "pad": {"b": figure.layout.margin.t}}
    slider = place | {"steps": steps, "active": active, "currentvalue": {"prefix": "Step "}}
    return figure.update_layout(sliders=[slider], height=figure.layout.height + SLIDER)
