"""The order in which a page is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.ocr import Box, Line, Table, Word
from sparknet_assets.source.text.layout import arrange
from sparknet_assets.source.text.reading_order import Segment

HEIGHT = 0.015
FILLER = "some words that fill this line well"


def segment(
    text: str, x: float, y: float, width: float = 0.0, size: float = HEIGHT, bold: bool = False
) -> Segment:
    """A piece of a line whose words share its width."""
    parts = text.split()
    step = (width or len(text) * 0.5 * size) / len(parts)
    words = [
        Word(part, x + i * step, y, x + (i + 0.9) * step, y + size, 1.0)
        for i, part in enumerate(parts)
    ]
    return Segment(words, size, bold)


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def column(name: str, x: float, y: float, count: int) -> list[Segment]:
    return [segment(f"{name}{i} {FILLER}", x, y + 0.02 * i, 0.35) for i in range(count)]


def test_two_columns_are_read_one_after_the_other_below_their_title() -> None:
    title = segment("A title across both of the columns", 0.2, 0.05, 0.6)
    page = [*column("b", 0.55, 0.1, 6), title, *column("a", 0.1, 0.1, 6)]

    lines, _ = arrange(page, 0.7)

    order = [line.words[0].text for line in lines]
    assert order == ["A", *(f"a{i}" for i in range(6)), *(f"b{i}" for i in range(6))]


@pytest.mark.parametrize("count", [3, 4])
def test_more_than_two_columns_are_read_one_after_the_other(count: int) -> None:
    width = 0.85 / count
    page = [segment("A title across all of the columns", 0.2, 0.05, 0.6)]
    for number in range(count):
        lines = 20 if number < count - 1 else 9
        page += [
            segment(f"{'abcde'[number]}{line} {FILLER}", 0.07 + width * number, 0.1 + 0.02 * line,
                    (1.0 if line % 5 else 0.7) * (width - 0.03))
            for line in range(lines)
        ]  # fmt: skip

    read = [line.words[0].text[0] for line in arrange(page, 0.7, find_tables=True)[0]]

    assert "".join(dict.fromkeys(read)) == "A" + "abcde"[:count]
    assert read == sorted(read)


def test_three_columns_of_names_are_a_table() -> None:
    people = ("Josephine Miller", "Harbour master", "Rotterdam west")
    page = [
        segment(cell, 0.1 + 0.3 * number, 0.1 + 0.02 * row)
        for row in range(12)
        for number, cell in enumerate(people)
    ]

    lines, tables = arrange(page, 0.7, find_tables=True)

    assert tables[0].rows == [list(people)] * 12
    assert len(lines) == 12


def test_a_wide_piece_between_columns_parts_them() -> None:
    page = [
        *column("a", 0.1, 0.1, 5),
        *column("b", 0.55, 0.1, 5),
        segment("x a figure and its caption across the page", 0.1, 0.25, 0.8),
        *column("c", 0.1, 0.3, 5),
        *column("d", 0.55, 0.3, 5),
    ]

    order = [line.words[0].text[0] for line in arrange(page, 0.7)[0]]

    assert "".join(order) == "aaaaabbbbbxcccccddddd"


def test_columns_amid_wider_text_are_columns() -> None:
    wide = [
        segment(f"w{i} {FILLER} and on to the right edge", 0.1, 0.05 + 0.02 * i, 0.8)
        for i in range(8)
    ]
    below = [
        segment(f"v{i} {FILLER} and on to the right edge", 0.1, 0.5 + 0.02 * i, 0.8)
        for i in range(8)
    ]
    page = [*wide, *column("a", 0.1, 0.25, 7), *column("b", 0.55, 0.25, 7), *below]

    lines, tables = arrange(page, 0.7, find_tables=True)

    order = "".join(line.words[0].text[0] for line in lines)
    assert order == "w" * 8 + "a" * 7 + "b" * 7 + "v" * 8
    assert tables == []


def order_of(page: list[Segment]) -> str:
    return "".join(line.words[0].text[0] for line in arrange(page, 0.7)[0])


def test_columns_of_other_widths_on_one_page_have_gutters_of_their_own() -> None:
    wide = [segment(f"c{i} {FILLER} and more", 0.1, 0.4 + 0.02 * i, 0.5) for i in range(12)]
    narrow = [segment(f"d{i} {FILLER}", 0.65, 0.4 + 0.02 * i, 0.25) for i in range(12)]
    page = [
        *column("b", 0.53, 0.105, 6),
        segment("b short", 0.53, 0.225),
        *column("a", 0.1, 0.1, 9),
        segment("x a title across the page", 0.1, 0.33, 0.8),
        *narrow,
        *wide,
    ]

    assert order_of(page) == "a" * 9 + "b" * 7 + "x" + "c" * 12 + "d" * 12


def test_a_running_title_is_read_before_the_columns_and_a_foot_after_them() -> None:
    page = [
        segment("r the running title", 0.1, 0.03),
        segment("77", 0.85, 0.03),
        *column("a", 0.1, 0.1, 8),
        *column("b", 0.55, 0.1, 8),
        segment("f the publisher", 0.1, 0.4),
    ]

    lines, _ = arrange(page, 0.7)

    assert lines[0].text == "r the running title 77"
    assert order_of(page) == "r" + "a" * 8 + "b" * 8 + "f"


def test_short_labels_of_a_figure_do_not_hide_the_columns() -> None:
    labels = [segment(f"l{i}", 0.56 + 0.05 * (i % 4), 0.1 + 0.02 * i) for i in range(8)]
    page = [*column("a", 0.1, 0.1, 14), *labels, *column("b", 0.55, 0.28, 5)]

    assert order_of(page) == "a" * 14 + "l" * 8 + "b" * 5


def test_a_caption_set_between_two_columns_does_not_part_them() -> None:
    page = [*column("a", 0.1, 0.1, 14), *column("b", 0.55, 0.1, 14)]
    for side, x in (("a", 0.1), ("b", 0.65)):
        page += [segment(f"{side} around a picture", x, 0.4 + 0.02 * i, 0.25) for i in range(6)]
        page += column(side, x if side == "a" else 0.55, 0.52, 8)
    page += [segment("c caption", 0.45, 0.46, 0.1), segment("c in middle", 0.45, 0.48, 0.1)]

    assert order_of(page) == "a" * 28 + "b" * 28 + "cc"


def test_what_runs_up_the_margin_is_read_last() -> None:
    margin = Segment([Word("arXiv", 0.02, 0.1, 0.05, 0.2, 1.0)], 0.02, aslant=True)

    assert order_of([margin, *column("t", 0.1, 0.1, 5)]) == "ttttta"


def test_columns_of_numbers_are_read_row_by_row() -> None:
    page = []
    for row in range(6):
        page += [
            segment(f"Cost of item number {row}", 0.1, 0.1 + 0.02 * row, 0.3),
            segment(f"{row}00", 0.6, 0.1 + 0.02 * row),
            segment(f"{row}50", 0.8, 0.1 + 0.02 * row),
        ]

    assert texts(arrange(page, 0.7)[0]) == [
        f"Cost of item number {r} {r}00 {r}50" for r in range(6)
    ]


def test_a_right_to_left_page_is_read_from_the_right_column() -> None:
    page = []
    for i in range(5):
        page.append(segment(f"ימין{i} מילים שממלאות את השורה", 0.55, 0.1 + 0.02 * i, 0.35))
        page.append(segment(f"שמאל{i} מילים שממלאות את השורה", 0.1, 0.1 + 0.02 * i, 0.35))

    order = [line.words[0].text[:-1] for line in arrange(page, 0.7)[0]]

    assert order == ["ימין"] * 5 + ["שמאל"] * 5


def test_paragraphs_are_blocks_and_headings_have_levels() -> None:
    page = [
        segment("Annual report", 0.1, 0.05, size=0.03),
        segment("Outlook", 0.1, 0.12, size=0.02),
        *column("a", 0.1, 0.16, 3),
        *column("b", 0.1, 0.24, 3),
        segment("Risks", 0.1, 0.32, bold=True),
        *column("c", 0.1, 0.345, 3),
    ]

    lines, _ = arrange(page, 0.7)

    assert [(line.role, line.level) for line in lines if line.role == "heading"] == [
        ("heading", 1),
        ("heading", 2),
        ("heading", 3),
    ]
    blocks = [line.block for line in lines]
    assert blocks == [0, 1, 2, 2, 2, 3, 3, 3, 4, 5, 5, 5]


@pytest.mark.parametrize(
    "text",
    [
        "\u00b7 Option A: charter",
        "\u2610 TRANSITION REPORT",
        "\u2013 a further point",
        "Risks and outlook ........ 11",
        "or",
        "The bursary for the officers,",
        "The measure is a popu-",
        "The results (see the annex",
    ],
)
def test_bullets_entries_and_broken_sentences_are_no_headings(text: str) -> None:
    page = [segment(text, 0.1, 0.05, size=0.03), *column("a", 0.1, 0.16, 6)]

    assert {line.role for line in arrange(page, 0.7)[0]} == {"text"}


@pytest.mark.parametrize(
    ("parts", "is_heading"),
    [
        (["Amount", "Tax", "Total"], False),
        (["Risks", "11"], False),
        (["Item 1.", "Financial statements"], True),
        (["4.2", "Risks"], True),
    ],
)
def test_a_row_of_cells_is_no_heading(parts: list[str], is_heading: bool) -> None:
    row = [segment(text, 0.1 + 0.3 * i, 0.05, bold=True) for i, text in enumerate(parts)]

    lines, _ = arrange([*row, *column("a", 0.1, 0.16, 6)], 0.7)

    assert (lines[0].role == "heading") is is_heading


def test_what_ocr_is_unsure_of_is_no_heading() -> None:
    scrawl = Segment([Word("Plach", 0.1, 0.05, 0.3, 0.1, 0.6)], 0.05)
    page = [scrawl, *column("a", 0.1, 0.16, 6)]

    assert arrange(page, 0.7, measured=False)[0][0].role == "text"


def test_a_heading_over_the_columns_belongs_to_the_table() -> None:
    page = [segment("Three months ended", 0.6, 0.08, bold=True)]
    for row in range(5):
        page += [
            segment(f"Cost of item number {row}", 0.1, 0.1 + 0.02 * row, 0.3),
            segment(f"{row}00", 0.6, 0.1 + 0.02 * row),
            segment(f"{row}50", 0.8, 0.1 + 0.02 * row),
        ]

    lines, tables = arrange(page, 0.7, find_tables=True)

    assert {line.role for line in lines} == {"table"}
    assert tables[0].rows[0] == ["", "Three months ended", ""]
    assert tables[0].header_rows == 1


def test_an_indented_line_begins_a_paragraph() -> None:
    page = column("a", 0.1, 0.1, 6)
    page[3] = segment(f"a3 {FILLER}", 0.13, 0.16, 0.32)

    assert [line.block for line in arrange(page, 0.7)[0]] == [0, 0, 0, 1, 1, 1]


def test_the_lines_of_a_table_stand_together_in_their_place() -> None:
    table = Table(
        block=0,
        box=Box(0.1, 0.2, 0.9, 0.26),
        rows=[["Port", "Boats"], ["North", "12"]],
        row_boxes=[Box(0.1, 0.2, 0.9, 0.23), Box(0.1, 0.23, 0.9, 0.26)],
        header_rows=1,
    )
    page = [
        segment("Boats", 0.6, 0.21),
        segment("North", 0.1, 0.24),
        segment("12", 0.6, 0.24),
        segment("Port", 0.1, 0.21),
        segment(f"After {FILLER}", 0.1, 0.3),
        segment(f"Before {FILLER}", 0.1, 0.15),
    ]

    lines, tables = arrange(page, 0.7, [table])

    assert texts(lines) == [f"Before {FILLER}", "Port Boats", "North 12", f"After {FILLER}"]
    assert [line.role for line in lines] == ["text", "table", "table", "text"]
    assert tables[0].block == lines[1].block == lines[2].block == 1


numbers = st.floats(0, 1, allow_nan=False)
pieces = st.lists(
    st.builds(
        lambda x, y, w, h, text: Segment([Word(text, x, y, x + w, y + h, 1.0)], h),
        numbers,
        numbers,
        st.floats(0, 0.5),
        st.floats(0, 0.1),
        st.text("ab9 א", min_size=1, max_size=30),
    ),
    max_size=40,
)


cells = st.lists(
    st.builds(
        lambda column, row, width, text: segment(text, 0.05 + 0.3 * column, 0.02 * row, width),
        st.integers(0, 2),
        st.integers(0, 9),
        st.floats(0.01, 0.6),
        st.sampled_from(["12", "$", "(3.5)", "......", "a label", "Total:", f"{FILLER} {FILLER}"]),
    ),
    max_size=30,
)


@given(st.one_of(pieces, cells), st.floats(0.1, 10), st.booleans())
def test_every_word_is_read_exactly_once(
    segments: list[Segment], aspect: float, measured: bool
) -> None:
    lines, tables = arrange(segments, aspect, measured=measured, find_tables=True)

    given_words = sorted(word for piece in segments for word in piece.words)
    assert sorted(word for line in lines for word in line.words) == given_words
    assert [line.block for line in lines] == sorted(line.block for line in lines)
    assert {table.block for table in tables} == {
        line.block for line in lines if line.role == "table"
    }
    for table in tables:
        assert len({len(row) for row in table.rows}) == 1
        assert len(table.rows) == len(table.row_boxes)


def test_chinese_set_glyph_by_glyph_is_read_as_one_word() -> None:
    def glyphs(text: str, y: float) -> list[Segment]:
        words = [
            Word(sign, 0.1 + 0.02 * i, y, 0.12 + 0.02 * i, y + 0.014, 1.0)
            for i, sign in enumerate(text)
        ]
        return [Segment([word], 0.014) for word in words]

    page = [*glyphs("港湾委員会", 0.1), *glyphs("항만", 0.2), *glyphs("火曜日に", 0.3)]

    lines, _ = arrange(page, 0.7)

    assert texts(lines) == ["港湾委員会", "항 만", "火曜日に"]
    assert lines[0].box == Box(0.1, 0.1, 0.2, 0.114)


def test_cells_of_several_lines_are_read_one_after_the_other() -> None:
    cell = ["Wrapped text of the", "first article, which", "goes on below it"]
    page = [segment("A-1", 0.1, 0.12), segment("9.99", 0.8, 0.12)]
    page += [segment(text, 0.3, 0.12 + 0.02 * i, 0.3) for i, text in enumerate(cell)]
    table = Table(
        block=0,
        box=Box(0.05, 0.1, 0.95, 0.2),
        rows=[["A-1", " ".join(cell), "9.99"]],
        row_boxes=[Box(0.05, 0.1, 0.95, 0.2)],
    )

    lines, _ = arrange(page, 0.7, [table])

    assert texts(lines) == ["A-1 " + " ".join(cell) + " 9.99"]


def test_a_table_set_with_the_narrowest_gaps_of_common_programs_is_one() -> None:
    # Letters of 10 points in boxes of 13.7, cells 12 points apart: what ReportLab sets unasked.
    rows = [("Item", "Qty", "Total"), ("Planks", "12", "126.00"), ("Copper", "3", "600.00"),
            ("Anchor", "1", "450.00")]  # fmt: skip
    page = [
        segment(text, x, 0.1 + 0.018 * number, width / 0.9, 0.0163)
        for number, row in enumerate(rows)
        for text, x, width in zip(row, (0.1, 0.1802, 0.2404), (0.06, 0.04, 0.06), strict=True)
    ]

    _, tables = arrange(page, 0.707, find_tables=True)

    assert [table.rows for table in tables] == [[list(row) for row in rows]]
