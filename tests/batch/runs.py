"""Runs of the toy graph, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence

from resources.deployment import Deployment
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.batch.running import run_batch
from tests.batch.toy_stages import GRAPH

GOOD = "fine\none\ntwo\nthree\nfour\nfive\nsix"
ALL_DONE = {"documents": "done", "ocr_text": "done", "vector_index": "done"}
ALL_REUSED = dict.fromkeys(ALL_DONE, "reused")


def put(deployment: Deployment, doc_id: str, text: str) -> None:
    deployment.storage.put(f"raw/{doc_id}/file.txt", text.encode())


def run(deployment: Deployment, doc_ids: Sequence[str], **options: object) -> list[StageResult]:
    return list(run_batch(doc_ids, deployment, graph=GRAPH, **options))  # type: ignore[arg-type]


def outcome(results: Sequence[StageResult], doc_id: str) -> dict[str, str]:
    return {
        r.stage: "reused" if r.record.reused else r.record.status
        for r in results
        if r.ref.doc_id == doc_id
    }
