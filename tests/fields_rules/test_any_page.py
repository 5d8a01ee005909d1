"""The rules on pages that no one would print: they never raise, and end in time."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.ocr import Box, KeyValue, Line, PageText, Table, Word
from sparknet_assets.fields.rules import extract, fitting, labelled_values
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.values import DocumentFields, FieldValue, Found, SchemaFields
from tests.fields_rules.drawn import page, schema

SCHEMAS = [schema(name) for name in ("receipt", "invoice", "form")]
_WORDS = """
    TOTAL Subtotal 12.50 1,234.50 0 05 Date : 31/12/2020 Qty Amount Description Price RM € - (3.00)
    No. 5, JALAN 43000 Ltd [x] Tax Invoice Number GB82WEST12345698765432 2 x 4.50 ß \u0130 ﬁ ٣ ²
"""
_places = st.floats(-0.5, 1.5) | st.sampled_from([0.0, 0.5, 1.0]) | st.floats()
_words = st.builds(
    Word, st.sampled_from(_WORDS.split()) | st.text(max_size=9), _places, _places, _places, _places,
    st.floats(),
)  # fmt: skip
_boxes = st.builds(Box, _places, _places, _places, _places)
_lines = st.builds(Line, words=st.lists(_words, max_size=6), block=st.integers(0, 3))


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(0, 4))
    cells = st.sampled_from(_WORDS.split()) | st.text(max_size=8)
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=4))
    boxes = draw(st.lists(_boxes, max_size=4))
    return Table(
        block=0, box=draw(_boxes), rows=rows, row_boxes=boxes, header_rows=draw(st.integers(0, 5))
    )


_pairs = st.builds(
    KeyValue, key=st.text(max_size=8), value=st.text(max_size=8), key_box=_boxes,
    value_box=st.none() | _boxes, confidence=st.floats(),
)  # fmt: skip
_pages = st.builds(
    PageText, page=st.integers(1, 9), width=st.integers(0, 2000), height=st.integers(0, 2000),
    engine=st.just("any"), rotation=st.sampled_from([0, 90, 180, 270, 45]),
    lines=st.lists(_lines, max_size=6), tables=st.lists(_tables(), max_size=2),
    key_values=st.lists(_pairs, max_size=2),
)  # fmt: skip


def sound(value: FieldValue) -> bool:
    return 0 <= value.confidence <= 1 and all(box.page == value.page for box in value.boxes)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_pages, max_size=3))
def test_no_page_raises(pages: list[PageText]) -> None:
    fitting(SCHEMAS, pages)
    labelled = labelled_values(pages)
    assert all(0 <= found.value.confidence <= 1 for found in labelled)
    for kind in SCHEMAS:
        found = extract(kind, pages)
        assert all(map(sound, found.fields.values()))
        for table in found.tables.values():
            assert all(len(row) == len(table.columns) for row in table.rows)
            assert all(sound(cell) for row in table.rows for cell in row if cell is not None)
        part = SchemaFields(schema_name=kind.name, schema_sha256="", **dict(found))
        whole = DocumentFields(doc_id="any", schemas=[part], labelled=labelled)
        json.loads(whole.model_dump_json())


def test_no_pages_and_an_empty_schema() -> None:
    assert extract(SCHEMAS[0], []) == Found()
    assert extract(Schema(name="nothing"), [page("TOTAL 5.00")]) == Found()
    assert labelled_values([]) == []


def test_every_text_is_on_its_page_word_for_word() -> None:
    text = """
    SAMPLE CAFE LTD
    5 High Street
    London N1 9GU
    Date: 25/12/2018     No: 771
    Item                 Qty      Price     Amount
    Tea                   2        2.00       4.00
    TOTAL                                     4.00
    """
    given_page = page(text)
    words = [word.text for line in given_page.lines for word in line.words]
    found = extract(SCHEMAS[0], [given_page])
    cells = [c for t in found.tables.values() for row in t.rows for c in row if c is not None]
    values = [*found.fields.values(), *cells]
    assert len(values) > 6
    for value in values:
        assert all(any(part in word for word in words) for part in value.text.split())


@pytest.mark.parametrize("text", ["1", "1,111", "a", " ", "1 ", "A. ", "-", "(", ":", "1,11 "])
def test_a_line_of_a_hundred_thousand_characters_takes_no_time(text: str) -> None:
    endless = Word("T" + text * (100_000 // len(text)) + "T", 0.1, 0.5, 0.9, 0.52, 1.0)
    hostile = page("SAMPLE CAFE LTD\nTotal  5.00")
    hostile.lines.append(Line(words=[endless]))
    started = time.process_time()
    for kind in SCHEMAS:
        extract(kind, [hostile])
    fitting(SCHEMAS, [hostile])
    labelled_values([hostile])
    assert time.process_time() - started < 3


def test_time_grows_with_pages_and_no_faster() -> None:
    line = "the total of what was said on this page by all amounts to little"
    prose = "\n".join([line] * 40)

    def seconds(count: int) -> float:
        pages = [page(prose, number) for number in range(1, count + 1)]
        started = time.process_time()
        extract(SCHEMAS[1], pages)
        fitting(SCHEMAS, pages)
        labelled_values(pages)
        return time.process_time() - started

    seconds(5)  # what is cached once for all
    # Three times, or nine if it grew with their square. What else the machine does only adds.
    bound = 6 * max(0.1, seconds(30))
    assert any(seconds(90) < bound for _ in range(3))
