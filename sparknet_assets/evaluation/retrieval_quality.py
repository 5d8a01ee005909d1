"""Where search ranks what the questions of an evaluation set are about, in the live index."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparknet_assets.evaluation.latency import latencies
from sparknet_assets.evaluation.measured import Measured, Sample
from sparknet_assets.evaluation.ranking_metrics import DEPTHS, means, ranking_scores
from sparknet_assets.evaluation.relevance import judge
from sparknet_assets.evaluation.sets import Question
from sparknet_assets.retrieval import search

if TYPE_CHECKING:
    from resources.deployment import Deployment

# Several passages of a document, or of a page, count once: so many are asked for, that ten
# different ones are mostly among them.
PASSAGES = 4 * DEPTHS[-1]


def measure(deployment: Deployment, questions: Sequence[Question], sample: Sample) -> Measured:
    """Recall, MRR and nDCG by document, page and passage (`page.recall@5`), and the time it took.

    Searches as `sparknet search` does by default. Questions without a `doc_id` or `quote` are left
    out: what they are about is not known.

    Raises:
        SparknetError: A service does not answer.
    """
    known = [question for question in questions if question.doc_id or question.quote]
    chosen = sample.of(known, lambda question: question.key)
    scores: dict[str, dict[str, float]] = {}
    seconds = []
    for question in chosen:
        started = time.perf_counter()
        found = search(deployment, question.question, top_k=PASSAGES)
        seconds.append(time.perf_counter() - started)
        scores[question.key] = {
            f"{level}.{name}": value
            for level, judged in judge(question, found.hits).items()
            for name, value in ranking_scores(*judged).items()
        }
    figures = {**means(scores.values()), **latencies(seconds)}
    return Measured(kind="retrieval", items=len(scores), figures=figures, scores=scores)
