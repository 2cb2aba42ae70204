"""Figures in a style: the same numbers in the same order, dark on white, and everything beside everything else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from plotly.subplots import make_subplots

from bnviz import analysis, figures, paths
from bnviz.export import STYLES, Style, as_seen, render, style, styled
from bnviz.figures import Time
from tests.test_export import needs_chrome, needs_poppler
from tests.test_export_look import player
from tests.test_figures import FIGURES, STEPS, training

CAPTION = "cifar10 · vgg11 × 0.25 · SGD, lr 0.1 · batch 128 · he normal weights · 15,000 steps · seeds 0, 1, 2"
COLUMN, PAGE, SLIDE = STYLES.values()
ROWS = pd.concat([training(norm) for norm in ("none", "batch", "noisy")])
DRAWN = {name: draw(ROWS, Time(STEPS, 500)) for name, draw in FIGURES.items()}


def dense() -> go.Figure:
    """Four layers of five networks."""
    rows = pd.concat([training(norm) for norm in ("none", "batch", "l1", "l2", "linf")])
    rows = pd.concat([rows, rows[rows["layer"] == "conv2"].assign(layer="conv4")])
    return figures.ridges(analysis.histograms(rows, ["conv1", "conv2", "conv4", "fc10"], False), Time(STEPS, 500))


def crowded() -> go.Figure:
    """Two learning rates of five networks over three layers: ten names in the legend."""
    rows = pd.concat([training(norm, lr) for norm in ("none", "batch", "l1", "l2", "linf") for lr in (0.1, 0.5)])
    return figures.covariate_shift(analysis.covariate_shift(rows, ["conv1", "conv2", "fc10"]), Time(STEPS, 500))


HARD = {"dense": dense(), "crowded": crowded(), "contours": player(), "reliefs": player("reliefs")}


# Numbers


@settings(max_examples=40, deadline=None)
@given(
    st.lists(npst.arrays(np.float32, st.integers(0, 6)), min_size=1, max_size=6),
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from(list(STYLES)),
    st.booleans(),
)
def test_no_style_changes_numbers_or_their_order(
    lines: list[Any], down: int, across: int, name: str, log: bool
) -> None:
    figure = make_subplots(down, across, shared_xaxes=True)
    for place, y in enumerate(lines):
        figure.add_scatter(x=np.arange(len(y)), y=y, name=f"line {place}", row=place % down + 1, col=place % across + 1)
    figure.update_layout(template="bnviz").update_yaxes(type="log" if log else "linear")
    before = figure.to_plotly_json()
    made = styled(as_seen(figure, {}), STYLES[name], CAPTION)
    assert [trace.name for trace in made.data] == [trace.name for trace in figure.data]
    for trace, y in zip(made.data, lines, strict=True):
        assert np.array_equal(trace.y, y, equal_nan=True)
        assert np.array_equal(trace.x, np.arange(len(y)))
    assert figure.to_plotly_json() == before


# Shape


@pytest.mark.parametrize("name", DRAWN)
def test_a_canvas_is_scaled_to_the_width_of_its_style(name: str) -> None:
    for each in STYLES.values():
        made = styled(DRAWN[name], each, CAPTION)
        assert made.layout.width * each.scale(made) == pytest.approx(each.width_in * 96)
        assert each.scale(made) * style.TYPE * 72 / 96 <= each.font_pt + 0.02  # type as large as asked, or less
    assert made.layout.width / made.layout.height == pytest.approx(16 / 9, rel=0.01)  # the slide


def test_height_grows_with_rows_and_with_the_legend() -> None:
    one, two = (styled(figures.training_accuracy(smooth(n), Time(STEPS)), COLUMN).layout.height for n in (1, 6))
    assert two >= one + 2 * style.ENTRY_LINE
    rows = [styled(make_subplots(count, 1), COLUMN).layout.height for count in (1, 2, 3, 4)]
    assert all(np.diff(rows) > 60)
    assert styled(make_subplots(1, 1), COLUMN, CAPTION).layout.height > rows[0]


def smooth(count: int) -> pd.DataFrame:
    norms = ["none", "batch", "noisy", "noise", "l1", "l2"][:count]
    return analysis.smooth(pd.concat([training(norm) for norm in norms]), "train_accuracy", 9)


@pytest.mark.parametrize("each", STYLES.values(), ids=list(STYLES))
def test_columns_are_far_enough_apart_for_their_numbers_and_titles_stay_above_them(each: Style) -> None:
    made = styled(HARD["dense"], each)
    domains = sorted({axis.domain for axis in made.select_xaxes()})
    room = made.layout.width - style.NUMBERS["y"]
    gaps = [(after[0] - before[1]) * room for before, after in zip(domains, domains[1:], strict=False)]
    assert min(gaps) >= style.GAPS["x"] - 0.01
    assert [domains[0][0], domains[-1][1]] == pytest.approx([0, 1])
    titles = sorted(note.x for note in made.layout.annotations)
    assert titles == pytest.approx([np.mean(domain) for domain in domains])


@pytest.mark.parametrize("each", STYLES.values(), ids=list(STYLES))
@pytest.mark.parametrize(("low", "high"), [(1e-3, 1e3), (0.3, 3), (1e-15, 1e9), (2.0, 2.4)])
def test_a_logarithmic_axis_is_not_crowded(each: Style, low: float, high: float) -> None:
    figure = go.Figure(go.Scatter(x=[0, 1], y=[low, high])).update_yaxes(type="log").update_xaxes(range=[0, 1])
    ticks, decades = styled(figure, each).layout.yaxis.dtick, np.log10(high / low)
    count = 3 * decades if ticks == "D2" else decades / ticks if ticks else 5
    assert count <= 12
    assert (ticks is None) == (decades < 0.9)


def test_colours_are_those_of_the_download_buttons() -> None:
    source = (paths.PROJECT / "bnviz" / "ui" / "plot.js").read_text("utf-8")
    paper = dict(re.findall(r'(\w+): "(#[0-9a-f]{6})"', source[: source.index("};")]))
    assert paper == {
        "text": style.TEXT,
        "muted": style.MUTED,
        "line": style.LINE,
        "grid": style.GRID,
        "back": style.BACK,
    }


# What is on the page


def words(pdf: bytes, folder: Path) -> tuple[float, float, list[tuple[str, float, float, float, float]]]:
    """The size of the page, and every word on it with its box, in points."""
    (folder / "a.pdf").write_bytes(pdf)
    html = subprocess.run(["pdftotext", "-bbox", str(folder / "a.pdf"), "-"], capture_output=True, text=True).stdout
    width, height = map(float, re.search(r'page width="([\d.]+)" height="([\d.]+)"', html).groups())  # type: ignore[union-attr]
    found = re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', html)
    return width, height, [(word, *map(float, box)) for *box, word in found]  # type: ignore[misc]


@needs_chrome
@needs_poppler
@pytest.mark.parametrize("each", STYLES.values(), ids=list(STYLES))
@pytest.mark.parametrize("name", HARD)
def test_no_word_leaves_the_page_or_lies_on_another(name: str, each: Style, tmp_path: Path) -> None:
    pdf = render(HARD[name], "pdf", each, CAPTION)
    width, height, found = words(pdf, tmp_path)
    assert width == pytest.approx(each.width_in * 72, abs=0.01)
    for word, left, top, right, bottom in found:
        assert left >= 0 and top >= -1 and right <= width and bottom <= height + 1, (
            word
        )  # boxes are taller than letters
    for place, (word, left, top, right, bottom) in enumerate(found):
        for other, x0, y0, x1, y1 in found[place + 1 :]:
            over = min(right, x1) - max(left, x0), min(bottom, y1) - max(top, y0)
            small = 0.4 * min(bottom - top, y1 - y0)
            assert over[0] < 1 or over[1] < max(3, small), f"{word} on {other}"
    said = " ".join(word for word, *_ in found)
    for note in (*HARD[name].layout.annotations, *(trace for trace in HARD[name].data if trace.showlegend)):
        text = note.text if "text" in note and note.text else note.name
        assert re.split("<br>| – ", text)[0].split(" ")[0] in said
    assert "seeds" in said  # the caption


@needs_chrome
@pytest.mark.parametrize(("name", "dpi"), [("column", 300), ("page", 300), ("slide", 192)])
def test_a_png_says_how_large_it_is(name: str, dpi: int) -> None:
    from io import BytesIO

    from PIL import Image

    picture = Image.open(BytesIO(render(DRAWN["loss_band"], "png", STYLES[name])))
    assert picture.width == pytest.approx(STYLES[name].width_in * dpi, abs=1)
    assert picture.info["dpi"][0] == pytest.approx(dpi, abs=0.1)


@pytest.mark.parametrize("kind", ["contours", "reliefs"])
def test_a_web_page_plays_the_frames(kind: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    (tmp_path / "a.html").write_bytes(render(HARD[kind], "html", COLUMN, CAPTION))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        page, asked = browser.new_page(viewport={"width": 1000, "height": 800}), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "a.html").as_uri())
        page.locator(".slider-group").wait_for()
        assert asked == [(tmp_path / "a.html").as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= 1000
        page.evaluate("Plotly.animate('figure', ['0'], {mode: 'immediate', frame: {duration: 0, redraw: true}})")
        page.wait_for_function("document.getElementById('figure').layout.annotations[0].text.includes('step 0')")
        browser.close()


def test_a_page_on_the_web_is_zoomed_and_its_legend_hides(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    (tmp_path / "a.html").write_bytes(render(DRAWN["loss_band"], "html", SLIDE, CAPTION))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto((tmp_path / "a.html").as_uri())
        area = page.locator(".nsewdrag").first.bounding_box()
        assert area
        page.mouse.move(area["x"] + area["width"] / 4, area["y"] + area["height"] / 2)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2, steps=4)
        page.mouse.up()
        page.wait_for_function("document.getElementById('figure').layout.xaxis.range[0] > 100")
        low, high = page.evaluate("document.getElementById('figure').layout.xaxis.range")
        assert [low, high] == pytest.approx(
            [STEPS / 4, STEPS / 2], abs=STEPS / 50
        )  # where the pointer was, though scaled
        page.locator(".legendtoggle").first.click()
        page.wait_for_function("document.getElementById('figure').data.some(trace => trace.visible === 'legendonly')")
        browser.close()
