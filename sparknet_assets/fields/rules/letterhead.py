"""Name and address of who issued a document, from the head of its first page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.rules.labels import skeleton
from sparknet_assets.fields.rules.layout import Piece, Row

_DEEPEST = 30  # rows that a letterhead may take, what stands above it included
_LONGEST_ADDRESS = 7  # lines

_LEGAL_FORM = re.compile(
    r"\b(?:sdn\.?\s?bhd|bhd|enterprises?|trading|ltd|limited|inc|llc|llp|plc|corp(?:oration)?|gmbh"
    r"|ag|kg|ohg|e\.?\s?k|ug|s\.?a\.?r\.?l|s\.?a\.?s|s\.?a|s\.?r\.?l|s\.?p\.?a|s\.?l|b\.?v|n\.?v"
    r"|v\.?o\.?f|pte|pty|co|company|holdings?|group)\b\.?",
    re.IGNORECASE,
)
_TRADE = re.compile(
    r"\b(?:restoran|restaurant|ristorante|cafe|café|bistro|hotel|stores?|shop|market|mart"
    r"|supermarket|pharmacy|farmasi|bakery|kedai|pasar\s?raya|syarikat|perniagaan|marketing"
    r"|hardware|machinery|machine|motors?|services?|stationery|book|kitchen|boutique|apotheke"
    r"|bäckerei|boulangerie|farmacia|clinic|klinik|station|petrol|industries|electrical|salon"
    r"|niaga|catering|food|gift|deco|furniture|supplies|supply|cash\s?&\s?carry)\b",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b(?:jalan|jln|lorong|lrg|persiaran|lebuh|lebuhraya|taman|tmn|kampung|kg|bandar|seksyen|sek"
    r"|menara|wisma|lot|blok|block|blk|level|floor|flr|unit|suite|no\.?\s?\d|batu|mukim|plaza|mall"
    r"|street|st\.|road|rd|avenue|ave|boulevard|blvd|lane|drive|highway|hwy|square|court|park"
    r"|straße|strasse|str\.|weg|platz|allee|gasse|rue|place|quai|chemin|route|laan|plein|kade"
    r"|calle|avenida|paseo|via|viale|piazza|corso|p\.?\s?o\.?\s?box|postfach|postbus|building"
    r"|tower|centre|center|complex|kompleks)\b|\w+(?:straße|strasse|straat|weg|laan|plein|gracht|allee)\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![\d-])(?:\d{5}|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]{2}\s\d{5}|(?:CH-|A-)?\d{4}(?=\s+[A-Z][a-zà-ü]))(?![\d-])"
)
_CONTACT = re.compile(
    r"\b(?:te[l1]|telephone|telefon|phone|ph|fax|faks|hotline|e-?mail|mobile|hp|h/p|whatsapp"
    r"|customer\s?(?:care|service)|www)\b|@\w|www\.|https?:|\.com\b",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(
    r"\b(?:gst|sst|vat|tax|uid|ust|tva|btw|iva|reg(?:n|istration)?|roc|co(?:mpany)?)\b[\s.]*(?:reg|id"
    r"|no|nr|number|registration|n[°º])|\b(?:siret|siren|kvk|rcs|ssm|hrb|business\s?no)\b"
    r"|^\W*\(?\s*[\w.]{0,4}\d{4,}\s?-?\s?[A-Z]?\)?\W*$",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:tax\s?inv[o]?ice|inv[oa]ice|receipt|resit|cash\s?(?:sales?|bill|memo)|bill|rechnung"
    r"|quittung|facture|factuur|fattura|factura|recibo|ticket|order|table|cashier|date|datum|time"
    r"|doc|slip|staff|counter|terminal|pos|salesperson|member|customer|welcome|qty|description"
    r"|item|amount|total|guest|server|pax|trans(?:action)?|receipt#|original|copy|duplicate|site)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?\(?\d[\d\s()/-]{6,}\d")
_NUMBER_IN_BRACKETS = re.compile(r"\s*[\(\[][^()\[\]]*\d[^()\[\]]*[\)\]]?\s*$")
_HOUSE = re.compile(r"^(?:no\.?|lot|unit|#)?\s?\d{1,4}[\w/-]{0,6}[\s,]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Best name and address, each with a score of 0 to 1; None where there is none."""

    name: Candidate | None
    address: Candidate | None


def letterhead_of(rows: Sequence[Row]) -> Letterhead:
    """Reads the letterhead off the rows of the first page."""
    if not rows:
        return Letterhead(None, None)
    head = [row for row in rows[:_DEEPEST] if row.page == rows[0].page]
    lines = [_line(row) for row in head]
    start, size = _address(lines)
    name = _name(lines, start)
    if start is None:
        return Letterhead(name, None)
    return Letterhead(name, _as_candidate(lines[start : start + size], start, lines))


