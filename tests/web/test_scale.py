"""Long lists, long documents, small screens: what stays light and what stays readable."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.web.site import Site, Watch

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# The first one waits until the documents are indexed and the server is up.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DOCUMENTS = 10_000
PAGES = 3_000
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
VIEWS = {
    "documents": "#/documents",
    "document": "#/documents/{invoice}",
    "tables": "#/documents/{invoice}?tab=tables",
    "passages": "#/documents/{log}?tab=passages",
    "lineage": "#/documents/{invoice}?tab=lineage",
    "failed": "#/documents/{torn}",
    "search": "#/search?q=fog+bell&explain=1",
    "ask": "#/ask?q=When+was+the+lamp+of+Gull+Rock+first+lit%3F",
    "plan": "#/plan",
}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def addresses(site: Site) -> dict[str, str]:
    names = {"invoice": "invoice.pdf", "log": "keepers-log.md", "torn": "torn.pdf"}
    ids = {short: site.ids[name] for short, name in names.items()}
    return {view: where.format(**ids) for view, where in VIEWS.items()}


def settle(page: Page, where: str) -> None:
    """Opens a view and waits until it shows what it has."""
    page.evaluate("(where) => { location.hash = where; }", where)
    page.wait_for_function(
        "() => document.querySelector('.view')?.childElementCount && "
        "!document.querySelector('.waiting, [aria-busy=true]')"
    )
    page.wait_for_timeout(250)


def _row(number: int) -> dict[str, Any]:
    return {
        "doc_id": f"paper-{number:05}", "filename": f"paper-{number:05}.pdf", "status": "indexed",
        "pages": 3, "chunks": 9, "tier": "standard", "media_type": "application/pdf",
        "title": None, "failure": None, "stale": "", "created_at": "2026-01-02T10:00:00Z",
        "updated_at": "2026-01-02T10:00:00Z", "cost_usd": 0.0,
    }  # fmt: skip


def test_ten_thousand_documents_are_read_as_they_are_scrolled_to(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        after = query.get("after", [""])[0]
        asked.append(after)
        first = int(after.rsplit("-", 1)[1]) + 1 if after else 0
        rows = [_row(n) for n in range(first, min(DOCUMENTS, first + 100))]
        following = rows[-1]["doc_id"] if first + 100 < DOCUMENTS else None
        body = {"documents": rows, "next": following, "totals": {"indexed": DOCUMENTS}}
        route.fulfill(json=body)

    page.route("**/api/v1/documents?*", answer)
    page.reload()
    expect(page.locator(".segments .count").first).to_have_text("10,000")
    assert len(asked) <= 2
    until = monotonic() + 60
    while len(asked) < 5 and monotonic() < until:
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(120)
    assert len(asked) >= 5
    assert page.locator(".rows .row").count() < 80
    expect(page.locator(".rows .row").last).to_contain_text("paper-00")
    top = page.evaluate("window.scrollY")
    page.evaluate("location.hash = '#/search'")
    expect(page.locator(".search-form")).to_be_visible()
    page.go_back()
    page.wait_for_function("(top) => Math.abs(window.scrollY - top) < 2", arg=top)


TELL = """async ([name, detail]) => {
  const { live } = await import('./assets/core/live.js');
  live.dispatchEvent(new CustomEvent(name, { detail }));
  return [...document.querySelectorAll('.segments .count')].map((one) => one.textContent);
}"""


def test_a_list_outlives_a_break_and_counts_no_document_twice(page: Page, watch: Watch) -> None:
    watch.expected.append("503")
    totals, away = {"indexed": 300}, True

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        after = query.get("after", [""])[0]
        if after and away:
            return route.fulfill(status=503, json={"status": 503, "detail": "Away."})
        first = int(after.rsplit("-", 1)[1]) + 1 if after else 0
        rows = [_row(n) for n in range(first, first + 100)]
        following = rows[-1]["doc_id"] if first < 200 else None
        return route.fulfill(json={"documents": rows, "next": following, "totals": totals})

    page.route("**/api/v1/documents?*", answer)
    page.reload()
    expect(page.locator(".segments .count").first).to_have_text("300")
    # Rows that were not read yet: what they were counted as is not known.
    for status in ("pending", "indexed", "pending"):
        row = {**_row(250), "status": status}
        assert page.evaluate(TELL, ["document", row]) == ["300", "300"]
    totals = {"indexed": 299, "pending": 1}
    expect(page.locator(".segments [data-status=pending]")).to_have_text("Pending1")
    with page.expect_response(lambda answer: answer.status == 503):
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    away = False
    page.evaluate(TELL, ["caught-up", None])
    page.wait_for_function("() => document.querySelector('.rows').clientHeight > 101 * 48")


def test_three_thousand_pages_load_only_those_near(page: Page, site: Site) -> None:
    images: list[str] = []

    def image(route: Route) -> None:
        images.append(route.request.url)
        route.fulfill(body=DOT, content_type="image/png")

    pages = [
        {"page": n, "width": 1240, "height": 1754, "failure": None, "engine": "text-layer",
         "confidence": 1.0, "words": 300} for n in range(1, PAGES + 1)
    ]  # fmt: skip
    text = {"page": 1, "width": 1240, "height": 1754, "lines": [], "tables": [], "key_values": []}
    page.route("**/pages", lambda route: route.fulfill(json={"pages": pages}))
    page.route("**/pages/*/image*", image)
    page.route("**/pages/*/text", lambda route: route.fulfill(json=text))
    page.evaluate("(id) => { location.hash = `#/documents/${id}`; }", site.ids["invoice.pdf"])
    expect(page.locator(".of")).to_have_text("of 3,000")
    page.wait_for_selector(".page.loaded")
    assert len(images) <= 4
    page.fill(".page-field", "2500")
    page.keyboard.press("Enter")
    expect(page.locator("[data-page='2500'].page")).to_have_class("page loaded")
    page.wait_for_timeout(200)
    assert len(images) <= 10
    assert page.locator(".page.loaded").count() <= 5
    page.keyboard.press("Escape")
    page.locator(".viewer-scroll").focus()
    page.keyboard.press("]")
    expect(page.locator(".page-field")).to_have_value("2501")


@pytest.mark.parametrize("options", [PHONE])
def test_nothing_is_cut_off_on_a_phone(page: Page, site: Site) -> None:
    wide = {}
    for view, where in addresses(site).items():
        settle(page, where)
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            wide[view] = page.evaluate(
                "[...document.querySelectorAll('main *')].filter((node) => "
                "node.getBoundingClientRect().right > 361).map((node) => node.className)"
            )
    assert wide == {}


NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, textarea')]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() ||
    node.labels?.[0]?.textContent.trim()))
  .map((node) => node.outerHTML)"""


