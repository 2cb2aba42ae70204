"""Figures as files: their fonts, texts, sizes and numbers.

The tests hide the machine's fonts from Chromium, so a picture that needs one fails everywhere.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from PIL import Image

from bnviz import export, paths
from bnviz.export import STYLES, ExportError, takeaway
from bnviz.export.chrome import CHROME
from bnviz.figures import PANELS
from bnviz.presets import PRESETS
from bnviz.runs.run import Run

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_chrome = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium: apt-get install chromium"
)
needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="needs apt-get install texlive-pictures"
)
needs_poppler = pytest.mark.skipif(
    shutil.which("pdffonts") is None, reason="needs apt-get install poppler-utils"
)
OF_THE_VGG = [
    name
    for name, panel in PANELS.items()
    if panel.fits(PRESETS["deep"].specs()) and "sweep" not in name
]
OF_THE_VGG = [
    name for name in OF_THE_VGG if not name.startswith(("surface", "path", "theorem", "lemma"))
]


@pytest.fixture(scope="module", autouse=True)
def no_fonts() -> Iterator[None]:
    """Run Chromium as if no font were installed."""
    with pytest.MonkeyPatch.context() as patch:
        CHROME.stop()
        patch.setenv("FONTCONFIG_FILE", str(Path(__file__).with_name("no-fonts.conf")))
        yield
    CHROME.stop()


def shipped(preset: str) -> list[Run]:
    return [Run(paths.GALLERY / spec.id) for spec in PRESETS[preset].specs()]


def drawn(name: str, preset: str = "deep", **choices: Any) -> takeaway.Takeaway:
    return takeaway.of_runs(PANELS[name], shipped(preset), **choices)


def tool(*words: str, pdf: bytes, folder: Path) -> str:
    """Return the output of a poppler program for a PDF."""
    path = folder / "figure.pdf"
    path.write_bytes(pdf)
    return subprocess.run(
        [*words, str(path), *(["-"] if words[0] == "pdftotext" else [])],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout


@needs_chrome
@needs_poppler
@pytest.mark.parametrize("style", STYLES)
def test_a_pdf_has_the_width_of_its_style_embedded_fonts_and_all_its_text(
    style: str, tmp_path: Path
) -> None:
    take = drawn("covariate-shift", paper=True)
    pdf = take.picture("pdf", STYLES[style])
    width, height = map(
        float,
        re.search(
            r"Page size: +([\d.]+) x ([\d.]+)", tool("pdfinfo", pdf=pdf, folder=tmp_path)
        ).groups(),
    )  # type: ignore[union-attr]
    assert width == pytest.approx(STYLES[style].width_in * 72, abs=1)
    assert height < 1.5 * width if style != "column" else height < 4 * width
    fonts = tool("pdffonts", pdf=pdf, folder=tmp_path).splitlines()[2:]
    # The last columns of pdffonts are: emb sub uni object ID.
    assert fonts and all(line.split()[-5] == "yes" for line in fonts), fonts
    text = " ".join(tool("pdftotext", "-layout", pdf=pdf, folder=tmp_path).split())
    for words in ("Standard", "BatchNorm", "‖G − G′‖", "cos ∠(G, G′)", "Steps", "conv5", "seed 0"):
        assert words in text, words


def words(pdf: bytes, folder: Path) -> list[str]:
    """Return each word of a PDF with its position."""
    return re.findall("<word .*</word>", tool("pdftotext", "-bbox", pdf=pdf, folder=folder))


@needs_chrome
@needs_poppler
def test_a_picture_is_the_same_whatever_fonts_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = [drawn(name) for name in ("landscape", "covariate-shift", "histograms")]
    wanted = [(take, format) for take in takes for format in ("png", "pdf")]
    pictures = [take.picture(format, STYLES["column"]) for take, format in wanted]
    monkeypatch.delenv("FONTCONFIG_FILE")
    CHROME.stop()
    for without, (take, format) in zip(pictures, wanted, strict=True):
        here = take.picture(format, STYLES["column"])
        if here.startswith(b"%PDF"):
            assert words(without, tmp_path) == words(here, tmp_path) != []
        else:
            assert without == here


@needs_chrome
@needs_poppler
def test_the_typeface_is_in_every_picture(tmp_path: Path) -> None:
    take = drawn("landscape")
    assert "BnvizSans" in tool("pdffonts", pdf=take.picture("pdf", STYLES["page"]), folder=tmp_path)
    svg = take.picture("svg", STYLES["page"]).decode()
    assert svg.count("@font-face") == 1 and "font/ttf;base64," in svg
    named = set(re.findall("font-family: ([^;]*);", svg.partition("</style>")[2]))
    assert named and all("Bnviz Sans" in name.split(",")[0] for name in named)


@needs_chrome
@pytest.mark.parametrize("name", OF_THE_VGG)
def test_nothing_is_clipped(name: str) -> None:
    """The outermost pixels are white. A clipped element would reach them."""
    picture = np.asarray(
        Image.open(BytesIO(drawn(name).picture("png", STYLES["column"]))).convert("L")
    )
    assert picture.shape[1] == pytest.approx(3.25 * 300, abs=2)
    assert picture.min() < 100
    for edge in (picture[:2], picture[-2:], picture[:, :2], picture[:, -2:]):
        assert edge.min() > 240


@needs_chrome
def test_a_picture_shows_the_zoom_and_leaves_out_what_is_hidden() -> None:
    take = drawn("landscape")
    hidden = next(run.id for run in take.runs if run.spec.norm == "none")
    seen = export.as_seen(take.figure, {"xaxis.range": [500, 1000], "hidden": [hidden]})
    svg = export.render(seen, "svg", STYLES["page"]).decode()
    assert "BatchNorm" in svg and "Standard" not in svg and "<text" in svg
    numbers = re.findall(r">([\d.k]+)</text>", svg)
    assert {"600", "1k"} <= set(numbers) and "2k" not in numbers


def test_a_web_page_opens_without_a_network() -> None:
    page = drawn("landscape").picture("html", STYLES["page"]).decode()
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    assert '"showSendToCloud": false' in page.replace('":false', '": false')
    assert page.lower().startswith("<!doctype html>") and 'lang="en"' in page


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", [*OF_THE_VGG, "curvature"])
def test_a_style_changes_neither_numbers_nor_order(name: str, style: str) -> None:
    figure = drawn(name, "fig10" if name == "curvature" else "deep").figure
    before = json.loads(figure.to_json())
    made = json.loads(export.styled(figure, STYLES[style], "seed 0").to_json())
    assert json.loads(figure.to_json()) == before
    assert [trace.get("name") for trace in made["data"]] == [
        trace.get("name") for trace in before["data"]
    ]
    for ours, theirs in zip(before["data"], made["data"], strict=True):
        assert all(ours.get(axis) == theirs.get(axis) for axis in "xyz")


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(
    look=st.dictionaries(
        st.sampled_from(
            [
                "xaxis.range",
                "yaxis.range",
                "yaxis9.range",
                "scene.camera",
                "hidden",
                "frame",
                "paper",
            ]
        )
        | st.text(max_size=8),
        NONSENSE,
    )
)
def test_a_style_from_outside_breaks_nothing(look: dict[str, Any]) -> None:
    figure = LANDSCAPE
    seen = export.as_seen(figure, look)
    assert len(seen.data) == len(figure.data)
    ranges = [
        axis.range for axis in (seen.layout.xaxis, seen.layout.yaxis) if axis.range is not None
    ]
    assert all(np.isfinite(np.asarray(ends, dtype=float)).all() for ends in ranges)
    assert json.loads(export.as_seen(figure, {}).to_json()) == json.loads(figure.to_json())


LANDSCAPE = drawn("landscape").figure


@pytest.mark.parametrize("name", OF_THE_VGG)
def test_latex_is_balanced_and_its_tables_have_the_columns_it_names(name: str) -> None:
    take = drawn(name)
    texts = export.snippets(take.figure, take.numbers, name)
    for snippet in (texts[f"{name}.tex"], texts[f"{name}-table.tex"]):
        assert snippet.count("{") == snippet.count("}")
    snippet = texts[f"{name}-plot.tex"]
    plain = re.sub(r"\\[{}%\\]", "", snippet)
    assert plain.count("{") == plain.count("}") and plain.count("[") == plain.count("]")
    assert snippet.count(r"\begin{") == snippet.count(r"\end{")
    table = texts[f"{name}.dat"]
    columns = table.splitlines()[0].split()
    named = [
        part
        for told in re.findall(r"table ?\[([^\]]*)\]", snippet)
        for part in re.findall(r"\b[xy]=(\w+)", told)
    ]
    assert named and set(named) <= set(columns)
    rows = pd.read_csv(StringIO(table), sep=r"\s+")
    assert list(rows.columns) == columns and len(rows) > 1


@needs_latex
@pytest.mark.parametrize(
    ("name", "preset"), [("training-loss", "deep"), ("landscape", "deep"), ("curvature", "fig10")]
)
def test_latex_compiles(name: str, preset: str, tmp_path: Path) -> None:
    """Compile the picture, the table and the plot. A blank page stands in for the PDF."""
    compiled("x", tmp_path, name)
    take = drawn(name, preset)
    files = export.snippets(take.figure, take.numbers, name)
    for file, text in files.items():
        (tmp_path / file).write_text(text, "utf-8")
    snippets = [file for file in files if file.endswith(".tex")]
    assert len(snippets) == 3
    said = compiled(
        "\\clearpage".join(f"\\input{{{file}}}" for file in snippets), tmp_path, "document"
    )
    assert "Output written on document.pdf" in said and "Missing character" not in said


def compiled(body: str, folder: Path, name: str) -> str:
    """Return the log of pdflatex for a document with this body."""
    packages = (
        r"\usepackage{graphicx,booktabs,pgfplots}"
        r"\pgfplotsset{compat=1.16}\usepgfplotslibrary{fillbetween}"
    )
    document = rf"\documentclass{{article}}{packages}\begin{{document}}{body}\end{{document}}"
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-jobname={name}", document]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_a_line_figure_without_numbers_is_still_written() -> None:
    texts = export.snippets(go.Figure(go.Scatter(y=[1])), pd.DataFrame({"value": []}), "empty")
    assert "0 of 0 rows" in texts["empty-table.tex"]


def test_latex_plots_lines_only() -> None:
    figure, table = go.Figure(go.Heatmap(z=[[1]])), pd.DataFrame({"run": ["a"], "value": [1.0]})
    texts = export.snippets(figure, table, "map")
    assert set(texts) == {"map.tex", "map-table.tex"}
    assert "value" in texts["map-table.tex"] and "run" not in texts["map-table.tex"]


def test_a_table_can_be_read_back() -> None:
    numbers = drawn("landscape").numbers.reset_index(drop=True)
    assert_frame_equal(
        pd.read_csv(BytesIO(export.table(numbers, "csv"))), numbers, check_dtype=False
    )
    assert_frame_equal(pd.read_parquet(BytesIO(export.table(numbers, "parquet"))), numbers)
    with pytest.raises(ExportError, match="csv or parquet"):
        export.table(numbers, "xlsx")


def test_without_chromium_one_sentence_says_how_to_install_it(tmp_path: Path) -> None:
    script = (
        "from bnviz import export; import plotly.graph_objects as go\n"
        "try: export.render(go.Figure(), 'pdf', export.STYLES['column'])\n"
        "except export.ExportError as problem: print(problem)"
    )
    import os
    import sys

    home = {"PATH": str(tmp_path), "HOME": str(tmp_path), "BROWSER_PATH": str(tmp_path / "none")}
    said = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | home,
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert said.stdout.count("\n") == 1 and "hrome" in said.stdout, said
