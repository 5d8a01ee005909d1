"""A batch that is scripted instead of worked, and what the UI would show of its runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagster as dg

from resources.catalog import DocumentRecord, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.stages import STAGES

STAGE_NAMES = [stage.name for stage in STAGES]


@dataclass
class ScriptedBatch:
    """Stands in for `run_batch`: documents pass every stage, but for those in `broken`.

    Attributes:
        broken: doc_id -> the stage it fails at.
        calls: The documents of each call.
        edition: Another one gives other data versions.
    """

    broken: dict[str, str] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    metadata: dict[str, object] = field(default_factory=dict)
    edition: str = "1"
    _done: set[tuple[str, str]] = field(default_factory=set)

    def __call__(
        self,
        doc_ids: Sequence[str],
        deployment: Deployment,
        *,
        stages: Sequence[str] | None = None,
        run_id: str = "",
        force: bool = False,
        progress: Callable[[StageResult], None] | None = None,
    ) -> Iterator[StageResult]:
        self.calls.append(list(doc_ids))
        for doc_id in doc_ids:
            for stage in stages or STAGE_NAMES:
                result = self._result(doc_id, stage, run_id, force)
                if progress:
                    progress(result)
                yield result
                if result.record.status is StageStatus.FAILED:
                    break

    def _result(self, doc_id: str, stage: str, run_id: str, force: bool) -> StageResult:
        ref = DocumentRef(doc_id, f"raw/{doc_id}/file.pdf")
        failed = self.broken.get(doc_id) == stage
        reused = (doc_id, stage) in self._done and not force
        if not failed:
            self._done.add((doc_id, stage))
        made = hashlib.sha256(f"{doc_id}{stage}{self.edition}".encode()).hexdigest()
        record = StageRecord(
            doc_id=doc_id,
            stage=stage,
            status=StageStatus.FAILED if failed else StageStatus.DONE,
            fingerprint="" if failed else "f" * 64,
            data_version="" if failed else made,
            failure=Failure(
                kind=FailureKind.CORRUPT, message=f"{doc_id} is broken", retryable=False
            )
            if failed
            else None,
            pages=0 if failed else 1,
            reused=reused,
            run_id=run_id,
            updated_at=datetime.now(UTC),
            metadata={} if failed else self.metadata,
        )
        return StageResult(ref, partition_key(doc_id), stage, record)


def register(deployment: Deployment, *doc_ids: str) -> list[str]:
    """Puts documents into the catalog; returns their partition keys."""
    now = datetime.now(UTC)
    deployment.catalog.put(
        [
            DocumentRecord(
                doc_id=doc_id,
                partition_key=partition_key(doc_id),
                raw_key=f"raw/{doc_id}/file.pdf",
                filename="file.pdf",
                created_at=now,
                updated_at=now,
            )
            for doc_id in doc_ids
        ]
    )
    return [partition_key(doc_id) for doc_id in doc_ids]


def partitions_of(instance: dg.DagsterInstance, asset: str, status: str) -> set[str]:
    """Partitions of an asset that the UI shows as `materialized` or `failed`."""
    from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

    from sparknet_assets.partitions import documents_partitions

    partitions = documents_partitions()
    with dg.partition_loading_context(dynamic_partitions_store=instance):
        value = get_and_update_asset_status_cache_value(instance, dg.AssetKey(asset), partitions)
        assert value is not None
        subset = {
            "materialized": value.deserialize_materialized_partition_subsets,
            "failed": value.deserialize_failed_partition_subsets,
        }[status](partitions)
        return set(subset.get_partition_keys())
