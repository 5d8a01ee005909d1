"""What a result was made from, in the tags that Dagster judges staleness by.

For a partition Dagster takes an event id: is there a later event of the input with another data
version? A step that Dagster itself records writes the id of its input; the fused step writes an id
that the event log had reached, which is as good: the input's own event came before it, and any new
one will come after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.stages.contract import Stage

INPUT_VERSION = "dagster/input_data_version"
INPUT_EVENT = "dagster/input_event_pointer"
UNKNOWN = "UNKNOWN"


class Provenance:
    """The tags of the results of one run.

    Attributes:
        reached: An id of the event log that is not later than any result which has no event yet.
    """

    def __init__(self) -> None:
        self.reached = 0
        self._versions: dict[tuple[str, str], str] = {}

    def note(self, result: StageResult) -> None:
        """Takes each result that finished, in order, whether or not it gets an event."""
        self._versions[result.ref.doc_id, result.stage] = result.record.data_version

    def tags(self, result: StageResult, stage: Stage, reached: int) -> dict[str, str]:
        """Two tags for each input of `stage`.

        Args:
            reached: What the event log has reached, with the events of the inputs that this run
                made. Of other inputs there may be an event by now that came after the result.
        """
        tags = {}
        for name in stage.inputs:
            version = self._versions.get((result.ref.doc_id, name))
            tags[f"{INPUT_VERSION}/{name}"] = version or UNKNOWN
            pointer = self.reached if version is None else reached
            tags[f"{INPUT_EVENT}/{name}"] = str(pointer)
        return tags
