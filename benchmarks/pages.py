"""Time the pages on the server: the first visit, and a rerun after a change.

The rerun is timed with 200 runs in the cache and with none.

python -m benchmarks.pages [PAGE ...]   also times the first visit of Start in Chromium, each time
                                        on a new server and in a new profile, and how soon the slice
                                        of Landscape follows a chosen step, if it is installed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from bnviz import paths
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS
from bnviz.runs import supervisor
from bnviz.runs.run import Run, asked
from bnviz.runs.store import Store

RUNS = 200
REPEATS = 5
PORT = 8770
DRAWN = "document.querySelectorAll('.bnviz-plot-box .main-svg[role=img]').length"

SLICE = ".st-key-figure-loss-slice"
DELAYS = f"""async () => {{
  const box = document.querySelector("{SLICE} .bnviz-plot-box"), steps = window.bnvizSteps.all(),
    delays = [];
  for (let i = 0; i < 20; i += 1) {{
    const drawn = new Promise((resolve) => box.once("plotly_afterplot", resolve)),
      start = performance.now();
    window.bnvizSteps.choose(steps[(7 * i + 3) % steps.length]);
    await drawn;
    delays.push(performance.now() - start);
  }}
  return delays;
}}"""


def fill(store: Store) -> None:
    """Add RUNS finished runs with different seeds, all with the rows of one that ships."""
    source = Run(paths.GALLERY / PRESETS["deep"].specs()[0].id)
    for seed in range(100, 100 + RUNS):
        spec = PRESETS["deep"].specs(seed=seed)[seed % 3]
        run = store.run(spec.id)
        shutil.copytree(source.folder, run.folder)
        run.write("spec.json", asked(spec))


def timed(opened: AppTest) -> float:
    """Return the seconds of one run of the page's script."""
    begun = time.perf_counter()
    opened.run()
    if opened.exception:
        sys.exit(f"{opened.exception}")
    return time.perf_counter() - begun


def measure(page: str) -> tuple[float, float]:
    """Return the seconds of the first run, and the median of the next REPEATS."""
    opened = AppTest.from_file(str(PROJECT / "pages" / f"{page}.py"), default_timeout=120)
    first = timed(opened)
    return first, statistics.median(timed(opened) for _ in range(REPEATS))


def first_visit(cache: Path) -> tuple[float, float, float] | None:
    """Return the seconds from a new server's first answer until Start shows one figure, and all.

    The third number is the seconds from choosing a step on Landscape until its slice is drawn, the
    median of 20. Returns None if there is no Chromium.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    options = ["--server.headless", "true", "--server.port", str(PORT)]
    server = subprocess.Popen(
        [sys.executable, "-m", "bnviz", "app", "--", *options],
        cwd=PROJECT,
        env=os.environ | {"BNVIZ_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
    )
    try:
        return seconds_to_draw(chromium)
    finally:
        server.kill()
        server.wait()


def seconds_to_draw(chromium: str) -> tuple[float, float, float]:
    """Wait for the server, and return the three numbers of `first_visit`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        while True:
            try:
                page.goto(f"http://127.0.0.1:{PORT}/", wait_until="commit")
                break
            except Exception:  # the server does not answer yet
                time.sleep(0.1)
        begun = time.perf_counter()
        page.wait_for_function(f"() => {DRAWN} >= 1", timeout=60_000)
        first = time.perf_counter() - begun
        page.wait_for_function(f"() => {DRAWN} >= 7", timeout=60_000)
        every = time.perf_counter() - begun
        page.goto(f"http://127.0.0.1:{PORT}/landscape?preset=deep")
        page.wait_for_function("() => window.bnvizSteps?.now() === 4950", timeout=60_000)
        page.locator(SLICE).evaluate("figure => figure.scrollIntoView({ block: 'center' })")
        page.locator(f"{SLICE} .main-svg[role=img]").wait_for(state="attached")
        page.wait_for_timeout(1000)
        follows = statistics.median(page.evaluate(DELAYS)) / 1e3
        browser.close()
    return first, every, follows


def main() -> None:
    """Time every page, or those named on the command line."""
    supervisor.ensure = lambda store: None
    pages = sys.argv[1:] or sorted(
        str(path.relative_to(PROJECT / "pages").with_suffix(""))
        for path in (PROJECT / "pages").glob("*/*.py")
    )
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as full:
        fill(Store(Path(full)))
        print(f"{'page':24} {'first':>8} {'rerun':>8} {'rerun, no runs':>15} {'ratio':>6}")
        for page in pages:
            os.environ["BNVIZ_CACHE"] = empty
            _, alone = measure(page)
            os.environ["BNVIZ_CACHE"] = full
            first, again = measure(page)
            print(
                f"{page:24} {first * 1e3:6.0f} ms {again * 1e3:5.0f} ms "
                f"{alone * 1e3:12.0f} ms {again / alone:6.2f}"
            )
        if found := [visit for _ in range(REPEATS) if (visit := first_visit(Path(full)))]:
            first, every, follows = map(statistics.median, zip(*found, strict=True))
            print(
                f"Start in a browser, new server, median of {REPEATS}: first figure {first:.2f} s "
                f"after it answers, all {every:.2f} s; a chosen step is drawn after "
                f"{follows * 1e3:.0f} ms"
            )


if __name__ == "__main__":
    main()
