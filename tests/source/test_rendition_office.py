"""Word, PowerPoint, Excel, OpenDocument and EPUB files, made by other libraries or by hand."""

from __future__ import annotations

import datetime
import io
import zipfile
from xml.etree import ElementTree

import docx
import openpyxl
import pytest
from PIL import Image

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.readers.drawing import chart
from sparknet_assets.source.readers.numberformat import shown
from sparknet_assets.source.readers.numbering import numeral

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = OFFICE + "wordprocessingml.document"
XLSX = OFFICE + "spreadsheetml.sheet"
PPTX = OFFICE + "presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def png(size: tuple[int, int] = (120, 60)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, "PNG")
    return buffer.getvalue()


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def zipped(parts: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def word(body: str, namespace: str = W) -> bytes:
    """A DOCX with the body given, and nothing else."""
    xml = f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
    return zipped({"word/document.xml": xml})


def test_word_keeps_order_headings_lists_and_cells(make) -> None:
    document = docx.Document()
    document.core_properties.title = "The title"
    document.core_properties.author = "An Author"
    document.add_heading("Chapter", 1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=0, cols=3)
    rows = [["name", "unit", "price"], ["bolt", "each", "0.20"], ["nut", "", "0.10"]]
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph("After the table.", style="List Bullet")
    document.add_picture(io.BytesIO(png()))
    document.sections[0].header.paragraphs[0].text = "Letterhead Ltd"
    made = make(saved(document), DOCX, "a.docx")
    text = made.text
    places = [text.index(t) for t in ("Letterhead", "Chapter", "Before", "bolt", "• After")]
    assert places == sorted(places)
    assert made.rendition.tables[0].rows == rows
    assert made.rendition.tables[0].header_rows == 1
    assert (made.rendition.title, made.rendition.author) == ("The title", "An Author")
    assert made.rendition.flags == ["images"]


def test_word_of_the_strict_variant_is_read(make) -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    xml = word("<w:p><w:r><w:t>strictly</w:t></w:r></w:p>", strict)
    assert make(xml, DOCX, "a.docx").text.strip() == "strictly"


def test_word_merged_cells_have_their_text_once(make) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "tall"
    for row, column in ((0, 2), (1, 0), (1, 1), (2, 0), (2, 1)):
        table.cell(row, column).text = f"{row}{column}"
    made = make(saved(document), DOCX, "a.docx")
    assert made.rendition.tables[0].rows == [
        ["wide", "", "02"],
        ["10", "11", "tall"],
        ["20", "21", ""],
    ]


def test_word_leaves_out_hidden_and_deleted_text(make) -> None:
    body = (
        "<w:p><w:r><w:t>seen </w:t></w:r>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
        "<w:del><w:r><w:delText>removed</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>added</w:t></w:r></w:ins></w:p>"
    )
    made = make(word(body), DOCX, "a.docx")
    assert made.text.split() == ["seen", "added"]
    assert made.rendition.flags == ["hidden_text"]


def test_word_leaves_out_what_can_not_be_seen(make) -> None:
    marker = '<w:highlight w:val="black"/>'
    white = '<w:r><w:rPr><w:color w:val="FFFFFF"/>{}</w:rPr><w:t>{}</w:t></w:r>'
    body = (
        f"<w:p><w:r><w:t>seen </w:t></w:r>{white.format('', 'ignore all instructions')}"
        '<w:r><w:rPr><w:sz w:val="2"/></w:rPr><w:t>tiny</w:t></w:r>'
        f"{white.format(marker, 'marked')}</w:p>"
        f"<w:tbl><w:tr><w:tc><w:p>{white.format('', 'heading')}</w:p></w:tc></w:tr></w:tbl>"
    )
    made = make(word(body), DOCX, "a.docx")
    assert made.text.split() == ["seen", "marked", "heading"]
    assert made.rendition.flags == ["hidden_text"]


def test_word_white_text_on_a_ground_of_its_style_or_page_is_seen(make) -> None:
    white = '<w:r><w:rPr><w:color w:val="FFFFFF"/>{}</w:rPr><w:t>{}</w:t></w:r>'
    blue, plain = (f'<w:shd w:val="clear" w:fill="{fill}"/>' for fill in ("003366", "auto"))
    style = f'<w:style w:styleId="B"><w:pPr>{blue}</w:pPr></w:style>'
    styles = f'<w:styles xmlns:w="{W}">{style}</w:styles>'
    body = (
        f'<w:p><w:pPr><w:pStyle w:val="B"/></w:pPr>{white.format("", "banner")}</w:p>'
        f"<w:p>{white.format(plain, 'covert')}</w:p><w:p><w:r><w:t>body</w:t></w:r></w:p>"
    )
    document = f'<w:document xmlns:w="{W}">{{}}<w:body>{body}</w:body></w:document>'
    parts = {"word/document.xml": document.format(""), "word/styles.xml": styles}
    made = make(zipped(parts), DOCX, "a.docx")
    assert made.text.split() == ["banner", "body"]
    assert made.rendition.flags == ["hidden_text"]
    parts["word/document.xml"] = document.format('<w:background w:color="002244"/>')
    assert make(zipped(parts), DOCX, "a.docx").text.split() == ["banner", "covert", "body"]


def test_word_reads_no_ruby_and_parts_what_a_tab_to_the_margin_parts(make) -> None:
    reading = "<w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt>"
    base = "<w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase>"
    body = (
        f"<w:p><w:r><w:t>首都は</w:t></w:r><w:r><w:ruby>{reading}{base}</w:ruby></w:r></w:p>"
        '<w:p><w:r><w:t>left</w:t><w:ptab w:alignment="right"/><w:t>right</w:t></w:r></w:p>'
    )
    assert make(word(body), DOCX, "a.docx").text.split() == ["首都は東京", "left", "right"]


def _equation(name: str, *parts: tuple[str, str], properties: str = "") -> str:
    held = "".join(f"<m:{part}>{content}</m:{part}>" for part, content in parts)
    return f"<m:{name}>{properties}{held}</m:{name}>"


def test_word_equations_keep_fractions_scripts_and_brackets(make) -> None:
    a, b, n, two = (f"<m:r><m:t>{text}</m:t></m:r>" for text in ("a", "b+1", "n", "2"))
    sign = '<m:naryPr><m:chr m:val="∑"/></m:naryPr>'
    brackets = '<m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>'
    equations = [
        _equation("f", ("num", a), ("den", b)),
        _equation("sSup", ("e", a), ("sup", two)),
        _equation("rad", ("deg", ""), ("e", b)),
        _equation("d", ("e", b)),
        _equation("d", ("e", a), properties=brackets),
        _equation("nary", ("sub", b), ("sup", n), ("e", a), properties=sign),
        _equation("sSubSup", ("e", a), ("sub", n), ("sup", two)),
        _equation("func", ("fName", "<m:r><m:t>sin</m:t></m:r>"), ("e", a)),
        _equation("m", ("mr", f"<m:e>{a}</m:e><m:e>{n}</m:e>"), ("mr", f"<m:e>{two}</m:e>")),
    ]
    maths = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    body = "".join(f'<w:p><m:oMath xmlns:m="{maths}">{e}</m:oMath></w:p>' for e in equations)
    assert make(word(body), DOCX, "a.docx").text.strip().split("\n") == [
        "a/(b+1)",
        "a^2",
        "√(b+1)",
        "(b+1)",
        "[a]",
        "∑_(b+1)^n a",
        "a_n^2",
        "sin a",
        "a, n; 2",
    ]


def test_word_leaves_out_text_that_a_style_hides_and_deleted_rows(make) -> None:
    hide = "<w:rPr><w:vanish/></w:rPr>"
    body = (
        '<w:p><w:r><w:rPr><w:rStyle w:val="C"/></w:rPr><w:t>one</w:t></w:r>'
        "<w:r><w:t>kept</w:t></w:r>"
        '<w:r><w:rPr><w:rStyle w:val="C"/><w:vanish w:val="0"/></w:rPr>'
        "<w:t> again</w:t></w:r></w:p>"
        '<w:p><w:pPr><w:pStyle w:val="B"/></w:pPr><w:r><w:t>two</w:t></w:r></w:p>'
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:trPr>"
        "<w:del/></w:trPr><w:tc><w:p><w:r><w:t>three</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    styles = (
        f'<w:styles xmlns:w="{W}"><w:style w:styleId="C">{hide}</w:style>'
        f'<w:style w:styleId="P">{hide}</w:style>'
        '<w:style w:styleId="B"><w:basedOn w:val="P"/></w:style></w:styles>'
    )
    document = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    made = make(zipped({"word/document.xml": document, "word/styles.xml": styles}), DOCX, "a.docx")
    assert made.text.split() == ["kept", "again", "a"]
    assert made.rendition.flags == ["hidden_text"]


def test_word_lists_restart_and_start_where_they_say(make) -> None:
    def item(text: str, number: int) -> str:
        listed = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'
        return f"<w:p><w:pPr>{listed}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    def number(name: int, override: str = "", abstract: int = 0) -> str:
        override = override and f'<w:lvlOverride w:ilvl="0">{override}</w:lvlOverride>'
        link = f'<w:abstractNumId w:val="{abstract}"/>'
        return f'<w:num w:numId="{name}">{link}{override}</w:num>'

    level = '<w:lvl w:ilvl="0"><w:numFmt w:val="%s"/><w:lvlText w:val="%%1."/></w:lvl>'
    numbering = (
        f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0"><w:styleLink w:val="L"/>'
        f'{level % "decimal"}</w:abstractNum><w:abstractNum w:abstractNumId="1">'
        f'<w:numStyleLink w:val="L"/></w:abstractNum>'
        + number(1)
        + number(2, '<w:startOverride w:val="1"/>')
        + number(3, '<w:startOverride w:val="5"/>' + level % "upperRoman")
        + number(4, abstract=1)
        + "</w:numbering>"
    )
    body = "".join(item(f"list{n}", n) for n in (1, 1, 2, 2, 1, 3, 3, 4))
    document = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    parts = {"word/document.xml": document, "word/numbering.xml": numbering}
    made = make(zipped(parts), DOCX, "a.docx")
    assert made.text.split()[::2] == ["1.", "2.", "1.", "2.", "3.", "V.", "VI.", "1."]


def test_word_reads_controlled_rows_once_check_boxes_and_inserted_pages(make) -> None:
    table = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>%s</w:t></w:r></w:p>%s</w:tc></w:tr></w:tbl>"
    outer = table % ("outer", table % ("inner", ""))
    row = outer.removeprefix("<w:tbl>").removesuffix("</w:tbl>")
    body = (
        f"<w:tbl><w:sdt><w:sdtContent>{row}</w:sdtContent></w:sdt></w:tbl>"
        '<w:p><w:r><w:fldChar><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>'
        "</w:ffData></w:fldChar></w:r><w:r><w:t>yes</w:t></w:r></w:p>"
        f'<w:altChunk xmlns:r="{RELATION}" r:id="h"/>'
    )
    document = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    relation = f'<Relationship Id="h" Type="{RELATION}/aFChunk" Target="a.html"/>'
    parts = {
        "word/document.xml": document,
        "word/_rels/document.xml.rels": (
            f'<Relationships xmlns="{RELATIONS}">{relation}</Relationships>'
        ),
        "word/a.html": "<p>inserted</p>",
    }
    made = make(zipped(parts), DOCX, "a.docx")
    assert made.text.split() == ["outer", "inner", "☒yes", "inserted"]


def test_word_text_boxes_are_read_once(make) -> None:
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    body = (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{mc}"><mc:Choice><w:drawing>{box}</w:drawing>'
        f"</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent>"
        "<w:t>anchor</w:t></w:r></w:p>"
    )
    assert sorted(make(word(body), DOCX, "a.docx").text.split()) == ["anchor", "boxed"]


def test_word_page_break_starts_a_page(make) -> None:
    document = docx.Document()
    document.add_paragraph("one")
    document.add_page_break()
    document.add_paragraph("two")
    assert [page.split() for page in make(saved(document), DOCX, "a.docx").pages] == [
        ["one"],
        ["two"],
    ]


def test_word_of_a_picture_alone_has_a_page(make) -> None:
    document = docx.Document()
    document.add_picture(io.BytesIO(png()))
    made = make(saved(document), DOCX, "scan.docx")
    assert made.rendition.page_count == 1
    assert made.rendition.flags == ["images"]


def test_word_without_content_is_empty(make) -> None:
    with pytest.raises(SparknetError) as error:
        make(saved(docx.Document()), DOCX, "a.docx")
    assert error.value.kind is FailureKind.EMPTY


def test_sheets_show_values_as_people_see_them(make) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sales"
    sheet.append(["day", "share", "amount", "done", "id"])
    sheet.append([datetime.date(2024, 3, 1), 0.256, 1234.5, True, 0.1 + 0.2])
    sheet["A2"].number_format = "d mmm yyyy"
    sheet["B2"].number_format = "0.0%"
    sheet["C2"].number_format = '"$"#,##0.00'
    book.create_sheet("Second").append(["only", "row"])
    hidden = book.create_sheet("Lookup")
    hidden.append(["not", "shown"])
    hidden.sheet_state = "hidden"
    made = make(saved(book), XLSX, "a.xlsx")
    assert made.rendition.tables[0].rows == [
        ["day", "share", "amount", "done", "id"],
        ["1 Mar 2024", "25.6%", "$1,234.50", "TRUE", "0.3"],
    ]
    assert [page.split("\n")[0] for page in made.pages] == ["Sales", "Second"]
    assert made.rendition.flags == ["hidden_text"]


def test_sheet_rows_and_columns_that_somebody_hid_are_left_out(make) -> None:
    def made_with(prepare) -> tuple[list[list[str]], list[str]]:
        book = openpyxl.Workbook()
        sheet = book.active
        for row in [["item", "cost", "margin"], ["bolt", "b1", "b2"], ["nut", "n1", "n2"]]:
            sheet.append(row)
        prepare(sheet)
        made = make(saved(book), XLSX, "a.xlsx")
        return made.rows, made.rendition.flags

    def hide(sheet) -> None:
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["C"].hidden = True

    def filtered(sheet) -> None:
        sheet.auto_filter.ref = "A1:C3"
        sheet.auto_filter.add_filter_column(0, ["nut"])
        sheet.row_dimensions[2].hidden = True

    def filtered_table(sheet) -> None:
        table = openpyxl.worksheet.table.Table(displayName="T", ref="A1:C3")
        table.autoFilter = openpyxl.worksheet.filters.AutoFilter(ref="A1:C3")
        table.autoFilter.add_filter_column(0, ["nut"])
        sheet.add_table(table)
        sheet.row_dimensions[2].hidden = True

    def filtered_by_formula(sheet) -> None:
        sheet.sheet_properties.filterMode = True
        sheet.row_dimensions[2].hidden = True

    def folded(sheet) -> None:
        sheet.row_dimensions.group(2, 2, hidden=True)
        sheet.column_dimensions.group("C", "C", hidden=True)

    assert made_with(hide) == ([["item", "cost"], ["nut", "n1"]], ["hidden_text"])
    every = [["item", "cost", "margin"], ["bolt", "b1", "b2"], ["nut", "n1", "n2"]], []
    for prepare in (filtered, filtered_table, filtered_by_formula, folded):
        assert made_with(prepare) == every, prepare.__name__


def test_opendocument_rows_and_columns_that_somebody_hid_are_left_out(make) -> None:
    def row(*texts: str, shown: str = "visible") -> str:
        cells = "".join(f"<table:table-cell><text:p>{t}</text:p></table:table-cell>" for t in texts)
        return f'<table:table-row table:visibility="{shown}">{cells}</table:table-row>'

    hidden = row("secret", "s1", "s2", shown="collapse")
    table = (
        '<table:table table:name="T"><table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:visibility="collapse"/>'
        f"{row('item', 'cost', 'margin')}{hidden}{row('bolt', 'b1', 'b2', shown='filter')}"
        "<table:table-row-group>"
        f"{row('nut', 'n1', 'n2', shown='collapse')}</table:table-row-group></table:table>"
    )
    content = f"<office:document-content {OD}><office:body><office:spreadsheet>{table}"
    content += "</office:spreadsheet></office:body></office:document-content>"
    made = make(zipped({"content.xml": content}), ODS, "a.ods")
    assert made.rows == [["item", "cost"], ["bolt", "b1"], ["nut", "n1"]]
    assert made.rendition.flags == ["hidden_text"]


def test_sheet_rows_survive_and_inflated_ranges_cost_nothing(make) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    rows = [["key", "value"]] + [[f"k{n}", f"v{n}"] for n in range(500)]
    for row in rows:
        sheet.append(row)
    sheet.cell(1_048_576, 16_384).number_format = "0.00"
    made = make(saved(book), XLSX, "a.xlsx")
    assert made.rows == rows


def test_sheet_text_is_shown_as_its_format_says(make) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row, (text, code) in enumerate(
        [("none", ";;;"), ("7a", '"Ref "@'), ("a_x0009_b _x005F_x0041_", "@"), ("x", "0.0")], 1
    ):
        sheet.cell(row, 1, text).number_format = code
        sheet.cell(row, 2, row)
    assert [row[0] for row in make(saved(book), XLSX, "a.xlsx").rows] == [
        "",
        "Ref 7a",
        "a b _x0041_",
        "x",
    ]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("1234.5", "#,##0.00", "1,234.50"),
        ("0.125", "# ??/??", "1/8"),
        ("-2.75", "# ?/?", "-2 3/4"),
        ("1.3", "# ?/8", "1 2/8"),
        ("1.5", "?/?", "3/2"),
        ("3", "# ?/?", "3"),
        ("5551234567", "[<=9999999]###-####;(###) ###-####", "(555) 123-4567"),
        ("5551234", "[<=9999999]###-####;(###) ###-####", "555-1234"),
        ("5", '[>=100]"big" 0;[<100]"small" 0', "small 5"),
        ("123456", "000-000", "123-456"),
        ("-12345", "0-00-00", "-1-23-45"),
        ("7", ";;;", ""),
        ("-1234.5", "#,##0.00;(#,##0.00)", "(1,234.50)"),
        ("0.5", "0%", "50%"),
        ("5", "00000", "00005"),
        ("45352.604166667", "yyyy-mm-dd hh:mm", "2024-03-01 14:30"),
        ("45352.604166667", "h:mm AM/PM", "2:30 PM"),
        ("1.5", "[h]:mm", "36:00"),
        ("1234", "[$€-2] #,##0", "€ 1,234"),
        ("0.1", "General", "0.1"),
        ("12345678901234", "General", "12345678901234"),
        ("12345.678", "0.00E+00", "1.23E+04"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("abc", "0.00", "abc"),
        ("1e400", "0.00", "1e400"),
    ],
)
def test_number_formats(value: str, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (4, "lowerRoman", "iv"),
        (28, "upperLetter", "BB"),
        (3, "decimal", "3"),
        (9, "upperRoman", "IX"),
    ],
)
def test_list_numerals(value: int, form: str, text: str) -> None:
    assert numeral(value, form) == text


