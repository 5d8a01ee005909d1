"""How often search finds the paragraph that answers a question: `-m benchmarks.retrieval_quality`.

Each SQuAD paragraph is a document. It goes through the real chunker, embedder and index, and the
questions through the real search; a paragraph's rank is that of its best chunk. Nothing is tuned
on these questions.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.failure import Failure
from resources.ocr import Line, PageText, Word
from resources.settings import load_settings
from sparknet_assets.artifacts import DocumentRef, write_text
from sparknet_assets.evaluation.ranking_metrics import means, ranking_scores
from sparknet_assets.retrieval import SearchMode, search
from sparknet_assets.stages import chunks, embeddings, vector_index
from sparknet_assets.text_index import PageFacts, record_of

BUDGET_MISSED = 0.05
CORPUS = Path("../shared/corpus")
_DEEPEST = 10
_CHUNKS_A_PARAGRAPH = (
    4  # asked for that many times the depth, so that ten paragraphs are among them
)


def index(paragraphs: Sequence[dict[str, str]], deployment: Deployment) -> None:
    """Puts every paragraph into the index as a document of its own.

    Raises:
        RuntimeError: A document failed.
    """
    refs = [DocumentRef(key, f"raw/{key}/paragraph.txt") for key in map(key_of, paragraphs)]
    for ref, paragraph in zip(refs, paragraphs, strict=True):
        write_text(deployment.storage, ref, [_page(paragraph["context"])])
        chunks.STAGE.run(ref, deployment)
    for stage in (embeddings.STAGE, vector_index.STAGE):
        for ref, outcome in stage.run(refs, deployment):
            if isinstance(outcome, Failure):
                raise RuntimeError(f"{ref.doc_id}: {outcome.message}")


def evaluate(
    questions: Sequence[dict[str, Any]], deployment: Deployment, mode: SearchMode, **options: Any
) -> dict[str, float]:
    """Asks every question and looks where its paragraph comes; the means of all scores.

    Args:
        options: Of the search.
    """
    return means(scores_of(question, deployment, mode, **options) for question in questions)


def scores_of(
    question: dict[str, Any], deployment: Deployment, mode: SearchMode, **options: Any
) -> dict[str, float]:
    """Where a question's paragraph comes among the first ten."""
    found = search(
        deployment,
        question["question"],
        top_k=_DEEPEST * _CHUNKS_A_PARAGRAPH,
        mode=mode,
        **options,
    )
    order = list(dict.fromkeys(hit.doc_id for hit in found.hits))[:_DEEPEST]
    return ranking_scores([doc_id == key_of(question) for doc_id in order])


def shown(name: str, figures: Mapping[str, float]) -> str:
    """A line for people."""
    return f"{name:12}" + "".join(f"  {score} {value:.3f}" for score, value in figures.items())


def measure(corpus: Path = CORPUS, limit: int | None = None, as_json: bool = False) -> Verdict:
    """Prints the figures of all modes.

    Returns:
        The share of questions whose paragraph hybrid search does not have among its first ten.

    Raises:
        FileNotFoundError: The corpus holds no SQuAD slice.
    """
    paragraphs = read_jsonl(corpus / "squad" / "paragraphs.jsonl")
    questions = read_jsonl(corpus / "squad" / "questions.jsonl")[:limit]
    with tempfile.TemporaryDirectory(prefix="sparknet-retrieval-") as home:
        deployment = Deployment(load_settings(home=home))
        index(paragraphs, deployment)
        found: dict[str, Any] = {
            mode: evaluate(questions, deployment, mode) for mode in get_args(SearchMode)
        }
        for option in ("diversity", "rerank"):
            found[option] = evaluate(questions, deployment, "hybrid", **{option: True})
    if as_json:
        print(json.dumps({"paragraphs": len(paragraphs), "questions": len(questions)} | found))
    else:
        print(f"{len(questions)} questions over {len(paragraphs)} paragraphs")
        print(*(shown(name, figures) for name, figures in found.items()), sep="\n")
    missed = 1 - found["hybrid"]["recall@10"]
    return Verdict("questions that hybrid search misses", missed, BUDGET_MISSED, "of all")


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def key_of(entry: dict[str, Any]) -> str:
    return str(entry["para_id"]).replace("#", "-")


def _page(text: str) -> tuple[PageFacts, bytes]:
    words = [Word(word, 0.1, 0.1, 0.9, 0.9, 1.0) for word in text.split()]
    page = PageText(page=1, width=1, height=1, engine="text-layer", lines=[Line(words=words)])
    return record_of(page)


def command(measure: Callable[[Path, int | None, bool], Verdict], description: str | None) -> int:
    """Runs a benchmark over the questions by its arguments; the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR")
    parser.add_argument("--limit", type=int, metavar="N", help="ask the first N questions only")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    verdict = measure(arguments.corpus, arguments.limit, arguments.json)
    if not arguments.json:
        print(verdict)
    return 0 if verdict.kept else 1


def main() -> int:
    return command(measure, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
