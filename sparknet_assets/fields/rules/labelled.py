"""Labels with their values, anywhere in a document, without a schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from resources.ocr import Box, KeyValue, PageText
from resources.vector_store import PageBox
from sparknet_assets.fields.rules.layout import Cut, Piece, Row, rows_of
from sparknet_assets.fields.schema import FieldType
from sparknet_assets.fields.typed import read
from sparknet_assets.fields.values import FieldValue, LabelledValue

MOST_VALUES = 5_000
_LONGEST_LABEL = 48  # characters
_WITHIN = _LONGEST_LABEL + 16  # where a colon is looked for
_LONGEST_LINE = 2_000
_MOST_WORDS = 7
_COLON = re.compile(r"(?<!\d)\s*[:\uff1a](?!//)\s*|(?<=\d)\s*[:\uff1a](?!//|\d)\s*")
_BOX = re.compile(r"(\[[ xX]?\]|\([ xX]?\)|[☐☑☒□✓✔✗✘])\s*")
_BELOW = 2.2
_BESIDE, _UNDER, _TICKED = 0.85, 0.6, 0.8


def labelled_values(pages: Sequence[PageText]) -> list[LabelledValue]:
    """The labels with values of a document, in the order of the page; at most 5,000.

    What an engine recognised on a form comes first on its page; then `Label: value` on a line, the
    value beside or below a label that ends with a colon, and check boxes.
    """
    found: list[LabelledValue] = []
    for page in pages:
        found += _of_page(page)
        if len(found) >= MOST_VALUES:
            return found[:MOST_VALUES]
    return found


def _of_page(page: PageText) -> Iterator[LabelledValue]:
    seen: set[tuple[str, str]] = set()
    rows = rows_of(page)
    for labelled in (*_by_engine(page), *_by_colon(rows), *_by_check_box(rows)):
        key = (_plain(labelled.label), _plain(labelled.value.text))
        if key not in seen:
            seen.add(key)
            yield labelled


def _by_engine(page: PageText) -> Iterator[LabelledValue]:
    for pair in page.key_values:
        label = pair.key.strip().rstrip(":\uff1a ")
        if label:
            yield LabelledValue(label=label, value=_engine_value(page.page, pair))


def _engine_value(page: int, pair: KeyValue) -> FieldValue:
    text = pair.value.strip()
    mark = read(FieldType.CHOICE, text) if text.startswith("[") else None
    return FieldValue(
        value=mark.value if mark else text or None,
        text=text,
        confidence=min(1.0, max(0.0, pair.confidence)) if pair.confidence == pair.confidence else 0,
        page=page,
        boxes=[] if pair.value_box is None else [_page_box(page, pair.value_box)],
    )


def _page_box(page: int, box: Box) -> PageBox:
    return PageBox(page, box.x0, box.y0, box.x1, box.y1)


def _by_colon(rows: Sequence[Row]) -> Iterator[LabelledValue]:
    for number, row in enumerate(rows):
        for place, piece in enumerate(row.pieces):
            yield from _in_piece(piece, place, number, rows)


def _in_piece(
    piece: Piece, place: int, number: int, rows: Sequence[Row]
) -> Iterator[LabelledValue]:
    row = rows[number]
    match = _COLON.search(piece.text[:_WITHIN])
    if match is None:
        return
    label = piece.text[: match.start()].strip()
    if not label and place:  # the colon stands in a column of its own
        label = row.pieces[place - 1].text.strip().rstrip(":")
    if not is_label(label):
        return
    if match.end() < len(piece.text):
        cut, sure = piece.cut(match.end(), len(piece.text)), _BESIDE
    elif place + 1 < len(row.pieces) and not _is_key(row.pieces[place + 1]):
        following = row.pieces[place + 1]
        cut, sure = following.cut(0, len(following.text)), _BESIDE
    else:
        under = _below(piece, number, rows)
        if under is None:
            return
        cut, sure = under.cut(0, len(under.text)), _UNDER
    if any(c.isalnum() for c in cut.text):
        yield LabelledValue(label=label, value=_value(cut, sure))


def _below(piece: Piece, number: int, rows: Sequence[Row]) -> Piece | None:
    if number + 1 >= len(rows):
        return None
    row = rows[number + 1]
    if row.page != piece.page or row.top - piece.box.y1 > _BELOW * piece.height:
        return None
    for other in row.pieces:
        overlap = min(piece.box.x1, other.box.x1) - max(piece.box.x0, other.box.x0)
        if overlap > 0:
            return None if _is_key(other) else other
    return None


def _is_key(piece: Piece) -> bool:
    """Whether a piece brings a label of its own."""
    match = _COLON.search(piece.text[:_WITHIN])
    return match is not None and is_label(piece.text[: match.start()].strip())


def is_label(text: str) -> bool:
    """Whether a text may be a label: short, with a letter, not a sentence."""
    return (
        0 < len(text) <= _LONGEST_LABEL
        and len(text.split()) <= _MOST_WORDS
        and sum(c.isalpha() for c in text) >= max(2, len(text) // 3)
        and not text.endswith((".", ",", ";"))
    )


def _by_check_box(rows: Sequence[Row]) -> Iterator[LabelledValue]:
    """The text after a box is what it says yes or no to."""
    for row in rows:
        for place, piece in enumerate(row.pieces):
            matches = list(_BOX.finditer(piece.text[:_LONGEST_LINE]))
            for index, match in enumerate(matches):
                end = matches[index + 1].start() if index + 1 < len(matches) else len(piece.text)
                label = piece.text[match.end() : end].strip()
                if not label and index + 1 == len(matches) and place + 1 < len(row.pieces):
                    label = row.pieces[place + 1].text.strip()
                reading = read(FieldType.CHOICE, match[1])
                if reading is None or not any(c.isalpha() for c in label):
                    continue
                value = _value(piece.cut(match.start(), match.start() + len(match[1])), _TICKED)
                yield LabelledValue(
                    label=label[:200], value=value.model_copy(update={"value": reading.value})
                )


def _value(cut: Cut, sure: float) -> FieldValue:
    engine = min(1.0, max(0.0, cut.confidence))
    return FieldValue(
        value=" ".join(cut.text.split()),
        text=cut.text,
        confidence=round(sure * engine, 4),
        page=cut.page,
        boxes=[] if cut.box is None else [cut.box],
    )


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum()) or text
