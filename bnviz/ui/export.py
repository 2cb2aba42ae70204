"""The export of figures: a dialog with pictures, LaTeX, data and a bundle, and a page's bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from bnviz import export
from bnviz.export import STYLES, ExportError, Style, takeaway
from bnviz.export.takeaway import PICTURES, Takeaway
from bnviz.story import report

WIDEST = 650  # pixels; a wider preview is scaled down
WISH = "export-wish"  # session key of the figure that the reader wants to export
REPORT = (
    "These runs, all figures that fit them, and the verdicts on the papers' claims: one HTML page "
    "that needs no network."
)
BUNDLE = (
    "A zip with pictures, data, runs, versions, the commands that make them again, and what to "
    "cite. `python -m bnviz data import` reads it on another machine."
)
AS_DRAWN = "the points of the figure. A long curve is thinned to what a screen can show."
IN_FULL = "the same curves with every measured step."
MIME = {
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
    "html": "text/html",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}


def ask(take: Takeaway) -> None:
    """Open the export dialog for this figure."""
    # Not here: a live figure is in a fragment, whose next refresh would close the dialog.
    st.session_state[WISH] = take
    st.rerun()


def open_wish() -> None:
    """Open the dialog if the reader has just asked for it. app.py calls this last."""
    take = st.session_state.pop(WISH, None)
    if take is not None:
        dialog(take)


@st.dialog("Export", width="large")
def dialog(take: Takeaway) -> None:
    """Draw the preview of one figure and its downloads."""
    st.markdown(f"**{take.title}**, as you see it: same zoom, same networks.")
    style = pick_style()
    drawable = preview(take, style)
    offer_pictures(take, style, drawable)
    offer_data(take)
    if take.runs:
        bundle = partial(takeaway.zipped, [take], take.title, style, {})
        offer("Bundle", f"{take.name}-bundle", "zip", bundle, help=BUNDLE)
        with st.expander("On the command line", icon=":material/terminal:"):
            st.code(take.command(style), language="bash", wrap_lines=True)


def pick_style() -> Style:
    """Let the reader choose the style of the pictures, and return it."""
    name = st.segmented_control(
        "Style",
        list(STYLES),
        required=True,
        default="column",
        format_func=lambda name: STYLES[name].label,
        key="style",
    )
    return STYLES[str(name)]


def preview(take: Takeaway, style: Style) -> bool:
    """Show the picture. If this machine cannot draw one, say why and return False."""
    try:
        with st.spinner("Drawing …"):
            st.image(
                take.picture("png", style),
                output_format="PNG",
                width=min(int(96 * style.width_in), WIDEST),
            )
    except ExportError as problem:
        st.warning(str(problem), icon=":material/print_disabled:")
        return False
    return True


def offer_pictures(take: Takeaway, style: Style, drawable: bool) -> None:
    """Draw the download buttons of the pictures and of the LaTeX files."""
    with st.container(horizontal=True):
        for format in PICTURES:
            offer(format.upper(), take.name, format, partial(take.picture, format, style), drawable)
        offer("Interactive HTML", take.name, "html", partial(take.picture, "html", style))
        offer(
            "LaTeX",
            f"{take.name}-latex",
            "zip",
            lambda: archive(take.latex(take.pdf(style))),
            help="Files for \\input: the picture, a table, and a pgfplots plot.",
        )


def offer_data(take: Takeaway) -> None:
    """Draw the download buttons of the numbers, as drawn and in full, and say how they differ."""
    for label, says, name, table in (
        ("Data as drawn", AS_DRAWN, take.name, lambda: take.numbers),
        ("Data in full", IN_FULL, f"{take.name}-full", take.full),
    ):
        st.markdown(f"**{label}**: {says}")
        with st.container(horizontal=True):
            for format, kind in (("csv", "CSV"), ("parquet", "Parquet")):
                made = partial(lambda table, format: export.table(table(), format), table, format)
                offer(f"{label}, {kind}", name, format, made)


def offer(
    label: str,
    name: str,
    format: str,
    made: Callable[[], bytes],
    able: bool = True,
    help: str | None = None,
) -> None:
    """Draw a download button. The file is made when the reader presses it."""
    st.download_button(
        label,
        made,
        f"bnviz-{name}.{format}",
        MIME[format],
        key=f"take-{name}-{format}",
        disabled=not able,
        help=help,
        icon=":material/download:",
        on_click="ignore",
    )


def archive(files: dict[str, bytes | str]) -> bytes:
    """Return a zip of these files, given by name."""
    memory = BytesIO()
    with ZipFile(memory, "w", ZIP_DEFLATED) as zip:
        for name, content in files.items():
            zip.writestr(name, content)
    return memory.getvalue()


def whole_page(takes: Sequence[Takeaway], title: str) -> None:
    """Draw the downloads of a page: a bundle of all its figures, and a report on its runs."""
    unfinished = any(run.state != "done" for take in takes[:1] for run in take.runs)
    made = partial(takeaway.zipped, takes, title, STYLES["page"], {})
    runs = list(takes[0].runs) if takes else []
    with st.container(horizontal=True):
        offer("Bundle of all figures", "page", "zip", made, not unfinished, BUNDLE)
        story = partial(report.report, runs, runs[0].spec.regime() if runs else "")
        offer("Report", "report", "html", lambda: story().encode(), bool(runs), REPORT)
