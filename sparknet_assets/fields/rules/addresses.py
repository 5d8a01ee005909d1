"""What the lines of an address and of a name are like, whoever's they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.rules.layout import Piece
from sparknet_assets.fields.typed.dates import find_dates

LONGEST_ADDRESS = 7  # lines

LEGAL_FORM = re.compile(
    r"\b(?:sdn\.?\s?bh[do]|bhd|s/b|enterprises?|trading|ltd|limited|inc|llc|llp|plc|corp(?:oration)?|gmbh"
    r"|ag|kg|ohg|e\.?\s?k|ug|s\.?a\.?r\.?l|s\.?a\.?s|s\.?a|s\.?r\.?l|s\.?p\.?a|s\.?l|b\.?v|n\.?v"
    r"|v\.?o\.?f|pte|pty|&\s?co|holdings?|group)\b\.?",
    re.IGNORECASE,
)
TRADE = re.compile(
    r"\b(?:restoran|restaurant|ristorante|cafe|café|bistro|hotel|stores?|shop|market|mart"
    r"|supermarket|pharmacy|farmasi|bakery|kedai|pasar\s?raya|syarikat|perniagaan|marketing"
    r"|hardware|machinery|machine|motors?|services?|stationery|book|kitchen|boutique|apotheke"
    r"|bäckerei|boulangerie|farmacia|clinic|klinik|station|petrol|industries|electrical|salon"
    r"|niaga|catering|foods?|confectionery|bakeries|bookshop|books|optical|dental|workshop|tyres?|auto"
    r"|petroleum|minimarket|mini\s?market|gallery|house|corner|gift|deco|furniture|supplies|supply|cash\s?&\s?carry)\b",
    re.IGNORECASE,
)
STREET = re.compile(
    r"\b(?:jalan|jln|lorong|lrg|persiaran|lebuh|lebuhraya|taman|tmn|kampung|kg|bandar|seksyen|sek"
    r"|menara|wisma|bangunan|kawasan|perindustrian|pusat|desa|kota|ss\s?\d|lot|blok|block|blk|level\s+\w{1,2}\b|floor|flr|unit|suite|no\.?\s?\d|batu|mukim|plaza|mall"
    r"|street|st\.|road|rd|avenue|ave|boulevard|blvd|lane|drive|highway|hwy|square|court|park"
    r"|straße|strasse|str\.|weg|platz|allee|gasse|rue|place|quai|chemin|route|laan|plein|kade"
    r"|calle|avenida|paseo|via|viale|piazza|corso|p\.?\s?o\.?\s?box|postfach|postbus|building"
    r"|tower|centre|center|complex|kompleks)\b|\w+(?:straße|strasse|straat|weg|laan|plein|gracht|allee)\b",
    re.IGNORECASE,
)
# Of Europe, the Americas, Australia, Japan; six figures (India, Singapore) at the end of a line
# that speaks of no number.
POSTCODE = re.compile(
    r"(?<![\d-])(?:\d{5}(?:-\d{4})?|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]{2}\s\d{5}"
    r"|(?:CH-|A-)?\d{4}(?=\s+[A-Z][a-zà-ü])|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT)\s\d{4}"
    r"|[A-Z]\d[A-Z]\s?\d[A-Z]\d|(?:\d{2}-\d{3}|\d{3}\s\d{2}|\d{4}-\d{3})(?=\s+[A-Z])"
    r"|(?:(?<=[a-z],\s)|(?<=[a-z]\s)|(?<=\u3012))\d{3}-\d{4})(?![\d*-])"
    r"|^(?!.*\b(?i:inv\w*|bill|no|nr|order|tel\w*|ph\w*|fax|rechnung|facture|date|account|customer"
    r"|ref\w*|gst|receipt)\b).*[^\W\d_]{3}[\s,-]{1,3}\d{3}\s?\d{3}\s*[.,]?$"
)
_CODE_AT_END = re.compile(r"\W*\d{5,6}\W*")
CONTACT = re.compile(
    r"\b(?:te[l1i]|telephone|telefon|phone|ph|fax|faks|hotline|e-?mail|mobile|hp|h/p|whatsapp"
    r"|customer\s?(?:care|service)|www)\b|@\w|www\.|https?:|\.com\b",
    re.IGNORECASE,
)
REGISTRATION = re.compile(
    r"\b(?:g[s5]t|sst|vat|tax|uid|ust|tva|btw|iva|reg(?:n|istration)?|roc|co(?:mpany)?)[\s.]*(?:reg|id\b"
    r"|no|nr|number|registration|n[°º])|\b(?:siret|siren|kvk|rcs|ssm|hrb|business\s?no)\b"
    r"|^\W*\(?\s*[\w.]{0,4}\d{4,}\s?-?\s?[A-Z]?\)?\W*$",
    re.IGNORECASE,
)
DOCUMENT = re.compile(
    r"\b(?:tax\s?inv[o]?ice|inv[oa]ice|receipt|resit|cash\s?(?:sales?|bill|memo)|bill|rechnung"
    r"|quittung|facture|factuur|fattura|factura|recibo|ticket|order|table|cashier|date|datum|time"
    r"|doc|slip|staff|counter|terminal|pos|salesperson|cash|take\s?away|dine\s?in|thank\s?you|member|customer|welcome|qty|description"
    r"|item|amount|total|guest|server|pax|trans(?:action)?|receipt#|original|copy|duplicate|site)\b",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"\W*(?:(?:tax|sales|commercial|proforma|pro\s?forma)\s)?(?:invoice|bill|receipt|rechnung|quittung|gutschrift|facture|avoir"
    r"|factuur|creditnota|rekening|fattura|factura|recibo|ricevuta|kassenbon|statement"
    r"|credit\s(?:note|memo)|nota\s?di\s?credito|factura\srectificativa|page\s\d+)\W*",
    re.IGNORECASE,
)
PHONE = re.compile(r"\+?\(?\d[\d\s()/-]{6,}\d")
NUMBER_IN_BRACKETS = re.compile(r"\s*[\(\[][^()\[\]]*\d[^()\[\]]*[\)\]]?\s*$")
NUMBER_AT_END = re.compile(r"(?<=[^\W\d_])\s+[\w]{0,3}\d{5,}\s?-?\s?[A-Z]?\W*$")
STREET_AND_NUMBER = re.compile(r"[^\W\d_][^\d:@()]{2,40}\s\d{1,4}\s?[a-zA-Z]?,?")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_MANY_SMALL, _FEWEST_SMALL, _MOST_OF_SENTENCE = 6, 4, 0.75
_MEASURED = re.compile(r"(?<![\d.,])\d*\.\d{2,3}\b.*?(?<![\d.,])\d*\.\d{2,3}\b")  # cells of a table
_NAMES_SOMETHING = re.compile(r"\W*(?:[^\W\d_]+\s+){2,}[^\W\d_]+\s*:\s")  # "Ways to pay: "
_LONG_NUMBER, _READINGS = re.compile(r"\d{4,}"), 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_LONGEST_LINE = 120  # characters
HOUSE = re.compile(r"^(?:no\.?|lot|unit|#)?\s?\d{1,4}[\w/-]{0,6}[\s,]", re.IGNORECASE)


def address_begins(text: str, first: bool) -> bool:
    """Whether an address may begin with a line; a name may hold the word of a place as well."""
    if stops(text):
        return False
    if POSTCODE.search(text):
        return True
    if LEGAL_FORM.search(text):  # a name may begin with a number
        return False
    return bool(HOUSE.search(text + " ")) or (not first and bool(STREET.search(text)))


def goes_on(line: Piece, before: Piece, coded: bool) -> bool:
    """Whether an address goes on with a line."""
    text = line.text
    if stops(text) or line.box.y0 - before.box.y1 > 1.2 * before.height:
        return False
    if not coded or STREET.search(text) or POSTCODE.search(text):
        return True
    # After the postcode a town, a state or a country may follow, in a few words.
    letters = sum(c.isalpha() or c in " .,'()-" for c in text)
    return letters == len(text) and len(text.split()) <= 4


def is_prose(text: str) -> bool:
    """Whether a text is part of a sentence: more small words than a name or a street has."""
    words = _WORDS.findall(text)
    small = sum(map(str.islower, words))
    whole = text[:1].isupper() and text.endswith(".") and small >= _MOST_OF_SENTENCE * len(words)
    return small >= (_FEWEST_SMALL if whole else _MANY_SMALL)


def stops(text: str) -> bool:
    """Whether a line is no part of an address."""
    if len(text) > _LONGEST_LINE:
        return True
    contact = CONTACT.search(text)
    return bool(
        is_prose(text)
        or _NAMES_SOMETHING.match(text)
        or len(_LONG_NUMBER.findall(text)) >= _READINGS
        or _MEASURED.search(text)
        or any(_YEAR.search(text, d.start, d.end) for d in find_dates(text))
        or (contact and not STREET.search(text[: contact.start()]))
        or REGISTRATION.search(text)
        or PHONE.fullmatch(text.strip())
        or (DOCUMENT.search(text) and not (STREET.search(text) or POSTCODE.search(text)))
        or not any(c.isalnum() for c in text)
    )


def without_number(text: str) -> str:
    """A name without the registration number that follows it on the line."""
    text = NUMBER_AT_END.sub("", NUMBER_IN_BRACKETS.sub("", text))
    legal = LEGAL_FORM.search(text)
    number = REGISTRATION.search(text, legal.end()) if legal else None
    return text[: number.start()].rstrip(" (,-") if number else text


def as_candidate(
    chosen: Sequence[Piece], row: int, score: float = 0.75, *, address: bool = False
) -> Candidate | None:
    """Lines as one value: without contacts, and without the number that a name is registered by."""
    cuts = []
    for piece in chosen:
        contact = CONTACT.search(piece.text)
        text = piece.text[: contact.start()] if contact and contact.start() else piece.text
        if piece is chosen[-1]:
            bare = without_number(text)
            # The number at the end of an address is the postcode of its town.
            text = text if address and _CODE_AT_END.fullmatch(text[len(bare) :]) else bare
        if text := text.rstrip(" ;|"):
            cuts.append(piece.cut(0, len(text)))
    text = " ".join(" ".join(cut.text for cut in cuts).split())
    return Candidate(text, tuple(cuts), score, row) if text else None
