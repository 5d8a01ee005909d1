"""Plain text, Markdown and CSV become pages that give the same text back."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path

import pymupdf
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.source.encoding import decode
from sparknet_assets.source.rendition import make_rendition


def test_paragraphs_come_back_in_order(make) -> None:
    made = make(b"First one.\n\nSecond one\nof two lines.\n", "text/plain", "a.txt")
    assert made.text.split("\n")[:3] == ["First one.", "Second one", "of two lines."]


def test_words_are_neither_ligated_nor_hyphenated(make) -> None:
    text = "Office efficient final affluent flow co\u00adoperate " * 40
    made = make(text.encode(), "text/plain", "a.txt")
    assert made.text.split() == text.replace("\u00ad", "").split()


@pytest.mark.parametrize(
    "text",
    [
        "日本語のテキストです 漢字 かな",
        "中文文本测试",
        "한국어 텍스트 입니다",
        "Кириллица и ελληνικά",
        "שלום עולם",
        "Emoji \U0001f600 and ☑ ☐",
    ],
)
def test_scripts_come_back(make, text: str) -> None:
    made = make(text.encode(), "text/plain", "a.txt")
    assert "".join(made.text.split()) == "".join(text.split())


def test_arabic_comes_back_as_letters(make) -> None:
    made = make("مرحبا نص".encode(), "text/plain", "a.txt")
    assert set("".join(made.text.split())) == set("مرحبانص")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_found(encoding: str) -> None:
    text = "Crème brûlée, 3,50 €, naïve façade"
    assert decode(text.encode(encoding)) == text


UNMARKED = {
    "Russian": "Комитет собрался во вторник, итого 1 204 EUR.",
    "Greek": "Σήμερα η επιτροπή συνεδρίασε την Τρίτη και συμφώνησε.",
    "Hebrew": "הוועדה נפגשה ביום שלישי והסכימה על לוח הזמנים.",
    "Arabic": "اجتمعت اللجنة يوم الثلاثاء واتفقت على الجدول.",
    "Hindi": "समिति मंगलवार को मिली और सहमत हुई।",
    "Korean": "위원회는 화요일에 만나 새로운 일정에 합의했습니다.",
    "Chinese": "委员会于星期二开会。商定了新的时间表。\n",
    "Japanese": "委員会は火曜日に会合し、新しい日程に合意した。\n",
    "German": "Die Prüfer trafen sich am Dienstag.",
}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", UNMARKED)
def test_unicode_without_a_mark(language: str, encoding: str) -> None:
    text = UNMARKED[language]
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("data", [b"", b"  \n\t\n", b"\xef\xbb\xbf", b"\0\0\0"])
def test_nothing_to_read_is_empty(make, data: bytes) -> None:
    with pytest.raises(SparknetError) as error:
        make(data, "text/plain", "a.txt")
    assert error.value.kind is FailureKind.EMPTY
    assert "a.txt" in error.value.message


def test_unknown_media_type_is_unsupported(make) -> None:
    with pytest.raises(SparknetError) as error:
        make(b"x", "application/x-dwg", "plan.dwg")
    assert error.value.kind is FailureKind.UNSUPPORTED


def test_equal_input_gives_equal_bytes(make) -> None:
    text = "A heading\n\nSome text 日本語 مرحبا\n".encode()
    first = make(text, "text/plain", "a.txt").path.read_bytes()
    assert make(text, "text/plain", "a.txt").path.read_bytes() == first


def test_more_pages_than_allowed_is_too_large(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("line\n\n" * 400)
    with pytest.raises(SparknetError) as error:
        make_rendition(
            source, "text/plain", "a.txt", tmp_path / "r.pdf", Settings(home=tmp_path, max_pages=2)
        )
    assert error.value.kind is FailureKind.TOO_LARGE


def test_colours_of_a_terminal_are_no_text(make) -> None:
    log = b"\x1b[1;31mfailed\x1b[0m twice\x1b]0;title\x07\n"
    assert make(log, "text/plain", "a.log").text.split() == ["failed", "twice"]


def test_a_workbook_in_one_xml_file_is_its_tables(make) -> None:
    def sheet(name: str, rows: str, options: str = "") -> str:
        return f'<Worksheet ss:Name="{name}"><Table>{rows}</Table>{options}</Worksheet>'

    def cell(text: str, kind: str = "String", place: str = "") -> str:
        return f'<Cell {place}><Data ss:Type="{kind}">{text}</Data></Cell>'

    day = cell("2024-03-01T00:00:00.000", "DateTime")
    third = cell("7.5", "Number", 'ss:Index="3"')
    rows = f"<Row>{cell('item')}{cell('day')}{cell('price')}</Row><Row>{cell('bolt')}{day}"
    rows += f"{cell('1.5', 'Number')}</Row><Row>{cell('nut')}{third}</Row>"
    excel = 'xmlns="urn:schemas-microsoft-com:office:excel"'
    hide = f"<WorksheetOptions {excel}><Visible>SheetHidden</Visible></WorksheetOptions>"
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    secret = sheet("Secret", f"<Row>{cell('no')}</Row>", hide)
    book = (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
        f'<Workbook xmlns="{space}" xmlns:ss="{space}">{sheet("Prices", rows)}{secret}</Workbook>'
    )
    made = make(book.encode(), "text/plain", "a.xls")
    assert made.rows == [
        ["item", "day", "price"],
        ["bolt", "2024-03-01", "1.5"],
        ["nut", "", "7.5"],
    ]
    assert made.text.startswith("Prices")
    assert made.rendition.flags == ["hidden_text"]
    with pytest.raises(SparknetError, match=r"a\.xls is damaged") as caught:
        make(book[:-20].encode(), "text/plain", "a.xls")
    assert caught.value.kind is FailureKind.CORRUPT


def test_markdown_keeps_headings_lists_and_tables(make) -> None:
    text = "# Title\n\nSome *text*.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
    made = make(text.encode(), "text/markdown", "a.md")
    assert made.pages[0].startswith("Title\nSome text.\n• one\n• two")
    assert made.rendition.tables[0].rows == [["a", "b"], ["1", "2"], ["3", "4"]]
    assert made.rendition.tables[0].header_rows == 1


def test_csv_rows_survive_page_breaks(make) -> None:
    rows = [["name", "amount", "remark"]]
    rows += [[f"item {n}", str(n), "word " * (n % 40) + "."] for n in range(300)]
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    made = make(buffer.getvalue().encode(), "text/csv", "a.csv")
    assert made.rendition.page_count > 3
    assert made.rows == [[" ".join(cell.split()) for cell in row] for row in rows]
    assert all(table.rows[0] == rows[0] for table in made.rendition.tables)


def test_table_boxes_hold_the_words_of_their_rows(make) -> None:
    data = "\n".join(["k,v"] + [f"key{n},value{n}" for n in range(120)]).encode()
    made = make(data, "text/csv", "a.csv")
    with pymupdf.open(made.path) as document:
        for table in made.rendition.tables:
            page = document[table.page - 1]
            for row, box in zip(table.rows, table.row_boxes, strict=True):
                width, height = page.rect.width, page.rect.height
                clip = pymupdf.Rect(
                    box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height
                )
                words = [w[4] for w in page.get_text("words", clip=clip)]
                assert words == row


def test_wide_csv_keeps_every_column_on_the_page(make) -> None:
    rows = [[f"column {c} of row {r}" for c in range(40)] for r in range(3)]
    made = make("\n".join(",".join(row) for row in rows).encode(), "text/csv", "a.csv")
    assert made.rendition.tables[0].rows == rows
    with pymupdf.open(made.path) as document:
        assert all(w[2] <= document[0].rect.width for w in document[0].get_text("words"))


def test_cell_higher_than_a_page_loses_no_word(make) -> None:
    words = [f"w{n}" for n in range(6000)]
    made = make(f'a,b\n1,"{" ".join(words)}"\n'.encode(), "text/csv", "a.csv")
    found = [w for row in made.rows for w in row[1].split()]
    assert found == ["b", *words]
    with pymupdf.open(made.path) as document:
        on_pages = [w[4] for page in document for w in page.get_text("words") if w[4][0] == "w"]
        lowest = max(w[3] for page in document for w in page.get_text("words"))
    assert on_pages == words
    assert lowest < 842


def test_a_line_that_states_the_separator_is_no_row(make) -> None:
    made = make(b"sep=;\r\nName;Price\r\nPlanks;1,50\r\nRope;2,75\r\n", "text/csv", "a.csv")

    assert made.rows == [["Name", "Price"], ["Planks", "1,50"], ["Rope", "2,75"]]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_delimiters_are_found(make, delimiter: str) -> None:
    data = "\n".join(delimiter.join(row) for row in [["a, b", "c"], ["1,5", "2"], ["3", "4"]])
    made = make(data.encode(), "text/csv", "a.csv")
    assert made.rows == [["a, b", "c"], ["1,5", "2"], ["3", "4"]]


def test_squared_and_circled_characters_are_spelt_out(make) -> None:
    made = make("45\u33a1 and 3\u338f, step \u32b1, \u3231".encode(), "text/plain", "a.txt")
    assert made.text.split() == ["45m2", "and", "3kg,", "step", "36,", "(株)"]


printable = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))


@examples(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(printable, min_size=1, max_size=300).filter(lambda text: bool(text.strip())))
def test_any_printable_text_is_set(make, text: str) -> None:
    made = make(b"start\n\n" + text.encode(), "text/plain", "a.txt")
    assert made.pages[0].startswith("start")
    latin = [c for c in unicodedata.normalize("NFKC", text) if c.isascii() and c.isalnum()]
    found = unicodedata.normalize("NFKC", made.text)
    assert all(found.count(c) >= latin.count(c) for c in set(latin))


def test_high_rows_on_a_landscape_page_lose_nothing(make) -> None:
    head = [f"heading number {n} with some words" for n in range(9)]
    rows = [[f"r{r}c{c} " * (1 + 90 * (c == r % 9)) for c in range(9)] for r in range(30)]
    buffer = io.StringIO()
    csv.writer(buffer).writerows([head, *rows])
    made = make(buffer.getvalue().encode(), "text/csv", "a.csv")
    found = [cell.split() for row in made.rows[1:] for cell in row]
    assert sum(map(len, found)) == sum(len(cell.split()) for row in rows for cell in row)
    with pymupdf.open(made.path) as document:
        for page in document:
            box = page.rect
            assert all(w[2] <= box.x1 and w[3] <= box.y1 for w in page.get_text("words"))


def test_one_word_longer_than_a_page(make) -> None:
    made = make(b"a,b\n" + b"x" * 30_000 + b",2\n", "text/csv", "a.csv")
    assert made.text.count("x") == 30_000


def test_one_paragraph_of_a_million_characters(make) -> None:
    made = make(b"word " * 200_000, "text/plain", "a.txt")
    assert made.text.split() == ["word"] * 200_000


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        ("汉字㐂 你好世界", "gb18030", "gb2312"),
        ("한글 똠방각하", "cp949", "euc-kr"),
        ("髙島屋 日本語", "cp932", "shift_jis"),
        ("“quoted” naïve", "cp1252", "iso-8859-1"),
        ("“quoted” naïve", "cp1252", "utf-8"),
        ("Привет мир", "koi8-r", "koi8-r"),
        ("plain", "utf-8", "no-such-charset"),
    ],
)
def test_labels_mean_what_their_writers_meant(text: str, encoding: str, label: str) -> None:
    assert decode(text.encode(encoding), label) == text


def test_rtf_leaves_out_deleted_and_hidden_text(make) -> None:
    data = rb"{\rtf1\ansi Kept {\deleted gone {\b more} \} gone}{\deleted0 stays} {\v no}end\par}"
    made = make(data, "application/rtf", "a.rtf")
    assert made.text.split() == ["Kept", "stays", "end"]
    assert made.rendition.flags == ["hidden_text"]


@pytest.mark.parametrize(
    "data",
    [
        rb"{\rtf1\ansi \viewkind4 Nothing \v0 is\v\v0  hidden {\v} here\par}",
        rb"{\rtf1\ansi C:\\v is a folder\par}",
    ],
)
def test_rtf_without_hidden_text_has_no_flag(make, data: bytes) -> None:
    assert make(data, "application/rtf", "a.rtf").rendition.flags == []
