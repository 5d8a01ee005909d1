"""The Word and the Excel file, written as the XML parts that they are."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from examples import company
from examples.layout import Block, parse
from examples.ooxml import OFFICE, package, relationships

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def minutes_docx() -> bytes:
    """Minutes with headings of two levels, a list and a table."""
    blocks = list(parse(company.text("minutes")))
    body = "".join(_word_block(block) for block in blocks)
    document = f'<w:document xmlns:w="{WORD}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    styles = (
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        "</w:style>"
    )
    styles += "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{label}"/>'
        f'<w:pPr><w:keepNext/><w:spacing w:before="240" w:after="80"/>{outline}</w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
        for name, label, size, outline in (
            ("Heading1", "heading 1", 36, '<w:outlineLvl w:val="0"/>'),
            ("Heading2", "heading 2", 26, '<w:outlineLvl w:val="1"/>'),
        )
    )
    numbering = (
        f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
        '<w:numFmt w:val="bullet"/><w:lvlText w:val="\u2022"/><w:pPr><w:ind w:left="720" '
        'w:hanging="360"/></w:pPr></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    parts = {
        "word/document.xml": document,
        "word/styles.xml": f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>',
        "word/numbering.xml": numbering,
        "word/_rels/document.xml.rels": relationships(
            [(f"{OFFICE}/styles", "styles.xml"), (f"{OFFICE}/numbering", "numbering.xml")]
        ),
    }
    types = {
        "word/document.xml": "wordprocessingml.document.main",
        "word/styles.xml": "wordprocessingml.styles",
        "word/numbering.xml": "wordprocessingml.numbering",
    }
    return package(parts, types, "word/document.xml", blocks[0].text)


def _word_block(block: Block) -> str:
    if block.kind == "table":
        rows = company.TABLES[block.text]()
        cells = ("".join(f"<w:tc>{_word_paragraph(cell)}</w:tc>" for cell in row) for row in rows)
        borders = "".join(
            f'<w:{side} w:val="single" w:sz="4"/>'
            for side in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        grid = "<w:gridCol/>" * len(rows[0])
        return (
            f"<w:tbl><w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr>"
            f"<w:tblGrid>{grid}</w:tblGrid>"
            + "".join(f"<w:tr>{row}</w:tr>" for row in cells)
            + "</w:tbl>"
        )
    style = ""
    if block.kind == "heading":
        style = f'<w:pStyle w:val="Heading{block.level}"/>'
    elif block.kind == "item":
        style = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    return _word_paragraph(block.text, style)


def _word_paragraph(text: str, style: str = "") -> str:
    properties = f"<w:pPr>{style}</w:pPr>" if style else ""
    run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    return f"<w:p>{properties}{run}</w:p>"


def fares_xlsx() -> bytes:
    """Two sheets with numbers stored as numbers; the first has formulas in its last column."""
    sheets = {
        "Single fares": company.single_fares(),
        "Season tickets": company.season_tickets(),
    }
    names = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(sheets, start=1)
    )
    parts = {
        "xl/workbook.xml": (
            f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relationships(
            [(f"{OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n in (1, 2)]
            + [(f"{OFFICE}/sharedStrings", "sharedStrings.xml")]
        ),
    }
    types = {
        "xl/workbook.xml": "spreadsheetml.sheet.main",
        "xl/sharedStrings.xml": "spreadsheetml.sharedStrings",
    }
    strings: dict[str, int] = {}
    for number, rows in enumerate(sheets.values(), start=1):
        path = f"xl/worksheets/sheet{number}.xml"
        parts[path] = _worksheet(rows, strings, family=number == 1)
        types[path] = "spreadsheetml.worksheet"
    entries = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{SHEET}">{entries}</sst>'
    return package(parts, types, "xl/workbook.xml", "Fares from 1 April 2026")


def _worksheet(rows: Sequence[Sequence[str | float]], strings: dict[str, int], family: bool) -> str:
    """A sheet; `family` adds the fare of two adults and two children as a formula.

    Texts are added to `strings`, the workbook's numbered texts.
    """

    def cell(reference: str, value: str | float) -> str:
        if isinstance(value, str):
            number = strings.setdefault(value, len(strings))
            return f'<c r="{reference}" t="s"><v>{number}</v></c>'
        return f'<c r="{reference}"><v>{value:g}</v></c>'

    body = ""
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            cell(f"{chr(65 + column)}{number}", value) for column, value in enumerate(row)
        )
        if family and number == 1:
            cells += cell("G1", "Family (EUR)")
        elif family:
            value = 2 * float(row[2]) + 2 * float(row[3])
            cells += f'<c r="G{number}"><f>2*C{number}+2*D{number}</f><v>{value:g}</v></c>'
        body += f'<row r="{number}">{cells}</row>'
    return f'<worksheet xmlns="{SHEET}"><sheetData>{body}</sheetData></worksheet>'