def _line(row: Row) -> Piece:
    """The first piece of a row, with all that follows it on the line."""
    if len(row.pieces) == 1:
        return row.pieces[0]
    words = tuple(word for piece in row.pieces for word in piece.words)
    starts: list[int] = []
    position = 0
    for word in words:
        starts.append(position)
        position += len(word.text) + 1
    first = row.pieces[0]
    box = first.box._replace(x1=row.pieces[-1].box.x1, y0=row.top, y1=row.bottom)
    text = " ".join(word.text for word in words)
    return Piece(row.page, words, text, tuple(starts), box, first.aspect, first.block)


def _address(lines: Sequence[Piece]) -> tuple[int | None, int]:
    """First line and number of lines of the address."""
    for index, line in enumerate(lines):
        if not _address_like(line.text):
            continue
        size = 1
        coded = bool(_POSTCODE.search(line.text))
        while index + size < len(lines) and size < _LONGEST_ADDRESS:
            following = lines[index + size]
            if not _goes_on(following, lines[index + size - 1], coded):
                break
            coded = coded or bool(_POSTCODE.search(following.text))
            size += 1
        if coded or size > 1:
            return index, size
    return None, 0


def _address_like(text: str) -> bool:
    if _stops(text):
        return False
    return bool(_STREET.search(text) or _POSTCODE.search(text) or _HOUSE.search(text + " "))


def _goes_on(line: Piece, before: Piece, coded: bool) -> bool:
    """Whether an address goes on with a line."""
    text = line.text
    if _stops(text) or line.box.y0 - before.box.y1 > 1.2 * before.height:
        return False
    if not coded or _STREET.search(text) or _POSTCODE.search(text):
        return True
    # After the postcode a town, a state or a country may follow, in a few words.
    letters = sum(c.isalpha() or c in " .,'()-" for c in text)
    return letters == len(text) and len(text.split()) <= 4


def _stops(text: str) -> bool:
    return bool(
        _CONTACT.search(text)
        or _REGISTRATION.search(text)
        or _PHONE.fullmatch(text.strip())
        or (_DOCUMENT.search(text) and not (_STREET.search(text) or _POSTCODE.search(text)))
        or not any(c.isalnum() for c in text)
    )


def _name(lines: Sequence[Piece], address: int | None) -> Candidate | None:
    """The line above the address that is most like a name, with the one before that it goes on."""
    above = list(lines[: address if address is not None else 8])
    scored = [(_name_score(line, index, above), -index) for index, line in enumerate(above)]
    if not scored:
        return None
    score, index = max(scored)
    index = -index
    if score <= 0:
        return None
    first = index
    while first > 0 and _name_goes_on(above[first - 1], above[first]):
        first -= 1
    last = index
    while last + 1 < len(above) and _name_tail(above[last], above[last + 1]):
        last += 1
    return _as_candidate(above[first : last + 1], first, lines, score)


def _name_score(line: Piece, index: int, above: Sequence[Piece]) -> float:
    text = _NUMBER_IN_BRACKETS.sub("", line.text)
    letters = sum(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    if letters < 3 or digits > letters or _CONTACT.search(text) or _PHONE.fullmatch(text.strip()):
        return 0.0
    if _DOCUMENT.search(text) and not _LEGAL_FORM.search(text):
        return 0.0
    if _REGISTRATION.search(text) and not _LEGAL_FORM.search(text):
        return 0.0
    score = 0.4
    score += 0.35 if _LEGAL_FORM.search(text) else 0.2 if _TRADE.search(text) else 0.0
    score += 0.1 if text.upper() == text else 0.0
    score += 0.1 if len(text.split()) > 1 else 0.0
    score -= 0.04 * index
    score -= 0.2 if text.lower() == text or digits else 0.0
    return max(0.01, min(0.95, score))


def _name_goes_on(before: Piece, line: Piece) -> bool:
    """Whether a name began on the line before: alike, close, and no end of a name."""
    text = before.text
    if _name_score(before, 0, ()) <= 0 or any(c.isdigit() for c in text):
        return False
    if _LEGAL_FORM.search(text) or not 0.7 < before.height / max(1e-6, line.height) < 1.4:
        return False
    alike = (text.upper() == text) == (line.text.upper() == line.text)
    return alike and line.box.y0 - before.box.y1 < 0.6 * line.height


def _name_tail(line: Piece, after: Piece) -> bool:
    """Whether a line only brings the legal form of the name before it."""
    rest = _LEGAL_FORM.sub("", _NUMBER_IN_BRACKETS.sub("", after.text))
    return (
        not _LEGAL_FORM.search(line.text)
        and bool(_LEGAL_FORM.search(after.text))
        and len(skeleton(rest)[0]) < 12
        and after.box.y0 - line.box.y1 < line.height
    )


def _as_candidate(
    chosen: Sequence[Piece], row: int, lines: Sequence[Piece], score: float = 0.75
) -> Candidate | None:
    cuts = []
    for piece in chosen:
        end = len(piece.text)
        if piece is chosen[-1]:
            end -= len(piece.text) - len(_NUMBER_IN_BRACKETS.sub("", piece.text))
        if end > 0:
            cuts.append(piece.cut(0, end))
    text = " ".join(" ".join(cut.text for cut in cuts).split())
    return Candidate(text, tuple(cuts), score, row) if text else None
