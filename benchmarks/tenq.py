"""Questions about quarterly reports: `python -m benchmarks.tenq`.

The 39 questions of Docugami's set over four 10-Q reports, ingested as a user does. A question names
its documents; pages are not in the set and are derived: where the answer to a question about one
passage of one document gives figures (1,234 or 12.5), those pages of the PDF are right that have
all of them, as far as they stand in the document at all; where no page has all, none is.
No weight is tuned on these questions; docs/quality.md says what was looked at.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.retrieval_quality import CORPUS, command, read_jsonl
from benchmarks.subject import ingest
from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.settings import load_settings
from sparknet_assets.evaluation import answer_quality, retrieval_quality
from sparknet_assets.evaluation.measured import Measured, Sample
from sparknet_assets.evaluation.ranking_metrics import means
from sparknet_assets.evaluation.sets import Question

BUDGET_UNVERIFIED = 0.0
_FIGURE = re.compile(r"\d{1,3}(?:,\d{3})+|\d+\.\d+")
_ONE_PASSAGE = "Single-Doc Single-Chunk RAG"
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set, by its type."""

    type: str
    question: Question


def measure(corpus: Path = CORPUS, limit: int | None = None, as_json: bool = False) -> Verdict:
    """Prints the figures of each type of question.

    Returns:
        The share of quotes that do not stand in the chunk that they cite.

    Raises:
        FileNotFoundError: The corpus holds no such reports.
    """
    rows = read_jsonl(corpus / "docugami_10q" / "qa.jsonl")[:limit]
    documents = sorted((corpus / "docugami_10q" / "docs").glob("*.pdf"))
    asked = list(questions(rows, documents))
    with tempfile.TemporaryDirectory(prefix="sparknet-10q-") as home:
        ingest(documents, Path(home))
        deployment = Deployment(load_settings(home=home))
        # A document is known by its file name here, and by its id there.
        ids = {row.raw_key.rsplit("/", 1)[-1]: row.doc_id for row in deployment.catalog.documents()}
        known = [_with_ids(each, ids) for each in asked]
        found = [
            part.measure(deployment, [each.question for each in known], Sample())
            for part in (retrieval_quality, answer_quality)
        ]
    figures = by_type(known, found)
    if as_json:
        print(json.dumps(figures))
    else:
        _print(figures, sum(bool(each.question.page) for each in known))
    unverified = 1 - figures[_ALL]["quotes_verified"]
    return Verdict(
        "quotes not in the chunk that they cite", unverified, BUDGET_UNVERIFIED, "of all"
    )


def questions(rows: Iterable[Mapping[str, Any]], documents: Sequence[Path]) -> Iterable[Asked]:
    """The questions with their documents, by file name, and pages where the answer tells them."""
    for number, row in enumerate(rows):
        # For instance `*2023 Q3 AAPL*`, and `*AAPL*` for all.
        pattern = row["Source Docs"].strip("*").replace(" ", "_")
        named = [path for path in documents if pattern in path.stem]
        pages: list[int] = []
        if row["Question Type"] == _ONE_PASSAGE and len(named) == 1:
            pages = pages_with(_figures(row["Answer"]), texts_of(named[0]))
        question = Question(
            id=str(number),
            question=row["Question"],
            doc_id=tuple(path.name for path in named),
            page=tuple(pages),
        )
        yield Asked(row["Question Type"], question)


def pages_with(figures: Sequence[str], pages: Sequence[str]) -> list[int]:
    """The pages, 1-based, that have all of the figures that any page has; none without any."""
    places = [
        {
            page
            for page, text in enumerate(pages, 1)
            if re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)", text)
        }
        for figure in figures
    ]
    there = [place for place in places if place]
    return sorted(set.intersection(*there)) if there else []


def texts_of(path: Path) -> list[str]:
    """The text of each page, by PyMuPDF alone: the pipeline has no part in the truth."""
    import pymupdf

    with pymupdf.open(path) as document:
        return [page.get_text() for page in document]


def by_type(asked: Sequence[Asked], found: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """Means of all scores for each type of question, and for all."""
    types = [_ALL, *dict.fromkeys(each.type for each in asked)]
    figures: dict[str, dict[str, float]] = {}
    for name in types:
        keys = [each.question.key for each in asked if name in (_ALL, each.type)]
        figures[name] = {"questions": float(len(keys))}
        for part in found:
            figures[name] |= means(part.scores[key] for key in keys if key in part.scores)
    return figures


def _figures(answer: str) -> list[str]:
    return list(dict.fromkeys(_FIGURE.findall(answer.partition("SOURCE")[0])))


def _with_ids(asked: Asked, ids: Mapping[str, str]) -> Asked:
    named = tuple(ids[name] for name in asked.question.doc_id)
    return Asked(asked.type, asked.question.model_copy(update={"doc_id": named}))


def _print(figures: Mapping[str, Mapping[str, float]], paged: int) -> None:
    print(f"{paged} questions have pages that their answer tells")
    for name, scores in figures.items():
        print(f"{name}: {scores['questions']:.0f} questions")
        for score, value in scores.items():
            if score != "questions":
                print(f"    {score:22} {value:.3f}")


def main() -> int:
    return command(measure, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
