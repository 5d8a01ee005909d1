"""Quotes placed on the pages that they stand on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from resources.ocr import Line, PageText, Word
from resources.vector_store import PageBox
from sparknet_assets.answers.places import boxes_of

WHOLE = [PageBox(page, 0, 0, 1, 1) for page in (1, 2)]


def page(number: int, *lines: str) -> PageText:
    """Lines below each other, ten words wide at most."""
    made = []
    for row, text in enumerate(lines):
        y = 0.1 + 0.05 * row
        words = [
            Word(word, 0.1 + 0.08 * at, y, 0.17 + 0.08 * at, y + 0.04, 1.0)
            for at, word in enumerate(text.split())
        ]
        made.append(Line(words=words))
    return PageText(page=number, width=100, height=100, engine="text-layer", lines=made)


ROWS = ("one two three four", "five six seven eight", "nine ten one two")


def test_a_quote_over_two_lines_has_a_box_each() -> None:
    first, second = boxes_of("three four, five six", [page(1, *ROWS)], WHOLE)
    assert (first.page, round(first.x0, 2), round(first.x1, 2)) == (1, 0.26, 0.41)
    assert (round(second.x0, 2), round(second.x1, 2)) == (0.1, 0.25)
    assert second.y0 > first.y1


def test_a_quote_may_run_on_to_the_next_page() -> None:
    boxes = boxes_of("two alpha", [page(1, *ROWS), page(2, "alpha beta")], WHOLE)
    assert [box.page for box in boxes] == [1, 2]
    assert boxes[0].y0 > 0.19


def test_words_outside_the_passage_are_not_taken() -> None:
    below = [PageBox(1, 0, 0.19, 1, 1)]
    [box] = boxes_of("one two", [page(1, *ROWS)], below)
    assert box.y0 > 0.19


def test_a_word_that_is_cut_otherwise_does_not_matter() -> None:
    text = page(1, "the pay- ment is due on the first day")
    [box] = boxes_of("the payment is due on the first day", [text], WHOLE)
    assert round(box.x0, 2) == 0.1


def test_a_word_parted_at_the_end_of_a_line_is_placed_on_both() -> None:
    text = page(1, "see the new time-", "table of the well-", "known ferry")
    boxes = boxes_of("timetable of the well-known ferry", [text], WHOLE)
    assert [round(box.x0, 2) for box in boxes] == [0.34, 0.1, 0.1]
    first, second = boxes_of("new timetable", [text], WHOLE)
    assert (round(first.x0, 2), round(second.x1, 2)) == (0.26, 0.17)


def test_what_is_not_there_has_no_place() -> None:
    assert boxes_of("nothing of the kind", [page(1, *ROWS)], WHOLE) == []
    assert boxes_of("...", [page(1, *ROWS)], WHOLE) == []
    assert boxes_of("one two", [], WHOLE) == []


WORDS = st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=24)


@given(WORDS, st.data())
def test_a_stretch_of_words_is_found_where_it_says_the_same(
    words: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    rows = [" ".join(words[at : at + 8]) for at in range(0, len(words), 8)]
    text = page(1, *rows)
    boxes = boxes_of(" ".join(words[start:end]), [text], WHOLE)
    inside = [
        word.text
        for box in boxes
        for line in text.lines
        for word in line.words
        if box.x0 <= (word.x0 + word.x1) / 2 <= box.x1 and box.y0 <= word.y0 <= box.y1
    ]
    assert inside == words[start:end]
