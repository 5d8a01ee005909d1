"""Questions in German, Chinese and Arabic: `python -m benchmarks.xquad`.

XQuAD has the same questions and paragraphs in several languages. Each question is asked of the
paragraphs in its own language, and of the English ones, which hold what their originals are from.
For comparison, English questions about the same paragraphs are asked of as many of them.
Nothing is tuned on these questions.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from benchmarks.retrieval_quality import (
    CORPUS,
    command,
    evaluate,
    index,
    read_jsonl,
    shown,
)
from benchmarks.verdict import Verdict
from benchmarks.xquad_alignment import align
from resources.deployment import Deployment
from resources.settings import load_settings
from sparknet_assets.retrieval import SearchMode

LANGUAGES = ("de", "zh", "ar")
BUDGET_MISSED = 0.05

Figures = dict[str, dict[str, float]]
"""Mode of search -> means of its scores."""


def measure(corpus: Path = CORPUS, limit: int | None = None, as_json: bool = False) -> Verdict:
    """Prints the figures of all languages and modes.

    Returns:
        The share of German questions whose German paragraph hybrid search does not have among its
        first ten.

    Raises:
        FileNotFoundError: The corpus holds no XQuAD.
    """
    english = read_jsonl(corpus / "squad" / "paragraphs.jsonl")
    asked = read_jsonl(corpus / "squad" / "questions.jsonl")
    sets = {
        language: json.loads((corpus / "squad" / f"xquad.{language}.json").read_text("utf-8"))
        for language in LANGUAGES
    }
    originals = align(sets.values(), english, asked)
    chosen = set(originals.values())
    found = {
        "en in en": _figures(
            [each for each in english if each["para_id"] in chosen],
            [each for each in asked if each["para_id"] in chosen][:limit],
        )
    }
    across: dict[str, Sequence[Mapping[str, Any]]] = {}
    for language, each in sets.items():
        questions = each["questions"][:limit]
        found[f"{language} in {language}"] = _figures(each["paragraphs"], questions)
        across[f"{language} in en"] = [
            {**question, "para_id": originals[question["para_id"]]}
            for question in questions
            if question["para_id"] in originals
        ]
    found |= _each_of(english, across)
    _print(found, len(originals), as_json)
    return Verdict(
        "German questions that hybrid search misses in German",
        1 - found["de in de"]["hybrid"]["recall@10"],
        BUDGET_MISSED,
        "of all",
    )


def _figures(
    paragraphs: Sequence[dict[str, str]], questions: Sequence[Mapping[str, Any]]
) -> Figures:
    [figures] = _each_of(paragraphs, {"": questions}).values()
    return figures


def _each_of(
    paragraphs: Sequence[dict[str, str]], asked: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Figures]:
    """Figures of several sets of questions over the same paragraphs."""
    with tempfile.TemporaryDirectory(prefix="sparknet-xquad-") as home:
        deployment = Deployment(load_settings(home=home))
        index(paragraphs, deployment)
        return {
            name: {
                "questions": {"count": float(len(questions)), "paragraphs": float(len(paragraphs))},
                **{
                    mode: evaluate([*map(dict, questions)], deployment, mode)
                    for mode in get_args(SearchMode)
                },
            }
            for name, questions in asked.items()
        }


def _print(found: Mapping[str, Figures], aligned: int, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    print(f"{aligned} XQuAD paragraphs are clear as to their English original")
    for name, figures in found.items():
        counts = figures["questions"]
        print(f"{name}: {counts['count']:.0f} questions, {counts['paragraphs']:.0f} paragraphs")
        for mode in get_args(SearchMode):
            print(shown(f"  {mode}", figures[mode]))


def main() -> int:
    return command(measure, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
