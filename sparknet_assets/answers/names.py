"""Names that a question has, and the documents that do not have them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from resources.catalog import DocumentRecord
from resources.vector_store import Scope, SearchHit, VectorStore
from sparknet_assets.retrieval.naming import names_of

_WORD = re.compile(r"[^\W_]+")
_STARTS = re.compile(r"(?:^|[.?!:]\s+)[^\w]*[^\W_]+")
_POSSESSIVE = re.compile(r"\b([^\W\d_]{2,})['\u2019]s\b")
# What begins questions and is no name before "'s", and what may be written in figures.
_NO_NAMES = frozenset(
    (  # noqa: SIM905
        "what who where when how that it there here let which why"
        " january february march april june july august september october november december"
        " monday tuesday wednesday thursday friday saturday sunday"
    ).split()
)
# Words of German: any of its nouns has a capital.
_CAPITAL_NOUNS = frozenset("der die das den dem des ein eine ist war sind wird im zum mit".split())  # noqa: SIM905
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

    None where the language, or the title-like writing of a question, gives any word a capital.

    Returns:
        What a word has to begin with to be the name, in small letters -> the name as it is written.
    """
    words = _WORD.findall(_STARTS.sub(" ", question))
    if not _CAPITAL_NOUNS.isdisjoint(words):
        return {}
    long = [word for word in words if len(word) > 3]
    capital = [word for word in long if word[:1].isupper() and word[1:].islower()]
    if len(long) > 2 and len(capital) == len(long):
        return {}
    owners = [word for word in _POSSESSIVE.findall(question) if word[0].isupper()]
    found = dict.fromkeys([*capital, *owners])
    return {_root(name): name for name in found if name.casefold() not in _NO_NAMES}


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
    words = {word for said in texts.values() for text in said for word in _words(text)}
    unknown = [names[root] for root in nowhere if not _begins(root[:_LEAST], words)]
    return Strangers(without, tuple(sorted(unknown)))


def _missing(roots: Collection[str], texts: Iterable[str], called: Iterable[str]) -> set[str]:
    words = {
        word.casefold() for text in texts for word in _WORD.findall(text) if not word.islower()
    }
    words.update(word for name in called for word in _words(name))
    return {root for root in roots if not _begins(root, words)}


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _begins(root: str, words: Iterable[str]) -> bool:
    return any(word.startswith(root) for word in words)


def _root(name: str) -> str:
    """A name without what its adjective may have otherwise: America, American."""
    name = name.casefold()
    return name[:-_ENDING] if len(name) > _LEAST else name
