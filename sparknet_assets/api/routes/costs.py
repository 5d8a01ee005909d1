"""What was paid."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from sparknet_assets.api.context import ApiDep, requires

if TYPE_CHECKING:
    from resources.deployment import Deployment

router = APIRouter(tags=["overview"], dependencies=[Depends(requires("read"))])
_CENTS = 6


class DocumentCost(BaseModel):
    """What a document cost."""

    doc_id: str
    cost_usd: float


class QuestionCosts(BaseModel):
    """What was paid for answers and searches, whoever asked, in US dollars.

    Attributes:
        asked: Questions that went to a language model; those whose answer was kept did not.
        models_usd: Paid to language models for answers.
        queries_usd: Paid to embedding models for the queries of searches and questions.
        by_day: Day (UTC) -> dollars, both together.
        today_usd: Paid to language models today (UTC), which `budget_usd` is held against.
        budget_usd: What language models may be paid in a day; None: no limit.
    """

    asked: int
    models_usd: float
    queries_usd: float
    by_day: dict[str, float]
    today_usd: float
    budget_usd: float | None


class Costs(BaseModel):
    """What was paid for what there is now, in US dollars; earlier versions are not counted.

    Attributes:
        by_stage: Stage -> dollars.
        by_day: Day (UTC) on which the stage was run -> dollars.
        documents: The 20 dearest, dearest first.
        budget_usd: What one run may spend; None: no limit.
        questions: What was paid outside of documents; no part of the other figures.
    """

    by_stage: dict[str, float]
    by_day: dict[str, float]
    documents: list[DocumentCost]
    total_usd: float
    budget_usd: float | None
    questions: QuestionCosts


@router.get("/costs", operation_id="getCosts")
def get_costs(api: ApiDep) -> Costs:
    """What was paid to services, by stage, by day and by document."""
    by_stage, by_day, dearest = api.costs.sums()
    return Costs(
        by_stage=_rounded(by_stage),
        by_day=dict(sorted(_rounded(by_day).items())),
        documents=[DocumentCost(doc_id=d, cost_usd=round(c, _CENTS)) for d, c in dearest],
        total_usd=round(sum(by_stage.values()), _CENTS),
        budget_usd=api.deployment.settings.budget_usd,
        questions=_questions(api.deployment),
    )


def _questions(deployment: Deployment) -> QuestionCosts:
    from resources.spending import QUERIES, QUESTIONS

    models, queries = deployment.catalog.spent(QUESTIONS), deployment.catalog.spent(QUERIES)
    by_day: dict[str, float] = defaultdict(float)
    for kind, accounts in ((QUESTIONS, models), (QUERIES, queries)):
        for name, spent in accounts.items():
            by_day[name.removeprefix(kind)] += spent.usd
    today = models.get(f"{QUESTIONS}{datetime.now(UTC):%Y-%m-%d}")
    return QuestionCosts(
        asked=sum(spent.calls for spent in models.values()),
        models_usd=round(sum(spent.usd for spent in models.values()), _CENTS),
        queries_usd=round(sum(spent.usd for spent in queries.values()), _CENTS),
        by_day=dict(sorted(_rounded(by_day).items())),
        today_usd=round(today.usd, _CENTS) if today else 0.0,
        budget_usd=deployment.settings.questions_budget_usd,
    )


def _rounded(amounts: dict[str, float]) -> dict[str, float]:
    return {name: round(amount, _CENTS) for name, amount in amounts.items()}
