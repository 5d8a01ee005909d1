"""Word, Excel and PowerPoint files, written as the XML parts that they are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

from examples import company
from examples.layout import Block, parse

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
TYPES = "application/vnd.openxmlformats-officedocument."
MAIN_SLIDE = f'xmlns:a="{DRAWING}" xmlns:r="{OFFICE}" xmlns:p="{SLIDE}"'


def package(parts: Mapping[str, str], types: Mapping[str, str], main: str, title: str) -> bytes:
    """Zips the parts with content types, the root relationship and the title; no clock time.

    Args:
        parts: Path in the package -> XML without its declaration.
        types: Path -> content type, after the common prefix.
        main: Path of the part that an application opens.
    """
    core = (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>Halden Ferry Company</dc:creator>"
        "</cp:coreProperties>"
    )
    overrides = "".join(
        f'<Override PartName="/{path}" ContentType="{TYPES}{kind}+xml"/>'
        for path, kind in types.items()
    )
    content_types = (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        f"{overrides}</Types>"
    )
    root = relationships(
        [
            (f"{OFFICE}/officeDocument", main),
            (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ]
    )
    everything = {"[Content_Types].xml": content_types, "_rels/.rels": root}
    everything |= {"docProps/core.xml": core, **parts}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, body in everything.items():
            info = zipfile.ZipInfo(path, (2026, 3, 2, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, XML + body)
    return target.getvalue()


def relationships(targets: Iterable[tuple[str, str]]) -> str:
    """A relationships part: (type, target), with the ids rId1, rId2, ..."""
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{entries}</Relationships>'


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


def safety_briefing_pptx() -> bytes:
    """Three slides of a title, a line and bullet points."""
    slides: list[list[Block]] = []
    for block in parse(company.text("safety-briefing")):
        if block.kind == "heading":
            slides.append([])
        slides[-1].append(block)
    numbers = range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n + 1}"/>' for n in numbers)
    parts = {
        "ppt/presentation.xml": (
            f"<p:presentation {MAIN_SLIDE}>"
            '<p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst>'
            f'<p:sldIdLst>{ids}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/>'
            '<p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
        ),
        "ppt/_rels/presentation.xml.rels": relationships(
            [(f"{OFFICE}/slideMaster", "slideMasters/slideMaster1.xml")]
            + [(f"{OFFICE}/slide", f"slides/slide{n}.xml") for n in numbers]
        ),
        **_slide_master(),
    }
    types = {
        "ppt/presentation.xml": "presentationml.presentation.main",
        "ppt/slideMasters/slideMaster1.xml": "presentationml.slideMaster",
        "ppt/slideLayouts/slideLayout1.xml": "presentationml.slideLayout",
        "ppt/theme/theme1.xml": "theme",
    }
    layout = relationships([(f"{OFFICE}/slideLayout", "../slideLayouts/slideLayout1.xml")])
    for number, blocks in zip(numbers, slides, strict=True):
        path = f"ppt/slides/slide{number}.xml"
        parts[path] = _slide(blocks)
        parts[f"ppt/slides/_rels/slide{number}.xml.rels"] = layout
        types[path] = "presentationml.slide"
    return package(parts, types, "ppt/presentation.xml", slides[0][0].text)


def _slide(blocks: Sequence[Block]) -> str:
    title, *rest = blocks
    shapes = _shape(2, "title", [title.text], (457200, 274638, 8229600, 1143000))
    shapes += _shape(3, "body", [b.text for b in rest], (457200, 1600200, 8229600, 4525963))
    return f"<p:sld {MAIN_SLIDE}><p:cSld>{_tree(shapes)}</p:cSld></p:sld>"


def _tree(shapes: str = "") -> str:
    head = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
    return f"<p:spTree>{head}<p:grpSpPr/>{shapes}</p:spTree>"


def _shape(number: int, kind: str, lines: Sequence[str], box: tuple[int, int, int, int]) -> str:
    """A placeholder with one paragraph a line; the box is x, y, width, height in EMU."""
    x, y, width, height = box
    index = "" if kind == "title" else ' idx="1"'
    paragraphs = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in lines)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{kind} {number}"/><p:cNvSpPr/>'
        f'<p:nvPr><p:ph type="{kind}"{index}/></p:nvPr></p:nvSpPr>'
        f'<p:spPr><a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
        f"</p:spPr><p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"
    )


def _slide_master() -> dict[str, str]:
    """The master, layout and theme without which PowerPoint refuses a file."""
    names = ("dk1", "lt1", "dk2", "lt2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
    colors = ("000000", "FFFFFF", "17335E", "E6EDF5", *["8CADD1"] * 6, "17335E", "5E5E5E")
    scheme = "".join(
        f'<a:{name}><a:srgbClr val="{color}"/></a:{name}>'
        for name, color in zip(names, colors, strict=True)
    )
    font = '<a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/>'
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>' * 3
    line = f"<a:ln>{fill[: len(fill) // 3]}</a:ln>" * 3
    effect = "<a:effectStyle><a:effectLst/></a:effectStyle>" * 3
    theme = (
        f'<a:theme xmlns:a="{DRAWING}" name="Halden"><a:themeElements>'
        f'<a:clrScheme name="Halden">{scheme}</a:clrScheme><a:fontScheme name="Halden">'
        f"<a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme>"
        f'<a:fmtScheme name="Halden"><a:fillStyleLst>{fill}</a:fillStyleLst>'
        f"<a:lnStyleLst>{line}</a:lnStyleLst><a:effectStyleLst>{effect}</a:effectStyleLst>"
        f"<a:bgFillStyleLst>{fill}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>"
    )
    roles = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}
    roles |= {name: name for name in names[4:]}
    mapping = " ".join(f'{role}="{name}"' for role, name in roles.items())
    folder = "ppt/slideMasters"
    return {
        f"{folder}/slideMaster1.xml": (
            f"<p:sldMaster {MAIN_SLIDE}><p:cSld>{_tree()}</p:cSld><p:clrMap {mapping}/>"
            '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst>'
            "</p:sldMaster>"
        ),
        f"{folder}/_rels/slideMaster1.xml.rels": relationships(
            [
                (f"{OFFICE}/slideLayout", "../slideLayouts/slideLayout1.xml"),
                (f"{OFFICE}/theme", "../theme/theme1.xml"),
            ]
        ),
        "ppt/slideLayouts/slideLayout1.xml": (
            f"<p:sldLayout {MAIN_SLIDE}><p:cSld>{_tree()}</p:cSld></p:sldLayout>"
        ),
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relationships(
            [(f"{OFFICE}/slideMaster", "../slideMasters/slideMaster1.xml")]
        ),
        "ppt/theme/theme1.xml": theme,
    }
