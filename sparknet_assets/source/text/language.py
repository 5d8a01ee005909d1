"""Which language a text is in."""

from __future__ import annotations

from functools import cache
from typing import Any

# Fewer letters, or less certainty, and the answer is a guess.
FEWEST_LETTERS = 20
LEAST_PROBABILITY = 0.6
SAMPLE = 3000


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the language of a text; None when there is too little to tell."""
    sample = text[:SAMPLE]
    if sum(map(str.isalpha, sample)) < FEWEST_LETTERS:
        return None
    code, probability = _identifier().classify(sample)
    return str(code) if probability >= LEAST_PROBABILITY else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
