"""The PowerPoint file."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from examples import company
from examples.layout import Block, parse
from examples.ooxml import OFFICE, package, relationships

SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
MAIN_SLIDE = f'xmlns:a="{DRAWING}" xmlns:r="{OFFICE}" xmlns:p="{SLIDE}"'


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
