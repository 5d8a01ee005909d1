"""What questions cost: noted before a call, set right after it, within the budget of a day."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.llm import Message
from resources.settings import Settings
from resources.spending import QUESTIONS, DayAccount, QuestionsBudgetError
from sparknet_assets.api.app import create_app
from sparknet_assets.batch import running
from sparknet_assets.intake.taking_in import take_in
from tests.api.conftest import client_of
from tests.doubles.bedrock import BedrockServer, bedrock_server
from tests.doubles.embedder import WordEmbedder
from tests.doubles.inline_pool import InlinePool

V1 = "/api/v1"
TODAY = f"{QUESTIONS}{datetime.now(UTC):%Y-%m-%d}"
SAID = "The ferry sails at nine. [1]"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, BedrockServer]]:
    """A home with one document, and models that answer about it."""
    inbox, home = tmp_path_factory.mktemp("inbox"), tmp_path_factory.mktemp("home")
    (inbox / "notes.txt").write_text("The ferry sails at nine. The harbour has three cranes.\n")
    plain = Deployment(Settings(home=home, workers=1))
    plain.__dict__["embedder"] = WordEmbedder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "WorkerPool", InlinePool)
        list(running.run_batch(take_in(plain, [inbox]).doc_ids, plain))
    with bedrock_server() as server:
        yield home, server


@pytest.fixture
def bedrock(served: tuple[Path, BedrockServer]) -> BedrockServer:
    return served[1]


def paying(served: tuple[Path, BedrockServer], tmp_path: Path, **changes: Any) -> Deployment:
    """The home with accounts of this test's own."""
    from resources.catalog.sqlite import SQLiteCatalog

    settings = Settings(home=served[0], llm="bedrock", aws_region="us-east-1", **changes)
    made = Deployment(settings)
    made.__dict__["embedder"] = WordEmbedder()
    accounts = SQLiteCatalog(tmp_path / "accounts.db")
    for name in ("spend", "spent"):
        setattr(made.catalog, name, getattr(accounts, name))
    return made


def ask(client: TestClient, question: str, answerer: str = "llm", **more: Any) -> Any:
    body = {"question": question, "answerer": answerer, **more}
    return client.post(f"{V1}/ask", json=body)


def day(made: Deployment) -> tuple[float, int]:
    return made.catalog.spent().get(TODAY, (0.0, 0))


def test_an_answer_is_accounted_by_what_it_took(
    served: tuple[Path, BedrockServer], bedrock: BedrockServer, tmp_path: Path
) -> None:
    made = paying(served, tmp_path)
    client = client_of(create_app(made))
    bedrock.models.answers.append(SAID)
    answer = ask(client, "When does the ferry sail?").json()
    assert answer["usage"]["cost_usd"] > 0
    assert ask(client, "When does the ferry sail?").json()["answer"] == answer["answer"]
    costs = client.get(f"{V1}/costs").json()
    assert costs["questions"] == {
        "asked": 1,
        "models_usd": pytest.approx(answer["usage"]["cost_usd"], abs=1e-6),
        "queries_usd": 0.0,
        "by_day": {TODAY.removeprefix(QUESTIONS): costs["questions"]["models_usd"]},
        "today_usd": costs["questions"]["models_usd"],
        "budget_usd": None,
    }
    assert costs["total_usd"] == 0.0


def test_a_budget_refuses_one_answerer_and_has_the_other_quote(
    served: tuple[Path, BedrockServer], bedrock: BedrockServer, tmp_path: Path
) -> None:
    made = paying(served, tmp_path, questions_budget_usd=0.0001)
    client, before = client_of(create_app(made)), len(bedrock.requests)
    refused = ask(client, "When does the ferry leave?")
    assert (refused.status_code, refused.json()["kind"]) == (429, "budget")
    assert 0 < int(refused.headers["retry-after"]) <= 86400
    assert "$0.00, does not allow another" in refused.json()["detail"]
    assert "SPARKNET_QUESTIONS_BUDGET_USD" in refused.json()["detail"]
    quoted = ask(client, "When does the ferry leave?", "auto").json()
    assert quoted["model"] == "extractive" and "budget" in quoted["note"]
    streamed = ask(client, "When does the ferry leave?", stream=True).text
    assert "event: error" in streamed and '"kind": "budget"' in streamed
    assert ask(client, "When does the ferry leave?", "extractive").status_code == 200
    assert len(bedrock.requests) == before
    assert day(made)[0] == 0.0


