"""A real browser with real workers: run, watch the loss band grow, zoom, stop, reload."""

from __future__ import annotations

from urllib.parse import urlencode

import pandas as pd

from bnviz.runs.store import Store
from bnviz.runs.supervisor import lock
from tests.browser.conftest import Tab
from tests.conftest import connects, holder, wait_for

STEPS = 1_000_000  # more than any machine computes while the test looks
SETTINGS = {
    "preset": "quick",
    "norm": "none,batch",
    "width": 0.03125,
    "batch": 16,
    "steps": STEPS,
    "every_landscape": 20,
    "every_covariate_shift": 0,
    "every_activations": 500,
    "every_evaluation": 5000,
}


def link(address: str, page: str) -> str:
    return f"{address}/{page}?{urlencode(SETTINGS)}"


BOX = ".st-key-figure-landscape .bnviz-plot-box"
POINTS = f"""() => Math.max(
  0, ...(document.querySelector('{BOX}')?._fullData ?? []).map(t => t.x?.length ?? 0))"""
RANGE = f"() => document.querySelector('{BOX}')._fullLayout.xaxis.range.map(Number)"


def test_run_watch_zoom_cancel_reload(address: str, tab: Tab) -> None:
    wait_for(lambda: connects(address), "the server does not start")
    page = tab(viewport={"width": 1400, "height": 1600})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(link(address, "landscape"))
    run = page.get_by_role("button", name="Run 2 networks")
    run.wait_for()
    assert page.get_by_text("Page not found").count() == 0
    wait_for(lambda: holder(lock(Store())), "no supervisor")

    run.click()
    page.get_by_role("button", name="Start", exact=True).click()  # so many steps need a consent
    page.locator(f"{BOX} .main-svg").first.wait_for()
    wait_for(lambda: page.evaluate(POINTS) > 3, "no band appears")
    assert [run.state for run in Store().runs()] == ["running"] * 2

    page.evaluate(f"() => {{ window.node = document.querySelector('{BOX}'); }}")
    page.locator(BOX).first.evaluate("box => box.scrollIntoView({block: 'center'})")
    area = page.locator(f"{BOX} .nsewdrag").first.bounding_box()
    assert area
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] * 0.01, middle)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.4, middle, steps=5)
    page.mouse.up()
    zoomed = page.evaluate(RANGE)
    assert 0 < zoomed[0] < zoomed[1] < 0.5 * STEPS
    seen = {page.evaluate(POINTS)}
    wait_for(lambda: seen.add(page.evaluate(POINTS)) or len(seen) > 3, "the band does not grow")
    assert page.evaluate(RANGE) == zoomed
    assert page.evaluate(f"() => window.node === document.querySelector('{BOX}')")

    page.reload()  # the same reader in a new tab, while a second page is open
    second = page.context.new_page()
    second.goto(link(address, "training"))
    second.locator(".st-key-stop button").wait_for()
    wait_for(lambda: page.evaluate(POINTS) > 3, "no band appears again")
    page.locator(".st-key-stop button").click()
    wait_for(lambda: {run.state for run in Store().runs()} == {"cancelled"}, "Stop does not stop")
    page.get_by_text("stopped at step").first.wait_for()
    wait_for(
        lambda: page.evaluate(POINTS) == points_in_the_rows(), "not all rows are on the screen"
    )

    second.close()
    before = page.evaluate(POINTS)
    page.reload()
    page.get_by_text("stopped at step").first.wait_for()
    wait_for(lambda: page.evaluate(POINTS) == before, "something was lost")
    assert page.get_by_role("button", name="Run 2 networks").is_enabled()
    assert page.url == link(address, "landscape")

    page.goto(f"{address}/runs")
    page.locator("[data-testid=stDataFrame]").wait_for()
    assert problems == []


def points_in_the_rows() -> int:
    """Return the steps of the longest band: those with losses at all four step sizes."""
    from bnviz.analysis.landscape import landscape_bands

    bands = landscape_bands(pd.concat([run.labelled_rows() for run in Store().runs()]))
    return int(bands.groupby("run").step.nunique().max())


def test_a_page_opens_by_its_link_on_a_fresh_server(address: str, tab: Tab) -> None:
    wait_for(lambda: connects(address), "the server does not start")
    page = tab(viewport={"width": 390, "height": 900})
    for path, heading in {"covariate_shift": "Covariate shift", "claims": "Claims"}.items():
        page.goto(f"{address}/{path}")
        page.get_by_role("heading", name=heading, exact=True).wait_for()
        assert page.get_by_text("Page not found").count() == 0
        assert page.get_by_text("Traceback").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{path} scrolls sideways"
        )
