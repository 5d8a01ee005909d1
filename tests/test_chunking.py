"""Chunks hold every word once at least, in order, within budget, and know where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.ocr import Box, Line, PageText, Table, Word
from resources.vector_store import Chunk
from sparknet_assets.chunking import make_chunks
from tests.doubles.embedder import WordEmbedder

EMBEDDER = WordEmbedder(max_tokens=64)


class Writer:
    """Makes pages of words that occur once each, and remembers where it put them."""

    def __init__(self) -> None:
        self.numbers = count()
        self.pages: list[PageText] = []
        self.order: list[str] = []
        self.line_of: dict[str, tuple[int, Box]] = {}

    def page(self) -> None:
        self.pages.append(PageText(page=len(self.pages) + 1, width=100, height=100, engine="x"))
        self.block = -1
        self.y = 0.0

    def line(self, role: str, lengths: Sequence[int], level: int | None = None) -> None:
        """A line of new words of these lengths."""
        words = [self._word(length) for length in lengths]
        box = self._box()
        placed = [
            Word(word, n / len(words), box.y0, (n + 1) / len(words), box.y1, 1.0)
            for n, word in enumerate(words)
        ]
        self._page.lines.append(Line(words=placed, block=self.block, role=role, level=level))
        self._remember(words, box)

    def table(self, rows: Sequence[Sequence[Sequence[int]]], header_rows: int) -> None:
        """A table of cells of new words, its lines beside it."""
        self.block += 1
        texts, boxes = [], []
        for cells in rows:
            words = [[self._word(length) for length in cell] for cell in cells]
            box = self._box()
            texts.append([" ".join(cell) for cell in words])
            boxes.append(box)
            flat = [word for cell in words for word in cell]
            if flat:
                placed = [Word(word, *box, 1.0) for word in flat]
                self._page.lines.append(Line(words=placed, block=self.block, role="table"))
            self._remember(flat, box)
        self._page.tables.append(
            Table(
                block=self.block,
                box=Box(0, 0, 1, 1),
                rows=texts,
                row_boxes=boxes,
                header_rows=header_rows,
            )
        )

    @property
    def _page(self) -> PageText:
        return self.pages[-1]

    def _word(self, length: int) -> str:
        return f"w{next(self.numbers)}".ljust(length, "x")

    def _box(self) -> Box:
        self.y += 0.001
        return Box(0.0, self.y, 1.0, self.y + 0.001)

    def _remember(self, words: Sequence[str], box: Box) -> None:
        self.order.extend(words)
        self.line_of.update(dict.fromkeys(words, (self._page.page, box)))


word_lengths = st.integers(1, 30)
lines = st.lists(word_lengths, min_size=1, max_size=14)
headings = st.tuples(
    st.just("heading"), st.lists(lines, min_size=1, max_size=2), st.integers(1, 4) | st.none()
)
paragraphs = st.tuples(st.just("text"), st.lists(lines, min_size=1, max_size=10), st.none())
cells = st.lists(word_lengths, max_size=4)
tables = st.tuples(
    st.just("table"),
    st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(cells, min_size=columns, max_size=columns), min_size=1, max_size=12
        )
    ),
    st.integers(0, 2),
)
documents = st.lists(st.lists(headings | paragraphs | tables, max_size=6), max_size=4)


def written(document: list[list[tuple[str, list, int | None]]]) -> Writer:
    writer = Writer()
    for page in document:
        writer.page()
        for role, content, detail in page:
            if role == "table":
                writer.table(content, detail)
                continue
            writer.block += 1
            for lengths in content:
                writer.line(role, lengths, detail)
    return writer


def chunked(pages: Sequence[PageText], size: int = 40, overlap: int = 8) -> list[Chunk]:
    return list(make_chunks("doc", pages, EMBEDDER, size=size, overlap=overlap))


@settings(max_examples=60, deadline=None)
@given(document=documents, size=st.integers(20, 100), overlap=st.integers(0, 9))
def test_every_word_is_kept_in_order_within_budget(document, size: int, overlap: int) -> None:
    writer = written(document)
    chunks = chunked(writer.pages, size, overlap)
    seen = dict.fromkeys(w for chunk in chunks for w in chunk.text.split() if w != "|")
    assert list(seen) == writer.order
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)
    for chunk in chunks:
        assert chunk.tokens <= min(size, EMBEDDER.max_tokens)
        assert [chunk.tokens] == EMBEDDER.count_tokens([chunk.text])
        assert chunk.text == chunk.text.strip()


@settings(max_examples=50, deadline=None)
@given(document=documents)
def test_boxes_cover_the_lines_of_the_words_and_no_others(document) -> None:
    writer = written(document)
    for chunk in chunked(writer.pages):
        lines = {writer.line_of[word] for word in chunk.text.split() if word != "|"}
        assert chunk.pages == tuple(sorted({page for page, _ in lines}))
        assert len(chunk.boxes) == len(lines)
        for box in chunk.boxes:
            assert any(
                page == box.page and line.y0 == box.y0 and line.y1 == box.y1 for page, line in lines
            )


@settings(max_examples=50, deadline=None)
@given(
    text=st.text(max_size=400),
    table=st.lists(st.lists(st.text(max_size=80), min_size=2, max_size=2), max_size=5),
)
def test_any_characters_at_all(text: str, table: list[list[str]]) -> None:
    box = Box(0, 0, 1, 1)
    page = PageText(
        page=1,
        width=1,
        height=1,
        engine="x",
        lines=[Line(words=[Word(part, *box, 1.0)], block=0) for part in text.split("\n")],
        tables=[Table(block=1, box=box, rows=table, row_boxes=[])],
    )
    chunks = chunked([page], size=20, overlap=4)
    together = "".join("".join(chunk.text.split()) for chunk in chunks)
    assert all(chunk.tokens <= 20 for chunk in chunks)
    assert set("".join(text.split())) <= set(together)


def page_of(number: int, *blocks: tuple[str, str] | tuple[str, str, int]) -> PageText:
    """A page of blocks (role, lines[, level]); `|` between the cells of a table."""
    page = PageText(page=number, width=100, height=100, engine="x")
    for block, (role, text, *level) in enumerate(blocks):
        rows = text.split("\n")
        for n, row in enumerate(rows):
            y = block / 10 + n / 100
            words = [Word(word, 0.1, y, 0.9, y + 0.01, 1.0) for word in row.split() if word != "|"]
            page.lines.append(
                Line(words=words, block=block, role=role, level=level[0] if level else None)
            )
        if role == "table":
            page.tables.append(
                Table(
                    block=block,
                    box=Box(0, 0, 1, 1),
                    rows=[[cell.strip() for cell in row.split("|")] for row in rows],
                    row_boxes=[Box(0.1, 0, 0.9, 0.1)] * len(rows),
                    header_rows=1,
                )
            )
    return page


def test_a_heading_stays_with_its_text_and_names_the_section() -> None:
    chunks = chunked(
        [
            page_of(
                1,
                ("heading", "Report", 1),
                ("heading", "Scope", 2),
                ("text", "This covers all of it."),
                ("heading", "Method", 2),
                ("text", "We looked at it."),
                ("heading", "Annex", 1),
                ("text", "Nothing here."),
            )
        ]
    )
    assert [chunk.text for chunk in chunks] == [
        "Report\nScope\n\nThis covers all of it.",
        "Method\n\nWe looked at it.",
        "Annex\n\nNothing here.",
    ]
    assert [chunk.section for chunk in chunks] == [
        ("Report", "Scope"),
        ("Report", "Method"),
        ("Annex",),
    ]


def test_a_section_of_a_few_words_goes_with_the_next() -> None:
    title = [("heading", "Balance sheets", 2), ("text", "(In millions)")]
    table = [("heading", "March 2022", 2), ("table", "cash | 10\ndebt | 7")]
    page = page_of(1, ("heading", "Report", 1), *title, *table, ("heading", "End", 1))
    chunks = list(make_chunks("doc", [page], WordEmbedder(max_tokens=256), size=256, overlap=0))
    assert [(chunk.text, chunk.section) for chunk in chunks] == [
        (
            "Report\nBalance sheets\n\n(In millions)\n\nMarch 2022\n\ncash | 10\ndebt | 7",
            ("Report",),
        ),
        ("End", ("End",)),
    ]


def test_small_paragraphs_share_a_chunk_while_they_fit() -> None:
    (chunk,) = chunked([page_of(1, ("text", "One is short."), ("text", "So is two."))])
    assert chunk.text == "One is short.\n\nSo is two."


def test_a_chunk_begins_with_the_end_of_the_one_before() -> None:
    one = "The tenant pays the rent on the first of each month. It is late after that."
    two = "The owner pays for repairs of the roof and of all the walls within one week."
    assert [chunk.text for chunk in chunked([page_of(1, ("text", one), ("text", two))], 32)] == [
        one,
        f"It is late after that.\n\n{two}",
    ]
    no_sentence = one.replace("month. It", "month, it")
    chunks = chunked([page_of(1, ("text", no_sentence), ("text", two))], 32, 5)
    assert chunks[1].text == f"late after that.\n\n{two}"


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentence = "The tenant pays the rent on the first day of each month. "
    chunks = chunked([page_of(1, ("text", sentence * 6))], overlap=0)
    assert len(chunks) > 1
    assert all(chunk.text.endswith("month.") for chunk in chunks)


def test_a_paragraph_goes_on_over_a_page_break() -> None:
    pages = [
        page_of(1, ("text", "The lease begins in the month")),
        page_of(2, ("text", "of May and ends in June."), ("text", "Signed by both.")),
    ]
    (chunk,) = chunked(pages)
    assert chunk.text == "The lease begins in the month of May and ends in June.\n\nSigned by both."
    assert chunk.pages == (1, 2)
    assert [box.page for box in chunk.boxes] == [1, 2, 2]


def test_the_header_of_a_long_table_is_repeated() -> None:
    rows = "\n".join(f"item{n} | {n} | {n * 10}" for n in range(30))
    chunks = chunked([page_of(1, ("table", "name | number | price\n" + rows))])
    assert len(chunks) > 2
    for chunk in chunks:
        first, *body = chunk.text.split("\n")
        assert first == "name | number | price"
        assert body and all(line.count("|") == 2 for line in body)


def test_a_sentence_goes_with_the_table_below_it() -> None:
    rows = "\n".join(f"item{n} | {n}" for n in range(9))
    page = page_of(1, ("text", "Prices are as follows:"), ("table", f"name | price\n{rows}"))
    chunks = chunked([page], size=44)
    assert chunks[0].text.startswith("Prices are as follows:\n\nname | price\nitem0 | 0\n")
    assert chunks[1].text.startswith("name | price\n")


def test_a_sentence_goes_with_the_long_paragraph_below_it() -> None:
    long = "The tenant pays the rent on the first day of each month. " * 6
    chunks = chunked([page_of(1, ("text", "Then this:"), ("text", long))], size=44, overlap=0)
    assert chunks[0].text.startswith("Then this:\n\nThe tenant pays")


def test_a_row_is_cut_only_when_it_is_too_long_alone() -> None:
    long_row = "a | " + " ".join(f"word{n}" for n in range(40))
    chunks = chunked([page_of(1, ("table", f"k | v\nx | y\n{long_row}\np | q"))])
    assert chunks[0].text == "k | v\nx | y"
    assert chunks[-1].text.endswith("\np | q")
    assert all(chunk.text.startswith("k | v\n") for chunk in chunks)


def test_words_of_a_table_that_no_cell_holds_are_kept() -> None:
    page = page_of(1, ("table", "name | price\nrent | 100"))
    page.tables[0].rows[1][1] = ""
    (chunk,) = chunked([page])
    assert chunk.text == "name | price\nrent\nrent 100"


def test_text_that_is_split_across_cells_is_not_repeated() -> None:
    page = page_of(1, ("table", "name | price\nrent | 1 00"))
    page.lines[1].words[1:] = [Word("100", 0.5, 0.01, 0.9, 0.02, 1.0)]
    (chunk,) = chunked([page])
    assert chunk.text == "name | price\nrent | 1 00"


def test_an_earlier_page_leaves_later_ids_alone() -> None:
    later = page_of(1, ("heading", "Terms", 1), ("text", "The rent is due on the first day."))
    earlier = page_of(1, ("heading", "Preface", 1), ("text", "Please read all of this lease."))
    (before,) = chunked([later])
    after = chunked([earlier, later.model_copy(update={"page": 2})])
    assert [chunk.text for chunk in after][1] == before.text
    assert after[1].chunk_id == before.chunk_id
    assert after[0].chunk_id != before.chunk_id


def test_equal_texts_have_ids_of_their_own() -> None:
    page = page_of(1, *[("heading", "Page intentionally left blank", 1)] * 1, ("text", "-"))
    chunks = chunked([page, page.model_copy(update={"page": 2})])
    assert chunks[0].text == chunks[1].text
    assert chunks[0].chunk_id != chunks[1].chunk_id
    (other,) = make_chunks("other", [page], EMBEDDER, size=40, overlap=0)
    assert other.chunk_id not in {chunk.chunk_id for chunk in chunks}


@pytest.mark.parametrize("text", ["契約書" * 200, "x" * 5000, "a" * 3 + " " + "-" * 900])
def test_a_line_without_spaces_is_cut(text: str) -> None:
    chunks = chunked([page_of(1, ("text", text))])
    assert all(chunk.tokens <= 40 for chunk in chunks)
    assert set("".join(chunk.text for chunk in chunks).replace(" ", "")) == set(text) - {" "}


def test_headings_at_the_end_are_kept() -> None:
    chunks = chunked([page_of(1, ("text", "All is said."), ("heading", "Appendix A", 1))], 20)
    assert [chunk.text for chunk in chunks] == ["All is said.", "Appendix A"]


def test_no_text_no_chunks() -> None:
    assert chunked([]) == []
    assert chunked([page_of(1), page_of(2)]) == []
