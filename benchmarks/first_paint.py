"""How long the web page takes to show something in Chromium, and then its first rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.verdict import Verdict
from tests.web.site import CHROMIUM, FLAGS, KEY, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BUDGET_MS = 1_000.0
LOADS = 10
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def loads(browser: Browser, url: str, count: int = LOADS) -> list[tuple[float, float]]:
    """Milliseconds to the first contentful paint and to the first rows; nothing is cached."""
    times = []
    for _ in range(count):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_init_script(f"sessionStorage.setItem('sparknet.key', '{KEY}')")
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(".rows [data-item]")
        times.append((page.evaluate(_PAINTED), page.evaluate("performance.now()")))
        context.close()
    return times


def measure() -> list[Verdict]:
    """Raises FileNotFoundError without Chromium."""
    if not CHROMIUM:
        raise FileNotFoundError(2, "no such program", "chromium")
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="sparknet-page-") as folder,
        serving(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        times = loads(browser, site.url)
        browser.close()
    painted, rows = (sorted(each) for each in zip(*times, strict=True))
    print(f"first rows: median {median(rows):.0f} ms, slowest {rows[-1]:.0f} ms of {LOADS} loads")
    return [Verdict("first paint of the web page, slowest", painted[-1], BUDGET_MS, "ms")]
