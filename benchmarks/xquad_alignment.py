"""Which English paragraph is the original of an XQuAD paragraph.

XQuAD numbers its own paragraphs, and the slice here brings no English text. A question whose id is
among the English ones settles it for its paragraph. Else the numbers and the words in Latin letters
that a paragraph shares with its original in any of the languages do: each weighs by how rare it is
among the English paragraphs. What they don't settle clearly is left out, and counted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_TOKEN = re.compile(r"\d+|[a-zà-ÿ]{4,}")
# Lengths matter little, and least among short paragraphs.
_BASE_LENGTH = 20
LEAST_SCORE = 1.5
LEAST_LEAD = 1.5


def align(
    translations: Iterable[dict[str, Any]],
    paragraphs: Sequence[dict[str, str]],
    questions: Iterable[dict[str, Any]],
) -> dict[str, str]:
    """XQuAD's `para_id` -> that of the English original, for those that are clear.

    Args:
        translations: A file of XQuAD for each language: the same paragraphs under the same ids.
        paragraphs, questions: The English ones.
    """
    texts: dict[str, str] = {}
    known: dict[str, str] = {}
    originals = {question["id"]: question["para_id"] for question in questions}
    for translation in translations:
        for each in translation["paragraphs"]:
            texts[each["para_id"]] = texts.get(each["para_id"], "") + " " + each["context"]
        for each in translation["questions"]:
            if each["id"] in originals:
                known[each["para_id"]] = originals[each["id"]]
    tokens = {each["para_id"]: _tokens(each["context"]) for each in paragraphs}
    having = Counter(token for each in tokens.values() for token in each)
    for key, text in texts.items():
        article = {
            other: each for other, each in tokens.items() if _article(other) == _article(key)
        }
        if key not in known and (found := _clear(_tokens(text), article, having, len(tokens))):
            known[key] = found
    return known


def _clear(
    wanted: set[str], article: Mapping[str, set[str]], having: Counter[str], count: int
) -> str | None:
    """The paragraph that has most of the tokens, if it leads clearly."""

    def score(tokens: set[str]) -> float:
        shared = sum(math.log(count / having[token]) for token in wanted & tokens)
        return shared / math.sqrt(_BASE_LENGTH + len(tokens))

    ranked = sorted(((score(tokens), key) for key, tokens in article.items()), reverse=True)
    (best, key), (second, _) = ranked[0], ranked[1]
    return key if best >= max(LEAST_SCORE, LEAST_LEAD * second) else None


def _tokens(text: str) -> set[str]:
    return set(_TOKEN.findall(re.sub(r"(?<=\d)[.,](?=\d)", "", text).lower()))


def _article(para_id: str) -> str:
    return para_id.rpartition("#")[0]
