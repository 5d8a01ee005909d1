"""Which kinds of document a document is, by the marks of the schemas."""

from __future__ import annotations

from collections.abc import Sequence

from resources.ocr import PageText
from sparknet_assets.fields.rules.labels import find_labels
from sparknet_assets.fields.rules.layout import rows_of
from sparknet_assets.fields.schema import Schema

_PAGES = 2  # the first ones tell the kind
_FEWEST_MARKS = 3
# Reports use the words of receipts, too, but among many others.
_WORDS_FOR_A_MARK = 120


def fitting(schemas: Sequence[Schema], pages: Sequence[PageText]) -> list[Schema]:
    """The schemas that a document is of, the likeliest first.

    One fits when at least three of its marks (all, where it has fewer) stand on the first two
    pages, one for each 120 words. Those of which the greater share stands there come first.
    """
    words = sum(len(line.words) for page in pages[:_PAGES] for line in page.lines)
    texts = [piece.text for page in pages[:_PAGES] for row in rows_of(page) for piece in row.pieces]
    scored = []
    for place, schema in enumerate(schemas):
        marks = list(dict.fromkeys(schema.marks))
        there = {match.label for text in texts for match in find_labels(text, marks)}
        fewest = max(_FEWEST_MARKS, words // _WORDS_FOR_A_MARK)
        if there and len(there) >= min(fewest, len(marks)):
            scored.append((-len(there) / len(marks), place))
    return [schemas[place] for _, place in sorted(scored)]
