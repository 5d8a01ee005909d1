"""Name and address of who issued a document, from the head of its first page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.rules.labels import skeleton
from sparknet_assets.fields.rules.layout import Piece, Row, columns_of, joined

_DEEPEST = 30  # rows that a letterhead may take, what stands above it included
_LONGEST_ADDRESS = 7  # lines

_LEGAL_FORM = re.compile(
    r"\b(?:sdn\.?\s?bh[do]|bhd|s/b|enterprises?|trading|ltd|limited|inc|llc|llp|plc|corp(?:oration)?|gmbh"
    r"|ag|kg|ohg|e\.?\s?k|ug|s\.?a\.?r\.?l|s\.?a\.?s|s\.?a|s\.?r\.?l|s\.?p\.?a|s\.?l|b\.?v|n\.?v"
    r"|v\.?o\.?f|pte|pty|&\s?co|holdings?|group)\b\.?",
    re.IGNORECASE,
)
_TRADE = re.compile(
    r"\b(?:restoran|restaurant|ristorante|cafe|café|bistro|hotel|stores?|shop|market|mart"
    r"|supermarket|pharmacy|farmasi|bakery|kedai|pasar\s?raya|syarikat|perniagaan|marketing"
    r"|hardware|machinery|machine|motors?|services?|stationery|book|kitchen|boutique|apotheke"
    r"|bäckerei|boulangerie|farmacia|clinic|klinik|station|petrol|industries|electrical|salon"
    r"|niaga|catering|foods?|confectionery|bakeries|bookshop|books|optical|dental|workshop|tyres?|auto"
    r"|petroleum|minimarket|mini\s?market|gallery|house|corner|gift|deco|furniture|supplies|supply|cash\s?&\s?carry)\b",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b(?:jalan|jln|lorong|lrg|persiaran|lebuh|lebuhraya|taman|tmn|kampung|kg|bandar|seksyen|sek"
    r"|menara|wisma|bangunan|kawasan|perindustrian|pusat|desa|kota|ground|off|ss\s?\d|lot|blok|block|blk|level|floor|flr|unit|suite|no\.?\s?\d|batu|mukim|plaza|mall"
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
    r"\b(?:te[l1i]|telephone|telefon|phone|ph|fax|faks|hotline|e-?mail|mobile|hp|h/p|whatsapp"
    r"|customer\s?(?:care|service)|www)\b|@\w|www\.|https?:|\.com\b",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(
    r"\b(?:g[s5]t|sst|vat|tax|uid|ust|tva|btw|iva|reg(?:n|istration)?|roc|co(?:mpany)?)[\s.]*(?:reg|id\b"
    r"|no|nr|number|registration|n[°º])|\b(?:siret|siren|kvk|rcs|ssm|hrb|business\s?no)\b"
    r"|^\W*\(?\s*[\w.]{0,4}\d{4,}\s?-?\s?[A-Z]?\)?\W*$",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:tax\s?inv[o]?ice|inv[oa]ice|receipt|resit|cash\s?(?:sales?|bill|memo)|bill|rechnung"
    r"|quittung|facture|factuur|fattura|factura|recibo|ticket|order|table|cashier|date|datum|time"
    r"|doc|slip|staff|counter|terminal|pos|salesperson|cash|take\s?away|dine\s?in|thank\s?you|member|customer|welcome|qty|description"
    r"|item|amount|total|guest|server|pax|trans(?:action)?|receipt#|original|copy|duplicate|site)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?\(?\d[\d\s()/-]{6,}\d")
_NUMBER_IN_BRACKETS = re.compile(r"\s*[\(\[][^()\[\]]*\d[^()\[\]]*[\)\]]?\s*$")
_NUMBER_AT_END = re.compile(r"(?<=[^\W\d_])\s+[\w]{0,3}\d{5,}\s?-?\s?[A-Z]?\W*$")
_STREET_AND_NUMBER = re.compile(r"[^\W\d_][^\d:@()]{2,40}\s\d{1,4}\s?[a-zA-Z]?,?")
_HOUSE = re.compile(r"^(?:no\.?|lot|unit|#)?\s?\d{1,4}[\w/-]{0,6}[\s,]", re.IGNORECASE)
_RECIPIENT = re.compile(
    r"\b(?:attn|attention|bill(?:ed)?\s?to|ship(?:ped)?\s?to|sold\s?to|c/o|customer|kunde|klant"
    r"|client|cliente)\b",
    re.IGNORECASE,
)
_NAME_WITH_FORM = re.compile(
    r"(?:[A-Z][\w&.'-]*,?\s){1,5}(?:Inc|Ltd|Limited|LLC|PLC|GmbH|AG|SAS|SARL|SA|S\.A\.|B\.?V\.?"
    r"|N\.?V\.?|S\.?r\.?l\.?|S\.?p\.?A\.?|S\.?L\.?|Pty\sLtd|Corp(?:oration)?|Sdn\.?\sBhd)\b\.?"
)
_LONGEST = 300  # characters of a line that are looked at
_ELSEWHERE, _DOUBTFUL = 0.55, 0.35
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
    best = _of_lines([joined(row) for row in head])
    if sum(len(head[number].pieces) > 1 for number in best.rows) >= _SIDE_BY_SIDE:
        found = [_of_lines(column) for column in columns_of(head)]
        best = max([*found, best], key=lambda letterhead: letterhead.likelihood)
    if best.name is None or not _LEGAL_FORM.search(best.name.text):
        name = _name_elsewhere(first)
        if name is not None:
            # Whose address that is, is open.
            doubtful = best.address and replace(best.address, score=_DOUBTFUL)
            return Letterhead(name, doubtful)
    return best


def _of_lines(lines: Sequence[Piece]) -> Letterhead:
    start, size = _address(lines)
    name = _name(lines, start)
    if start is None:
        return Letterhead(name, None)
    return Letterhead(name, _as_candidate(lines[start : start + size], start))


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
        if not _address_begins(line.text, first=index == 0):
            continue
        size = 1
        coded = bool(_POSTCODE.search(line.text))
        # What follows a contact on the same line is no address any more.
        open_end = not _CONTACT.search(line.text)
        while open_end and index + size < len(lines) and size < _LONGEST_ADDRESS:
            following = lines[index + size]
            if not _goes_on(following, lines[index + size - 1], coded):
                break
            coded = coded or bool(_POSTCODE.search(following.text))
            open_end = not _CONTACT.search(following.text)
            size += 1
        if coded or size > 1:
            above = index > 0 and _STREET_AND_NUMBER.fullmatch(lines[index - 1].text)
            return (index - 1, size + 1) if above else (index, size)
    return None, 0


def _address_begins(text: str, first: bool) -> bool:
    """Whether an address may begin with a line; a name may hold the word of a place as well."""
    if _stops(text):
        return False
    if _POSTCODE.search(text):
        return True
    if _LEGAL_FORM.search(text):  # a name may begin with a number
        return False
    return bool(_HOUSE.search(text + " ")) or (not first and bool(_STREET.search(text)))


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
    """Whether a line is no part of an address."""
    contact = _CONTACT.search(text)
    return bool(
        (contact and not _STREET.search(text[: contact.start()]))
        or _REGISTRATION.search(text)
        or _PHONE.fullmatch(text.strip())
        or (_DOCUMENT.search(text) and not (_STREET.search(text) or _POSTCODE.search(text)))
        or not any(c.isalnum() for c in text)
    )


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
    return _as_candidate(above[first : last + 1], first, min(0.95, score))


def _name_score(text: str) -> float:
    """How much a text is like a name of a business, up to 0.95; below zero: it is none."""
    text = _without_number(text)
    letters = sum(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    if letters < 3 or digits > letters or _CONTACT.search(text) or _PHONE.fullmatch(text.strip()):
        return -1.0
    legal = bool(_LEGAL_FORM.search(text))
    if _RECIPIENT.search(text) or (legal and _SENTENCE.search(text)):
        return -1.0
    if _REGISTRATION.search(text) or (_DOCUMENT.search(text) and not legal):
        return -1.0
    score = 0.4
    score += 0.35 if legal else 0.2 if _TRADE.search(text) else 0.0
    score += 0.1 if text.upper() == text else 0.0
    score -= 0.1 if _DOCUMENT.search(text) else 0.0
    score += 0.1 if len(text.split()) > 1 else 0.0
    return score - (0.2 if text.lower() == text or (digits and not legal) else 0.0)


def _without_number(text: str) -> str:
    """A name without the registration number that follows it on the line."""
    text = _NUMBER_AT_END.sub("", _NUMBER_IN_BRACKETS.sub("", text))
    legal = _LEGAL_FORM.search(text)
    number = _REGISTRATION.search(text, legal.end()) if legal else None
    return text[: number.start()].rstrip(" (,-") if number else text


def _place_score(lines: Sequence[Piece], index: int) -> float:
    """Names stand near the top, and right above a registration number or the address."""
    score = -0.03 * index
    if index + 1 < len(lines):
        following = lines[index + 1]
        if _REGISTRATION.search(following.text) or _address_begins(following.text, first=False):
            score += 0.1
        elif following.box.y0 - lines[index].box.y1 > 1.5 * following.height:
            score -= 0.1  # what stands apart was stamped or written above the letterhead
    return score


def _name_goes_on(before: Piece, line: Piece) -> bool:
    """Whether a name began on the line before: alike, close, and no end of a name."""
    text = before.text
    if _name_score(text) <= 0 or any(c.isdigit() for c in text):
        return False
    if _LEGAL_FORM.search(text) or not 0.7 < before.height / max(1e-6, line.height) < 1.4:
        return False
    alike = (text.upper() == text) == (line.text.upper() == line.text)
    return alike and line.box.y0 - before.box.y1 < 0.6 * line.height


def _name_tail(line: Piece, after: Piece) -> bool:
    """Whether a line only brings the legal form of the name before it."""
    rest = _LEGAL_FORM.sub("", _without_number(after.text))
    return (
        not _LEGAL_FORM.search(line.text)
        and bool(_LEGAL_FORM.search(after.text))
        and len(skeleton(rest)[0]) < 12
        and after.box.y0 - line.box.y1 < line.height
    )


def _as_candidate(chosen: Sequence[Piece], row: int, score: float = 0.75) -> Candidate | None:
    cuts = []
    for piece in chosen:
        contact = _CONTACT.search(piece.text)
        text = piece.text[: contact.start()] if contact and contact.start() else piece.text
        if piece is chosen[-1]:
            text = _without_number(text)
        if text := text.rstrip(" ;|"):
            cuts.append(piece.cut(0, len(text)))
    text = " ".join(" ".join(cut.text for cut in cuts).split())
    return Candidate(text, tuple(cuts), score, row) if text else None
