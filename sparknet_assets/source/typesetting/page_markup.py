"""Blocks as the HTML that is set on pages, and the style they are set in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from sparknet_assets.source.readers.markup import Heading, Paragraph, escape
from sparknet_assets.source.typesetting.columns import PADDING, Layout

STYLE = """
* { overflow-wrap: break-word }
body { font-family: sans-serif; font-size: 10.5pt; line-height: 1.3; margin: 0 }
h1 { font-size: 19pt; margin: 8pt 0 5pt 0 } h2 { font-size: 16pt; margin: 8pt 0 5pt 0 }
h3 { font-size: 13.5pt; margin: 7pt 0 4pt 0 } h4, h5, h6 { font-size: 11.5pt; margin: 6pt 0 3pt 0 }
p { margin: 0 0 6pt 0; white-space: pre-wrap }
p.pre { font-family: monospace; font-size: 9pt }
p.note { color: #444; font-size: 9.5pt }
table { border-collapse: collapse; font-size: 9pt; margin: 0; line-height: 1.2 }
td, th { border: 1px solid #777; padding: 2pt 3pt; text-align: left; vertical-align: top }
th { background-color: #eee }
"""


def block_html(block: Heading | Paragraph) -> str:
    """A heading or paragraph; a list item is a paragraph with its marker."""
    if isinstance(block, Heading):
        level = min(max(block.level, 1), 6)
        return f"<h{level}{_direction(block.text)}>{escape(block.text)}</h{level}>"
    indent = 18 * min(block.depth, 8)
    style = f' style="margin-left:{indent}pt"' if indent else ""
    kind = f' class="{block.kind}"' if block.kind in ("pre", "note") else ""
    body = "".join(_run_html(run.text, run.style) for run in block.runs)
    marker = escape(block.marker) + " " if block.marker else ""
    return f"<p{kind}{style}{_direction(block.text)}>{marker}{body}</p>"


def _run_html(text: str, style: str) -> str:
    result = escape(text)
    for key, tag in (("b", "b"), ("i", "i"), ("u", "sub"), ("p", "sup")):
        if key in style:
            result = f"<{tag}>{result}</{tag}>"
    return result


def table_html(rows: Sequence[tuple[int, list[str]]], layout: Layout) -> str:
    """Rows of a table; the n-th has the id `rn`. A row of a number below 0 is a heading."""
    # The width of a cell is that of its content: padding and border come on top.
    widths = [f' style="width:{max(width - PADDING, 6):.1f}pt"' for width in layout.widths]
    out = ["<table>"]
    for index, (number, cells) in enumerate(rows):
        tag = "th" if number < 0 else "td"
        out.append(f'<tr id="r{index}">')
        out += [
            f"<{tag}{width}{_direction(cell)}>{escape(cell)}</{tag}>"
            for width, cell in zip(widths, cells, strict=True)
        ]
        out.append("</tr>")
    out.append("</table>")
    return "".join(out)


def _direction(text: str) -> str:
    """An HTML attribute for text whose first letter is written right to left, else nothing."""
    if text.isascii():
        return ""
    for character in text[:200]:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return ' dir="rtl"'
        if kind == "L":
            return ""
    return ""
