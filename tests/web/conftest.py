"""One server and one browser for all tests of the page; a tab of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.site import CHROMIUM, FLAGS, KEY, Site, Watch, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# What waits longer than this on a busy machine is broken; what is quick is not held up by it.
_WAIT_MS = 20_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; the tests are skipped where there is none."""
    if not CHROMIUM:
        pytest.skip("no Chromium on the PATH: install it to test the web page")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`sparknet serve` on a home with a few documents. It asks for a key."""
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def options() -> dict[str, Any]:
    """Of the tab; a test overrides them by parametrizing."""
    return {}


@pytest.fixture
def watch(browser: Browser, options: dict[str, Any]) -> Iterator[Watch]:
    """A tab without a key, and what the browser complains of."""
    viewport = {"width": 1280, "height": 800}
    context = browser.new_context(**{"viewport": viewport, "locale": "en-GB", **options})
    context.set_default_timeout(_WAIT_MS)
    watch = Watch(context.new_page())
    watch.begin()
    yield watch
    context.close()
    assert watch.complaints() == []


@pytest.fixture
def page(watch: Watch, site: Site) -> Page:
    """A tab with the key, at the list of documents."""
    watch.page.add_init_script(
        f"if (!sessionStorage.getItem('sparknet.key')) "
        f"sessionStorage.setItem('sparknet.key', '{KEY}')"
    )
    watch.page.goto(site.url)
    watch.page.wait_for_selector(".rows [data-item]")
    return watch.page
