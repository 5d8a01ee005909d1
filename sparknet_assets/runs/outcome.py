"""What a run has made of what it was asked for, and how it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from sparknet_assets.materializations import failure_table
from sparknet_assets.runs.planned import plan_materializations

if TYPE_CHECKING:
    from resources.failure import Failure
    from sparknet_assets.batch.document_run import StageResult

_NAMED = 5


class Outcome:
    """What a run has made of the (stage, partition) pairs that it was asked for."""

    def __init__(
        self, context: dg.AssetExecutionContext, stages: Sequence[str], keys: Sequence[str]
    ) -> None:
        self._context = context
        self._asked = len(keys)
        self._missing = {(stage, key): None for key in keys for stage in stages}
        self._failed_keys: set[str] = set()
        self._failures: dict[str, tuple[str, str, str]] = {}
        self._made: Counter[str] = Counter()
        self._reused: Counter[str] = Counter()

    def unknown(self, keys: Iterable[str]) -> None:
        """Notes partitions that stand for no document."""
        for key in keys:
            message = f"no document has the partition key {key}; was it deleted?"
            self._failed_keys.add(key)
            self._failures[key] = ("", "unreadable", message)

    def add(self, result: StageResult) -> Failure | None:
        """Takes a result; returns why the stage failed, None if it finished."""
        failure = result.record.failure
        if result.record.status == "failed" and failure is not None:
            self._failed_keys.add(result.partition_key)
            self._failures[result.ref.doc_id] = (result.stage, failure.kind.value, failure.message)
            self._context.log.warning(f"{result.stage}: {failure.kind}: {failure.message}")
            return failure
        counts = self._reused if result.record.reused else self._made
        counts[result.stage] += 1
        self._missing.pop((result.stage, result.partition_key), None)
        return None

    def is_shown(self, result: StageResult, shown: Mapping[tuple[str, str], str]) -> bool:
        """True when the UI shows the pair as done, and goes on doing so without an event."""
        key = result.partition_key
        planned = self._context.has_partition_key and key == self._context.partition_key
        return not planned and shown.get((result.stage, key)) == result.record.data_version

    def settle(self, *, planned: Collection[str]) -> None:
        """Fails the run if a pair is missing.

        Args:
            planned: Partitions of which Dagster has planned all pairs itself.

        Raises:
            dg.Failure: Lists the failed documents. Never retried by Dagster: what may succeed
                another time was tried again by the batch already.
        """
        self._context.log.info(self._said())
        if not self._missing:
            return
        owed = [(stage, key) for stage, key in self._missing if key not in planned]
        plan_materializations(self._context, owed)
        failures = self._explained()
        names = ", ".join(f"{name} ({kind})" for name, (_, kind, _) in failures[:_NAMED])
        more = f" and {len(failures) - _NAMED} more" if len(failures) > _NAMED else ""
        raise dg.Failure(
            f"{len(failures)} of {self._asked} documents failed: {names}{more}",
            metadata={"failed_documents": failure_table(failures), "failed": len(failures)},
            allow_retries=False,
        )

    def _said(self) -> str:
        """What was redone and what was not: of the latter most have no event to tell of it."""
        counts = (("redone", self._made), ("reused", self._reused))
        parts = [
            f"{what}: {', '.join(f'{stage} {count:,}' for stage, count in found.items())}"
            for what, found in counts
            if found
        ]
        noun = "document" if self._asked == 1 else "documents"
        return "; ".join([f"{self._asked:,} {noun}", *parts])

    def _explained(self) -> list[tuple[str, tuple[str, str, str]]]:
        """The failures, with a reason for the documents that a stage passed over in silence."""
        for stage, key in self._missing:
            if key not in self._failed_keys:
                self._failed_keys.add(key)
                message = f"{stage} was not reached: its inputs were never made; select all stages"
                self._failures[key] = (stage, "refused", message)
        return list(self._failures.items())
