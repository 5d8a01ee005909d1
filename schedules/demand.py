"""Which of the documents that want a run get one now, and the requests for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from schedules.requests import digest_of, ingest_requests, requested_keys
from sparknet_assets.jobs import INGEST
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.partitions import PARTITIONS, unknown_keys
from sparknet_assets.removal.job import OP, REMOVE_DOCUMENTS
from sparknet_assets.runs.announcements import announced_documents
from sparknet_assets.runs.in_flight import Flight

if TYPE_CHECKING:
    from resources.catalog import DocumentRecord
    from resources.deployment import Deployment

NO_LONGER_THERE = "no longer in raw/"


@dataclass
class Demand:
    """What is asked of Dagster now.

    Attributes:
        granted: Documents that the requests are for.
        new_keys: Partitions that they need and that are not there yet.
        removed: How many documents are to be removed.
    """

    requests: list[dg.RunRequest] = field(default_factory=list)
    granted: set[str] = field(default_factory=set)
    new_keys: list[str] = field(default_factory=list)
    removed: int = 0

    def removal(
        self,
        deployment: Deployment,
        records: Sequence[DocumentRecord],
        flight: Flight,
        now: datetime,
    ) -> set[str]:
        """Adds a run of the job `remove_documents` for those of these documents that are free.

        One at a time: a removal is short, and the next look finds what is left. What came to
        nothing is requested again in the next hour.

        Returns:
            The documents that will be gone.
        """
        if flight.automatic.get(REMOVE_DOCUMENTS):
            return set()
        by_id = {record.doc_id: record for record in records}
        chosen = free_documents(deployment, by_id, flight)[: deployment.settings.sensor_documents]
        if not chosen:
            return set()
        states = {doc_id: by_id[doc_id].updated_at.isoformat() for doc_id in chosen}
        digest = digest_of({**states, "": f"{now:%Y-%m-%dT%H}"})
        # Whatever is put there by the time it runs is another document.
        config = {"doc_ids": chosen, "reason": NO_LONGER_THERE, "keep_raw": True}
        config["requested_by"] = "the sensor on raw/"
        self.removed = len(chosen)
        self.requests.append(
            dg.RunRequest(
                run_key=f"remove {chosen[0]}..{chosen[-1]}:{digest}",
                job_name=REMOVE_DOCUMENTS,
                run_config={"ops": {OP: {"config": config}}},
            )
        )
        return set(chosen)


def free_documents(deployment: Deployment, doc_ids: Iterable[str], flight: Flight) -> list[str]:
    """Those that no run, command or removal has or is about to have, sorted."""
    free = {
        doc_id
        for doc_id in doc_ids
        if partition_key(doc_id) not in flight.keys and doc_id not in flight.removals
    }
    if free:
        free -= deployment.catalog.owners(free).keys()
    if free:
        free -= announced_documents(deployment.catalog)
    return sorted(free)


def demand_runs(
    instance: dg.DagsterInstance,
    deployment: Deployment,
    states: dict[str, str],
    flight: Flight,
) -> Demand:
    """Requests runs for free documents, within the settings `sensor_documents` and `sensor_runs`.

    Args:
        states: doc_id -> what is to be run of it; equal states make equal run keys.
    """
    settings = deployment.settings
    room = settings.sensor_runs - flight.automatic.get(INGEST, 0)
    most = min(settings.sensor_documents, room * settings.batch_size)
    if room <= 0:
        return Demand()
    chosen = free_documents(deployment, states, flight)[:most]
    if not chosen:
        return Demand()
    by_key = {partition_key(doc_id): doc_id for doc_id in chosen}
    new = unknown_keys(instance, by_key)
    order = [*instance.get_dynamic_partitions(PARTITIONS), *new]
    requests = ingest_requests(
        {key: states[doc_id] for key, doc_id in by_key.items()}, order, settings.batch_size
    )[:room]
    kept = {key for request in requests for key in requested_keys(request, order)}
    return Demand(requests, {by_key[key] for key in kept}, [key for key in new if key in kept])
