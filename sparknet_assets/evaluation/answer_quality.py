"""Whether answers rest on the right place, hold what was asked, and quote what is there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from resources.storage import ObjectNotFoundError
from sparknet_assets.answers.answer import Answer, ask
from sparknet_assets.artifacts import DocumentRef, read_chunks
from sparknet_assets.evaluation.latency import latencies
from sparknet_assets.evaluation.measured import Measured, Sample
from sparknet_assets.evaluation.ranking_metrics import means
from sparknet_assets.evaluation.relevance import folded, holds_answer, on_right_page
from sparknet_assets.evaluation.sets import Question

if TYPE_CHECKING:
    from resources.deployment import Deployment


def measure(deployment: Deployment, questions: Sequence[Question], sample: Sample) -> Measured:
    """Asks every question as `sparknet ask` does.

    The scores of a question, each 0 or 1 but the last, as far as the set has the truth for them:

    - `answered`: there is an answer, with evidence, to a question that has one.
    - `refused`: there is none to a question that has none.
    - `document_hit`, `page_hit`: the first citation is from the right document, or page.
    - `any_page_hit`: one of the citations is.
    - `first_quote`, `any_quote`: the first, or one of the quotes has an expected answer.
    - `quotes_verified`: share of the quotes that stand in the chunk that they cite.

    What is not answered hits nothing.

    Raises:
        SparknetError: A service does not answer.
    """
    chosen = sample.of(questions, lambda question: question.key)
    scores: dict[str, dict[str, float]] = {}
    seconds = []
    texts = _ChunkTexts(deployment)
    for question in chosen:
        found = ask(deployment, question.question)
        seconds.append(found.seconds)
        scores[question.key] = {
            name: float(value) for name, value in _scores(question, found, texts).items()
        }
    figures = {**means(scores.values()), **latencies(seconds)}
    return Measured(kind="answers", items=len(scores), figures=figures, scores=scores)


class _ChunkTexts:
    """Texts of chunks as the documents have them now."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._of = cache(self._read)

    def of(self, doc_id: str, chunk_id: str) -> str:
        """The text; empty when there is no such chunk any more."""
        return self._of(doc_id).get(chunk_id, "")

    def _read(self, doc_id: str) -> dict[str, str]:
        record = self._deployment.catalog.get(doc_id)
        ref = DocumentRef(doc_id, record.raw_key if record else "")
        try:
            return {c.chunk_id: c.text for c in read_chunks(self._deployment.storage, ref)}
        except ObjectNotFoundError:
            return {}


def _scores(question: Question, found: Answer, texts: _ChunkTexts) -> dict[str, float]:
    citations = found.citations
    scores: dict[str, float] = {}
    if question.unanswerable:
        scores["refused"] = not citations
    elif question.answerable:
        scores["answered"] = bool(citations)
    if question.doc_id:
        scores["document_hit"] = bool(citations) and citations[0].doc_id in question.doc_id
    if question.page:
        hits = [on_right_page(question, citation) for citation in citations]
        scores["page_hit"] = hits[:1] == [True]
        scores["any_page_hit"] = True in hits
    if question.answers:
        quotes = [citation.quote for citation in citations]
        scores["first_quote"] = holds_answer(question.answers, quotes[:1])
        scores["any_quote"] = holds_answer(question.answers, quotes)
    if citations:
        verified = [
            folded(citation.quote) in folded(texts.of(citation.doc_id, citation.chunk_id))
            for citation in citations
        ]
        scores["quotes_verified"] = sum(verified) / len(verified)
    return scores
