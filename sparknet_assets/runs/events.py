"""The events of results, stored some at a time: one by one they cost more than the catalog does.

Built on Dagster's internals, as `planned` is: what an event of a step looks like. Storing many at
once is `store_event_batch`, a method of every event log of Dagster's.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg
from dagster._core.events import (
    AssetObservationData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from resources.sqlite import in_chunks
from sparknet_assets.materializations import failure_observation, materialization
from sparknet_assets.provenance import Provenance

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from resources.failure import Failure
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.stages.contract import Stage

SECONDS = 1.0
"""How long a result may wait for its event."""
MOST = 500
_Event = dg.AssetMaterialization | dg.AssetObservation
_log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    result: StageResult
    failure: Failure | None
    at: float


class ResultEvents:
    """Tells Dagster of a run's results, a second after they are there at the latest.

    A run that is killed before that leaves results without an event, which the next run over
    these documents repeats. Leaving the context stores what waits: also after an error, and before
    Dagster says that the step has ended.

    Args:
        stages: By name, each after its inputs.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        stages: Mapping[str, Stage],
        deployment: Deployment,
    ) -> None:
        self._context = context
        self._log = context.instance.event_log_storage
        self._stages = stages
        self._deployment = deployment
        self._provenance = Provenance()
        self._waiting: list[_Waiting] = []
        self._storing = threading.Lock()
        self._has_failed = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._now_and_then, name="events", daemon=True)

    def __enter__(self) -> ResultEvents:
        self._provenance.reached = self._log.get_maximum_record_id() or 0
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            self.store()
            return
        with suppress(Exception):  # what ends the run is the error that it came with
            self.store()

    def note(self, result: StageResult) -> None:
        """Takes a result that gets no event: others were made from it."""
        self._provenance.note(result)

    def add(self, result: StageResult, failure: Failure | None = None) -> None:
        """Takes a result, in the order in which they came.

        Raises:
            Exception: What has waited can't be stored.
        """
        if failure is None:
            self._provenance.note(result)
        self._waiting.append(_Waiting(result, failure, time.time()))
        if self._has_failed or len(self._waiting) >= MOST:
            self.store()

    def store(self) -> None:
        """Stores what waits, stage after stage: an event names the highest id of its inputs."""
        with self._storing:
            now = self._waiting[:]
            self._has_failed = True
            for name, stage in self._stages.items():
                mine = [each for each in now if each.result.stage == name]
                if mine:
                    reached = self._log.get_maximum_record_id() or 0
                    self._store(stage, mine, reached)
            # None of it is lost by an error above; what was stored before it is stored again.
            del self._waiting[: len(now)]
            self._has_failed = False
            if now:
                self._provenance.reached = self._log.get_maximum_record_id() or 0

    def _store(self, stage: Stage, some: Sequence[_Waiting], reached: int) -> None:
        made = []
        failed = []
        for result, failure, at in some:
            if failure is not None:
                failed.append(self._entry(failure_observation(result, failure), at))
                continue
            tags = self._provenance.tags(result, stage, reached)
            made.append(self._entry(materialization(result, stage, self._deployment, tags), at))
        for entries in (made, failed):
            if entries:
                self._log.store_event_batch(entries)

    def _entry(self, event: _Event, at: float) -> EventLogEntry:
        return step_entry(self._context, event, at)

    def _now_and_then(self) -> None:
        while not self._ended.wait(SECONDS):
            if self._waiting:
                try:
                    self.store()
                except Exception as error:  # the next result, or the end of the run, raises it
                    _log.warning("events could not be stored this time: %s", error)


def step_entry(context: dg.AssetExecutionContext, event: _Event, at: float) -> EventLogEntry:
    """The event as Dagster records it when the running step yields it."""
    step = context.get_step_execution_context()
    kind, data = _told(event)
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        user_message=event.description or "",
        level=logging.DEBUG,
        run_id=step.run_id,
        timestamp=at,
        step_key=step.step.key,
        job_name=step.job_name,
        dagster_event=DagsterEvent(
            event_type_value=kind.value,
            job_name=step.job_name,
            step_handle=step.step.handle,
            node_handle=step.step.node_handle,
            step_kind_value=step.step.kind.value,
            logging_tags=step.event_tags,
            event_specific_data=data,
            message=event.description,
            pid=os.getpid(),
        ),
    )


def report_runless(instance: dg.DagsterInstance, events: Iterable[_Event]) -> None:
    """As `instance.report_runless_asset_event` for each, all of a kind together."""
    by_kind: dict[tuple[str, str], list[EventLogEntry]] = {}
    for entry in _runless(events):
        told = entry.get_dagster_event()
        by_kind.setdefault((str(told.asset_key), told.event_type_value), []).append(entry)
    for entries in by_kind.values():
        for some in in_chunks(entries, MOST):
            instance.event_log_storage.store_event_batch(some)


def _runless(events: Iterable[_Event]) -> Iterator[EventLogEntry]:
    for event in events:
        kind, data = _told(event)
        yield EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            user_message="",
            level=logging.INFO,
            run_id=RUNLESS_RUN_ID,
            timestamp=time.time(),
            job_name=RUNLESS_JOB_NAME,
            dagster_event=DagsterEvent(
                event_type_value=kind.value,
                job_name=RUNLESS_JOB_NAME,
                event_specific_data=data,
            ),
        )


def _told(
    event: _Event,
) -> tuple[DagsterEventType, StepMaterializationData | AssetObservationData]:
    if isinstance(event, dg.AssetMaterialization):
        return DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(event)
    return DagsterEventType.ASSET_OBSERVATION, AssetObservationData(event)
