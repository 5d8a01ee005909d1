"""What of a language model's answer is kept: claims that are found in what they cite."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from resources.vector_store import Chunk
from sparknet_assets.answers.claims import Claim
from sparknet_assets.answers.quotes import find_quote, numbers

# Quotes that a model puts into one mark: "exact words", "others".
_SEVERAL = re.compile(r"[\"\u201d\u00bb]\s*[,;]\s*(?:and\s+)?[\"\u201c\u00ab]")
_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+|\b[\w-]+\.(?:com|net|org|io|example)\b")
_MARKUP = re.compile(r"\[\s*\d|<[/\w|]|```|!\[|\]\(")
# Words that are numbers, or change them by their size. `one` is an article too often.
_NUMBER_WORDS = frozenset(
    (  # noqa: SIM905
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
        " hundred thousand million billion trillion january february april june july september"
        " october november december monday tuesday wednesday thursday friday saturday sunday"
    ).split()
)
# Months that are other words too, unless they have a capital inside a sentence.
_MONTHS = re.compile(r"(?<=\w\W)(?:March|May|August)\b")
_NEGATIONS = frozenset(
    "not no never none neither nor cannot without nicht kein keine keinen nie ohne".split()  # noqa: SIM905
)
_SHORT_NEGATION = re.compile(r"n['\u2019]t\b", re.IGNORECASE)
# Of a claim's longer words, so many have to be in what it cites, or in the question.
LEAST_SHARED = 0.5
_STEM = 5
_SHORT = 3


class Verified(NamedTuple):
    """A claim that is kept: its text, and the quotes that were found, as the passages have them."""

    text: str
    quotes: tuple[tuple[Chunk, str], ...]


def check(claim: Claim, passages: Sequence[Chunk], question: str) -> Verified | str:
    """The claim with its evidence, or why it is dropped.

    It needs a quote that stands in the passage it cites. Its numbers and addresses have to be in
    the passages whose quotes were found, half of its longer words there or in the question, and it
    has to be negated if and only if the quotes are.

    Args:
        passages: As they were numbered, the first one 1.
    """
    if _MARKUP.search(claim.text) or not claim.text:
        return "it is not a sentence with evidence in the form asked for"
    if not claim.marks:
        return "it cites no passage"
    quotes: list[tuple[Chunk, str]] = []
    missing = ""
    for number, quote in claim.marks:
        if not 1 <= number <= len(passages):
            missing = f"it cites passage {number}, which was not given"
            continue
        # Without a quote the sentence has to be one itself.
        passage = passages[number - 1]
        found = _found(quote or claim.text, passage.text)
        if not found:
            missing = f"its words are not in passage {number}"
        quotes += [(passage, each) for each in found if (passage, each) not in quotes]
    if not quotes:
        return missing
    return _unsupported(claim.text, quotes, question) or Verified(claim.text, tuple(quotes))


def _found(quote: str, passage: str) -> list[str]:
    """The quote as the passage has it, or each of several quotes in one; none unless all are."""
    whole = find_quote(quote, passage)
    if whole is not None:
        return [whole]
    parts = [find_quote(part, passage) for part in _SEVERAL.split(quote)]
    there = [part for part in parts if part is not None]
    return there if len(there) == len(parts) else []


def _unsupported(text: str, quotes: Sequence[tuple[Chunk, str]], question: str) -> str:
    """What the claim says beyond its evidence; empty for nothing."""
    cited = "\n".join("\n".join([*chunk.section, chunk.text]) for chunk, _ in quotes)
    stems = {word[:_STEM] for word in _words(cited)}
    if foreign := next(_foreign(text, cited, stems), None):
        return f"`{foreign}` is not in what it cites"
    if _negated(text) != _negated(" ".join(quote for _, quote in quotes)):
        return "only one of it and its quote is negated"
    if _shared(text, stems | {word[:_STEM] for word in _words(question)}) < LEAST_SHARED:
        return "it says something else than what it cites"
    return ""


def _foreign(text: str, cited: str, stems: Collection[str]) -> Iterator[str]:
    """Numbers, words that are some, months and addresses of a text that another does not have."""
    there = set(numbers(cited))
    yield from (number for number in numbers(text) if number not in there)
    yield from (w for w in _words(text) if w in _NUMBER_WORDS and w[:_STEM] not in stems)
    yield from (month for month in _MONTHS.findall(text) if month not in cited)
    folded = cited.casefold()
    for address in _ADDRESS.findall(text):
        if address.casefold().strip(".,;)") not in folded:
            yield address


def _words(text: str) -> list[str]:
    """Words in small letters; scripts without spaces sign by sign."""
    words: list[str] = []
    for word in _WORD.findall(text.casefold()):
        words.extend([word] if word[0].upper() != word[0] else word)
    return words


def _shared(text: str, stems: set[str]) -> float:
    words = [w for w in _words(text) if len(w) > _SHORT or w[0].upper() == w[0]]
    return sum(word[:_STEM] in stems for word in words) / len(words) if words else 1.0


def _negated(text: str) -> bool:
    return bool(_SHORT_NEGATION.search(text) or _NEGATIONS & set(_words(text)))
