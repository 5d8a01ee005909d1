"""How often the quoted answer holds what was asked: `python -m benchmarks.answers`.

SQuAD paragraphs are indexed as `benchmarks.retrieval_quality` does. Each question is asked twice:
of all paragraphs, and of those of other articles only, where nothing answers it. The weights and
the threshold of the answerer were chosen by looking at these questions, which flatters the figures.
`--chunks 10000` fills the index up with generated passages, for the time that an answer takes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.generated_index import Vectors, Words, fill
from benchmarks.retrieval_quality import CORPUS, index, key_of, read_jsonl
from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.settings import load_settings
from sparknet_assets.answers.answer import Answer, ask
from sparknet_assets.retrieval import Filters

BUDGET_P50_MS = 150.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of the questions, 0 to 1, and milliseconds.

    Attributes:
        first_quote: Whose first quote holds the expected answer.
        any_quote: Of which one of the quotes does.
        right_document: Whose first quote is from the paragraph that the question was made from.
        not_answered: That got no answer although there is one.
        wrongly_answered: That got an answer although there is none.
        chunks: In the index.
    """

    questions: int
    chunks: int
    first_quote: float
    any_quote: float
    right_document: float
    not_answered: float
    wrongly_answered: float
    p50_ms: float


def evaluate(
    questions: Sequence[dict[str, Any]], titles: dict[str, str], deployment: Deployment
) -> Figures:
    """Asks each question of all documents, and of those that don't answer it.

    Args:
        titles: doc_id -> the article it is from.
    """
    asked = [(question, ask(deployment, question["question"])) for question in questions]
    without = [
        ask(
            deployment,
            question["question"],
            filters=Filters(
                doc_ids=tuple(key for key, title in titles.items() if title != question["title"])
            ),
        )
        for question in questions
    ]
    count = len(questions)
    return Figures(
        questions=count,
        chunks=deployment.live_store.count()[0],
        first_quote=sum(_holds(found, question, 1) for question, found in asked) / count,
        any_quote=sum(_holds(found, question, None) for question, found in asked) / count,
        right_document=sum(
            bool(found.citations) and found.citations[0].doc_id == key_of(question)
            for question, found in asked
        )
        / count,
        not_answered=sum(not found.citations for _, found in asked) / count,
        wrongly_answered=sum(bool(found.citations) for found in without) / count,
        p50_ms=1000 * statistics.median(found.seconds for _, found in asked),
    )


def _holds(found: Answer, question: dict[str, Any], first: int | None) -> bool:
    quotes = [citation.quote.casefold() for citation in found.citations[:first]]
    return any(answer.casefold() in quote for answer in question["answers"] for quote in quotes)


def measure(
    corpus: Path = CORPUS, limit: int | None = None, as_json: bool = False, chunks: int = 0
) -> Verdict:
    """Prints the figures.

    Args:
        chunks: That the index is to have, generated ones included; 0 for the paragraphs only.

    Returns:
        The median time of an answer.

    Raises:
        FileNotFoundError: The corpus holds no SQuAD slice.
    """
    paragraphs = read_jsonl(corpus / "squad" / "paragraphs.jsonl")
    questions = read_jsonl(corpus / "squad" / "questions.jsonl")[:limit]
    titles = {key_of(paragraph): paragraph["title"] for paragraph in paragraphs}
    with tempfile.TemporaryDirectory(prefix="sparknet-answers-") as home:
        deployment = Deployment(load_settings(home=home))
        index(paragraphs, deployment)
        store = deployment.live_store
        if (missing := chunks - store.count()[0]) > 0:
            fill(store, missing, Words(1), Vectors(2, deployment.live_embedder.dimension))
        figures = evaluate(questions, titles, deployment)
    if as_json:
        print(json.dumps(asdict(figures)))
    else:
        for name, value in asdict(figures).items():
            print(f"{name:17} {value:g}" if isinstance(value, int) else f"{name:17} {value:.3f}")
    return Verdict("median time of an answer", figures.p50_ms, BUDGET_P50_MS, "ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR")
    parser.add_argument("--limit", type=int, metavar="N", help="ask the first N questions only")
    parser.add_argument("--chunks", type=int, default=0, metavar="N", help="fill the index up to N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    verdict = measure(arguments.corpus, arguments.limit, arguments.json, arguments.chunks)
    if not arguments.json:
        print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
