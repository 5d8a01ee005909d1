"""Name and address of who issued a document, from the head of its first page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sparknet_assets.fields.rules.addresses import (
    CONTACT,
    DOCUMENT,
    LEGAL_FORM,
    LONGEST_ADDRESS,
    PHONE,
    POSTCODE,
    REGISTRATION,
    STREET,
    STREET_AND_NUMBER,
    TITLE,
    TRADE,
    address_begins,
    as_candidate,
    goes_on,
    is_prose,
    without_number,
)
from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.rules.labels import skeleton
from sparknet_assets.fields.rules.layout import Piece, Row, columns_of, joined

_DEEPEST = 30  # rows that a letterhead may take, what stands above it included

_RECIPIENT = re.compile(
    r"\b(?:attn|attention|bill(?:ed)?\s?to|ship(?:ped)?\s?to|sold\s?to|c/o|customer|kunde|klant"
    r"|client|cliente)\b",
    re.IGNORECASE,
)
_NAME_WITH_FORM = re.compile(
    r"(?:[A-Z][\w&.'-]*,?\s){1,5}(?:Inc|Ltd|Limited|LLC|PLC|GmbH|AG|SAS|SARL|SA|S\.A\.|B\.?V\.?"
    r"|N\.?V\.?|S\.?r\.?l\.?|S\.?p\.?A\.?|S\.?L\.?|Pty\sLtd|Corp(?:oration)?|Sdn\.?\sBhd|SB(?=\s?\(\d))\b\.?"
)
_LONGEST = 300  # characters of a line that are looked at
_ELSEWHERE, _DOUBTFUL = 0.55, 0.35
_LIKELY, _NAMELESS = 0.4, 0.5
_SIDE_BY_SIDE = 2  # lines of a letterhead that have several pieces: there are columns
_SENTENCE = re.compile(r"(?:(?<!\S)[a-z]+\s+){2,}")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Best name and address, each with a score of 0 to 1; None where there is none."""

    name: Candidate | None
    address: Candidate | None

    @property
    def rows(self) -> set[int]:
        """Numbers of the lines that name and address stand on."""
        return {
            candidate.row + offset
            for candidate in (self.name, self.address)
            if candidate is not None
            for offset in range(len(candidate.cuts))
        }

    @property
    def likelihood(self) -> float:
        """To compare columns with each other: a name counts, one above an address counts more."""
        if self.name is None:
            return 0.0
        return self.name.score + (0.5 if self.address is not None else 0.0)


def letterhead_of(rows: Sequence[Row]) -> Letterhead:
    """Reads the letterhead off the rows of the first page.

    Where its lines have several pieces, columns are read one by one, as that of the recipient may
    be beside it. Without a legal form in the name, one that stands elsewhere on the page is taken.
    """
    if not rows:
        return Letterhead(None, None)
    first = [row for row in rows if row.page == rows[0].page]
    head = [row for row in first[:_DEEPEST] if len(row.text) <= _LONGEST]
    best = _of_lines([joined(_alone(row)) for row in head])
    if sum(len(head[number].pieces) > 1 for number in best.rows) >= _SIDE_BY_SIDE:
        found = [_of_lines(column) for column in columns_of(head)]
        best = max([*found, best], key=lambda letterhead: letterhead.likelihood)
    if best.name is None or not LEGAL_FORM.search(best.name.text):
        name = _name_elsewhere(first)
        if name is not None:
            # Whose address that is, is open.
            doubtful = best.address and replace(best.address, score=_DOUBTFUL)
            return Letterhead(name, doubtful)
    return best


def _alone(row: Row) -> Row:
    """A row without the title of the document beside a name, or what stands far after its form."""
    pieces = [piece for piece in row.pieces if not TITLE.fullmatch(piece.text)] or row.pieces
    for number, piece in enumerate(pieces[:-1]):
        legal = LEGAL_FORM.search(piece.text)
        if legal and legal.end() == len(piece.text) and legal.start():
            pieces = pieces[: number + 1]
            break
    return replace(row, pieces=tuple(pieces))


def _of_lines(lines: Sequence[Piece]) -> Letterhead:
    start, size = _address(lines)
    name = _name(lines, start)
    if start is None:
        return Letterhead(name, None)
    address = as_candidate(lines[start : start + size], start, address=True)
    if address is not None and (name is None or name.score < _LIKELY):
        address = replace(address, score=_NAMELESS)
    return Letterhead(name, address)


