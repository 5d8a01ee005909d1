"""Blocks of short lines on a page: names with addresses, and what a label calls them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sparknet_assets.fields.rules.layout import Piece, Row

_LONGEST_LINE = 160  # characters; what is longer is prose
_GAP, _GAP_BELOW_HEADING = 0.75, 2.2  # between lines of a block, in heights of the lower line
_ALIGNED = 0.015  # of the width of the page
_LIKE_HEIGHT = 1.7
_MOST_PIECES = 4  # of a row: more are the cells of a table

_OF = r"(?:\s+(?:address|details|adresse|adres))?"
_SENDER = re.compile(
    r"\s*(?:bill(?:ed)?\s+from|from|seller|supplier|vendor|issued\s+by|issuer|sender|service\s+provider"
    r"|remit(?:tance)?\s+to|absender|verkäufer|lieferant|rechnungssteller|von|émetteur|vendeur"
    rf"|fournisseur|de|afzender|leverancier|verkoper|van|emisor|vendedor|proveedor|mittente"
    rf"|venditore|fornitore|da){_OF}\s*(?::|$)\s*",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    r"\s*(?:(?:bill(?:ed|ing)?\s+to|invoiced?\s+to|sold\s+to|rechnung\s+an|facturée?\s+à"
    rf"|factuur\s+aan|facturar\s+a){_OF}(?:\s*:|\s+(?=[^\W\d_])|\s*$)|(?:billing|invoice|invoicing"
    r"|customer|client)\s+address\s*(?::|$)|(?:to|customer|client|buyer|recipient|rechnungsadresse"
    r"|rechnungsanschrift|rechnungsempfänger|empfänger|kunde|käufer|an|adresse\s+de\s+facturation"
    r"|destinataire|acheteur|à|factuuradres|klant|koper|aan|dirección\s+de\s+facturación|cliente"
    r"|destinatario|comprador|para|intestatario|spett\.?(?:le)?)\s*(?::|$))\s*",
    re.IGNORECASE,
)
_DELIVERY = re.compile(
    r"\s*(?:(?:ship(?:ped|ping)?\s+to|deliver(?:ed)?\s+to|lieferung\s+an|livrée?\s+à)"
    rf"{_OF}(?:\s*:|\s+(?=[^\W\d_])|\s*$)|(?:(?:shipping|delivery|site|installation)\s+address"
    r"|consignee|lieferadresse|lieferanschrift|adresse\s+de\s+(?:la\s+)?livraison"
    r"|adresse\s+de\s+l.installation|afleveradres|bezorgadres|dirección\s+de\s+(?:entrega|envío)"
    r"|indirizzo\s+di\s+consegna)\s*(?::|$))\s*",
    re.IGNORECASE,
)


class Heading(Enum):
    """Whose data a label announces."""

    SENDER = _SENDER
    RECIPIENT = _RECIPIENT
    DELIVERY = _DELIVERY


@dataclass(frozen=True, slots=True)
class Block:
    """Lines one close below the other that begin, end or are centred alike.

    Attributes:
        heading: What the label at its beginning says; None without one.
        skip: Characters of the first line that the label takes.
        row: Number of the row of the first line.
    """

    lines: tuple[Piece, ...]
    row: int
    heading: Heading | None = None
    skip: int = 0


def blocks_of(rows: Sequence[Row]) -> list[Block]:
    """The blocks of a page, in the order of their first lines; rows of tables are left out."""
    found: list[tuple[int, list[Piece]]] = []
    for number, row in enumerate(rows):
        if len(row.pieces) > _MOST_PIECES:
            continue
        for piece in row.pieces:
            if len(piece.text) > _LONGEST_LINE:
                continue
            above = [lines for _, lines in found if _goes_below(lines, piece)]
            if above and _heading(piece)[0] is None:
                max(above, key=lambda lines: lines[-1].box.y1).append(piece)
            else:
                found.append((number, [piece]))
    return [Block(tuple(lines), number, *_heading(lines[0])) for number, lines in found]


def _heading(piece: Piece) -> tuple[Heading | None, int]:
    for heading in Heading:
        if match := heading.value.match(piece.text):
            return heading, match.end()
    return None, 0


def _goes_below(lines: Sequence[Piece], piece: Piece) -> bool:
    above, place = lines[-1], piece.box
    heading, end = _heading(above) if len(lines) == 1 else (None, 0)
    bare = heading is not None and end == len(above.text)
    low, high = sorted((max(1e-6, above.height), max(1e-6, piece.height)))
    gap = place.y0 - above.box.y1
    if not -0.5 * low < gap < (_GAP_BELOW_HEADING if bare else _GAP) * low:
        return False
    if high > _LIKE_HEIGHT * low and not bare:
        return False
    left, right = place.x0 - above.box.x0, place.x1 - above.box.x1
    return min(abs(left), abs(right), abs(left + right) / 2) < _ALIGNED