def test_every_control_has_a_name_and_every_view_a_heading(page: Page, site: Site) -> None:
    for where in addresses(site).values():
        settle(page, where)
        assert page.evaluate(NAMELESS) == []
        assert page.locator("main h1").count() == 1, where
        assert page.locator("main, header, nav").count() >= 3
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
        assert len(ids) == len(set(ids)), where


@pytest.mark.parametrize("options", [{"color_scheme": "light", "reduced_motion": "reduce"}])
def test_dark_or_light_is_remembered_and_nothing_moves_unasked(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.keyboard.press("t")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    page.wait_for_selector(".rows [data-item]")
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(ground) == light
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.skipif(
    not os.environ.get("SPARKNET_TEST_SHOTS"),
    reason="set SPARKNET_TEST_SHOTS to a folder for screenshots",
)
@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "light", **PHONE},
        {"color_scheme": "dark", **PHONE},
    ],
    ids=["light", "dark", "phone", "phone-dark"],
)
def test_screenshots(page: Page, site: Site, request: pytest.FixtureRequest) -> None:
    folder = Path(os.environ["SPARKNET_TEST_SHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    kind = request.node.callspec.id
    for view, where in addresses(site).items():
        settle(page, where)
        if view == "ask":
            page.locator(".chip").first.click()
            page.wait_for_selector(".beside .page.loaded")
        page.wait_for_timeout(400)
        page.screenshot(path=folder / f"{view}-{kind}.png")
    assert len(list(folder.glob(f"*-{kind}.png"))) >= len(VIEWS)


def test_a_long_plan_is_summed_up_and_listed_in_parts(page: Page) -> None:
    planned, first = 450, "was found in raw/"
    sums = {"pages": 1350, "seconds": 900.0, "cost_usd": 0.0}
    row = {"change": "new", "tier": "standard", "stages": ["documents"], "reason": first}
    counts = ("new", "changed", "removed", "pending", "orphaned", "outdated", "due", "waiting")

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        begin = int(query.get("after", ["-0"])[0].rsplit("-", 1)[1])
        numbers = range(begin + 1, min(planned, begin + int(query["limit"][0])) + 1)
        own = {**row, "pages": None, "seconds": 2.0, "cost_usd": 0.0}
        rows = [{**own, "doc_id": f"paper-{n:05}"} for n in numbers]
        totals = {"documents": planned, **sums, **dict.fromkeys(counts, 0), "ignored": 0}
        route.fulfill(
            json={
                "documents": rows,
                "next": rows[-1]["doc_id"] if numbers[-1] < planned else None,
                "totals": totals | {"unsettled": 0, "unchanged": 0, "tiers": {}},
                "reasons": [{**row, "documents": planned, **sums}],
                "ignored": [], "held_back": "", "unmeasured": [], "unpriced": [],
            }
        )  # fmt: skip

    page.route("**/api/v1/plan?*", answer)
    page.evaluate("location.hash = '#/plan'")
    reasons = page.get_by_role("region", name="What would be redone, by reason")
    expect(reasons.locator("tbody tr")).to_have_text(re.compile(f"{first}.*450.*1,350"))
    for listed in (200, 400, 450):
        expect(page.locator(".plan-table tbody tr")).to_have_count(listed)
        if listed < planned:
            page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