def _name_elsewhere(rows: Sequence[Row]) -> Candidate | None:
    """The capitalised words before a legal form, on the page where the name is a picture only."""
    for number, row in enumerate(rows):
        for piece in row.pieces:
            match = _NAME_WITH_FORM.search(piece.text[:_LONGEST])
            if match and not _RECIPIENT.search(piece.text):
                cut = piece.cut(match.start(), match.end())
                return Candidate(" ".join(match[0].split()), (cut,), _ELSEWHERE, number)
    return None


def _address(lines: Sequence[Piece]) -> tuple[int | None, int]:
    """First line and number of lines of the address."""
    for index, line in enumerate(lines):
        if not address_begins(line.text, first=index == 0):
            continue
        size = 1
        coded = bool(POSTCODE.search(line.text))
        # What follows a contact on the same line is no address any more.
        open_end = not CONTACT.search(line.text)
        while open_end and index + size < len(lines) and size < LONGEST_ADDRESS:
            following = lines[index + size]
            if not goes_on(following, lines[index + size - 1], coded):
                break
            coded = coded or bool(POSTCODE.search(following.text))
            open_end = not CONTACT.search(following.text)
            size += 1
        # Lines that begin with a number may be items with their quantities.
        streets = any(STREET.search(piece.text) for piece in lines[index : index + size])
        if coded or (size > 1 and streets):
            above = index > 0 and STREET_AND_NUMBER.fullmatch(lines[index - 1].text)
            return (index - 1, size + 1) if above else (index, size)
    return None, 0


def _name(lines: Sequence[Piece], address: int | None) -> Candidate | None:
    """The line above the address that is most like a name, with the one before that it goes on."""
    above = lines[: address if address else 8]
    scored = [(_name_score(line.text) + _place_score(lines, n), -n) for n, line in enumerate(above)]
    score, place = max(scored, default=(0.0, 0))
    if score <= 0:
        return None
    first = last = -place
    while first > 0 and _name_goes_on(above[first - 1], above[first]):
        first -= 1
    while last + 1 < len(above) and _name_tail(above[last], above[last + 1]):
        last += 1
    return as_candidate(above[first : last + 1], first, min(0.95, score))


def _name_score(text: str) -> float:
    """How much a text is like a name of a business, up to 0.95; below zero: it is none."""
    text = without_number(text)
    letters = sum(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    if (
        letters < 3
        or digits > letters
        or is_prose(text)
        or CONTACT.search(text)
        or PHONE.fullmatch(text.strip())
    ):
        return -1.0
    legal = bool(LEGAL_FORM.search(text))
    if _RECIPIENT.search(text) or (legal and _SENTENCE.search(text)):
        return -1.0
    if REGISTRATION.search(text) or (DOCUMENT.search(text) and not legal):
        return -1.0
    score = 0.4
    score += 0.35 if legal else 0.2 if TRADE.search(text) else 0.0
    score += 0.1 if text.upper() == text else 0.0
    score -= 0.1 if DOCUMENT.search(text) else 0.0
    score += 0.1 if len(text.split()) > 1 else 0.0
    return score - (0.2 if text.lower() == text or (digits and not legal) else 0.0)


def _place_score(lines: Sequence[Piece], index: int) -> float:
    """Names stand near the top, and right above a registration number or the address."""
    score = -0.03 * index
    if index + 1 < len(lines):
        following = lines[index + 1]
        if REGISTRATION.search(following.text) or address_begins(following.text, first=False):
            score += 0.1
        elif following.box.y0 - lines[index].box.y1 > 1.5 * following.height:
            score -= 0.1  # what stands apart was stamped or written above the letterhead
    return score


def _name_goes_on(before: Piece, line: Piece) -> bool:
    """Whether a name began on the line before: alike, close, and no end of a name."""
    text = before.text
    if _name_score(text) <= 0 or any(c.isdigit() for c in text):
        return False
    if LEGAL_FORM.search(text) or not 0.7 < before.height / max(1e-6, line.height) < 1.4:
        return False
    alike = (text.upper() == text) == (line.text.upper() == line.text)
    return alike and line.box.y0 - before.box.y1 < 0.6 * line.height


def _name_tail(line: Piece, after: Piece) -> bool:
    """Whether a line only brings the legal form of the name before it."""
    rest = LEGAL_FORM.sub("", without_number(after.text))
    return (
        not LEGAL_FORM.search(line.text)
        and bool(LEGAL_FORM.search(after.text))
        and len(skeleton(rest)[0]) < 12
        and after.box.y0 - line.box.y1 < line.height
    )
