"""Questions about which documents there are: those that mention something, or one line of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resources.vector_store import Chunk, SearchHit
from resources.vector_store.words import query_terms
from sparknet_assets.answers.statements import statements
from sparknet_assets.answers.word_shares import words_of

# Passages that are looked through for a mention, and documents that are quoted.
DEPTH = 200
MOST_LISTED = 10

_ONES = (
    r"(?:documents?|files?|reports?|e-?mails?|papers?|letters?|contracts?|agreements?|invoices?"
    r"|receipts?|pages?|texts?|sources?|filings?|leases?|records?)"
)
_ONES_DE = (
    r"(?:dokumente?n?|dateien?|berichte?n?|e-?mails?|briefe?n?|vertr[aä]ge?n?|rechnung(?:en)?"
    r"|belege?n?|texte?n?|unterlagen|quellen?|mietvertr[aä]ge?n?)"
)
_SUBJECT = r"[\"'\u201c\u201e\u00ab]?(?P<subject>[^?!\n]+?)[\"'\u201d\u201c\u00bb]?"
_END = r"\s*[?.!]*\s*$"
_MENTIONING = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:which|what|list|all)\s+(?:(?:of\s+)?(?:the|all|other)\s+)*{_ONES}\s+"
        rf"(?:(?:that|which)\s+)?(?:mentions?|names?|contains?|refers?\s+to)\s+{_SUBJECT}{_END}",
        rf"\bin\s+(?:which|what)\s+{_ONES}\s+(?:is|are|was|were|do|does)\s+{_SUBJECT}\s+"
        rf"(?:mentioned|named|referred\s+to|appear|occur){_END}",
        rf"\bwelche[rns]?\s+{_ONES_DE}\s+(?:erw\u00e4hn(?:en|t)|nenn(?:en|t)|enth(?:alten|\u00e4lt))\s+"
        rf"{_SUBJECT}{_END}",
        rf"\bin\s+welche[mnr]\s+{_ONES_DE}\s+(?:wird|werden|ist|sind|kommt|kommen|steht)\s+"
        rf"{_SUBJECT}\s*(?:erw\u00e4hnt|genannt|vor)?{_END}",
    )
]
_EACH = re.compile(
    r"\b(?:all|each|every|list|both|alle[nrs]?|jede[mnrs]?|beide[nr]?|tou(?:s|tes)|chaque|todas?)\b"
    r"[^?!.]*\b(?:invoices?|documents?|files?|contracts?|agreements?|leases?|receipts?|letters?"
    r"|e-?mails?|bills|orders|rechnung(?:en)?|dokumente?n?|vertr[aä]ge?n?|briefe?n?|belege?n?"
    r"|factures?|contrats?|facturas?)\b"
    r"|\b(?:of|in|on|from|for)\s+(?:the\s+)?(?:[\w&.'-]+\s+){0,3}"
    r"(?:invoices|contracts|agreements|leases|receipts|letters|e-?mails)\b",
    re.IGNORECASE,
)


class Mention(NamedTuple):
    """Where a document mentions what was asked for."""

    chunk: Chunk
    text: str


def subject_of(question: str) -> str:
    """What a question asks to be told the documents that mention it; empty for other questions."""
    for pattern in _MENTIONING:
        if match := pattern.search(question.strip()):
            return match["subject"].strip()
    return ""


def asks_of_each(question: str) -> bool:
    """Whether a question wants something of each of several documents: "of all invoices"."""
    return bool(_EACH.search(question))


def mentions(subject: str, hits: Iterable[SearchHit]) -> list[Mention]:
    """The first statement of each document that has all words of the subject, in their order."""
    wanted = {word for term in query_terms(subject) for word in words_of(term)}
    found: dict[str, Mention] = {}
    for hit in hits:
        chunk = hit.chunk
        if chunk.doc_id in found or not wanted or not wanted <= words_of(chunk.text):
            continue
        for statement in statements(chunk.text):
            if wanted <= words_of(statement.text):
                found[chunk.doc_id] = Mention(chunk, statement.text)
                break
    return list(found.values())


def note_on(found: Sequence[Mention], looked_at: int) -> str:
    """What the reader should know of a list that is not whole; mostly nothing."""
    if len(found) <= MOST_LISTED and looked_at < DEPTH:
        return ""
    least = "At least " if looked_at >= DEPTH else ""
    shown = f" The best {MOST_LISTED} are quoted." if len(found) > MOST_LISTED else ""
    return f"{least}{len(found)} documents mention it.{shown}"
