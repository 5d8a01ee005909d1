"""Which language a text is in, by its most frequent words; of six."""

from __future__ import annotations

import re
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+")
# Frequent words that hardly are words of another of these languages.
_FREQUENT = {
    "English": "the of and to what which who how was were does did with for are that from his",
    "German": "der die das den dem und ist war wie welche wer von zu mit für eine wurde im sind hoch",
    "French": "le les des et est quel quelle qui du pour dans une sur quels combien avec aux sont",
    "Spanish": "el los las y es cuál qué quién por para una del con cuánto cuántos fue son",
    "Italian": "il gli di che è qual chi per una del della con quanto quanti sono nel dei",
    "Dutch": "het een en wat welke wie van voor met hoeveel op zijn werd aan dat niet",
}
_LANGUAGES = {
    word: [name for name, words in _FREQUENT.items() if word in words.split()]
    for words in _FREQUENT.values()
    for word in words.split()
}
_FEWEST = 2


def language_of(text: str) -> str:
    """The language that most frequent words of a text are of; empty where that is not clear."""
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text.casefold()):
        counts.update(_LANGUAGES.get(word, ()))
    ranked = counts.most_common(2)
    if not ranked or ranked[0][1] < _FEWEST:
        return ""
    clear = len(ranked) == 1 or ranked[0][1] > ranked[1][1]
    return ranked[0][0] if clear else ""
