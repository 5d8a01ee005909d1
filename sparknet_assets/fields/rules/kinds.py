"""Which kinds of document a document is, by the marks of the schemas."""

from __future__ import annotations

from collections.abc import Sequence
from string import digits

from resources.ocr import PageText
from sparknet_assets.fields.rules.labels import LabelMatch, find_labels
from sparknet_assets.fields.rules.layout import Piece, Row, rows_of
from sparknet_assets.fields.schema import Schema
from sparknet_assets.fields.typed.amounts import find_amounts

_PAGES = 2  # the first ones tell the kind
_FEWEST_MARKS = 3
_TITLE, _UPPER = 2.0, 0.4
_MISREAD = 0.7  # a mark with other letters may be another word
_SHORT = 5  # words of a piece that is no prose
_ENDS = frozenset(":;|/)\u00b7\u2022\u2013" + digits)  # what ends a value or a label
_LARGE = 1.25  # times the height of most lines
_END = 40  # characters of a line in which its amount stands
# Reports use the words of receipts, too, but among many others.
_WORDS_FOR_A_MARK = 120


def fitting(schemas: Sequence[Schema], pages: Sequence[PageText]) -> list[Schema]:
    """The schemas that a document is of, the likeliest first.

    One fits when marks of the weight of three (all, where it has fewer) stand on the first two
    pages, one for each 120 words that stand in no line of amounts. A mark counts where it begins a
    line or a column, or follows a value, as labels do, not within prose; one that stands alone and
    large in the upper part, as a title does, counts twice; one that may be misread, less. Those of
    which most is there come first, by the length of their list of marks.
    """
    rows = [row for page in pages[:_PAGES] for row in rows_of(page)]
    words = sum(len(piece.words) for row in rows if not _has_cents(row) for piece in row.pieces)
    pieces = [piece for row in rows for piece in row.pieces]
    heights = sorted(piece.height for piece in pieces)
    large = _LARGE * heights[len(heights) // 2] if heights else 0.0
    scored = []
    for place, schema in enumerate(schemas):
        marks = list(dict.fromkeys(schema.marks))
        there: dict[str, float] = {}
        for piece in pieces:
            for match in find_labels(piece.text, marks):
                if not _is_label(match, piece):
                    continue
                title = _is_high(piece, large) and _is_all(match, piece.text)
                weight = (_TITLE if title else 1.0) * (_MISREAD if match.errors else 1.0)
                there[match.label] = max(there.get(match.label, 0.0), weight)
        fewest = max(_FEWEST_MARKS, words // _WORDS_FOR_A_MARK)
        if there and sum(there.values()) >= min(fewest, len(marks)):
            # Long lists have more of their marks anywhere.
            scored.append((-sum(there.values()) / len(marks) ** 0.5, place))
    return [schemas[place] for _, place in sorted(scored)]


def _is_label(match: LabelMatch, piece: Piece) -> bool:
    before = piece.text[: match.start].rstrip()
    return len(piece.words) <= _SHORT or not any(map(str.isalpha, before)) or before[-1] in _ENDS


def _is_high(piece: Piece, large: float) -> bool:
    return piece.height > large and piece.box.y1 < _UPPER


def _is_all(match: LabelMatch, text: str) -> bool:
    return not any(map(str.isalnum, text[: match.start] + text[match.end :]))


def _has_cents(row: Row) -> bool:
    return any(amount.cents for amount in find_amounts(row.pieces[-1].text[-_END:]))
