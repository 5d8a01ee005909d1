"""Text, Markdown and CSV files to blocks."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.readers.hypertext import MOST_CELLS, read_hypertext
from sparknet_assets.source.readers.markup import Block, Grid, clean, collapse, lines_of, paragraph

_JSON = re.compile(r"\s*[\[{]")
# Letters, in pairs of surrogates too; no controls, and nothing behind another backslash.
_CODES = re.compile(r"(?<!\\)(?:\\u(?!00[01]|0022|005[cC])[0-9a-fA-F]{4})+")
_STATED = re.compile(r"sep=([,;\t|:])\r?\n", re.IGNORECASE)
_BLANK = re.compile(r"\n[ \t\f\v]*\n\s*?(?=[^\n]|\Z)|\f")
# Colours and moves of a terminal (ECMA-48, 5.4), as programs leave them in their logs.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_ALIGNED = re.compile(r"\S {2,}\S|^ {4,}\S|\t", re.MULTILINE)


def unescaped(text: str) -> str:
    """JSON with its letters instead of their codes (\\u00e9), as which most programs write them."""
    if not _JSON.match(text):
        return text
    return _CODES.sub(lambda codes: str(json.loads(f'"{codes[0]}"')), text)


def text_blocks(text: str) -> Iterator[Block]:
    """Paragraphs as blank lines part them; those with aligned columns keep their spaces."""
    text = _TERMINAL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    for part in _BLANK.split(text):
        part = part.strip("\n")
        if part.strip():
            aligned = bool(_ALIGNED.search(part))
            part = part.expandtabs(4) if aligned else lines_of(part)
            if clean(part).strip():
                yield paragraph(part, "pre" if aligned else "text")


def markdown_blocks(text: str) -> list[Block]:
    """CommonMark with tables; HTML inside is read as `read_hypertext` does."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return read_hypertext(parser.render(_without_front_matter(text))).blocks


def _without_front_matter(text: str) -> str:
    if text.startswith("---\n"):
        end = text.find("\n---\n", 3)
        if 0 < end < 10_000:
            return text[end + 5 :]
    return text


def csv_blocks(text: str, name: str) -> list[Block]:
    """One table with every row of the file, its first row as heading when it looks like one.

    Raises:
        SparknetError: `too_large` for more cells than a document may have.
    """
    csv.field_size_limit(2**31 - 1)
    stated = _STATED.match(text)  # a line that tells Excel the separator, and is no row
    text = text[stated.end() :] if stated else text
    sample = text[:64_000]
    lines = io.StringIO(text.replace("\0", ""), newline="")
    reader = csv.reader(lines, delimiter=stated[1] if stated else _delimiter(sample))
    rows: list[list[str]] = []
    cells = 0
    for row in reader:
        values = [lines_of(value) for value in row]
        if any(values):
            rows.append(values)
            cells += len(values)
            if cells > MOST_CELLS:
                raise SparknetError(
                    FailureKind.TOO_LARGE,
                    f"{name} has more than {MOST_CELLS:,} cells; split it into smaller files",
                )
    if not rows:
        return []
    width = max(map(len, rows))
    if width * len(rows) > 4 * MOST_CELLS:
        raise SparknetError(FailureKind.TOO_LARGE, f"{name}: one row has {width:,} columns")
    for row in rows:
        row.extend([""] * (width - len(row)))
    return [Grid(rows, int(heading_row(rows)))]


def _delimiter(sample: str) -> str:
    """The separator that gives the most even rows of more than one column."""
    best = (0.0, ",")
    lines = sample.splitlines()[:200]
    if len(sample) >= 64_000 and len(lines) > 1:
        lines.pop()
    for delimiter in ",;\t|":
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count, default=1)
        if common > 1:
            score = widths.count(common) / len(widths) + min(common, 50) / 1000
            best = max(best, (score, delimiter), key=lambda pair: pair[0])
    return best[1]


def heading_row(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: all text, no two alike, and rows follow."""
    named = [cell for cell in rows[0] if cell]
    return (
        len(rows) > 1
        and 2 * len(named) > len(rows[0])
        and len(set(named)) == len(named)
        and not any(_numeric(cell) or len(cell) > 100 for cell in named)
    )


def _numeric(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+(]?[$€£]?\s*\d[\d.,\s]*[)%]?", collapse(cell)))
