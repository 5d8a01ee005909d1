"""Names that a question has, and the documents that do not have them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from resources.catalog import DocumentRecord
from resources.vector_store import Scope, SearchHit, VectorStore
from sparknet_assets.answers.common_words import is_common
from sparknet_assets.retrieval.naming import names_of

_WORD = re.compile(r"[^\W_]+")
_STARTS = re.compile(
    r"(?:^|[?!:]\s+|(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bProf)(?<!\bSt)\.\s+)[^\w]*[^\W_]+"
)
_POSSESSIVE = re.compile(r"\b([^\W\d_]{2,})['\u2019]s\b")
# In titles these have a capital, too.
_TITLE = re.compile(r"\s(?:Is|Are|Was|Were|Do|Does|Did|Has|Have|Many|Much)\s")
# German gives any noun a capital. Told by its first word, by one of the second kind, or by two of
# those that other languages and names have, too: die, hat, von.
_GERMAN_STARTS = frozenset(
    (  # noqa: SIM905
        "wie wer wem wo wann woher wohin womit warum wieso weshalb welche welcher welches welchen"
        " welchem nenne gibt gilt ist sind wird werden kann muss darf haben"
    ).split()
)
_GERMAN = frozenset(
    (  # noqa: SIM905
        "dem eine einer eines einem einen ist sind wird werden wurde wurden nach zum zur und oder"
        " nicht kostet haben auf aus bei vom welche welcher welches welchen"
    ).split()
)
_OFTEN_GERMAN = frozenset("der die das den des ein im mit hat was von".split())  # noqa: SIM905
_DEPTH = 50
_ENDING = 2
_LEAST = 5


class Strangers(NamedTuple):
    """What of the names of a question the documents found do not have.

    Attributes:
        documents: Those that have one of the names nowhere.
        names: Those that none has anywhere, not even in small letters, as the question writes them.
    """

    documents: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()


def names_in(question: str) -> dict[str, str]:
    """Words with a capital inside a sentence of the question, and what owns something.

    Common words are none; in title-like writing, which gives any word a capital, only owners are.
    None in German.

    Returns:
        What a word has to begin with to be the name, in small letters -> the name as it is written.
    """
    words = _WORD.findall(question)
    if _is_german(words):
        return {}
    owners = [word for word in _POSSESSIVE.findall(question) if word[0].isupper()]
    inside = _WORD.findall(_STARTS.sub(" ", question))
    long = [word for word in inside if len(word) > 3]
    capital = [word for word in long if word[:1].isupper() and word[1:].islower()]
    if _TITLE.search(question) or (len(long) > 2 and len(capital) == len(long)):
        capital = []
    found = dict.fromkeys([*capital, *owners])
    return {_root(name): name for name in found if not is_common(name)}


def _is_german(words: Sequence[str]) -> bool:
    if words and words[0].casefold() in _GERMAN_STARTS:
        return True
    if not _GERMAN.isdisjoint(words):
        return True
    return len(_OFTEN_GERMAN.intersection(word.casefold() for word in words)) > 1


def strangers(
    names: Mapping[str, str],
    hits: Sequence[SearchHit],
    records: Mapping[str, DocumentRecord],
    store: VectorStore,
) -> Strangers:
    """The names that documents found do not have.

    They are looked for in file names and titles, in the passages that were found, and in those that
    the index has for these names; there, names of persons and companies have a capital.

    Args:
        names: As `names_in` gives them.
    """
    if not names or not hits:
        return Strangers()
    texts: dict[str, list[str]] = {}
    for hit in hits:
        texts.setdefault(hit.chunk.doc_id, []).append(hit.chunk.text)
        texts[hit.chunk.doc_id].extend(hit.chunk.section)
    lacking: dict[str, set[str]] = {}
    for key, said in texts.items():
        called = names_of(records[key]) if key in records else ()
        if missing := _missing(names, said, called):
            lacking[key] = missing
    if lacking:
        asked = " ".join({names[root] for missing in lacking.values() for root in missing})
        for hit in store.search_text(asked, _DEPTH, within=Scope(doc_ids=[*lacking])):
            key = hit.chunk.doc_id
            texts[key].append(hit.chunk.text)
            lacking[key] = _missing(lacking[key], [hit.chunk.text], ())
    without = frozenset(key for key, missing in lacking.items() if missing)
    if without != texts.keys():
        return Strangers(without)
    nowhere = set.intersection(*(lacking[key] for key in without))
    whole = [text for said in texts.values() for text in said]
    unknown = [names[root] for root in nowhere if not _begins(root[:_LEAST], whole)]
    return Strangers(without, tuple(sorted(unknown)))


def _missing(roots: Collection[str], texts: Sequence[str], called: Sequence[str]) -> set[str]:
    return {
        root
        for root in roots
        if not _begins(root, texts, capital=True) and not _begins(root, called)
    }


def _begins(root: str, texts: Iterable[str], *, capital: bool = False) -> bool:
    """Whether a word of the texts begins so; with a capital in it, if that is asked."""
    pattern = re.compile(rf"(?<![^\W_]){re.escape(root)}[^\W_]*", re.IGNORECASE)
    return any(
        not (capital and match[0].islower()) for text in texts for match in pattern.finditer(text)
    )


def _root(name: str) -> str:
    """A name without what its adjective may have otherwise: America, American."""
    name = name.casefold()
    return name[:-_ENDING] if len(name) > _LEAST else name
