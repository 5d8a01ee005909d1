"""What people see of a result in the UI."""

from __future__ import annotations

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.materializations import MAX_THUMBNAIL, materialization
from sparknet_assets.stages import STAGES
from tests.graph.fakes import ScriptedBatch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FACTS = st.dictionaries(st.text(min_size=1) | st.sampled_from(["preview", "thumbnail"]), JSON)


def shown(facts: dict[str, object], **changes: object) -> dict[str, dg.MetadataValue]:
    deployment = Deployment(Settings(home="/data", **changes))  # type: ignore[arg-type]
    batch = ScriptedBatch(metadata=facts)
    [result] = batch(["a"], deployment, stages=["ocr_text"])
    [stage] = [stage for stage in STAGES if stage.name == "ocr_text"]
    return dict(materialization(result, stage, deployment, {}).metadata)


@settings(max_examples=40)
@given(FACTS)
def test_any_facts_of_a_stage_can_be_shown(facts: dict[str, object]) -> None:
    assert shown(facts)["reused"] == dg.MetadataValue.bool(False)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (3, dg.MetadataValue.int(3)),
        (0.123456, dg.MetadataValue.float(0.1235)),
        (True, dg.MetadataValue.bool(True)),
        ("text", dg.MetadataValue.text("text")),
        ({"paddle": 2, "text-layer": 1}, dg.MetadataValue.text("paddle: 2, text-layer: 1")),
        (["scan", "table"], dg.MetadataValue.text("scan, table")),
        ({"a": [1]}, dg.MetadataValue.json({"a": [1]})),
    ],
)
def test_a_fact_is_shown_as_what_it_is(fact: object, value: dg.MetadataValue) -> None:
    assert shown({"fact": fact})["fact"] == value


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_is_not_shown(nothing: object) -> None:
    assert "fact" not in shown({"fact": nothing})


def test_text_of_a_document_is_never_rendered() -> None:
    preview = shown({"preview": "# not a heading\n```\n![](http://example.org/x.png)"})["preview"]
    assert preview.value.startswith("```\n# not a heading\n")
    assert preview.value.count("```") == 2


def test_a_thumbnail_is_a_picture_unless_it_is_large() -> None:
    small, large = "data:image/webp;base64,AAAA", "A" * MAX_THUMBNAIL
    assert shown({"thumbnail": small})["thumbnail"].value == f"![first page]({small})"
    assert "left out" in shown({"thumbnail": large})["thumbnail"].value


def test_the_artifact_is_a_path() -> None:
    assert shown({})["artifact"] == dg.MetadataValue.path("/data/processed/a/text.json")


def test_nothing_of_what_a_document_says_is_in_events_on_aws() -> None:
    aws = {"deployment": "aws", "s3_bucket": "b", "opensearch_endpoint": "http://127.0.0.1:9"}
    facts = {"title": "a title", "preview": "first words", "thumbnail": "iVBORw0K", "pages": 3}
    values = shown(facts, **aws)
    assert not values.keys() & {"title", "preview", "thumbnail"}
    assert "pages" in values
    assert values["artifact"] == dg.MetadataValue.path("s3://b/processed/a/text.json")
    assert "preview" in shown(facts, **aws, event_previews=True)
