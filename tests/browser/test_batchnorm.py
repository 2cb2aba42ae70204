"""The page "BatchNorm, taken apart": a notice that appears or disappears moves nothing else."""

from tests.browser.conftest import Tab

MARK = """() => {
  window.kept = [...document.querySelectorAll(
    '[data-testid=stMain] :is(.bnviz-plot, [data-testid=stColumn])')];
  window.lost = 0;  // counts elements that leave the page, even for a moment
  new MutationObserver(() => { window.lost += window.kept.some((node) => !node.isConnected); })
    .observe(document.body, { childList: true, subtree: true });
  return window.kept.length;
}"""
STILL = """() => window.lost === 0 && window.kept.length > 2
  && window.kept.every((node) => node.isConnected)"""


def test_a_notice_that_appears_or_disappears_moves_nothing_else(tab: Tab, shipped: str) -> None:
    page = tab()
    page.goto(f"{shipped}/batchnorm")
    equal = page.get_by_text("All five are the same")
    page.locator(".bnviz-plot .main-svg").first.wait_for()
    page.evaluate(MARK)
    page.get_by_role("button", name="All the same").click()
    equal.wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate(STILL)
    page.get_by_role("button", name="Evenly spread").click()
    equal.wait_for(state="detached")
    page.wait_for_timeout(500)
    assert page.evaluate(STILL)