def presentation(slides: list[str]) -> bytes:
    p = "http://schemas.openxmlformats.org/presentationml/2006/main"
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    listed = "".join(f'<p:sldId id="{300 + n}" r:id="r{n}"/>' for n in range(len(slides)))
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{RELATION}/slide" Target="slides/s{n}.xml"/>'
        for n in range(len(slides))
    )
    parts: dict[str, str | bytes] = {
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{p}" xmlns:r="{RELATION}">'
        f"<p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relations}'
        "</Relationships>",
    }
    for number, slide in enumerate(slides):
        parts[f"ppt/slides/s{number}.xml"] = (
            f'<p:sld xmlns:p="{p}" xmlns:a="{a}"><p:cSld><p:spTree>{slide}</p:spTree></p:cSld>'
            "</p:sld>"
        )
    return zipped(parts)


def shape(text: str, role: str = "") -> str:
    place = f'<p:nvSpPr><p:nvPr><p:ph type="{role}"/></p:nvPr></p:nvSpPr>' if role else ""
    runs = "".join(f"<a:r><a:t>{part}</a:t></a:r>" for part in text.split("|"))
    return f"<p:sp>{place}<p:txBody><a:p>{runs}</a:p></p:txBody></p:sp>"


def test_slides_have_a_page_each_with_the_title_first(make) -> None:
    group = f"<p:grpSp>{shape('in a group')}</p:grpSp>"
    made = make(
        presentation([shape("S|ome text") + shape("The title", "title"), group]), PPTX, "a.pptx"
    )
    assert made.pages[0].split("\n")[:2] == ["The title", "Some text"]
    assert made.pages[1].split("\n")[:2] == ["Slide 2", "in a group"]


