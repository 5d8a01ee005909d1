"""The plan: what would be redone and why, for every way a document can be out of date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.failure import Failure, FailureKind
from resources.storage import ObjectInfo
from schedules.assessment import Assessor
from schedules.plan import Plan, PlannedDocument, Rates, make_plan, plan_document
from schedules.plan_words import plan_lines
from schedules.planning import Change, FoundDocument, compare
from sparknet_assets.fingerprint import Recipe
from sparknet_assets.records import failed, new_document, succeeded, with_retry
from sparknet_assets.stages.contract import RAW_DOCUMENTS, DocumentStage, Stage, StageOutput

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def stage(name: str, *inputs: str, version: str = "1") -> Stage:
    return DocumentStage(
        name=name,
        inputs=inputs,
        code_version=version,
        description="",
        artifact=f"{name}.json",
        shape=lambda deployment: {},
        run=lambda ref, deployment: StageOutput(""),
    )


GRAPH = (
    stage("documents", RAW_DOCUMENTS),
    stage("ocr_text", "documents"),
    stage("chunks", "ocr_text"),
    stage("vector_index", "chunks"),
)
NAMES = [item.name for item in GRAPH]


class Recipes:
    """Recipes by settings that a test gives."""

    def __init__(self, **shapes: Mapping[str, object]) -> None:
        self.shapes = shapes

    def of(self, stage: Stage) -> Recipe:
        return Recipe(stage, self.shapes.get(stage.name, {}))

    def fingerprint(self, stage: Stage, inputs: Mapping[str, str]) -> str:
        return self.of(stage).fingerprint(inputs)

    def of_tier(self, tier: str) -> Recipes:
        return self


def document(**values: object) -> DocumentRecord:
    record = new_document("a", "a", "raw/a/a.txt")
    facts = {"raw_sha256": "s", "raw_version": "v", "pages": 3, "status": DocumentStatus.INDEXED}
    return record.model_copy(update={**facts, **values})


def through(recipes: Recipes, upto: str = "vector_index") -> dict[str, StageRecord]:
    """Records of a document that went through the stages, to `upto`."""
    versions = {RAW_DOCUMENTS: "s:a.txt"}
    records = {}
    for item in GRAPH:
        records[item.name] = succeeded(
            "a",
            item.name,
            StageOutput(f"output of {item.name}", cost_usd=0.03),
            fingerprint=recipes.fingerprint(item, versions),
            seconds=6.0,
            run_id="",
            recipe=recipes.of(item).id,
        )
        versions[item.name] = f"output of {item.name}"
        if item.name == upto:
            break
    return records


def assessor(recipes: Recipes, before: Recipes | None = None, **values: object) -> Assessor:
    texts = {one.of(s).id: one.of(s).text for one in (recipes, before or recipes) for s in GRAPH}
    facts = {"graph": GRAPH, "now": NOW, **values}
    return Assessor(recipes=recipes, texts=texts, **facts)  # type: ignore[arg-type]


def test_what_is_current_needs_nothing() -> None:
    recipes = Recipes()
    assert assessor(recipes).assess(document(), through(recipes)).change is Change.UNCHANGED


def test_a_setting_redoes_its_stage_and_what_follows_and_is_named() -> None:
    before, now = Recipes(chunks={"chunk_tokens": 256}), Recipes(chunks={"chunk_tokens": 128})
    seen = assessor(now, before).assess(document(), through(before))
    assert seen.change is Change.OUTDATED
    assert seen.stages == ("chunks", "vector_index")
    assert seen.reason == "chunks: chunk_tokens 256 -> 128"


def test_a_newer_file_name_redoes_all() -> None:
    recipes = Recipes()
    seen = assessor(recipes).assess(document(filename="b.txt"), through(recipes))
    assert seen.stages == tuple(NAMES)
    assert "raw_documents" in seen.reason


@pytest.mark.parametrize("last", NAMES[:-1])
def test_a_document_that_stopped_goes_on_where_it_stopped(last: str) -> None:
    recipes = Recipes()
    seen = assessor(recipes).assess(document(), through(recipes, upto=last))
    assert seen.stages == tuple(NAMES[NAMES.index(last) + 1 :])
    assert "was never made" in seen.reason


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_stage_is_done_again(name: str) -> None:
    recipes = Recipes()
    records = through(recipes)
    records[name] = records[name].model_copy(update={"fingerprint": ""})
    seen = assessor(recipes).assess(document(), records)
    assert seen.stages == tuple(NAMES[NAMES.index(name) :])
    assert seen.reason == f"{name}: was interrupted"


def test_a_stage_whose_input_was_redone_without_it() -> None:
    recipes = Recipes()
    records = through(recipes)
    records["ocr_text"] = records["ocr_text"].model_copy(update={"data_version": "newer"})
    seen = assessor(recipes).assess(document(), records)
    assert (seen.stages, seen.reason) == (
        ("chunks", "vector_index"),
        "chunks: its input ocr_text has changed",
    )


def broken(recipes: Recipes, *, retryable: bool, attempts: int = 5) -> dict[str, StageRecord]:
    records = through(recipes)
    kind = FailureKind.UNAVAILABLE if retryable else FailureKind.CORRUPT
    versions = {"documents": "output of documents"}
    record = failed(
        "a",
        "ocr_text",
        Failure(kind=kind, message="a: no", retryable=retryable),
        previous=records["ocr_text"],
        seconds=0.0,
        run_id="",
        tried=recipes.fingerprint(GRAPH[1], versions),
    ).model_copy(update={"updated_at": NOW})
    records["ocr_text"] = with_retry(record, attempts, timedelta(minutes=5))
    return records


def test_a_failure_waits_for_its_time_then_it_is_due() -> None:
    recipes = Recipes()
    records = broken(recipes, retryable=True)
    early = assessor(recipes, now=NOW + timedelta(minutes=4)).assess(document(), records)
    assert early.change is Change.WAITING
    due = assessor(recipes, now=NOW + timedelta(minutes=5)).assess(document(), records)
    assert due.change is Change.DUE
    assert due.stages == ("ocr_text", "chunks", "vector_index")
    assert due.reason == "ocr_text: unavailable, attempt 2"


def test_a_failure_that_no_time_heals_is_left() -> None:
    recipes = Recipes()
    later = NOW + timedelta(days=99)
    for records in (broken(recipes, retryable=False), broken(recipes, retryable=True, attempts=1)):
        assert assessor(recipes, now=later).assess(document(), records).change is Change.UNCHANGED


def test_a_failure_under_other_settings_is_tried_again() -> None:
    before, now = Recipes(ocr_text={"ocr": "x"}), Recipes(ocr_text={"ocr": "y"})
    seen = assessor(now, before).assess(document(), broken(before, retryable=False))
    assert seen.change is Change.OUTDATED
    assert seen.stages == ("ocr_text", "chunks", "vector_index")


def test_missing_pages_that_may_succeed_are_due() -> None:
    recipes = Recipes()
    records = through(recipes)
    timed_out = Failure(kind=FailureKind.TIMED_OUT, message="a: no", retryable=True)
    update = {
        "status": StageStatus.PARTIAL,
        "failure": timed_out.model_copy(update={"next_retry_at": NOW}),
    }
    records["ocr_text"] = records["ocr_text"].model_copy(update=update)
    assert assessor(recipes).assess(document(), records).change is Change.DUE
    other = Recipes(ocr_text={"ocr": "y"})
    assert assessor(other, recipes).assess(document(), records).change is Change.OUTDATED


def test_a_run_that_was_killed_after_its_last_stage_is_noted_as_through() -> None:
    recipes = Recipes()
    half = document(stale="a newer version is being indexed")
    assert (
        Assessor(GRAPH, recipes, {}, NOW).assess(half, through(recipes)).change is Change.OUTDATED
    )


def test_a_document_that_the_live_index_is_behind_with() -> None:
    recipes = Recipes()
    seen = assessor(recipes, behind={"a"}).assess(document(), through(recipes))
    assert (seen.change, seen.stages) == (Change.OUTDATED, ("vector_index",))


def test_a_document_that_is_not_in_the_index_that_is_written_to() -> None:
    recipes = Recipes()
    judge = assessor(recipes, absent={"a"})
    seen = judge.assess(document(), through(recipes))
    assert (seen.change, seen.stages) == (Change.OUTDATED, ("vector_index",))
    failed = document(status=DocumentStatus.FAILED)
    assert judge.assess(failed, through(recipes)).change is Change.UNCHANGED


def found(change: Change, doc_id: str = "a") -> FoundDocument:
    return FoundDocument(doc_id, ObjectInfo(f"raw/{doc_id}/a.txt", 1, "v", NOW), change)


def planned(change: Change) -> PlannedDocument:
    recipes = Recipes()
    record = None if change is Change.NEW else document()
    records = {} if change is Change.NEW else through(recipes)
    return plan_document(found(change), record, records, assessor(recipes))


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        (Change.NEW, NAMES),
        (Change.CHANGED, NAMES),
        (Change.PENDING, NAMES),
        (Change.REMOVED, []),
        (Change.UNSETTLED, []),
        (Change.UNCHANGED, []),
    ],
)
def test_what_the_listing_says_decides_the_stages(change: Change, stages: list[str]) -> None:
    assert list(planned(change).stages) == stages


def test_estimates_come_from_what_pages_have_taken() -> None:
    recipes = Recipes()
    rates = Rates()
    rates.add(3, through(recipes))
    plan = make_plan([planned(Change.CHANGED), planned(Change.NEW)], rates)
    changed, new = plan.documents
    assert (changed.pages, changed.seconds) == (3, pytest.approx(24.0))
    assert changed.cost_usd == pytest.approx(0.12)
    assert (new.pages, new.seconds, new.cost_usd) == (None, None, None)
    totals = plan.totals()
    assert (totals["documents"], totals["pages"], totals["new"]) == (2, 3, 1)
    assert totals["seconds"] == pytest.approx(24.0)


def test_pages_that_were_taken_over_tell_nothing_of_the_work() -> None:
    rates = Rates()
    records = through(Recipes())
    facts = {"pages": 3, "metadata": {"pages_reused": 2}}
    records["ocr_text"] = records["ocr_text"].model_copy(update=facts)
    rates.add(3, records)
    assert rates.estimate(["ocr_text"], 10) == (pytest.approx(60.0), pytest.approx(0.3))
    rates.add(3, {"ocr_text": records["ocr_text"].model_copy(update={"pages": 2})})
    assert rates.estimate(["ocr_text"], 1)[0] == pytest.approx(6.0)


def test_nothing_measured_is_not_nothing_to_pay() -> None:
    plan = make_plan([planned(Change.CHANGED)], Rates())
    assert plan.documents[0].seconds is None
    assert plan.documents[0].cost_usd is None


def test_a_stage_that_charges_is_estimated_by_the_price_table_until_it_was_paid() -> None:
    recipes = Recipes()
    records = through(recipes)
    rates = Rates({"ocr_text": 0.5, "chunks": None}, {"ocr_text": "another", "chunks": "x"})
    rates.add(3, records)
    assert rates.estimate(["ocr_text"], 10)[1] == pytest.approx(5.0)
    plan = make_plan([planned(Change.CHANGED)], rates)
    assert plan.unpriced == ("chunks",)
    assert "Not in the price table, and not counted: chunks." in plan_lines(plan)[0]
    rates.add(1, {"ocr_text": records["ocr_text"].model_copy(update={"recipe": "another"})})
    assert rates.estimate(["ocr_text"], 10)[1] == pytest.approx(10 * records["ocr_text"].cost_usd)


def test_stages_that_were_never_measured_are_named() -> None:
    records = through(Recipes())
    rates = Rates()
    rates.add(3, {name: records[name] for name in NAMES[:2]})
    plan = make_plan([planned(Change.CHANGED)], rates)
    assert plan.unmeasured == tuple(NAMES[2:])
    assert plan.as_json()["unmeasured"] == list(NAMES[2:])
    assert f"not counted: {', '.join(NAMES[2:])}." in plan_lines(plan)[0]
    rates.add(3, records)
    assert make_plan([planned(Change.CHANGED)], rates).unmeasured == ()
    assert make_plan([planned(Change.NEW)], Rates()).unmeasured == ()


def test_too_many_removals_are_held_back() -> None:
    documents = [planned(Change.REMOVED), planned(Change.UNCHANGED)]
    plan = make_plan(documents, Rates(), hold_back=lambda removed, known: f"{removed} of {known}")
    assert plan.held_back == "1 of 2"
    assert "Removals are held back: 1 of 2" in plan_lines(plan)
    assert not any("held back" in line for line in plan_lines(plan, allow_removals=True))
    assert len(plan.of(Change.REMOVED)) == 1


changes = st.sampled_from(
    [Change.NEW, Change.CHANGED, Change.PENDING, Change.REMOVED, Change.UNCHANGED]
)


@given(st.lists(changes, max_size=20))
def test_every_document_is_counted_once(items: list[Change]) -> None:
    plan = make_plan(map(planned, items), Rates())
    assert isinstance(plan, Plan)
    assert sum(plan.counts.values()) == len(items)
    assert len(plan.documents) == sum(item is not Change.UNCHANGED for item in items)


def info(key: str) -> ObjectInfo:
    return ObjectInfo(key, 1, "v", NOW - timedelta(days=1))


def test_what_is_gone_from_the_listing_is_removed() -> None:
    records = {"a": document()}
    assert compare([], records, NOW).documents == (
        FoundDocument("a", None, Change.REMOVED, records["a"].run_id),
    )
    assert compare([info("raw/a/a.txt")], records, NOW).of(Change.REMOVED) == ()


@pytest.mark.parametrize(
    ("values", "removed"),
    [
        ({"status": DocumentStatus.DELETED, "receipt": ""}, True),
        ({"status": DocumentStatus.DELETED, "receipt": "receipts/a/1.json"}, False),
        ({"status": DocumentStatus.FAILED, "raw_version": "", "source": "/big.pdf"}, False),
        ({"status": DocumentStatus.FAILED}, True),
        ({"status": DocumentStatus.PENDING}, True),
    ],
)
def test_what_counts_as_removed(values: dict[str, object], removed: bool) -> None:
    assert bool(compare([], {"a": document(**values)}, NOW).documents) is removed


def test_a_removal_that_was_interrupted_comes_first() -> None:
    record = document(status=DocumentStatus.DELETED)
    listing = compare([info("raw/a/a.txt")], {"a": record}, NOW)
    assert listing.documents[0].change is Change.REMOVED
    done = record.model_copy(update={"receipt": "receipts/a/1.json"})
    assert compare([info("raw/a/a.txt")], {"a": done}, NOW).documents[0].change is Change.NEW
