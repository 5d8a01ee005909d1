"""The fields of a document by the rules: labels, places, sums, the letterhead, tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from resources.ocr import PageText
from sparknet_assets.fields.rules.candidates import Candidate, Span, marks_of, regions_of
from sparknet_assets.fields.rules.choosing import as_value, ranked
from sparknet_assets.fields.rules.currency import with_currency
from sparknet_assets.fields.rules.items import ItemsReader
from sparknet_assets.fields.rules.layout import Row, rows_of
from sparknet_assets.fields.rules.letterhead import letterhead_of
from sparknet_assets.fields.rules.lists import lists_of
from sparknet_assets.fields.rules.parties import Parties, parties_of
from sparknet_assets.fields.rules.reading import amounts_in, by_pattern, matches_of, read_region
from sparknet_assets.fields.rules.sums import preferred, with_sums
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema
from sparknet_assets.fields.typed import Conventions, conventions_of
from sparknet_assets.fields.typed.amounts import currencies_in
from sparknet_assets.fields.typed.dates import find_dates
from sparknet_assets.fields.values import Found

# Fields, other than tables, are looked for on so many of the first and of the last pages.
PAGES_AT_ENDS = 6
_UNLABELLED = 0.5
_BY_PATTERN = 0.55
_LARGEST = 0.35
_DIGITS_OF_GROUPS = 8


def extract(schema: Schema, pages: Iterable[PageText]) -> Found:
    """Finds the fields and tables of a schema without any model.

    Never raises, whatever the pages hold. Fields are looked for on the first and last six pages,
    tables on all; pages are taken one at a time.
    """
    extraction = Extraction(schema)
    for page in pages:
        extraction.add(page)
    return extraction.found()


class Extraction:
    """The same for a document whose pages come one after the other, in the memory of a few."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._first: list[list[Row]] = []
        self._last: deque[list[Row]] = deque(maxlen=PAGES_AT_ENDS)
        self._items = ItemsReader(schema)

    def add(self, page: PageText) -> None:
        """Takes the next page."""
        rows = rows_of(page)
        if len(self._first) < PAGES_AT_ENDS:
            self._first.append(rows)
        else:
            self._last.append(rows)
        self._items.read(page, rows)

    def found(self) -> Found:
        """What there is on the pages so far."""
        schema = self._schema
        rows = [row for page in (*self._first, *self._last) for row in page]
        conventions = conventions_of(row.text for row in rows)
        candidates = candidates_of(schema, rows, conventions)
        specs = {spec.name: spec for spec in schema.fields}
        best = preferred(schema, {n: ranked(specs[n], found) for n, found in candidates.items()})
        found = Found(
            fields={n: as_value(specs[n], ranking) for n, ranking in best.items() if ranking},
            tables={
                **lists_of(schema, rows, conventions),
                **self._items.tables(conventions),
            },
        )
        stated = {currency for row in rows for currency in currencies_in(row.text)}
        return with_currency(with_sums(schema, found), stated)


def candidates_of(
    schema: Schema, rows: Sequence[Row], conventions: Conventions
) -> dict[str, list[Candidate]]:
    """All values that each field may have."""
    specs = {spec.name: spec for spec in schema.fields}
    found: dict[str, list[Candidate]] = {name: [] for name in specs}
    for region in regions_of(marks_of(schema.fields, rows), rows):
        for name in region.mark.fields:
            found[name] += read_region(specs[name], region, conventions)
    _add_parties(schema, rows, found)
    for spec in schema.fields:
        if not found[spec.name] and spec.pattern and spec.type is FieldType.IDENTIFIER:
            found[spec.name] += _by_pattern(schema, spec, rows)
    _add_first_date(schema, rows, conventions, found)
    _add_largest_amount(schema, rows, conventions, found)
    return found