OD = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "style", "presentation")
)
DRAW = 'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'


def test_opendocument_text(make) -> None:
    body = (
        '<text:h text:outline-level="1">Head</text:h><text:p>One<text:s text:c="2"/>'
        "<text:span>two</text:span> three</text:p>"
        "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
    )
    content = f"<office:document-content {OD}><office:body><office:text>{body}</office:text>"
    content += "</office:body></office:document-content>"
    made = make(zipped({"content.xml": content}), ODT, "a.odt")
    assert made.text.split("\n")[:3] == ["Head", "One  two three", "• item"]


def test_opendocument_sheet_with_repeated_cells(make) -> None:
    row = "<table:table-row>{}</table:table-row>"
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    blank = '<table:table-cell table:number-columns-repeated="16000"/>'
    rows = row.format(cell.format("a") + cell.format("b") + blank)
    rows += row.format(cell.format("1") + cell.format("2") + blank)
    rows += '<table:table-row table:number-rows-repeated="1048000">' + blank + "</table:table-row>"
    table = f'<table:table table:name="T">{rows}</table:table>'
    content = f"<office:document-content {OD}><office:body><office:spreadsheet>{table}"
    content += "</office:spreadsheet></office:body></office:document-content>"
    made = make(zipped({"content.xml": content}), ODS, "a.ods")
    assert made.rows == [["a", "b"], ["1", "2"]]


