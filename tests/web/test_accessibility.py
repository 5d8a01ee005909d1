"""Every view by axe-core, light and dark, on a desk and on a phone; focus under live changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from tests.web.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


def violations(page: Page) -> list[str]:
    """Rules that the page breaks, with the elements that do."""
    if page.evaluate("!window.axe"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url} {rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def views(page: Page, site: Site) -> list[tuple[str, str]]:
    """Addresses, and what is there once a view is shown."""
    document = f"#/documents/{site.ids['invoice.pdf']}"
    return [
        ("#/documents", ".rows [data-item]"),
        ("#/documents?q=nothing-is-called-so", "main h1"),
        *(
            (f"{document}?tab={tab}", ".document-head h1")
            for tab in ("fields", "tables", "passages")
        ),
        (f"{document}?tab=lineage", ".stages"),
        (f"#/documents/{site.ids['torn.pdf']}", ".failure"),
        ("#/search?q=lamp", ".results [data-item]"),
        ("#/ask?q=How+heavy+is+the+lens%3F", ".citations li"),
        ("#/plan", ".todo h2"),
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light", "viewport": DESK},
        {"color_scheme": "dark", "viewport": DESK},
        {"color_scheme": "light", "viewport": PHONE},
        {"color_scheme": "dark", "viewport": PHONE},
    ],
    ids=["light", "dark", "light phone", "dark phone"],
)
def test_axe_finds_nothing(page: Page, site: Site) -> None:
    found: list[str] = []
    for where, there in views(page, site):
        page.evaluate("(where) => { location.hash = where; }", where)
        page.wait_for_selector(there, state="attached")
        expect(page.locator(".waiting")).to_have_count(0)
        found += violations(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    found += violations(page)
    assert found == []


def test_a_panel_that_is_drawn_anew_keeps_the_focus_and_what_is_folded_out(
    page: Page, site: Site
) -> None:
    doc_id = site.ids["invoice.pdf"]
    page.evaluate("(where) => { location.hash = where; }", f"#/documents/{doc_id}?tab=lineage")
    held = page.locator(".lineage button.hash").nth(2)
    held.focus()
    name = held.inner_text()
    page.evaluate("document.querySelector('.lineage').firstChild.dataset.before = 'yes'")
    try:
        site.change(doc_id, tier="premium")
        expect(page.locator(".document-facts select")).to_have_value("premium")
        expect(page.locator(".lineage [data-before]")).to_have_count(0)
        expect(page.locator(":focus")).to_have_text(name)
        page.locator(".document-facts select").focus()
        site.change(doc_id, tier="basic")
        expect(page.locator(".document-facts select")).to_have_value("basic")
        expect(page.locator(".document-facts select")).to_be_focused()
    finally:
        site.change(doc_id, tier="standard")
