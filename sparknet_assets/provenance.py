"""What a result was made from, in the tags that Dagster judges staleness by.

For a partition Dagster takes an event id: is there a later event of the input with another data
version? A step that Dagster itself records writes the id of its input; the fused step writes the
id that the event log has reached, which is as good, since the input's own event came before it and
any new one will come after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.stages.contract import Stage

INPUT_VERSION = "dagster/input_data_version"
INPUT_EVENT = "dagster/input_event_pointer"
UNKNOWN = "UNKNOWN"


class Provenance:
    """The tags of the results of one run."""

    def __init__(self, instance: DagsterInstance) -> None:
        self._log = instance.event_log_storage
        self._versions: dict[tuple[str, str], str] = {}

    def note(self, result: StageResult) -> None:
        """Takes each result that finished, in order, whether or not it gets an event."""
        self._versions[result.ref.doc_id, result.stage] = result.record.data_version

    def tags(self, result: StageResult, stage: Stage) -> dict[str, str]:
        """Two tags for each input of `stage`."""
        doc_id = result.ref.doc_id
        reached = self._log.get_maximum_record_id() or 0
        tags = {}
        for name in stage.inputs:
            tags[f"{INPUT_VERSION}/{name}"] = self._versions.get((doc_id, name), UNKNOWN)
            tags[f"{INPUT_EVENT}/{name}"] = str(reached)
        return tags
