"""The page in Chromium on a real server: upload, search, ask, correct, delete; by keyboard too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.web.site import HOSTILE_NAME, KEY, Site, Watch

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

# The first one waits until the documents are indexed and the server is up.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LOG = "keepers-log.md"
# Boxes are fractions of the page, pixels are whole: a rectangle may be off by this much of it.
NEAR = 0.004


def go(page: Page, where: str) -> None:
    """Opens a view by its address."""
    page.evaluate("(where) => { location.hash = where; }", where)


def open_document(page: Page, doc_id: str, query: str = "") -> None:
    go(page, f"#/documents/{doc_id}{query}")
    page.wait_for_selector(".page.loaded .w")


def fractions(page: Page, inner: Locator) -> list[float]:
    """Where an element is, as fractions of the page image around it."""
    found: list[float] = inner.evaluate(
        """(node) => {
          const own = node.getBoundingClientRect();
          const page = node.closest('.page').querySelector('img').getBoundingClientRect();
          return [(own.left - page.left) / page.width, (own.top - page.top) / page.height,
                  (own.right - page.left) / page.width, (own.bottom - page.top) / page.height];
        }"""
    )
    return found


def around(words: list[list[Any]]) -> list[float]:
    """The rectangle around words of text.json."""
    return [
        min(word[1] for word in words),
        min(word[2] for word in words),
        max(word[3] for word in words),
        max(word[4] for word in words),
    ]


def lines_with(text: dict[str, Any], first: str, last: str) -> list[list[Any]]:
    """For each line of page 1, its words from the one that is `first` to the one that is `last`."""
    found: list[list[Any]] = []
    inside = False
    for line in text["pages"][0]["lines"]:
        chosen = []
        for word in line["words"]:
            inside = inside or word[0] == first
            if inside:
                chosen.append(word)
            if inside and word[0] == last:
                return [*found, chosen]
        if chosen:
            found.append(chosen)
    raise AssertionError(f"no {first} ... {last}")


def row_of(page: Page, name: str) -> Locator:
    return page.locator(".rows .row", has=page.get_by_text(name, exact=True))


def test_from_upload_to_indexed_without_a_reload(page: Page, tmp_path: Path) -> None:
    first, second = tmp_path / "harbour-rules.txt", tmp_path / "tide-table.csv"
    first.write_text("Boats longer than 12 metres moor at the outer quay.\n")
    second.write_text("day,high water\nMonday,06:12\nTuesday,07:03\n")
    page.evaluate("document.documentElement.dataset.here = '1'")
    page.set_input_files("#files", [first, second])
    for name in (first.name, second.name):
        item = page.locator(".upload-list li", has_text=name)
        expect(item).to_have_class(re.compile("done"))
        expect(item.locator("progress")).to_have_attribute("aria-label", f"Upload of {name}")
    expect(page.locator(".uploads-head strong")).to_have_text("2 files uploaded")
    expect(page.locator(".runs .run").first).to_be_visible(timeout=20_000)
    for name in (first.name, second.name):
        expect(row_of(page, name).locator(".status")).to_have_text("Indexed", timeout=60_000)
    expect(page.locator(".runs .run")).to_have_count(0, timeout=20_000)
    assert page.evaluate("document.documentElement.dataset.here") == "1"


def test_a_search_hit_opens_its_page_with_the_passage_marked(page: Page, site: Site) -> None:
    go(page, "#/search")
    page.fill("[data-search]", "fog bell")
    page.keyboard.press("Enter")
    hit = page.locator(".hit", has_text=LOG).first
    expect(hit.locator("mark").first).to_have_text(re.compile("fog|bell", re.I))
    hit.click()
    page.wait_for_selector(".page.loaded .w")
    marks = page.locator(".marks:not(.hints) .mark")
    expect(marks.first).to_be_in_viewport()
    lines = lines_with(site.text(site.ids[LOG]), "The", "north-west.")
    boxes = [fractions(page, mark) for mark in marks.all()]
    expected = around(lines[0])
    assert min(distance(box, expected) for box in boxes) < 0.02


def test_back_leads_to_the_search_before_with_its_choices(page: Page) -> None:
    go(page, "#/search?q=fog+bell&k=20&mode=keyword&from=2020-01-31&last=7&explain=1")
    expect(page.locator(".hit").first).to_be_visible()
    page.fill("[data-search]", "outer quay")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("^outer quay"))
    page.go_back()
    expect(page).to_have_title(re.compile("^fog bell"))
    chosen = ("[data-search]", "#mode", "[aria-label=Results]", "#f-from", "#f-last")
    values = [page.input_value(control) for control in chosen]
    assert values == ["fog bell", "keyword", "20", "2020-01-31", "7"]
    expect(page.locator("#explain")).to_be_checked()


def test_words_are_marked_and_not_their_likes(page: Page) -> None:
    marks = """async ([text, query]) => {
      const { marked, termsOf } = await import('./assets/core/parts.js');
      const found = marked(text, termsOf(query)).querySelectorAll('mark');
      return [...found].map((mark) => mark.textContent);
    }"""
    text = "The fee, two fees, and a coffee from the feeder."
    assert page.evaluate(marks, [text, "fee?"]) == ["fee", "fees"]
    assert page.evaluate(marks, ["北京大学在北京", "北京 大学生 北京大"]) == ["北京大"]


def distance(one: list[float], other: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def test_a_citation_opens_the_page_beside_the_answer_at_its_words(page: Page, site: Site) -> None:
    go(page, "#/ask")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.fill("textarea", "When was the lamp of Gull Rock first lit?")
    page.keyboard.press("Enter")
    answer = page.locator(".answer-text")
    expect(answer).to_contain_text("4 May 1871", timeout=20_000)
    page.locator(".answer .chip").first.click()
    mark = page.locator(".beside .marks:not(.hints) .mark").first
    expect(mark).to_be_in_viewport()
    expect(page.locator(".beside .page.loaded").first).to_be_visible()
    expect(answer).to_be_visible()
    lines = lines_with(site.text(site.ids[LOG]), "The", "north-west.")
    for found, words in zip(page.locator(".beside .marks .mark").all(), lines, strict=True):
        assert distance(fractions(page, found), around(words)) < NEAR
    opened = page.url
    assert "&c=1" in opened
    place = page.locator(".answer .chip").first.get_attribute("href")
    assert place
    assert place.startswith(f"#/documents/{site.ids[LOG]}?page=1&boxes=1")
    page.go_back()
    expect(page.locator(".beside")).to_be_hidden()
    expect(answer).to_contain_text("4 May 1871")
    page.go_forward()
    expect(mark).to_be_visible()
    assert page.url == opened
    assert len([url for url in asked if url.endswith("/ask")]) == 1
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy with sources").click()
    expect(page.get_by_text("Answer and sources were copied.")).to_be_visible()
    copied = page.evaluate("window.copied")
    assert re.search(r"4 May 1871.*\[1\]", copied)
    assert f"{site.url}/{place}" in copied
    page.keyboard.press("Escape")
    expect(page.locator(".beside")).to_be_hidden()


def test_a_page_image_that_failed_can_be_asked_for_again(
    page: Page, site: Site, watch: Watch
) -> None:
    watch.expected += ["429", "503"]
    refusals = [(503, {}), (429, {"Retry-After": "0.01"})]

    def image(route: Route) -> None:
        if not refusals:
            return route.continue_()
        status, headers = refusals.pop(0)
        body = json.dumps({"title": "", "status": status, "detail": "Not now."})
        return route.fulfill(status=status, headers=headers, body=body)

    page.route("**/pages/1/image*", image)
    go(page, f"#/documents/{site.ids[LOG]}")
    expect(page.locator(".page-failure")).to_contain_text("Not now.")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".page.loaded .w")
    expect(page.locator(".page-failure")).to_have_count(0)
    assert refusals == []


def test_words_are_where_they_are_seen_and_can_be_selected(page: Page, site: Site) -> None:
    doc_id = site.ids["invoice.pdf"]
    open_document(page, doc_id)
    text = site.text(doc_id)["pages"][0]
    words = [word for line in text["lines"] for word in line["words"]]
    expect(page.locator(".w")).to_have_count(len(words))
    place = next(i for i, word in enumerate(words) if len(word[0]) > 6)
    span = page.locator(".w").nth(place).locator("span")
    box = fractions(page, span)
    written = words[place]
    assert abs(box[0] - written[1]) < NEAR
    assert abs(box[1] - written[2]) < 0.01
    line = text["lines"][0]["words"]
    selected = page.evaluate(
        """(count) => {
          const all = [...document.querySelectorAll('.text-layer .w')];
          const range = document.createRange();
          range.setStartBefore(all[0]);
          range.setEndAfter(all[count - 1]);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          return getSelection().toString();
        }""",
        len(line),
    )
    assert selected.split() == [word[0] for word in line]
    assert "\n" not in selected.strip()
    page.select_option(".boxes", "words")
    assert page.locator(".w").first.evaluate("n => getComputedStyle(n).outlineStyle") == "solid"
    page.emulate_media(forced_colors="active")
    color = page.locator(".text-layer").first.evaluate("n => getComputedStyle(n).color")
    assert color == "rgba(0, 0, 0, 0)"
    page.emulate_media(forced_colors="none", media="print")
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".page.loaded").first).to_be_visible()
    scroller = page.locator(".viewer-scroll")
    assert scroller.evaluate("n => getComputedStyle(n).overflow") == "visible"


def test_a_field_points_at_its_place_and_keeps_its_correction(page: Page, site: Site) -> None:
    doc_id = site.ids["invoice.pdf"]
    open_document(page, doc_id)
    row = page.locator("[data-schema=invoice] [data-field=number]")
    expect(row.locator(".field-value")).to_have_text("BY-2025-0142")
    row.hover()
    hint = page.locator(".hints .mark").first
    expect(hint).to_be_visible()
    words = [w for line in site.text(doc_id)["pages"][0]["lines"] for w in line["words"]]
    written = next(word for word in words if word[0] == "BY-2025-0142")
    assert distance(fractions(page, hint), around([written])) < NEAR
    row.focus()
    page.keyboard.press("Enter")
    row.locator("input").fill("BY-2025-0143")
    page.keyboard.press("Enter")
    expect(row.locator(".field-value")).to_have_text("BY-2025-0143")
    page.reload()
    expect(row.locator(".field-value")).to_have_text("BY-2025-0143")
    expect(row.locator(".field-meta")).to_contain_text("corrected")
    row.hover()
    row.get_by_role("button", name=re.compile("Take back")).click()
    expect(row.locator(".field-value")).to_have_text("BY-2025-0142")


def test_a_correction_can_be_taken_from_the_page_and_undone(
    page: Page, site: Site, watch: Watch
) -> None:
    watch.expected.append("422")
    doc_id = site.ids["invoice.pdf"]
    open_document(page, doc_id)
    row = page.locator("[data-schema=invoice] [data-field=date]")
    before = row.locator(".field-value").inner_text()
    row.focus()
    page.keyboard.press("Enter")
    row.locator("input").fill("no date at all")
    page.keyboard.press("Enter")
    expect(row.locator(".wrong")).to_be_visible()
    words = [w for line in site.text(doc_id)["pages"][0]["lines"] for w in line["words"]]
    place = next(i for i, w in enumerate(words) if w[0] == "2" and words[i + 1][0] == "March")
    first, last = page.locator(".w").nth(place), page.locator(".w").nth(place + 2)
    start, end = first.bounding_box(), last.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()
    expect(row.locator("input")).to_have_value("2 March 2025")
    row.locator("input").press("Enter")
    expect(row.locator(".field-value")).to_have_text("2025-03-02")
    row.hover()
    hint = page.locator(".hints .mark").first
    assert distance(fractions(page, hint), around([words[place]])) < NEAR
    page.get_by_role("button", name="Undo").click()
    expect(row.locator(".field-value")).to_have_text(before)


def test_a_correction_of_someone_else_is_seen_before_it_gives_way(
    page: Page, site: Site, watch: Watch
) -> None:
    watch.expected.append("412")
    doc_id = site.ids["invoice.pdf"]
    open_document(page, doc_id)
    row = page.locator("[data-schema=invoice] [data-field=number]")
    expect(row.locator(".field-value")).to_have_text("BY-2025-0142")
    site.correct(doc_id, "invoice", "number", "BY-1")
    row.focus()
    page.keyboard.press("Enter")
    row.locator("input").fill("BY-2")
    page.keyboard.press("Enter")
    expect(row.locator(".wrong")).to_contain_text("changed by someone else meanwhile")
    expect(row.locator(".wrong")).to_contain_text("BY-1")
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator(".field-value")).to_have_text("BY-1")
    site.correct(doc_id, "invoice", "number", "BY-3")
    row.hover()
    row.get_by_role("button", name=re.compile("Take back")).click()
    expect(page.locator(".notice.error")).to_contain_text("BY-3")
    expect(row.locator(".field-value")).to_have_text("BY-3")
    row.hover()
    row.get_by_role("button", name=re.compile("Take back")).click()
    expect(row.locator(".field-value")).to_have_text("BY-2025-0142")


def test_a_deleted_document_is_gone(page: Page, site: Site) -> None:
    row = row_of(page, "spare.txt")
    row.hover()
    row.get_by_role("button", name="Delete spare.txt").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("spare.txt")
    dialog.get_by_role("button", name="Cancel").click()
    expect(row).to_be_visible()
    row.get_by_role("button", name="Delete spare.txt").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0, timeout=30_000)
    with pytest.raises(httpx.HTTPStatusError, match=r"404|410"):
        site.api("documents", site.ids["spare.txt"], "pages")


def test_a_batch_of_another_process_ends_and_one_that_broke_off_says_why(page: Page) -> None:
    counts = {"documents": 7, "finished": 0, "failed": 0}
    elsewhere = {"id": "e", "what": "elsewhere", "state": "running", **counts}
    said = "The budget is spent."
    broken = {"id": "b", "what": "pending", "state": "failed", "message": said, **counts}
    known: list[dict[str, Any]] = [elsewhere]
    page.route("**/api/v1/runs", lambda route: route.fulfill(json={"runs": known}))
    page.clock.install()
    page.reload()
    expect(page.locator(".run-head")).to_contain_text("7 documents left")
    expect(page.locator(".live")).to_have_text("7 left")
    known[:] = [broken]
    page.clock.run_for(5_000)
    expect(page.locator(".runs .failure")).to_contain_text(said)
    expect(page.locator(".run")).to_have_count(0)
    expect(page.locator(".live")).to_be_hidden()


def test_a_failure_says_what_to_do(page: Page, site: Site) -> None:
    expect(row_of(page, "torn.pdf")).to_contain_text("torn.pdf")
    page.locator(".segments [data-status=failed]").click()
    expect(page.locator(".rows .row")).to_have_count(1)
    page.get_by_role("link", name="torn.pdf").click()
    expect(page.locator(".document-head .failure")).to_contain_text("torn.pdf")
    expect(page.locator(".lineage .stages li").first).to_have_attribute("data-status", "failed")


def test_lineage_leads_to_dagster(page: Page, site: Site) -> None:
    open_document(page, site.ids["invoice.pdf"], "?tab=lineage")
    expect(page.locator(".lineage .facts")).to_contain_text("SHA-256")
    stages = site.api("documents", site.ids["invoice.pdf"])["stages"]
    expect(page.locator(".stages > li")).to_have_count(len(stages))
    link = page.locator(".stages .out").first
    expect(link).to_have_attribute("href", re.compile(r"^http://dagster\.example/runs/"))
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_the_key_is_asked_for_once(watch: Watch, site: Site) -> None:
    watch.expected.append("401")
    page = watch.page
    page.goto(f"{site.url}/#/documents/{site.ids[LOG]}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    dialog.get_by_label("API key").fill("not the key")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("does not accept this key")
    dialog.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector(".page.loaded .w")
    assert page.evaluate("[sessionStorage.getItem('sparknet.key'), localStorage.length]") == [
        KEY,
        0,
    ]
    page.reload()
    page.wait_for_selector(".page.loaded .w")
    expect(dialog).to_have_count(0)


def test_a_row_that_changes_under_the_focus_keeps_it(page: Page, site: Site) -> None:
    doc_id = site.ids[LOG]
    row = page.locator(f".row[data-doc='{doc_id}']")
    row.locator("a").focus()
    try:
        for tier, focused in (("premium", row.locator("a")), ("basic", row.get_by_role("button"))):
            focused.first.focus()
            site.change(doc_id, tier=tier)
            expect(row.locator(".c-tier")).to_have_text(tier)
            expect(focused.first).to_be_focused()
    finally:
        site.change(doc_id, tier="standard")


def test_by_keyboard_alone(page: Page, site: Site) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    names = page.locator(".rows [data-item]").all_inner_texts()
    expect(page.locator(":focus")).to_have_text(names[1])
    page.keyboard.press("k")
    expect(page.locator(":focus")).to_have_text(names[0])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Search box")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("invoice")
    expect(page.locator(".rows .row")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector(".page.loaded .w")
    page.keyboard.press("b")
    expect(page.locator(".viewer")).to_have_attribute("data-boxes", "words")
    page.keyboard.press("+")
    expect(page.locator(".zoom")).to_have_text("125 %")
    page.keyboard.press("0")
    expect(page.locator(".zoom")).to_have_text("100 %")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Plan & costs")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()


def test_what_documents_say_is_never_executed(page: Page, site: Site) -> None:
    doc_id = site.ids[HOSTILE_NAME]
    expect(row_of(page, HOSTILE_NAME)).to_be_visible()
    for tab in ("passages", "tables", "lineage", "fields"):
        open_document(page, doc_id, f"?tab={tab}")
        expect(page.locator(".document-head h1")).to_have_text(HOSTILE_NAME)
        page.wait_for_timeout(150)
    go(page, "#/search?q=quarantine+officer")
    expect(page.locator(".hits")).to_contain_text("<script>window.pwned=1</script>")
    go(page, "#/ask?q=What+does+the+quarantine+officer+write%3F")
    expect(page.locator(".answer .hint").last).to_be_visible()
    go(page, "#/plan")
    expect(page.get_by_role("heading", name="Costs", exact=True)).to_be_visible()
    assert page.evaluate("window.pwned") is None


def test_text_runs_in_its_own_direction(page: Page, site: Site) -> None:
    open_document(page, site.ids["ferry-ar.txt"], "?tab=passages")
    passage = page.locator(".passages p").first
    expect(passage).to_contain_text("العبارة")
    assert passage.evaluate("node => node.matches(':dir(rtl)')")


def test_plan_and_costs(page: Page, site: Site) -> None:
    go(page, "#/plan")
    chart = page.locator(".chart", has_text="Documents by status")
    expect(chart).to_be_visible()
    totals = site.api("documents")["totals"]
    row = chart.locator("li", has_text="Indexed")
    expect(row.locator(".number")).to_have_text(str(totals["indexed"]))
    assert float(row.locator("rect").last.get_attribute("width") or 0) == 100
    plan = site.api("plan")
    heading = "Everything is up to date" if not plan["documents"] else "to do"
    expect(page.locator(".todo h2")).to_contain_text(heading)


def test_an_answer_of_a_model_has_its_citations_in_the_text(page: Page, site: Site) -> None:
    quote = "The lamp of Gull Rock was first lit on 4 May 1871, in a gale from the north-west."
    box = {"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.5, "y1": 0.12}
    citation = {"doc_id": site.ids[LOG], "page": 1, "chunk_id": "c", "quote": quote, "boxes": [box]}
    dropped = {"text": "It was painted blue.", "why": "No cited passage says so."}
    answer = {
        "question": "q", "answer": "It was lit in 1871 [1]. <b>Not bold</b>", "model": "a-model",
        "citations": [citation], "dropped": [dropped], "seconds": 1.5,
    }  # fmt: skip
    events = [
        ("passages", {"hits": []}), ("text", {"text": "It was lit in 1871 [1]."}),
        ("citation", citation), ("dropped", dropped), ("done", answer),
    ]  # fmt: skip
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    page.route("**/api/v1/ask", lambda r: r.fulfill(body=body, content_type="text/event-stream"))
    go(page, "#/ask?q=When+was+it+lit")
    expect(page.locator(".answer-text")).to_have_text("It was lit in 1871 1. <b>Not bold</b>")
    expect(page.locator(".dropped summary")).to_have_text(re.compile("1 claim left out"))
    page.locator(".answer-text .chip").click()
    page.wait_for_selector(".beside .page.loaded")
    mark = page.locator(".beside .marks:not(.hints) .mark")
    assert distance(fractions(page, mark), [0.1, 0.1, 0.5, 0.12]) < NEAR
