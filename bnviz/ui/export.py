"""Taking a figure along: a dialog with pictures, LaTeX, data and a bundle; and the same for a whole page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from bnviz import export
from bnviz.export import STYLES, ExportError, takeaway
from bnviz.export.takeaway import PICTURES, Takeaway
from bnviz.story import report

WIDEST = 650  # pixels, of a picture shown before it is taken; a column has its true width
WISH = "export-wish"  # in the session: what the reader wants to take along
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
    """Open the dialog on this figure, on the page as a whole: a live figure's fragment would close it at its next look."""
    st.session_state[WISH] = take
    st.rerun()


def open_wish() -> None:
    """The dialog, if the reader has just asked for it; the last thing that app.py does."""
    take = st.session_state.pop(WISH, None)
    if take is not None:
        dialog(take)


@st.dialog("Export", width="large")
def dialog(take: Takeaway) -> None:
    """Everything that can be taken along of one figure."""
    st.markdown(f"**{take.title}**, as you see it: same zoom, same networks.")
    name = st.segmented_control(
        "Style",
        list(STYLES),
        required=True,
        default="column",
        format_func=lambda name: STYLES[name].label,
        key="style",
    )
    style = STYLES[str(name)]
    try:
        with st.spinner("Drawing …"):
            st.image(
                take.picture("png", style),
                output_format="PNG",
                width=min(int(96 * style.width_in), WIDEST),
            )
        drawable = True
    except ExportError as problem:
        st.warning(f"{problem}", icon=":material/print_disabled:")
        drawable = False
    with st.container(horizontal=True):
        for format in PICTURES:
            offer(format.upper(), take.name, format, partial(take.picture, format, style), drawable)
        offer("Interactive HTML", take.name, "html", partial(take.picture, "html", style))
        offer(
            "LaTeX",
            f"{take.name}-latex",
            "zip",
            lambda: archive(take.latex(take.pdf(style))),
            help="Snippets for \\input: the picture, a table, and a plot with pgfplots",
        )
    with st.container(horizontal=True):
        for label, table in (("Data as drawn", lambda: take.numbers), ("Data in full", take.full)):
            suffix = "-full" if label == "Data in full" else ""
            for format in ("csv", "parquet"):
                made = partial(lambda table, format: export.table(table(), format), table, format)
                offer(
                    f"{label}, {format.upper() if format == 'csv' else 'Parquet'}",
                    take.name + suffix,
                    format,
                    made,
                )
    if take.runs:
        bundle = partial(takeaway.zipped, [take], take.title, style, {})
        offer("Bundle", f"{take.name}-bundle", "zip", bundle, help=BUNDLE)
        with st.expander("On the command line", icon=":material/terminal:"):
            st.code(take.command(style), language="bash", wrap_lines=True)


REPORT = "These runs, every figure that fits them, and what comes of the papers' claims: one HTML page that needs no network."
BUNDLE = "Pictures, data, runs, versions, the commands that make them again, and whom to cite: a zip that `python -m bnviz data import` takes in elsewhere."


def offer(
    label: str,
    name: str,
    format: str,
    made: Callable[[], bytes],
    able: bool = True,
    help: str | None = None,
) -> None:
    """A file that is made when the button is pressed."""
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
    """Some files in a zip."""
    memory = BytesIO()
    with ZipFile(memory, "w", ZIP_DEFLATED) as zip:
        for name, content in files.items():
            zip.writestr(name, content)
    return memory.getvalue()


def whole_page(takes: Sequence[Takeaway], title: str) -> None:
    """A bundle of all figures on a page, and a report on its runs."""
    unfinished = any(run.state != "done" for take in takes[:1] for run in take.runs)
    made = partial(takeaway.zipped, takes, title, STYLES["page"], {})
    runs = list(takes[0].runs) if takes else []
    with st.container(horizontal=True):
        offer("Bundle of all figures", "page", "zip", made, not unfinished, BUNDLE)
        story = partial(report.report, runs, f"{runs[0].spec.regime()}" if runs else "")
        offer("Report", "report", "html", lambda: story().encode(), bool(runs), REPORT)
