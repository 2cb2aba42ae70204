"""The first visit, with only the shipped runs: full pages, accessibility, exports and links."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import playwright.sync_api as playwright
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from bnviz.claims import CLAIMS
from tests.browser.conftest import Tab, on_the_first_screen
from tests.conftest import wait_for

FIGURES = {  # number of figures of each page at the first visit
    "": 7,
    "learn": 0,
    "present?answer=true": 1,
    "training": 3,
    "distributions": 5,
    "covariate_shift": 2,
    "landscape": 10,
    "norms": 5,
    "surface": 3,
    "theory": 6,
    "mnist": 5,
    "lenet": 4,
    "claims": 0,
    "compare": 2,
    "sweep": 1,
    "runs": 0,
    "batchnorm": 1,
}
HEADINGS = {
    "": "Why does batch normalisation help?",
    "learn": "Learn",
    "present?answer=true": "Which network learns faster?",
    "training": "Training",
    "distributions": "Distributions",
    "covariate_shift": "Covariate shift",
    "landscape": "Landscape",
    "norms": "Norms",
    "surface": "Surface",
    "theory": "Theory",
    "mnist": "MNIST, 2015",
    "lenet": "LeNet and MLP",
    "claims": "Claims",
    "compare": "Compare",
    "sweep": "Sweeps",
    "runs": "Runs",
    "batchnorm": "BatchNorm, taken apart",
}
DRAWN = "document.querySelectorAll('.bnviz-plot-box .main-svg[role=img]').length"
LANDSCAPE = ".st-key-figure-landscape"
SETTLED = """() => !document.querySelector('[data-stale=true]') &&
  !document.getAnimations().some((one) => one instanceof CSSTransition)"""  # no part fades
TRIES = 4
GRAVE = {"serious", "critical"}
BACKGROUND = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"


HEIGHTS = """() => [...document.querySelectorAll('.bnviz-plot-box')].slice(0, 2)
  .map(box => box._fullLayout.yaxis.type)"""


def test_a_button_switches_the_heights_of_one_figure_to_a_logarithmic_scale_and_back(
    tab: Tab, shipped: str
) -> None:
    page = visit(tab, f"{shipped}/landscape?preset=deep")
    wait_for(lambda: page.evaluate(DRAWN) == FIGURES["landscape"], "not all figures are drawn")
    assert page.evaluate(HEIGHTS) == ["linear", "linear"]
    button = page.locator(".bnviz-plot").first.locator("[data-title*=logarithmic]")
    for scale in ("log", "linear", "log"):
        button.click()
        wait_for(lambda now=scale: page.evaluate(HEIGHTS) == [now, "linear"], f"it is not {scale}")


RANGES = f"""() => ["", 2, 3, 4, 5].map((place) =>
  document.querySelector('{LANDSCAPE} .bnviz-plot-box')._fullLayout[`yaxis${{place}}`].range)"""


def test_five_networks_have_names_at_their_lines_and_each_its_own_axes_on_demand(
    tab: Tab, shipped: str
) -> None:
    page = visit(tab, f"{shipped}/norms")
    figure = page.locator(".st-key-figure-training-accuracy")
    names = figure.locator(".bnviz-labels text")
    wait_for(lambda: names.count() == 5, "not every line has a name")
    heights = [float(name.get_attribute("y")) for name in names.all()]  # type: ignore[arg-type]
    assert min(b - a for a, b in pairwise(heights)) > 13.9
    figure.locator(".legendtoggle").first.click()
    wait_for(lambda: names.count() == 4, "a hidden line keeps its name")
    assert "Standard" not in names.all_inner_texts()

    assert len({*map(tuple, page.evaluate(RANGES))}) == 1
    page.locator(f"{LANDSCAPE} [data-title*='each its own']").click()
    wait_for(lambda: len({*map(tuple, page.evaluate(RANGES))}) == 5, "the axes stay shared")
    page.locator(LANDSCAPE).get_by_role("button", name="Export Loss range").click()
    page.get_by_text("On the command line").click()
    words = shlex.split(page.locator("[role=dialog] code").inner_text())
    look = json.loads(words[words.index("--look") + 1])
    assert look["apart"] is True
    ranges = [look[f"yaxis{place}.range"] for place in ("", 2, 3, 4, 5)]
    assert ranges == page.evaluate(RANGES)

    page.set_viewport_size({"width": 390, "height": 844})
    wait_for(lambda: names.count() == 0, "a narrow figure has no room for names")


def visit(tab: Tab, address: str) -> playwright.Page:
    """Open a page, wait until all its figures are drawn, and check that it asks no other host."""
    page = tab(viewport={"width": 1400, "height": 1000})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("h1").first.wait_for()
    name = address.rsplit("/", 1)[1]
    figures = FIGURES.get(name, FIGURES.get(name.partition("?")[0], 0))
    page.wait_for_function(f"() => {DRAWN} >= {figures}")
    origin = "/".join(address.split("/")[:3])
    assert [url[:100] for url in asked if not url.startswith((origin, "data:", "blob:"))] == []
    return page


@pytest.mark.parametrize("name", FIGURES)
def test_every_page_is_full_and_accessible(name: str, shipped: str, tab: Tab) -> None:
    page = visit(tab, f"{shipped}/{name}")
    page.get_by_role("heading", name=HEADINGS[name], exact=True).wait_for()
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(300)
    assert grave(page) == {}
    alternatives = page.evaluate(
        "[...document.querySelectorAll('.bnviz-plot-box .main-svg[role=img]')]"
        ".map(s => s.ariaLabel)"
    )
    assert all(len(text) > 30 for text in alternatives)
    for trouble in ("nothing measured yet", "Page not found", "Traceback"):
        assert page.get_by_text(trouble).count() == 0
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"(light) => ({BACKGROUND})() !== light", arg=light)
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(300)
    assert grave(page, runOnly=["color-contrast"]) == {}
    if FIGURES[name] and not name.startswith("present"):
        page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
        on_the_first_screen(page)
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_timeout(300)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def grave(page: playwright.Page, **options: Any) -> dict[str, list[str]]:
    """Return the serious accessibility violations with the first elements concerned.

    The parts of a figure are left out, because a screen reader is told only what the whole shows.
    A page that is renewed meanwhile looks pale, so what is found is looked for again.
    """
    for _ in range(TRIES):
        page.wait_for_function(SETTLED)
        if not (found := violations(page, **options)):
            break
    return found


def violations(page: playwright.Page, **options: Any) -> dict[str, list[str]]:
    """Return the serious accessibility violations at this moment."""
    options |= {"resultTypes": ["violations"]}
    context = {"exclude": [[".bnviz-plot-box .main-svg > *"]]}
    found = Axe().run(page, context=context, options=options).response["violations"]
    return {
        v["id"]: [node["html"][:200] for node in v["nodes"][:3]]
        for v in found
        if v["impact"] in GRAVE
    }


def test_a_figure_is_exported_as_the_reader_sees_it(shipped: str, tab: Tab, tmp_path: Path) -> None:
    page = visit(tab, f"{shipped}/landscape?preset=deep")
    box = f"document.querySelector('{LANDSCAPE} .bnviz-plot-box')"
    page.locator(LANDSCAPE).evaluate("figure => figure.scrollIntoView({block: 'center'})")
    area = page.locator(f"{LANDSCAPE} .nsewdrag").first.bounding_box()
    assert area
    page.mouse.move(area["x"] + area["width"] * 0.25, area["y"] + 5)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.75, area["y"] + area["height"] - 5, steps=5)
    page.mouse.up()
    wait_for(
        lambda: 1000 < page.evaluate(f"{box}._fullLayout.xaxis.range[0]") < 1500, "it does not zoom"
    )
    page.locator(f"{LANDSCAPE} .legendtoggle").first.click()
    page.wait_for_timeout(1000)

    page.locator(LANDSCAPE).get_by_role("button", name="Export Loss range").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("img").wait_for()
    dialog.get_by_text("Data as drawn: the points of the figure").wait_for()
    dialog.get_by_text("Data in full: the same curves with every measured step").wait_for()
    svg = taken(page, dialog, "SVG", tmp_path).read_text("utf-8")
    assert "BatchNorm" in svg and "Standard" not in svg  # hidden in the legend
    assert taken(page, dialog, "PDF", tmp_path).read_bytes().startswith(b"%PDF")
    drawn = pd.read_csv(taken(page, dialog, "Data as drawn, CSV", tmp_path))
    low = page.evaluate(
        f"Math.max(...{box}._fullData.filter(t => t.fill === 'tonexty').flatMap(t => [...t.y]))"
    )
    assert drawn["loss_high"].max() == pytest.approx(low, rel=1e-6)
    bundle = taken(page, dialog, "Bundle", tmp_path)
    page.keyboard.press("Escape")  # the pressed button, disabled meanwhile, has lost the focus
    dialog.wait_for(state="hidden")
    page.wait_for_function("() => document.activeElement.ariaLabel?.startsWith('Export Loss')")
    assert bundle.stat().st_size > 1000
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"bnviz-landscape.{end}" for end in ("svg", "pdf", "csv")} | {
        "bnviz-landscape-bundle.zip"
    }


def taken(page: playwright.Page, dialog: playwright.Locator, label: str, folder: Path) -> Path:
    """Press a button of the dialog and save the file that it downloads."""
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name=label, exact=True).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_a_quick_download_embeds_its_typeface(shipped: str, tab: Tab, tmp_path: Path) -> None:
    page = visit(tab, f"{shipped}/landscape?preset=deep")
    page.locator(f"{LANDSCAPE} .nsewdrag").first.hover()
    pictures = {}
    for form in ("SVG", "PNG"):
        with page.expect_download() as waiting:
            page.locator(f"{LANDSCAPE} [data-title='Download as {form}']").click()
        pictures[form] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(pictures[form])
    svg = pictures["SVG"].read_text("utf-8")
    assert svg.count("@font-face") == 2 and "Bnviz Sans" in svg and ">Loss</text>" in svg
    assert Image.open(pictures["PNG"]).width == 2 * float(
        re.search(r'<svg[^>]* width="([\d.]+)"', svg)[1]
    )


def test_a_copied_link_opens_the_same_view(shipped: str, tab: Tab) -> None:
    page = visit(tab, f"{shipped}/landscape?preset=deep&norm=none,batch&step=1000&seed=0,1&over=sd")
    other = tab(permissions=["clipboard-read", "clipboard-write"])
    other.goto(page.url)
    wait_for(lambda: copies(other), "the link is not copied")
    assert other.evaluate("() => navigator.clipboard.readText()") == page.url
    figure = f"document.querySelector('{LANDSCAPE} .bnviz-plot-box')"
    other.wait_for_function(f"() => {figure}?._fullData?.length")
    for opened in (page, other):
        names = opened.evaluate(
            f"[...new Set({figure}._fullData.filter(t => t.showlegend).map(t => t.name))]"
        )
        assert names == [
            "Standard · n = 2",
            "BatchNorm · n = 2",
            "mean of logarithms, ± one standard deviation over seeds",
            "ln 10 = 2.30, guessing",
        ]


def copies(page: playwright.Page) -> bool:
    """Press the button that copies the link; a press before its script has come does nothing."""
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_timeout(200)
    return page.get_by_text("Copied").is_visible()


def test_the_chart_of_claims_is_on_the_first_screen_at_every_width(shipped: str, tab: Tab) -> None:
    for width, height, top in ((1440, 900, 350), (1024, 768, 520), (390, 844, 520)):
        page = tab(viewport={"width": width, "height": height})
        page.goto(f"{shipped}/claims")
        chart = page.locator(".bnviz-claims").first
        chart.wait_for()
        box = chart.bounding_box()
        assert box and box["y"] <= top
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_a_row_of_the_chart_opens_its_claim_by_click_and_by_keyboard(
    shipped: str, tab: Tab
) -> None:
    page = visit(tab, f"{shipped}/claims")
    rows = page.locator(".bnviz-claims-row")
    rows.first.wait_for()
    assert rows.count() == len(CLAIMS)
    assert page.locator(".bnviz-claims-holds.bnviz-claims-interval").count() > 10
    row = page.locator("[data-claim=band-narrower]")
    row.click()
    page.locator(".st-key-details-band-narrower .main-svg[role=img]").wait_for()
    assert "claim=band-narrower" in page.url and row.get_attribute("aria-expanded") == "true"
    assert "5.7× over the first 5,000 steps" in page.inner_text(".st-key-details-band-narrower")
    assert grave(page) == {}
    page.keyboard.press("Enter")  # the row that was pressed has kept the focus
    page.locator(".st-key-details-band-narrower").wait_for(state="hidden")
    page.locator("[data-claim=band-narrower] + [data-claim=band-narrower-log]").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".st-key-details-band-narrower-log .main-svg[role=img]").wait_for()


def test_the_comparison_is_filled_from_shipped_runs(shipped: str, tab: Tab) -> None:
    visit(tab, f"{shipped}/compare")
