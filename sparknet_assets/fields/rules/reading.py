"""Typed values read from the places where they may stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sparknet_assets.fields.rules.addresses import is_prose
from sparknet_assets.fields.rules.candidates import Candidate, Region, Span
from sparknet_assets.fields.rules.labels import FUZZY_PENALTY, skeleton
from sparknet_assets.fields.rules.layout import Cut
from sparknet_assets.fields.schema import FieldSpec, FieldType
from sparknet_assets.fields.typed import Conventions, read
from sparknet_assets.fields.typed.amounts import FoundAmount, find_amounts, plain, read_amount
from sparknet_assets.fields.typed.dates import find_dates

_TOKEN = re.compile(r"\S+")
_LONGEST = 300  # characters of a piece in which a value is looked for
_LONGEST_TEXT, _LEAST_FIT = 100, 0.5
_SPLIT = re.compile(r"(?<![\d.,])\d{1,6} \d\d$")
_NUMBER_LABEL = re.compile(
    r"\b(?:no|nr|number|id|idnr|nummer|numéro|nif|cif|abn|ein|gstin|uid|p\.?iva|partita iva)\b|n°",
    re.IGNORECASE,
)
_COUNTRY = re.compile(r"[A-Z]{2}\.?")
_UNKNOWN_FORMAT = re.compile(r"(?:[A-Z]{1,4}[ -]?)?\d[\dA-Z]*(?:[ ./-]?\d[\dA-Z]*)*(?![\w%])")
_FEWEST_DIGITS = 5
_COLUMN = 0.3  # what a label costs below which figures stand in a column: it heads a table
_MONEY = re.compile(r"\d{1,3}(?:[.,' ]?\d{3})*[.,]\d\d")
_BY_COUNTRY = 0.9  # of a date whose day and month only the country tells apart
_WITH_A_DATE = re.compile(
    r"\b(?:&|and|und|et|e|y|en|time|hour|uhrzeit|zeit|heure|hora|ora|tijd|day|(?:mon|tues?|wed(?:nes)?"
    r"|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|du|le|vom|am|on|of|the|van|del?|is|ist|est|no|nr)\b",
    re.IGNORECASE,
)
_GROUP = re.compile(r"[A-Z]{0,4}\d[A-Z0-9]*", re.IGNORECASE)


def read_region(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    """The values that a field may have beside or below one of its labels."""
    reader = _READERS.get(spec.type, _texts)
    figures = spec.type in (FieldType.AMOUNT, FieldType.NUMBER)
    fit = region.fit if figures else region.lead_fit
    score = 0.5 + 0.42 * fit - FUZZY_PENALTY * region.mark.match.errors
    if region.below:
        score -= 0.12 + (_COLUMN if figures and region.column else 0.0)
    for candidate in reader(spec, region, conventions):
        named = _fit_up_to(candidate, region) if spec.type is FieldType.DATE else fit
        yield Candidate(
            candidate.value,
            candidate.cuts,
            max(0.05, min(1.0, (score - 0.42 * (fit - named)) * candidate.score)),
            region.mark.row,
            candidate.problems,
        )


def _fit_up_to(candidate: Candidate, region: Region) -> float:
    """The fit of a label with the words before its value: `Date of birth` is none for `Date`."""
    between = " ".join(span.text for span in region.spans).partition(candidate.text)[0]
    letters = len(skeleton(_WITH_A_DATE.sub(" ", between))[0])
    size = region.mark.match.size
    return size / (size / max(0.01, region.lead_fit) + letters)


def amounts_in(span: Span, conventions: Conventions) -> list[tuple[FoundAmount, Cut]]:
    """The amounts in a part of a piece, with where their figures stand."""
    text = span.text[:_LONGEST]
    amounts = []
    for found in find_amounts(text, conventions):
        start, end = found.figures
        # A currency that is one word with the figures belongs to the text as it stands.
        if start > found.start and not text[start - 1].isspace():
            start = found.start
        if end < found.end and not text[end].isspace():
            end = found.end
        amounts.append((found, span.piece.cut(span.start + start, span.start + end)))
    return amounts


def _amounts(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    found = [pair for span in region.spans for pair in amounts_in(span, conventions)]
    if any(amount.cents for amount, _ in found):
        found = [pair for pair in found if pair[0].cents]
    elif conventions.cents and (split := _split_amount(region, conventions)):
        yield split
        return
    if not found:
        return
    # Totals stand at the end of the line; before them, quantities and what they are made of.
    amount, cut = found[-1]
    factor = 1.0 if amount.cents or amount.currency else 0.6
    factor *= 0.85 if len({a.value for a, _ in found}) > 1 else 1.0
    rounded = conventions.cents and not amount.cents
    problems = ("without decimals, unlike other amounts",) if rounded else ()
    yield Candidate(amount.json, (cut,), factor, problems=problems)


def _split_amount(region: Region, conventions: Conventions) -> Candidate | None:
    """An amount at the end of a line whose decimal point OCR took for a space."""
    last = region.spans[-1] if region.spans else None
    match = last and _SPLIT.search(last.text[:_LONGEST])
    if not last or not match:
        return None
    cut = last.piece.cut(last.start + match.start(), last.start + match.end())
    amount = read_amount(match[0].replace(" ", "."), conventions)
    if amount is None:
        return None
    return Candidate(amount.json, (cut,), 0.7, problems=(f"no decimal point was seen: {match[0]}",))


def _dates(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    for span in region.spans:
        for found in find_dates(span.text[:_LONGEST], conventions):
            cut = span.piece.cut(span.start + found.start, span.start + found.end)
            problems = (found.problem,) if found.problem else ()
            score = _BY_COUNTRY if found.by_country else 1.0
            yield Candidate(found.value.isoformat(), (cut,), score, problems=problems)
            return


def _numbers(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    for span in region.spans:
        for amount, cut in amounts_in(span, conventions):
            yield Candidate(plain(amount.value), (cut,), 1.0)
            return


def _identifiers(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    for span in region.spans[:3]:
        found = by_pattern(spec, span) if spec.pattern else _token_with_digits(span)
        if found is None and spec.pattern and _NUMBER_LABEL.search(region.mark.match.label):
            found = _unknown_format(span)
        if found is not None:
            yield found
            return


def _unknown_format(span: Span) -> Candidate | None:
    """A number in a format that the pattern does not know, where the label says that it is one."""
    match = _UNKNOWN_FORMAT.match(span.text[:_LONGEST])
    if match is None or sum(c.isdigit() for c in match[0]) < _FEWEST_DIGITS:
        return None
    cut = span.piece.cut(span.start, span.start + match.end())
    return Candidate(match[0], (cut,), 0.7)


def by_pattern(spec: FieldSpec, span: Span) -> Candidate | None:
    """The first text in a part of a piece that the pattern of a field matches."""
    match = next(matches_of(spec, span.text), None)
    if match is None or not match[0].strip():
        return None
    cut = span.piece.cut(span.start + match.start(), span.start + match.end())
    reading = read(spec.type, match[0])
    return None if reading is None else Candidate(reading.value, (cut,), 1.0)


def matches_of(spec: FieldSpec, text: str) -> Iterator[re.Match[str]]:
    """Where the pattern of a field matches whole words of a text; one that is wrong nowhere."""
    # What stands for the ends of the value are not those of the line.
    pattern = (spec.pattern or "").removeprefix("^")
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1]
    try:
        return re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text[:_LONGEST])
    except re.error:
        return iter(())


def _token_with_digits(span: Span) -> Candidate | None:
    """A token that holds a digit, with the groups of digits that follow it."""
    tokens = list(_TOKEN.finditer(span.text[:_LONGEST]))
    for index, token in enumerate(tokens[:3]):
        if not any(c.isdigit() for c in token[0]):
            continue
        # The letters of a country before a number belong to it.
        first = index - 1 if index == 1 and _COUNTRY.fullmatch(tokens[0][0]) else index
        last = index
        while last + 1 < len(tokens) and _GROUP.fullmatch(tokens[last + 1][0]):
            last += 1
        raw = span.text[tokens[first].start() : tokens[last].end()]
        lead = len(raw) - len(raw.lstrip(" :#.("))
        text = raw.strip(" :#.,;()")
        start = span.start + tokens[first].start() + lead
        cut = span.piece.cut(start, start + len(text))
        score = 0.5 if _MONEY.fullmatch(text) else 0.95 if first == 0 else 0.8
        return Candidate(text, (cut,), score)
    return None


def _choices(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    for span in region.spans[:1]:
        token = re.match(r"\[.?\]|\(.?\)|\S+", span.text)
        reading = token and read(FieldType.CHOICE, token[0])
        if token and reading:
            cut = span.piece.cut(span.start, span.start + token.end())
            yield Candidate(reading.value, (cut,), 1.0)


def _texts(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[Candidate]:
    for span in region.spans[:1]:
        if spec.pattern:
            found = by_pattern(spec, span)
            if found is not None:
                yield found
            return
        text = span.text.strip()
        if region.lead_fit < _LEAST_FIT or len(text) > _LONGEST_TEXT:
            return  # a sentence that the label is a word of
        if spec.type in (FieldType.NAME, FieldType.ADDRESS) and is_prose(text):
            return
        if any(c.isalnum() for c in text):
            start = span.start + len(span.text) - len(span.text.lstrip())
            cut = span.piece.cut(start, start + len(text))
            yield Candidate(" ".join(text.split()), (cut,), 0.9)


_READERS: dict[FieldType, Callable[[FieldSpec, Region, Conventions], Iterator[Candidate]]] = {
    FieldType.AMOUNT: _amounts,
    FieldType.DATE: _dates,
    FieldType.NUMBER: _numbers,
    FieldType.IDENTIFIER: _identifiers,
    FieldType.CHOICE: _choices,
}
