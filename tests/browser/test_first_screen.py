"""How the figures of a page follow the hand of the reader, and what stays in sight."""

from __future__ import annotations

import json
from typing import Any

import playwright.sync_api as playwright
import pytest

from tests.browser.conftest import HERO, Tab
from tests.conftest import wait_for

LAPTOP = {"width": 1440, "height": 900}
NOW = "() => window.bnvizSteps?.now()"
SLICE = ".st-key-figure-loss-slice"
WIDTH = ".st-key-figure-loss-width"
FOLLOW = f"""async () => {{
  const box = document.querySelector("{SLICE} .bnviz-plot-box"), steps = window.bnvizSteps.all();
  let drawings = 0;
  box.on("plotly_afterplot", () => {{ drawings += 1; }});
  for (let i = 0; i < 20; i += 1) {{
    const drawn = new Promise((resolve) => box.once("plotly_afterplot", resolve));
    window.bnvizSteps.choose(steps[(7 * i + 3) % steps.length]);
    await drawn;
  }}
  return drawings;
}}"""


def landscape(shipped: str, page: playwright.Page) -> playwright.Page:
    """Open the landscape page and wait until its steps can be chosen."""
    page.goto(f"{shipped}/landscape?preset=deep&norm=none,batch")
    page.locator(f"{SLICE} .main-svg[role=img]").wait_for(state="attached")
    wait_for(lambda: page.evaluate(NOW) == 4950, "no step is chosen")
    page.wait_for_timeout(1000)
    return page


def test_a_click_the_mark_and_the_keys_choose_the_step_of_all_figures(
    shipped: str, tab: Tab
) -> None:
    page = landscape(shipped, tab(viewport=LAPTOP))
    area = page.locator(f"{WIDTH} .nsewdrag").first.bounding_box()
    assert area

    def at(step: float) -> tuple[float, float]:
        return area["x"] + area["width"] * step / 5000, area["y"] + area["height"] / 2

    page.mouse.click(*at(2010))
    wait_for(lambda: page.evaluate(NOW) == 2000, "a click does not choose the step")
    assert "step=2000" in page.url
    page.mouse.move(*at(2000))
    page.mouse.down()
    page.mouse.move(*at(3000), steps=5)
    page.mouse.up()
    wait_for(lambda: page.evaluate(NOW) == 3000, "the mark cannot be dragged")
    page.keyboard.press("ArrowRight")
    wait_for(lambda: page.evaluate(NOW) == 3050, "the arrow keys do not move on")
    page.keyboard.press("ArrowLeft")
    wait_for(lambda: page.evaluate(NOW) == 3000, "the arrow keys do not move back")
    assert page.locator(f"{SLICE} .bnviz-plot-foot output").inner_text() == "Step 3,000"
    zoom = f"() => document.querySelector('{WIDTH} .bnviz-plot-box')._fullLayout.xaxis.range"
    assert page.evaluate(zoom) == [0, 5000]  # nothing has zoomed
    page.reload()
    wait_for(lambda: page.evaluate(NOW) == 3000, "the address does not hold the step")