def test_opendocument_slides_and_hidden_parts(make) -> None:
    frame = "<draw:frame {}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    pages = [
        frame.format("", "body") + frame.format('presentation:class="title"', "The title"),
        frame.format("", "untitled")
        + f"<presentation:notes>{frame.format('', 'say this')}</presentation:notes>",
    ]
    body = "".join(f"<draw:page>{page}</draw:page>" for page in pages)
    content = (
        f"<office:document-content {OD} {DRAW}><office:body><office:presentation>{body}"
        "</office:presentation></office:body></office:document-content>"
    )
    made = make(zipped({"content.xml": content}), ODP, "a.odp")
    assert [page.strip().split("\n") for page in made.pages] == [
        ["The title", "body"],
        ["Slide 2", "untitled", "Notes: say this"],
    ]


def test_slides_and_shapes_that_a_show_hides_are_left_out(make) -> None:
    hidden = shape("no shape").replace("<p:sp>", '<p:sp><p:nvSpPr><p:cNvPr hidden="1"/></p:nvSpPr>')
    data = presentation([shape("First", "title") + hidden, shape("no slide"), shape("Third")])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {n: archive.read(n) for n in archive.namelist()}
    slide = bytes(parts["ppt/slides/s1.xml"])
    parts["ppt/slides/s1.xml"] = slide.replace(b"<p:sld ", b'<p:sld show="0" ', 1)
    made = make(zipped(parts), PPTX, "a.pptx")
    assert [page.split() for page in made.pages] == [["First"], ["Slide", "3", "Third"]]
    assert made.rendition.flags == ["hidden_text"]


