"""A change of lineage or of a code version shows in review."""

from __future__ import annotations

import dagster as dg

from sparknet_assets.definitions import build_defs
from sparknet_assets.stages import STAGES


def test_the_graph(deployment) -> None:
    graph = build_defs(deployment).resolve_asset_graph()
    lineage = {
        key.to_user_string(): sorted(
            parent.to_user_string() for parent in graph.get(key).parent_keys
        )
        for key in graph.get_all_asset_keys()
    }
    assert lineage == {
        "raw_documents": [],
        "index_generations": [],
        "documents": ["raw_documents"],
        "page_images": ["documents"],
        "ocr_text": ["documents", "page_images"],
        "chunks": ["ocr_text"],
        "embeddings": ["chunks"],
        "vector_index": ["chunks", "embeddings"],
        "field_corrections": [],
        "extracted_fields": ["field_corrections", "ocr_text"],
        "reconciliation_plan": [],
        "removals": [],
        "ocr_quality": ["ocr_text"],
        "retrieval_quality": ["vector_index"],
        "answer_quality": ["vector_index"],
        "field_quality": ["extracted_fields"],
    }
    # Of many groups the UI shows folded boxes at first, and no graph.
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == {"documents", "evaluation"}
    for stage in STAGES:
        node = graph.get(dg.AssetKey(stage.name))
        assert node.code_version == stage.code_version
        assert isinstance(node.partitions_def, dg.DynamicPartitionsDefinition)
        assert node.is_executable
    assert not graph.get(dg.AssetKey("raw_documents")).is_executable


def test_the_definitions_load(deployment) -> None:
    """Among others, no op has the name of a job: only a server's start would show that."""
    dg.Definitions.validate_loadable(build_defs(deployment))


def test_code_versions() -> None:
    """Raise a version here together with the stage: everything is then made again."""
    assert {stage.name: stage.code_version for stage in STAGES} == {
        "documents": "3",
        "page_images": "3",
        "ocr_text": "3",
        "chunks": "2",
        "embeddings": "1",
        "vector_index": "1",
        "extracted_fields": "3",
    }