def test_a_figure_of_a_moment_follows_without_the_server(shipped: str, tab: Tab) -> None:
    page, messages = tab(viewport=LAPTOP), list[Any]()
    page.on("websocket", lambda socket: socket.on("framesent", lambda it: messages.append(it)))
    landscape(shipped, page)
    page.locator(SLICE).evaluate("figure => figure.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(500)
    count = len(messages)
    assert page.evaluate(FOLLOW) == 20, "a chosen step is not drawn exactly once"
    assert len(messages) == count, "the figure asks the server"


def test_figures_side_by_side_stand_below_each_other_on_a_tablet(shipped: str, tab: Tab) -> None:
    page = tab(viewport={"width": 768, "height": 1024})
    page.goto(f"{shipped}/training?preset=deep")
    for name in ("training-loss", "test-accuracy"):
        box = page.locator(f".st-key-figure-{name}")
        box.wait_for()
        wait_for(lambda box=box: box.bounding_box()["width"] > 650, f"{name} is narrow")


MET = """() => {
  const box = document.querySelector('.st-key-figure-covariate-shift .bnviz-plot-box'),
    of = (kind) => [...box.querySelectorAll(kind)].map((part) => part.getBoundingClientRect());
  return of('.bnviz-step-mark').filter((mark) => of('.annotation-text-g').some((words) =>
    mark.left < words.right && mark.right > words.left &&
    mark.top < words.bottom && mark.bottom > words.top)).length; }"""


def test_the_mark_of_the_step_crosses_no_number(shipped: str, tab: Tab) -> None:
    page = tab(viewport=LAPTOP)
    page.goto(f"{shipped}/covariate_shift?preset=deep")
    mark = page.locator(".st-key-figure-covariate-shift .bnviz-step-mark").first
    mark.wait_for()
    wait_for(lambda: page.evaluate(MET) == 0, "the mark of the last step crosses a number")


def test_hovering_a_step_shows_what_was_measured_there(shipped: str, tab: Tab) -> None:
    page = landscape(shipped, tab(viewport=LAPTOP))
    page.set_viewport_size({"width": 1440, "height": 3000})
    page.wait_for_timeout(1000)
    area = page.locator(f"{WIDTH} .nsewdrag").first.bounding_box()
    assert area
    label = page.locator(f"{SLICE} .bnviz-plot-foot output")
    for place in (0.5, 0.502):  # plotly answers the second movement
        page.mouse.move(area["x"] + area["width"] * place, area["y"] + area["height"] / 2)
        page.wait_for_timeout(300)
    wait_for(lambda: label.inner_text() == "Step 2,500", "the slice does not follow")
    page.mouse.move(5, 5)
    wait_for(lambda: label.inner_text() == "Step 4,950", "the slice does not come back")


def test_every_tab_has_the_title_of_its_page(shipped: str, tab: Tab) -> None:
    page = tab()
    for name, title in (("", "Start"), ("landscape", "Landscape"), ("claims", "Claims")):
        page.goto(f"{shipped}/{name}")
        wait_for(lambda now=f"{title} · bnviz": page.title() == now, f"{title} is not the title")


def test_a_link_to_another_page_stays_in_the_tab(shipped: str, tab: Tab) -> None:
    page = tab(viewport=LAPTOP)
    page.goto(shipped)
    page.get_by_role("link", name="Page Training").first.click()
    page.get_by_role("heading", name="Training", exact=True).wait_for()
    assert len(page.context.pages) == 1


@pytest.mark.parametrize("address", ["landscape?preset=class", "training?preset=noise-alone"])
def test_the_controls_are_one_row_on_a_laptop(address: str, shipped: str, tab: Tab) -> None:
    page = tab(viewport={"width": 1280, "height": 720})
    page.goto(f"{shipped}/{address}&seed=7")  # not shipped, so that the button says the most
    for part in ("noise", "settings-button", "run"):
        page.locator(f".st-key-controls .st-key-{part}").wait_for()
    row = page.locator(".st-key-controls")
    for width in (1280, 1366):
        page.set_viewport_size({"width": width, "height": 720})
        wait_for(lambda: row.bounding_box()["height"] < 90, f"two rows at {width} pixels")  # type: ignore[index]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_row_of_controls_stays_in_sight_and_hides_what_scrolls_beneath(
    theme: str, shipped: str, tab: Tab
) -> None:
    page = tab(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page.goto(f"{shipped}/landscape?preset=deep")
    page.locator(HERO).first.wait_for()
    page.mouse.move(700, 600)
    page.mouse.wheel(0, 900)
    row = page.locator(".st-key-controls")
    wait_for(lambda: row.bounding_box()["y"] == 0, "the row scrolls away")  # type: ignore[index]
    colour = "(part) => getComputedStyle(part).backgroundColor"
    assert row.evaluate(colour) == page.locator(".stApp").evaluate(colour)


STYLES = "UpdateLayoutTree"  # what Chromium calls a computation of styles
RENAME = """() => {
  const number = document.querySelector('.bnviz-plot-box .xtick text');
  number.textContent += '0';
  number.getBoundingClientRect(); }"""


def test_a_change_in_a_figure_restyles_only_its_neighbours(shipped: str, tab: Tab) -> None:
    page = landscape(shipped, tab(viewport=LAPTOP))
    assert page.evaluate("() => document.querySelectorAll('*').length") > 3000
    browser = page.context.browser
    assert browser
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    for _ in range(10):
        page.evaluate(RENAME)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    restyled = [event["args"]["elementCount"] for event in events if event["name"] == STYLES]
    assert len(restyled) >= 10
    assert sorted(restyled)[len(restyled) // 2] < 100  # a rule with :has can reach every element


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_popover_has_the_theme_of_the_page(theme: str, shipped: str, tab: Tab) -> None:
    page = tab(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page.goto(f"{shipped}/lenet")
    page.get_by_text("How it is measured").first.click()
    box = page.locator(".bnviz-experiment .box").first
    box.wait_for()
    scheme = "(part) => getComputedStyle(part).colorScheme"
    wait_for(lambda: box.evaluate(scheme) == theme, f"the drawing is not {theme}")