def test_what_failed_is_taken_back(
    served: tuple[Path, BedrockServer], bedrock: BedrockServer, tmp_path: Path
) -> None:
    made = paying(served, tmp_path, aws_attempts=1)
    llm = made.llm
    assert llm is not None
    bedrock.fail_next("AccessDeniedException", operation="Converse")
    with pytest.raises(SparknetError):
        llm.generate("Hello")
    bedrock.fail_next("AccessDeniedException", operation="ConverseStream")
    with pytest.raises(SparknetError):
        list(llm.stream([Message("user", "Hello")]))
    assert day(made)[0] == 0.0
    bedrock.fail_next("ModelErrorException", operation="Converse")
    completion = llm.complete([Message("user", "Hello")])
    assert day(made)[0] == pytest.approx(completion.usage.cost_usd, abs=1e-9)


def test_an_answer_that_is_broken_off_stays_as_it_was_noted(
    served: tuple[Path, BedrockServer], bedrock: BedrockServer, tmp_path: Path
) -> None:
    made = paying(served, tmp_path)
    llm = made.llm
    assert llm is not None
    bedrock.models.answers.append("A few words that are read no further.")
    pieces = llm.stream([Message("user", "Hello")], max_tokens=1000)
    next(iter(pieces))
    pieces.close()  # type: ignore[attr-defined]
    most = made.prices.llm_tokens(made.settings.bedrock_model, 2, 1000)
    assert day(made)[0] == pytest.approx(most, rel=0.01)


def test_questions_at_once_cannot_slip_past_the_budget(deployment: Deployment) -> None:
    account = DayAccount(lambda: deployment.catalog, QUESTIONS, 1.0)

    def pay(_: int) -> bool:
        try:
            account.pay(0.07)
        except QuestionsBudgetError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(pay, range(40))) == 14
    assert day(deployment)[0] == pytest.approx(0.98)


def test_a_new_day_has_a_new_budget(deployment: Deployment) -> None:
    now = [datetime(2026, 1, 2, 23, 59, tzinfo=UTC)]
    account = DayAccount(lambda: deployment.catalog, QUESTIONS, 1.0, clock=lambda: now[0])
    correct = account.pay(1.0)
    now[0] = datetime(2026, 1, 3, 0, 1, tzinfo=UTC)
    account.pay(1.0)
    correct(-0.25)  # goes to the day on which it was paid
    assert deployment.catalog.spent(QUESTIONS) == {
        "questions/2026-01-02": (0.75, 0), "questions/2026-01-03": (1.0, 0),
    }  # fmt: skip


def test_a_catalog_that_is_away_stops_only_what_has_a_budget() -> None:
    def away() -> Any:
        raise SparknetError(FailureKind.UNAVAILABLE, "The catalog is away.")

    DayAccount(away, QUESTIONS).pay(0.5)(-0.25)
    DayAccount(away, QUESTIONS).count()
    with pytest.raises(SparknetError, match="away"):
        DayAccount(away, QUESTIONS, 1.0).pay(0.5)


def test_runs_pay_from_their_own_budget(
    served: tuple[Path, BedrockServer], bedrock: BedrockServer, tmp_path: Path
) -> None:
    made = paying(served, tmp_path)
    assert made.llm is not None
    with made.spending("run") as ledger:
        completion = made.llm.complete([Message("user", "Hello")])
        assert ledger.spent == pytest.approx(completion.usage.cost_usd)
    assert day(made)[0] == 0.0
