"""The lesson in a real browser: the tour by keyboard, a class that votes, a clicker."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import playwright.sync_api as playwright
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Subprotocol

from bnviz.story.slides import SLIDES
from bnviz.story.tour import STATIONS, Sketch, Station
from tests.browser.conftest import Tab
from tests.browser.test_shipped import grave
from tests.conftest import wait_for

PHONE = {"width": 390, "height": 844}
SCREENS = [(1920, 1080), (1366, 768), (1024, 768)]
SHOW = "Show the answer"
NAMES = """[...document.querySelectorAll('.bnviz-plot-box')]
  .flatMap(box => box._fullData ?? []).map(trace => trace.name)"""
FITS = """() => document.querySelector('[data-testid=stMain]').scrollHeight <= innerHeight
  && document.documentElement.scrollWidth <= innerWidth"""


def focused(page: playwright.Page, chosen: str) -> bool:
    return bool(page.evaluate(f"() => document.activeElement?.matches({chosen!r}) ?? false"))


def tab_to(page: playwright.Page, chosen: str) -> None:
    """Press the tabulator until an element that matches this selector has the focus."""
    page.locator(chosen).first.wait_for()
    for _ in range(60):
        if focused(page, chosen):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {chosen}")


def guess_by_keyboard(page: playwright.Page, station: Station) -> None:
    """Choose the first option, or raise the last point of a sketch; then ask for the answer."""
    if isinstance(station.guess, Sketch):
        tab_to(page, ".bnviz-guess circle:last-of-type")
        for _ in range(3):
            page.keyboard.press("PageUp")
        tab_to(page, ".bnviz-guess button")
        page.keyboard.press("Enter")
    else:
        tab_to(page, ".stRadio input")
        page.keyboard.press("Space")
        show = page.get_by_role("button", name=SHOW)
        wait_for(show.is_enabled, "an option cannot be chosen by keyboard")
        tab_to(page, f".st-key-ask-{station.slug}-show button")
        page.keyboard.press("Enter")


def test_the_tour_goes_from_first_to_last_station_by_keyboard_on_a_phone(
    shipped: str, tab: Tab
) -> None:
    page = tab(viewport=PHONE)
    page.goto(f"{shipped}/learn")
    for station in STATIONS:
        page.get_by_role("heading", name=station.question, exact=True).wait_for()
        guess_by_keyboard(page, station)
        page.get_by_role("heading", name="Can you answer this?").wait_for()
        assert f"guess-{station.slug}=" in page.url
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        if isinstance(station.guess, Sketch):
            wait_for(lambda: "Your guess" in page.evaluate(NAMES), "the guess is not laid over")
        if station is not STATIONS[-1]:
            tab_to(page, ".st-key-next button")
            page.keyboard.press("Enter")
    page.get_by_text("That was the last station.").wait_for()
    page.reload()
    page.get_by_text("That was the last station.").wait_for()
    page.get_by_text("8 ✓").wait_for()


def test_a_curve_is_drawn_with_the_pointer_and_laid_over_the_answer(shipped: str, tab: Tab) -> None:
    page = tab(viewport={"width": 1440, "height": 900})
    page.goto(f"{shipped}/learn?station=faster")
    points = page.locator(".bnviz-guess circle")
    wait_for(lambda: points.count() == 6, "there is nothing to draw on")
    assert page.locator(".bnviz-guess button").is_disabled()
    boxes = [point.bounding_box() for point in points.all()]
    start, end = boxes[0], boxes[-1]
    assert start and end
    page.mouse.move(start["x"] + 9, start["y"] + 9)
    page.mouse.down()
    page.mouse.move(end["x"] + 9, start["y"] - 150, steps=20)
    page.mouse.up()
    heights = [int(point.get_attribute("aria-valuenow") or 0) for point in points.all()]
    assert heights == sorted(heights) and heights[-1] > heights[0] + 40
    assert grave(page) == {}
    page.get_by_role("button", name=SHOW).click()
    wait_for(lambda: "Your guess" in page.evaluate(NAMES), "the guess is not laid over")
    assert f"guess-faster={quote(','.join(map(str, heights)))}" in page.url
    page.get_by_text("points from the measured one").wait_for()
    assert grave(page) == {}


def test_a_layer_under_the_pointer_lights_up_its_panels(shipped: str, tab: Tab) -> None:
    page = tab(viewport={"width": 1440, "height": 900})
    page.goto(f"{shipped}/covariate_shift?preset=deep&layers=conv5,conv13")
    page.locator(".bnviz-plot-box .main-svg[role=img]").first.wait_for()
    page.get_by_text("How it is measured").first.click()
    box = page.locator(".bnviz-experiment [data-layer=conv5]")
    box.hover()
    faded = """() => [...document.querySelector('.bnviz-plot-box')
      .querySelectorAll('.cartesianlayer > .subplot')].map(p => p.style.opacity)"""
    wait_for(lambda: sorted(page.evaluate(faded)) == ["", "", "0.2", "0.2"], "nothing lights up")
    page.mouse.move(5, 5)
    wait_for(lambda: set(page.evaluate(faded)) == {""}, "panels stay faded")


async def vote(address: str, station: str, guess: str) -> None:
    """Open the link of a room with a guess, as a browser does, and wait until the page is there."""
    stream = f"ws://{address.removeprefix('http://')}/_stcore/stream"
    async with websockets.connect(
        stream, subprotocols=[Subprotocol("streamlit")], max_size=None
    ) as socket:
        message, answer = BackMsg(), ForwardMsg()
        asked = {"room": "blue", "station": station, f"guess-{station}": guess}
        message.rerun_script.query_string = urlencode(asked)
        message.rerun_script.page_name = "learn"
        await socket.send(message.SerializeToString())
        while answer.WhichOneof("type") != "script_finished":
            data = await socket.recv()
            answer.ParseFromString(data if isinstance(data, bytes) else data.encode())


async def thirty(address: str) -> None:
    await asyncio.gather(*(vote(address, "shift", str(1 + place % 3)) for place in range(30)))


def test_the_guesses_of_thirty_readers_arrive_on_the_projector(shipped: str, tab: Tab) -> None:
    page = tab(viewport={"width": 1366, "height": 768})
    page.goto(f"{shipped}/learn?room=blue&station=shift&projector=true")
    page.get_by_text("0 guesses in room").wait_for()
    with ThreadPoolExecutor() as pool:  # playwright has a loop of its own in this thread
        pool.submit(asyncio.run, thirty(shipped)).result()
    begun = time.monotonic()
    page.get_by_text("30 guesses in room").wait_for()
    print(f"the last of thirty guesses was shown after {time.monotonic() - begun:.2f} s")
    counts = page.locator(".bnviz-votes b").all_inner_texts()
    assert counts == ["10", "10", "10"]
    assert grave(page) == {}


def fits(page: playwright.Page) -> bool:
    """Return whether nothing of a slide is cut, on screens of three sizes."""
    found = []
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        found.append(bool(page.evaluate(FITS)))
    return all(found)


def test_a_clicker_leads_through_the_slides_and_nothing_is_cut(shipped: str, tab: Tab) -> None:
    page = tab()
    page.goto(f"{shipped}/present")
    page.locator("[data-clicker=ready]").wait_for(state="attached")
    for place, shown in enumerate(SLIDES.values()):
        page.get_by_role("heading", name=shown.question, exact=True).wait_for()
        page.locator(".st-key-hands").wait_for()
        assert fits(page), f"{shown.question} is cut"
        page.keyboard.press("PageDown" if place % 2 else "Space")
        page.locator(".bnviz-plot-box .main-svg[role=img]").first.wait_for()
        assert fits(page), f"the answer to {shown.question} is cut"
        page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    page.locator(".st-key-hands input").first.fill("7")  # the field keeps the focus
    page.keyboard.press("PageDown")
    page.get_by_text("The class: 7").wait_for()
    page.keyboard.press("PageUp")
    page.locator(".st-key-hands").wait_for()
    page.keyboard.press("b")
    assert page.locator("#bnviz-curtain").is_visible()
    page.keyboard.press("PageDown")  # any key lifts the curtain, and does no more
    assert page.locator("#bnviz-curtain").count() == 0 and page.locator(".st-key-hands").count()
    page.keyboard.press("f")
    wait_for(lambda: page.evaluate("() => Boolean(document.fullscreenElement)"), "no full screen")
    page.keyboard.press("f")
    wait_for(lambda: not page.evaluate("() => Boolean(document.fullscreenElement)"), "it stays")
