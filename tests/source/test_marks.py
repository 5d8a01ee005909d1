"""Check boxes and dingbats in the text layer of a page."""

from __future__ import annotations

import pymupdf
import pytest

from sparknet_assets.source.text.text_layer import read_text_layer


def form(rotation: int = 0) -> pymupdf.Page:
    page = pymupdf.open().new_page()
    for number, (label, checked) in enumerate((("Employed", True), ("Retired", False))):
        y = 100 + 30 * number
        page.insert_text((100, y), label)
        box = pymupdf.Widget()
        box.field_type = pymupdf.PDF_WIDGET_TYPE_CHECKBOX
        box.field_name, box.field_value = label, checked
        box.rect = pymupdf.Rect(72, y - 11, 86, y + 3)
        page.add_widget(box)
    page.set_rotation(rotation)
    return page


def words(page: pymupdf.Page) -> list[str]:
    return [word.text for segment in read_text_layer(page).seen for word in segment.words]


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_check_box_says_whether_it_is_checked(rotation: int) -> None:
    layer = read_text_layer(form(rotation))
    found = {word.text: word for segment in layer.seen for word in segment.words}
    assert set(found) == {"Employed", "Retired", "\u2612", "\u2610"}
    along = "y0" if not rotation else "x0"
    for mark, label in (("\u2612", "Employed"), ("\u2610", "Retired")):
        assert getattr(found[mark], along) == pytest.approx(getattr(found[label], along), abs=0.01)


def test_check_boxes_alone_are_no_text_layer() -> None:
    page = form()
    page.delete_widget(next(page.widgets()))
    for label in ("Employed", "Retired"):
        page.add_redact_annot(page.search_for(label)[0])
    page.apply_redactions()
    assert page.first_widget is not None
    assert read_text_layer(page).verdict == "no-text-layer"


def test_a_box_that_is_not_shown_is_none() -> None:
    page = form()
    box = next(page.widgets())
    box.field_display = 1
    box.update()
    assert words(page) == ["Employed", "Retired", "\u2610"]


def test_a_box_without_a_state_of_its_own_shows_the_value_of_its_field() -> None:
    page = form()
    for box in page.widgets():
        page.parent.xref_set_key(box.xref, "AS", "null")
    assert {"\u2612", "\u2610"} <= set(words(page))


def test_dingbats_are_what_is_drawn() -> None:
    page = pymupdf.open().new_page()
    page.insert_text((72, 72), "Agreed on 3 points")
    page.insert_text((72, 100), "3 8 n l H", fontname="zadb")
    assert words(page)[4:] == ["\u2713", "\u2718", "\u25a0", "\u25cf", "\u2605"]
