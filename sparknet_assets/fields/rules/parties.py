"""Who sends a document and to whom: the blocks of name and address, told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sparknet_assets.fields.rules.addresses import (
    CONTACT,
    DOCUMENT,
    HOUSE,
    LEGAL_FORM,
    LONGEST_ADDRESS,
    PHONE,
    POSTCODE,
    REGISTRATION,
    STREET,
    STREET_AND_NUMBER,
    address_begins,
    goes_on,
    is_prose,
    stops,
)
from sparknet_assets.fields.rules.blocks import Block, Heading, blocks_of
from sparknet_assets.fields.rules.candidates import Candidate, Span
from sparknet_assets.fields.rules.layout import Row
from sparknet_assets.fields.rules.letterhead import letterhead_of

_LABELLED, _PLACED = 0.95, 0.7
# In parts of the page's height: above the one and below the other addresses need no label.
_HEAD, _FOOT = 0.45, 0.78
_LETTERHEAD = 0.1
# What nobody is worth: below it, an address is nobody's.
_NO_SENDER, _NO_RECIPIENT = 0.15, 0.25
_OF_SENDER = re.compile(
    r"\b(?:iban|bic|swift|vat|ust|mwst|tva|btw|nif|cif|p\.?\s?iva|siret|siren|kvk|hrb|rcs"
    r"|steuernummer|geschäftsführer|registered|managing\s+director)\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*[\u00b7\u2022\u2219|\u2013\u2014]\s*|\s+-\s+")
_COMMA = re.compile(r",\s*")
_ATTENTION = re.compile(r"\s*(?:attn|attention|att|c/o|z\.?\s?hd\.?)\b[.:]*\s*", re.IGNORECASE)
_LONGEST_NAME, _MOST_DIGITS = 60, 2


@dataclass(frozen=True, slots=True)
class Party:
    """A name, an address, or both, from one block."""

    block: Block
    name: Candidate | None
    address: Candidate
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Parties:
    """Names and addresses of both; None where none was found."""

    issuer: Candidate | None = None
    issuer_address: Candidate | None = None
    recipient: Candidate | None = None
    recipient_address: Candidate | None = None


def parties_of(rows: Sequence[Row]) -> Parties:
    """Reads both parties off the first page.

    An address belongs to the sender where a label says so, where tax numbers, bank or contact are
    beside it, on one line with the name, or at the foot of the page; to the recipient where a label
    says so, or as a plain block in the upper part. What no block has is read off the letterhead,
    without the lines of the recipient.
    """
    first = [row for row in rows if row.page == rows[0].page] if rows else []
    found = [party for block in blocks_of(first) if (party := _party(block)) is not None]
    sender, recipient = _assigned(found)
    head = letterhead_of(list(_without(first, [p.block for p in found if p is not sender])))
    name, address = head.name, head.address
    if sender is not None:
        address = sender.address
        named = name is not None and LEGAL_FORM.search(name.text) is not None
        if sender.name and (sender.block.heading or sender.inline or not named):
            name = sender.name
    if recipient is None:
        return Parties(name, address)
    return Parties(name, address, recipient.name, recipient.address)


def _without(rows: Sequence[Row], blocks: Sequence[Block]) -> Iterator[Row]:
    gone = {id(line) for block in blocks for line in block.lines}
    for row in rows:
        if pieces := tuple(piece for piece in row.pieces if id(piece) not in gone):
            yield replace(row, pieces=pieces)


def _assigned(found: Sequence[Party]) -> tuple[Party | None, Party | None]:
    """The pair of sender and recipient that fits best; neither need be there."""
    senders = [(_NO_SENDER, None), *((_as_sender(p), p) for p in found)]
    recipients = [(_NO_RECIPIENT, None), *((_as_recipient(p), p) for p in found)]
    pairs = [
        (one + other, -place, sender, recipient)
        for place, (one, sender) in enumerate(senders)
        for other, recipient in recipients
        if sender is None or sender is not recipient
    ]
    _, _, sender, recipient = max(pairs, key=lambda pair: pair[:2])
    return sender, recipient


def _as_sender(party: Party) -> float:
    top = party.block.lines[0].box.y0
    if party.block.heading is not None:
        return 1.0 if party.block.heading is Heading.SENDER else -1.0
    score = 0.5 if _tells_of_sender(party) else 0.0
    score += 0.3 if party.inline else 0.0
    score += 0.25 if top > _FOOT and party.name else 0.2 if top < _HEAD / 3 else 0.0
    return score + (0.2 if party.name and LEGAL_FORM.search(party.name.text) else 0.0)


def _as_recipient(party: Party) -> float:
    top = party.block.lines[0].box.y0
    if party.block.heading is not None:
        worth = {Heading.RECIPIENT: 1.0, Heading.DELIVERY: 0.7, Heading.SENDER: -1.0}
        return worth[party.block.heading] - (0.0 if party.name else 0.3)
    if top > _HEAD or party.inline or party.name is None:
        return -1.0
    score = 0.5 - (0.5 if _tells_of_sender(party) else 0.0)
    return score - (0.1 if top < _LETTERHEAD else 0.0)


def _tells_of_sender(party: Party) -> bool:
    return any(
        pattern.search(line.text)
        for line in party.block.lines
        for pattern in (CONTACT, REGISTRATION, _OF_SENDER, PHONE)
    )


def _party(block: Block) -> Party | None:
    score = _LABELLED if block.heading else _PLACED
    top = block.lines[0].box.y0
    if block.heading is None and _HEAD < top < _FOOT:
        return None
    spans = [Span(line, 0, len(line.text)) for line in block.lines]
    spans[0] = Span(block.lines[0], block.skip, len(block.lines[0].text))
    spans = [span for span in spans if span.text.strip()]
    below = _on_several_lines(block, spans, score)
    if block.heading and below and below.name:  # its towns have commas as well
        return below
    for span in spans:
        inline = _on_one_line(span, _SEPARATOR)
        inline = inline or (_on_one_line(span, _COMMA) if len(spans) == 1 or top > _FOOT else None)
        if inline is not None:
            name, address = (_candidate([part], score, block) for part in inline)
            if address is not None:
                return Party(block, name, address, inline=name is not None)
    return below


def _on_one_line(span: Span, separator: re.Pattern[str]) -> tuple[Span | None, Span] | None:
    """The name, if any, and the address on one line, up to contact or registration."""
    ends = [m.start() for p in (CONTACT, REGISTRATION, _OF_SENDER) if (m := p.search(span.text))]
    text = span.text[: min(ends, default=len(span.text))].rstrip(" .,;:|(-\u00b7\u2022\u2013")
    starts = [0, *(match.end() for match in separator.finditer(text))]
    stops_at = [*(match.start() for match in separator.finditer(text)), len(text)]
    parts = list(zip(starts, stops_at, strict=True))
    if len(parts) < 2:
        return None
    for index, (start, _) in enumerate(parts):
        part = text[start : parts[index][1]]
        if not (address_begins(part, first=index == 0) or STREET_AND_NUMBER.fullmatch(part)):
            continue
        rest = text[start:]
        if separator is _COMMA and index and not _has_street(part):
            return None  # town, postcode
        if index > 1 or not (POSTCODE.search(rest) or STREET.search(rest)):
            return None
        name = Span(span.piece, span.start, span.start + parts[0][1]) if index else None
        if name is not None and not _is_name(name.text):
            return None
        return name, Span(span.piece, span.start + start, span.start + len(text))
    return None


def _has_street(text: str) -> bool:
    return bool(STREET.search(text) or STREET_AND_NUMBER.fullmatch(text) or HOUSE.match(text))


def _on_several_lines(block: Block, spans: Sequence[Span], score: float) -> Party | None:
    begin = next((n for n, span in enumerate(spans) if _begins(span.text, n)), None)
    if begin is None and block.heading and len(spans) > 2 and not stops(spans[1].text):
        begin = 1  # what the label announces: a name, then an address of whatever form
    if begin is None:
        return None
    end, coded = begin + 1, bool(POSTCODE.search(spans[begin].text))
    while end < len(spans) and end - begin < LONGEST_ADDRESS:
        if not goes_on(spans[end].piece, spans[end - 1].piece, coded):
            break
        coded = coded or bool(POSTCODE.search(spans[end].text))
        end += 1
    text = " ".join(span.text for span in spans[begin:end])
    alone = begin == 0 and end == 1
    # One line alone is an address where the lines below it are the data of a sender.
    if alone and not (STREET.search(text) and len(spans) > 1):
        return None
    placed = coded or STREET.search(text) or (block.heading and any(map(str.isdigit, text)))
    if not placed:
        return None
    address = _candidate(spans[begin:end], score, block)
    named = next((span for span in spans[:begin] if _is_name(span.text)), None)
    name = _candidate([_without_attention(named)], score, block) if named else None
    return Party(block, name, address) if address else None


def _begins(text: str, index: int) -> bool:
    if address_begins(text, first=index == 0):
        return True
    return index > 0 and not stops(text) and STREET_AND_NUMBER.fullmatch(text) is not None


def _is_name(text: str) -> bool:
    text = _ATTENTION.sub("", text)
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    if letters < 2 or len(text) > _LONGEST_NAME or is_prose(text):
        return False
    if digits > _MOST_DIGITS and digits >= letters:  # a number of something
        return False
    if LEGAL_FORM.search(text):
        return True
    return not (
        CONTACT.search(text)
        or REGISTRATION.search(text)
        or DOCUMENT.search(text)
        or text.startswith("(")
    )


def _without_attention(span: Span) -> Span:
    match = _ATTENTION.match(span.text)
    return Span(span.piece, span.start + match.end(), span.end) if match else span


def _candidate(spans: Sequence[Span | None], score: float, block: Block) -> Candidate | None:
    cuts = []
    for span in spans:
        if span is None:
            return None
        text = span.text
        start = span.start + len(text) - len(text.lstrip())
        cuts.append(span.piece.cut(start, start + len(text.strip())))
    text = " ".join(" ".join(cut.text for cut in cuts).split())
    return Candidate(text, tuple(cuts), score, block.row) if text else None
