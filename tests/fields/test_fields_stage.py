"""The stage beside the others: what it may not touch, and what it has to survive."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resources.catalog import DocumentStatus
from resources.failure import FailureKind, SparknetError
from schedules.reconciliation import gather
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.fields import finding
from sparknet_assets.fields.corrections import choose_schemas, correct, drop
from sparknet_assets.fields.reading import extracted_of, fields_of
from sparknet_assets.removal.removing import remove
from sparknet_assets.stage_names import ASIDE_NAMES
from sparknet_assets.stages import STAGES as REAL_STAGES
from sparknet_assets.verification import examine, verify
from sparknet_assets.verification.parity import compare
from tests.fields.fields_home import GRAPH, INVOICE, SCHEMA, Model, add, home, run
from tests.model.small_stages import STAGES
from tests.model.world import Fuse, Killed, SmallDeployment, free_leases

FIELDS = "extracted_fields"


@pytest.fixture
def deployment(tmp_path: Path) -> SmallDeployment:
    made = home(tmp_path / "home")
    add(made, tmp_path / "in", INVOICE)
    return made


def value(deployment: SmallDeployment, field: str = "total") -> Any:
    return fields_of(deployment, "doc").schemas[0].fields[field].value


def planned_for(deployment: SmallDeployment) -> Any:
    """What a plan says a minute from now: nobody is still writing to the original."""
    return gather(deployment, datetime.now(UTC) + timedelta(minutes=1), GRAPH).plan.documents


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def row(deployment: SmallDeployment) -> Any:
    record = deployment.catalog.get("doc")
    assert record is not None
    return record


def test_the_names_of_stages_aside() -> None:
    assert tuple(stage.name for stage in REAL_STAGES if stage.aside) == ASIDE_NAMES


def test_an_invoice(deployment: SmallDeployment) -> None:
    result = run(deployment)[FIELDS]
    assert value(deployment) == euros("119.00")
    facts = result.record.metadata
    assert facts["schemas"] == ["invoice"]
    assert facts["problems"] == 0
    assert {"field": "total", "value": "EUR 119.00", "sure": 1.0} in [
        {**row, "sure": 1.0} for row in facts["values"]
    ]
    assert row(deployment).status is DocumentStatus.INDEXED
    assert list(verify(deployment, GRAPH)) == []
    assert run(deployment)[FIELDS].record.reused


def test_a_failure_leaves_the_index_as_it_is(
    deployment: SmallDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise SparknetError(FailureKind.INTERNAL, "a bug in a rule")

    monkeypatch.setattr(finding, "find", broken)
    results = run(deployment)
    assert results[FIELDS].record.status == "failed"
    assert all(result.record.status == "done" for n, result in results.items() if n != FIELDS)
    assert (row(deployment).status, row(deployment).stale) == (DocumentStatus.PARTIAL, "")
    assert row(deployment).chunks == 1
    assert "a bug in a rule" in row(deployment).failure.message
    assert list(verify(deployment, GRAPH)) == []
    monkeypatch.undo()
    again = run(deployment)
    assert {name for name, result in again.items() if not result.record.reused} == {FIELDS}
    assert row(deployment).status is DocumentStatus.INDEXED


def test_a_failure_of_the_index_leaves_the_fields(deployment: SmallDeployment) -> None:
    def refuse(refs: Any, deployment: Any) -> Any:
        raise SparknetError(FailureKind.UNAVAILABLE, "no room")

    broken = dataclasses.replace(STAGES[-1], run=refuse)
    from sparknet_assets.batch.running import run_batch
    from tests.model.world import one_thread

    graph = (*STAGES[:-1], broken, GRAPH[-1])
    with one_thread():
        results = {r.stage: r for r in run_batch(["doc"], deployment, graph=graph)}
    assert results["vector_index"].record.status == "failed"
    assert results[FIELDS].record.status == "done"
    assert row(deployment).status is DocumentStatus.FAILED


def test_a_document_without_text_has_no_fields(deployment: SmallDeployment, tmp_path: Path) -> None:
    run(deployment)
    add(deployment, tmp_path / "in", "corrupt")
    results = run(deployment)
    assert set(results) == {"documents"}
    assert results["documents"].record.status == "failed"


def test_a_home_of_before_needs_this_stage_only(deployment: SmallDeployment) -> None:
    from sparknet_assets.batch.running import run_batch
    from tests.model.world import one_thread

    with one_thread():
        list(run_batch(["doc"], deployment, graph=STAGES))
    embedded = deployment.embedded.copy()
    (planned,) = planned_for(deployment)
    assert planned.stages == (FIELDS,)
    assert planned.reason == "extracted_fields: was never made"
    assert {n for n, r in run(deployment).items() if not r.record.reused} == {FIELDS}
    assert deployment.embedded == embedded
    assert planned_for(deployment) == ()


def test_a_schema_that_changes_redoes_this_stage_only(deployment: SmallDeployment) -> None:
    run(deployment)
    deployment.storage.put("schemas/ticket.yaml", SCHEMA)
    (planned,) = planned_for(deployment)
    assert (planned.stages, planned.reason) == ((FIELDS,), "extracted_fields: ticket changed")
    assert run(deployment)[FIELDS].record.status == "done"
    deployment.storage.put("schemas/wrong.yaml", b"[")
    assert run(deployment)[FIELDS].record.reused


def test_a_correction_redoes_this_stage_only_and_survives(
    deployment: SmallDeployment, tmp_path: Path
) -> None:
    run(deployment)
    correct(deployment, "doc", "invoice", "total", "EUR 120", by="ann")
    assert value(deployment) == euros("120")
    (planned,) = planned_for(deployment)
    assert planned.stages == (FIELDS,)
    results = run(deployment)
    assert {name for name, r in results.items() if not r.record.reused} == {FIELDS}
    stored = json.loads(deployment.storage.get("processed/doc/fields.json"))
    assert stored["schemas"][0]["fields"]["total"]["source"] == "correction"
    assert list(verify(deployment, GRAPH)) == []
    warned = [d.kind for check, d in examine(deployment, GRAPH).findings()]
    assert warned == ["fields_differ"]
    run(deployment, force=True)
    assert value(deployment) == euros("120")
    add(deployment, tmp_path / "in", INVOICE.replace("0815", "0816"))  # a new version
    run(deployment)
    assert value(deployment, "number") == "INV-0816"
    assert value(deployment) == euros("120")
    again = drop(deployment, "doc", "invoice", "total", "ann").value
    assert again is not None
    assert (again.value, value(deployment)) == (euros("119.00"), euros("119.00"))
    run(deployment)
    assert b"correction" not in deployment.storage.get("processed/doc/fields.json")


def test_a_correction_during_extraction_is_not_lost(
    deployment: SmallDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = finding.find

    def slow(*arguments: Any) -> Any:
        found = real(*arguments)
        monkeypatch.undo()
        correct(deployment, "doc", "invoice", "number", "X-1", by="ann")
        return found

    monkeypatch.setattr(finding, "find", slow)
    run(deployment)
    assert value(deployment, "number") == "X-1"
    assert not run(deployment)[FIELDS].record.reused
    assert b"X-1" in deployment.storage.get("processed/doc/fields.json")
    assert run(deployment)[FIELDS].record.reused


@pytest.mark.parametrize("left", [0, 1, 2])
@pytest.mark.parametrize("what", ["correct", "drop"])
def test_a_correction_that_is_killed_anywhere_is_put_right_by_the_next_run(
    tmp_path: Path, what: str, left: int
) -> None:
    fuse = Fuse()
    deployment = home(tmp_path / "home", fuse)
    add(deployment, tmp_path / "in", INVOICE)
    if what == "drop":
        correct(deployment, "doc", "invoice", "total", "EUR 120", by="ann")
    run(deployment)
    before = value(deployment)
    fuse.left = left
    with pytest.raises(Killed):
        if what == "correct":
            correct(deployment, "doc", "invoice", "total", "EUR 120", by="ann")
        else:
            drop(deployment, "doc", "invoice", "total", "ann")
    deployment = home(tmp_path / "home")
    assert (value(deployment) == before) == (left < 2)
    assert {found.kind for found in verify(deployment, GRAPH)} <= {"stale_artifact"}
    run(deployment)
    stored = extracted_of(deployment, DocumentRef("doc", "raw/doc/doc.txt"))
    assert stored is not None
    assert stored.schemas[0].fields["total"].value == value(deployment)
    assert list(verify(deployment, GRAPH)) == []
    assert run(deployment)[FIELDS].record.reused


def test_lost_corrections_are_found(deployment: SmallDeployment) -> None:
    run(deployment)
    correct(deployment, "doc", "invoice", "total", "EUR 120", by="ann")
    run(deployment)
    deployment.storage.delete("corrections/doc/fields.json")
    assert [found.kind for found in verify(deployment, GRAPH)] == ["lost_corrections"]


def test_an_altered_artifact_is_found(deployment: SmallDeployment) -> None:
    run(deployment)
    stored = deployment.storage.get("processed/doc/fields.json")
    deployment.storage.put("processed/doc/fields.json", stored.replace(b"INV-0815", b"INV-0816"))
    assert [found.kind for found in verify(deployment, GRAPH)] == ["altered_artifact"]


def test_a_kind_that_a_person_chose(deployment: SmallDeployment, tmp_path: Path) -> None:
    deployment.storage.put("schemas/ticket.yaml", SCHEMA)
    add(deployment, tmp_path / "in", "Seat 12A\nFare: EUR 9.50")
    run(deployment)
    assert fields_of(deployment, "doc").schemas == []
    choose_schemas(deployment, "doc", ["ticket"])
    run(deployment)
    assert value(deployment, "fare") == euros("9.50")
    deployment.storage.delete("schemas/ticket.yaml")
    assert run(deployment)[FIELDS].record.status == "done"
    fields = fields_of(deployment, "doc")
    assert not fields.complete
    assert "ticket" in fields.note


def test_killed_at_every_write(deployment: SmallDeployment, tmp_path: Path) -> None:
    """Whatever write of the stage is the last, the next run ends where an undisturbed one does."""
    run(deployment)
    correct(deployment, "doc", "invoice", "number", "X-1", by="ann")
    run(deployment)
    expected = deployment.storage.get("processed/doc/fields.json")
    for left in range(6):
        correct(deployment, "doc", "invoice", "number", f"Y-{left}", by="ann")
        doomed = home(tmp_path / "home", Fuse(left))
        try:
            run(doomed, stages=[FIELDS])
        except Killed:
            free_leases(deployment)
        correct(deployment, "doc", "invoice", "number", "X-1", by="ann")
        run(deployment)
        assert deployment.storage.get("processed/doc/fields.json") == expected
        assert list(verify(deployment, GRAPH)) == []


def test_a_removal_leaves_nothing(tmp_path: Path) -> None:
    model = Model(lambda prompt: {"fields": {}, "tables": {}})
    deployment = home(tmp_path / "home", model=model)
    add(deployment, tmp_path / "in", INVOICE)
    run(deployment)
    correct(deployment, "doc", "invoice", "total", "EUR 120", by="ann")
    assert deployment.cache.used("doc") > 1
    (receipt,) = remove(deployment, ["doc"], reason="test", requested_by="ann")
    assert receipt.removed["corrections"].count == 1
    assert set(receipt.remaining.values()) == {0}
    left = [i.key for i in deployment.storage.list() if i.key.startswith(("processed", "corr"))]
    assert left == []
    assert list(verify(deployment, GRAPH)) == []
    add(deployment, tmp_path / "in", INVOICE)
    run(deployment)
    assert value(deployment) == euros("119.00")


def test_two_homes_differ_by_their_corrections(tmp_path: Path) -> None:
    homes = [home(tmp_path / name) for name in ("one", "two")]
    for each in homes:
        add(each, tmp_path / "in", INVOICE)
        run(each)
    correct(homes[0], "doc", "invoice", "total", "EUR 120", by="ann")
    run(homes[0])
    (difference,) = compare(*homes).differences
    assert (difference.stage, difference.explained) == (FIELDS, True)
    assert "field_corrections" in difference.detail


def answer(prompt: str) -> dict[str, Any]:
    """A model that reads the recipient, and invents a number."""
    return {
        "fields": {
            "recipient": {"text": "bolt  gmbh", "page": 1},
            "iban": {"text": "DE00 1234", "page": 1},
        },
        "tables": {},
    }


def test_a_model_adds_what_stands_on_the_page(tmp_path: Path) -> None:
    model = Model(answer)
    deployment = home(tmp_path / "home", model=model)
    add(deployment, tmp_path / "in", INVOICE.replace("Bill to: ", "We deliver to "))
    record = run(deployment)[FIELDS].record
    recipient = fields_of(deployment, "doc").schemas[0].fields["recipient"]
    assert (recipient.value, recipient.text, recipient.source) == ("Bolt GmbH", "Bolt GmbH", "llm")
    assert (recipient.page, len(recipient.boxes)) == (1, 1)
    part = fields_of(deployment, "doc").schemas[0]
    assert "iban" not in part.fields
    assert part.dropped == ["iban: what the language model says is on no page"]
    assert (record.cost_usd, record.metadata["asked"]) == (0.5, 1)
    assert record.metadata["tokens"] == {"input": 9, "output": 3}
    # A correction asks nothing again.
    correct(deployment, "doc", "invoice", "total", "EUR 120", by="ann")
    again = run(deployment)[FIELDS].record
    assert (again.cost_usd, again.metadata["cached_answers"], len(model.prompts)) == (0.0, 1, 1)


def test_a_model_that_is_down_is_asked_again(tmp_path: Path) -> None:
    model = Model(answer)
    model.error = SparknetError(FailureKind.UNAVAILABLE, "nobody answers")
    deployment = home(tmp_path / "home", model=model)
    add(deployment, tmp_path / "in", INVOICE)
    record = run(deployment)[FIELDS].record
    assert (record.status, record.failure.retryable) == ("partial", True)
    assert record.failure.next_retry_at is not None
    assert value(deployment) == euros("119.00")
    assert (row(deployment).status, row(deployment).stale) == (DocumentStatus.PARTIAL, "")
    assert list(verify(deployment, GRAPH)) == []
    model.error = None
    results = run(deployment)
    assert {name for name, result in results.items() if not result.record.reused} == {FIELDS}
    assert row(deployment).status is DocumentStatus.INDEXED


def test_what_is_current_is_recorded_as_reused(deployment: SmallDeployment) -> None:
    run(deployment)
    run(deployment)
    record = deployment.catalog.stages(["doc"])["doc"][FIELDS]
    assert record.reused
    assert row(deployment).status is DocumentStatus.INDEXED