def _add_parties(schema: Schema, rows: Sequence[Row], found: dict[str, list[Candidate]]) -> None:
    """The first name and address without labels are the issuer's, those with any the recipient's.

    Where a schema has no recipient all that stands in the letterhead is the issuer's.
    """
    mine = {k: _first(schema, k, labelled=False) for k in (FieldType.NAME, FieldType.ADDRESS)}
    theirs = {k: _first(schema, k, labelled=True) for k in (FieldType.NAME, FieldType.ADDRESS)}
    if not any(theirs.values()):
        head = letterhead_of(rows)
        parties = Parties(head.name, head.address)
    else:
        parties = parties_of(rows)
    for spec, candidate in (
        (mine[FieldType.NAME], parties.issuer),
        (mine[FieldType.ADDRESS], parties.issuer_address),
        (theirs[FieldType.NAME], parties.recipient),
        (theirs[FieldType.ADDRESS], parties.recipient_address),
    ):
        if spec is None:
            continue
        if spec.type is FieldType.ADDRESS and candidate is not None:
            found[spec.name].clear()  # beside a label stands its first line only
        if candidate is not None:
            found[spec.name].append(candidate)


def _first(schema: Schema, kind: FieldType, *, labelled: bool) -> FieldSpec | None:
    return next((s for s in schema.fields if s.type is kind and bool(s.labels) is labelled), None)


def _add_first_date(
    schema: Schema,
    rows: Sequence[Row],
    conventions: Conventions,
    found: dict[str, list[Candidate]],
) -> None:
    """The first date field is the date of the document; it may stand there without a label."""
    spec = next((s for s in schema.fields if s.type is FieldType.DATE), None)
    if spec is None or found[spec.name]:
        return
    dates = [s.name for s in schema.fields if s.type is FieldType.DATE]
    taken = {candidate.value for name in dates for candidate in found[name]}
    for number, row in enumerate(rows):
        for piece in row.pieces:
            for date in find_dates(piece.text[:300], conventions):
                value = date.value.isoformat()
                if value in taken:
                    continue
                cut = piece.cut(date.start, date.end)
                problems = (date.problem,) if date.problem else ()
                score = _UNLABELLED - 0.002 * min(100, number)
                found[spec.name].append(Candidate(value, (cut,), score, number, problems))


def _add_largest_amount(
    schema: Schema,
    rows: Sequence[Row],
    conventions: Conventions,
    found: dict[str, list[Candidate]],
) -> None:
    """A required total without a label is the largest amount that was not handed over in cash."""
    totals = {rule.total for rule in schema.sums}
    spec = next((s for s in schema.fields if s.required and s.name in totals), None)
    if spec is None or spec.type is not FieldType.AMOUNT or found[spec.name]:
        return
    paid = {
        candidate.value["amount"]
        for rule in schema.sums
        if spec.name in rule.parts and any(found[p] for p in rule.parts if p != spec.name)
        for candidate in found[rule.total]
    }
    amounts = [
        (amount.value, number, amount, cut)
        for number, row in enumerate(rows)
        for piece in row.pieces
        for amount, cut in amounts_in(Span(piece, 0, len(piece.text)), conventions)
        if amount.cents and amount.json["amount"] not in paid
    ]
    if amounts:
        _, number, amount, cut = max(amounts, key=lambda found: found[:2])
        found[spec.name].append(Candidate(amount.json, (cut,), _LARGEST, number))


def _by_pattern(schema: Schema, spec: FieldSpec, rows: Sequence[Row]) -> list[Candidate]:
    """What matches the pattern of a field and no longer one of another field."""
    others = [s for s in schema.fields if s.pattern and s is not spec]
    found = []
    for number, row in enumerate(rows):
        for piece in row.pieces:
            candidate = by_pattern(spec, Span(piece, 0, len(piece.text)))
            # Words in capitals match some patterns, and beginnings of longer numbers do.
            if candidate is not None and _is_telling(candidate.text, piece.text, others):
                found.append(Candidate(candidate.value, candidate.cuts, _BY_PATTERN, number))
    return found


def _is_telling(found: str, text: str, others: Sequence[FieldSpec]) -> bool:
    digits = sum(map(str.isdigit, found))
    if not digits or not any(map(str.isalpha, found)):
        return False
    if " " in found and digits < _DIGITS_OF_GROUPS:  # words with a number
        return False
    longer = (match[0] for spec in others for match in matches_of(spec, text))
    return not any(found in other and len(other) > len(found) for other in longer)