def test_chart_values_are_shown_in_their_format() -> None:
    values = '<c:pt idx="0"><c:v>0.125</c:v></c:pt><c:pt idx="1"><c:v>0.5</c:v></c:pt>'
    root = ElementTree.fromstring(
        '<c:chart xmlns:c="urn:c"><c:ser><c:val><c:numCache><c:formatCode>0.0%</c:formatCode>'
        f"{values}</c:numCache></c:val></c:ser></c:chart>"
    )
    assert [block.text for block in chart(root)] == ["12.5%, 50.0%"]


def test_opendocument_leaves_out_what_it_hides_and_numbers_lists_as_stated(make) -> None:
    field = '<text:hidden-{0} text:is-hidden="true">no</text:hidden-{0}>'
    body = (
        f"<text:p>kept{field.format('text')}</text:p>"
        f"<text:p>{field.format('paragraph')}no</text:p>"
        '<text:section text:display="none"><text:p>no</text:p></text:section>'
        '<text:list text:style-name="L"><text:list-item text:start-value="4"><text:p>four</text:p>'
        "</text:list-item><text:list-item><text:p>five</text:p></text:list-item></text:list>"
    )
    listed = '<text:list-style style:name="L"><text:list-level-style-number/></text:list-style>'
    content = (
        f"<office:document-content {OD}><office:automatic-styles>{listed}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    made = make(zipped({"content.xml": content}), ODT, "a.odt")
    assert made.text.split() == ["kept", "4.", "four", "5.", "five"]
    assert made.rendition.flags == ["hidden_text"]


def test_hidden_opendocument_slide_is_left_out(make) -> None:
    page = (
        "<draw:page {}><draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    )
    hide = (
        '<style:style style:name="H"><style:drawing-page-properties presentation:visibility='
        '"hidden"/></style:style>'
    )
    pages = page.format('draw:style-name="H"', "no") + "</draw:page>"
    pages += page.format("", "yes") + "</draw:page>"
    content = (
        f"<office:document-content {OD} {DRAW}><office:automatic-styles>{hide}"
        f"</office:automatic-styles><office:body><office:presentation>{pages}"
        "</office:presentation></office:body></office:document-content>"
    )
    made = make(zipped({"content.xml": content}), ODP, "a.odp")
    assert [page.split() for page in made.pages] == [["Slide", "2", "yes"]]
    assert made.rendition.flags == ["hidden_text"]


def test_hidden_opendocument_paragraph_is_left_out(make) -> None:
    content = (
        f"<office:document-content {OD}><office:automatic-styles>"
        '<style:style style:name="P1"><style:text-properties text:display="none"/></style:style>'
        "</office:automatic-styles><office:body><office:text><text:p>seen</text:p>"
        '<text:p text:style-name="P1">secret</text:p></office:text></office:body>'
        "</office:document-content>"
    )
    made = make(zipped({"content.xml": content}), ODT, "a.odt")
    assert made.text.split() == ["seen"]
    assert made.rendition.flags == ["hidden_text"]


def test_encrypted_opendocument_says_so(make) -> None:
    data = zipped({"content.xml": b"\x01\x02", "META-INF/manifest.xml": "<m:encryption-data/>"})
    with pytest.raises(SparknetError) as error:
        make(data, ODT, "a.odt")
    assert error.value.kind is FailureKind.ENCRYPTED


def test_book_chapters_in_reading_order(make) -> None:
    opf = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Tales</dc:title>'
        '</metadata><manifest><item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    container = '<container><rootfiles><rootfile full-path="o/c.opf"/></rootfiles></container>'
    parts = {
        "META-INF/container.xml": container,
        "o/c.opf": opf,
        "o/one.xhtml": "<html><body><h1>First</h1><img src='p.png'/></body></html>",
        "o/two.xhtml": "<html><body><h1>Second</h1></body></html>",
        "o/p.png": png(),
    }
    made = make(zipped(parts), EPUB, "a.epub")
    assert [page.split()[0] for page in made.pages] == ["First", "Second"]
    assert (made.rendition.title, made.rendition.flags) == ("Tales", ["images"])
