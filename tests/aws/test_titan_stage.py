"""The embeddings stage with Titan: each document is charged what its own texts cost, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from resources.settings import Settings
from resources.vector_store import Chunk
from sparknet_assets.artifacts import DocumentRef, write_chunks
from sparknet_assets.embeddings_file import read_embeddings
from sparknet_assets.stages import embeddings
from sparknet_assets.stages.contract import StageOutput
from tests.doubles.bedrock import BedrockServer

USD = 0.02e-6
"""Of a token. The double counts one for each short word."""


@pytest.fixture
def titan(tmp_path: Path, bedrock: BedrockServer) -> Deployment:
    settings = Settings(
        home=tmp_path, embedder="titan", titan_dimension=256, aws_attempts=1, bedrock_per_second=1e4
    )
    return Deployment(settings)


def document(deployment: Deployment, doc_id: str, texts: Sequence[str]) -> DocumentRef:
    ref = DocumentRef(doc_id, f"raw/{doc_id}/file.txt")
    chunks = [
        Chunk(
            chunk_id=f"{doc_id}-{n}",
            doc_id=doc_id,
            ordinal=n,
            text=text,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            tokens=len(text.split()) + 2,
            pages=(1,),
            boxes=(),
        )
        for n, text in enumerate(texts)
    ]
    write_chunks(deployment.storage, ref, chunks)
    return ref


def embed(deployment: Deployment, *refs: DocumentRef) -> dict[str, StageOutput | Failure]:
    return {ref.doc_id: outcome for ref, outcome in embeddings.STAGE.run(refs, deployment)}


def costs(outcomes: dict[str, StageOutput | Failure]) -> dict[str, float]:
    return {doc_id: outcome.cost_usd / USD for doc_id, outcome in outcomes.items()}


def test_each_document_is_charged_for_its_own_texts(
    titan: Deployment, bedrock: BedrockServer
) -> None:
    one = document(titan, "one", ["a b c", "d e"])
    two = document(titan, "two", ["f", "d e"])  # the second text is paid for by the first document
    empty = document(titan, "empty", [])
    outcomes = embed(titan, one, two, empty)
    assert costs(outcomes) == {"one": pytest.approx(5), "two": pytest.approx(1), "empty": 0}
    assert isinstance(outcomes["one"], StageOutput)
    assert outcomes["one"].metadata["charged_tokens"] == 5
    assert "unpriced_tokens" not in outcomes["one"].metadata
    assert sorted(bedrock.texts) == ["a b c", "d e", "f"]
    assert read_embeddings(titan.storage, one)[1].shape == (2, 256)


def test_what_the_cache_has_costs_nothing(titan: Deployment, bedrock: BedrockServer) -> None:
    ref = document(titan, "one", ["a b c"])
    embed(titan, ref)
    again = embed(titan, ref)
    assert costs(again) == {"one": 0}
    assert isinstance(again["one"], StageOutput)
    assert "charged_tokens" not in again["one"].metadata
    assert len(bedrock.requests) == 1


def test_another_dimension_is_another_model(titan: Deployment, bedrock: BedrockServer) -> None:
    ref = document(titan, "one", ["a b c"])
    embed(titan, ref)
    wide = Deployment(titan.settings.model_copy(update={"titan_dimension": 1024}))
    assert costs(embed(wide, ref)) == {"one": pytest.approx(3)}
    assert read_embeddings(wide.storage, ref)[1].shape == (1, 1024)


def test_tokens_without_a_known_price_are_shown(
    titan: Deployment, bedrock: BedrockServer, tmp_path: Path
) -> None:
    table = tmp_path / "prices.toml"
    table.write_text("currency = 'USD'\n")
    priceless = Deployment(titan.settings.model_copy(update={"prices": table}))
    outcome = embed(priceless, document(priceless, "one", ["a b c"]))["one"]
    assert isinstance(outcome, StageOutput)
    assert outcome.cost_usd == 0
    assert outcome.metadata["charged_tokens"] == outcome.metadata["unpriced_tokens"] == 3


def test_a_refused_text_fails_its_documents_only_and_is_not_paid(
    titan: Deployment, bedrock: BedrockServer
) -> None:
    refs = [document(titan, f"d{n}", [f"fine {n}", f"good {n}"]) for n in range(20)]
    bad = document(titan, "bad", ["fine too", "poisonous"])
    outcomes = embed(titan, *refs, bad)
    failure = outcomes.pop("bad")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.REFUSED
    assert failure.message.startswith("bad, chunk 1: ")
    assert failure.cost_usd == pytest.approx(2 * USD), "the other text was paid for"
    assert all(isinstance(outcome, StageOutput) for outcome in outcomes.values())
    assert len(bedrock.requests) == 42, "no text was sent twice"


def test_throttling_fails_what_it_meets_and_keeps_the_rest(
    titan: Deployment, bedrock: BedrockServer
) -> None:
    refs = [document(titan, f"d{n}", [f"text {n}"]) for n in range(12)]
    bedrock.shapes.fail_share(
        "bedrock-runtime", "InvokeModel", 0.3, ["ThrottlingException"], seed=3
    )
    first = embed(titan, *refs)
    failed = {d: o for d, o in first.items() if isinstance(o, Failure)}
    assert failed
    assert {failure.kind for failure in failed.values()} == {FailureKind.THROTTLED}
    assert all(failure.retryable for failure in failed.values())
    bedrock.shapes.heal()
    second = embed(titan, *refs)
    assert all(isinstance(outcome, StageOutput) for outcome in second.values())
    assert sum(costs(first).values()) + sum(costs(second).values()) == pytest.approx(24)
    assert bedrock.shapes.count("InvokeModel") == 12, "each text was paid for once"


def test_a_storm_of_errors_ends_with_every_text_embedded_once(
    titan: Deployment, bedrock: BedrockServer
) -> None:
    patient = Deployment(titan.settings.model_copy(update={"aws_attempts": 8}))
    refs = [document(patient, f"d{n}", [f"text {n}", f"more {n}"]) for n in range(15)]
    codes = ["ModelErrorException", "ModelTimeoutException"]
    bedrock.shapes.fail_share("bedrock-runtime", "InvokeModel", 0.3, codes, seed=5)
    for _ in range(4):
        outcomes = embed(patient, *refs)
    assert all(isinstance(outcome, StageOutput) for outcome in outcomes.values())
    assert bedrock.shapes.count("InvokeModel") == 30
    vectors = [read_embeddings(patient.storage, ref)[1] for ref in refs]
    assert np.isfinite(np.concatenate(vectors)).all()


def test_a_budget_stops_before_more_is_spent_and_the_next_run_goes_on(
    titan: Deployment, bedrock: BedrockServer
) -> None:
    # By MiniLM's count each text has five tokens, special ones included; the service counts three.
    update = {"budget_usd": (4 * 3 + 5) * 1.01 * USD, "bedrock_at_once": 1}
    poor = Deployment(titan.settings.model_copy(update=update))
    refs = [document(poor, f"d{n}", [f"text {n} here"]) for n in range(9)]
    with poor.spending("first") as ledger:
        outcomes = embed(poor, *refs)
        assert ledger.spent == pytest.approx(5 * 3 * USD)
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, Failure)]
    assert len(failures) == 4
    assert all("budget" in failure.message for failure in failures)
    assert len(bedrock.requests) == 5
    with poor.spending("second"):
        assert all(isinstance(outcome, StageOutput) for outcome in embed(poor, *refs).values())
    assert len(bedrock.requests) == 9


def test_a_model_without_access_is_not_asked_text_by_text(
    titan: Deployment, bedrock: BedrockServer
) -> None:
    bedrock.models.denied.add(titan.settings.titan_model)
    refs = [document(titan, f"d{n}", [f"{n} {m}" for m in range(50)]) for n in range(10)]
    outcomes = embed(titan, *refs)
    assert {o.kind for o in outcomes.values() if isinstance(o, Failure)} == {FailureKind.REFUSED}
    assert len(bedrock.requests) <= titan.settings.bedrock_at_once
