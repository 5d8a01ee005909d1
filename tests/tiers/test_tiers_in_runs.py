"""Tiers in runs: what a change redoes, what is left alone, and what twins share."""

from __future__ import annotations

import json

import pytest

from resources.catalog import DocumentRecord, StageRecord
from resources.deployment import Deployment
from resources.settings import Settings
from resources.tiers import STANDARD, TIERS, TierChanges
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.fingerprint import Recipe, Recipes
from sparknet_assets.stages import extracted_fields, ocr_text
from sparknet_assets.stages import page_images as images_stage
from sparknet_assets.stages.page_sources import page_images
from sparknet_assets.tiers import set_tier
from tests.stages.paged import pdf
from tests.tiers.conftest import reading_with
from tests.tiers.readers import SharpEngine, plan_of, put, run, scan

TYPED = pdf(*((number, False) for number in range(1, 4)))


def made(records: dict[tuple[str, str], StageRecord]) -> set[str]:
    return {f"{doc_id}/{stage}" for (doc_id, stage), record in records.items() if not record.reused}


def heights(deployment: Deployment, doc_id: str) -> list[int]:
    ref = DocumentRef(doc_id, f"raw/{doc_id}/scan.pdf")
    return [image.height for image in page_images(deployment.storage, ref)]


def test_recipes_of_standard_are_those_of_before_tiers(reading: Deployment) -> None:
    recipes, settings = Recipes(reading), reading.settings
    assert recipes.of_tier(STANDARD) is recipes
    before = {
        "render_dpi": settings.render_dpi,
        "ocr_dpi": settings.ocr_dpi,
        "max_page_pixels": settings.max_page_pixels,
        "text_layer": settings.text_layer,
    }
    shape = dict(images_stage.STAGE.shape(reading))
    libraries = shape.pop("libraries")
    assert shape == before
    whole = Recipe(images_stage.STAGE, {**before, "libraries": libraries})
    assert recipes.of(images_stage.STAGE).id == whole.id
    read = dict(ocr_text.STAGE.shape(reading))
    read.pop("libraries")
    assert read == {
        "text_layer": "auto",
        "tables": True,
        "ocr": "toy-1",
        "pictures": {"dpi": settings.ocr_dpi},
    }


def test_a_home_of_before_sees_no_rework(reading: Deployment, engine: SharpEngine) -> None:
    put(reading, "a", scan())
    put(reading, "b", TYPED)
    run(reading, "a", "b")
    before = [row.model_dump(exclude={"tier_source"}) for row in reading.catalog.documents()]
    rows = [DocumentRecord.model_validate(row) for row in before]
    assert [row.tier_source for row in rows] == ["", ""]
    reading.catalog.put(rows)
    engine.seen.clear()
    assert plan_of(reading).documents == ()
    assert made(run(reading, "a", "b")) == set()
    assert engine.seen == []


def test_a_tier_redoes_what_it_shapes_and_no_other_document(
    reading: Deployment, engine: SharpEngine
) -> None:
    put(reading, "a", scan())
    put(reading, "b", scan(shade=9))
    run(reading, "a", "b")
    coarse = heights(reading, "a")[0]
    set_tier(reading, ["a"], "premium")
    assert [(d.doc_id, d.tier) for d in plan_of(reading).documents] == [("a", "premium")]
    again = run(reading, "a", "b")
    assert made(again) == {"a/page_images", "a/ocr_text"}
    assert heights(reading, "a")[0] == pytest.approx(1.5 * coarse, abs=2)
    assert again["a", "documents"].data_version
    assert made(run(reading, "a", "b")) == set()


def test_the_plan_says_which_tier_it_was(reading: Deployment) -> None:
    put(reading, "a", scan())
    run(reading, "a")
    set_tier(reading, ["a"], "basic")
    plan = plan_of(reading)
    [planned] = plan.documents
    assert planned.stages == ("page_images", "ocr_text")
    assert planned.reason == "page_images: tier standard -> basic (ocr_dpi 200 -> 150)"
    assert plan.totals()["tiers"] == {"basic": {"documents": 1, "pages": 1, "cost_usd": 0.0}}
    assert planned.as_json()["tier"] == "basic"


def test_pages_with_a_text_layer_come_out_the_same(reading: Deployment) -> None:
    put(reading, "a", TYPED)
    first = run(reading, "a")
    set_tier(reading, ["a"], "premium")
    second = run(reading, "a")
    assert made(second) == {"a/page_images", "a/ocr_text"}
    for stage in ("page_images", "ocr_text"):
        assert first["a", stage].data_version == second["a", stage].data_version


def test_twins_of_other_tiers_share_nothing_that_differs(
    reading: Deployment, engine: SharpEngine
) -> None:
    data = scan()
    for doc_id in ("one", "two", "three"):
        put(reading, doc_id, data)
    run(reading, "one")
    fine = run(reading, "two")
    assert fine["two", "page_images"].metadata["pages_reused"] == 1
    set_tier(reading, ["two"], "premium")
    fine = run(reading, "two")
    assert fine["two", "page_images"].metadata["pages_reused"] == 0
    assert fine["two", "ocr_text"].metadata["pages_reused"] == 0
    assert heights(reading, "two") != heights(reading, "one")
    third = run(reading, "three")
    assert third["three", "ocr_text"].data_version != fine["two", "ocr_text"].data_version
    assert heights(reading, "three") == heights(reading, "one")


def test_standard_can_be_changed_like_any_tier(settings: Settings, engine: SharpEngine) -> None:
    changed = settings.model_copy(update={"tiers": {"standard": TierChanges(ocr_dpi=100)}})
    deployment = reading_with(changed, engine)
    put(deployment, "a", scan())
    records = run(deployment, "a")
    assert heights(deployment, "a")[0] == pytest.approx(867, abs=2)
    text = deployment.catalog.facts(f"recipe/{records['a', 'page_images'].recipe}")
    assert json.loads(next(iter(text.values())))["shape"]["ocr_dpi"] == 100


def test_a_language_model_is_left_alone_for_basic(reading: Deployment) -> None:
    class Model:
        identity = "toy-model"

    reading.__dict__["llm"] = Model()
    models = {
        tier: extracted_fields.STAGE.shape(reading.of_tier(tier)).get("llm") for tier in TIERS
    }
    assert models == {"basic": None, "standard": "toy-model", "premium": "toy-model"}
