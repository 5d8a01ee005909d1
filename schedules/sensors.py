"""The sensor on raw/: a thin shell around `schedules.planning`."""

# Dagster reads the annotations of sensors, so they are not postponed here.

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from resources.deployment import Deployment
from resources.locks import file_lock
from schedules.in_flight import keys_in_flight
from schedules.planning import Change, FoundDocument, Listing, batches, compare
from schedules.registration import register
from sparknet_assets.arrivals import arrival
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.partitions import (
    PARTITIONS,
    contiguous,
    documents_partitions,
    unknown_keys,
)
from sparknet_assets.pipeline import COUNT_TAG, sparse_config
from sparknet_assets.raw_names import RAW
from sparknet_assets.run_owner import settle_dead_runs

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

SECONDS = 15
DOCUMENTS_PER_TICK = 500
_SAID = 5


def raw_documents_sensor(
    job: "UnresolvedAssetJobDefinition", batch_size: int
) -> dg.SensorDefinition:
    """Finds new and changed documents in raw/ and requests runs for them."""

    @dg.sensor(
        name="raw_documents_sensor",
        job=job,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Registers the documents that are new or changed in raw/, and requests runs.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.SensorResult:
        return look(context.instance, deployment, datetime.now(UTC), batch_size)

    return sensor


def look(
    instance: dg.DagsterInstance, deployment: Deployment, now: datetime, batch_size: int
) -> dg.SensorResult:
    """One tick: lists raw/, registers what is new, requests what no unfinished run has.

    A document that failed is requested again only when its bytes change. An error while listing
    fails the tick: a listing that could not be made must not look like an empty folder.
    """
    if _intake_under_way(deployment):
        return dg.SensorResult(skip_reason="documents are being taken in by `sparknet ingest`")
    records = {record.doc_id: record for record in deployment.catalog.documents()}
    listing = compare(deployment.storage.list(RAW), records, now)
    wanted = listing.of(Change.NEW, Change.CHANGED, Change.ORPHANED)
    keys = {partition_key(found.doc_id): found for found in wanted}
    settle_dead_runs(instance)
    busy = keys_in_flight(instance)
    due = {key: keys[key] for key in sorted(keys.keys() - busy)[:DOCUMENTS_PER_TICK]}
    if not due:
        return dg.SensorResult(skip_reason=_idle(listing, len(keys)))
    register(deployment, due.values(), now)
    added = unknown_keys(instance, due)
    order = [*instance.get_dynamic_partitions(PARTITIONS), *added]
    return dg.SensorResult(
        run_requests=list(_requests(due, order, batch_size)),
        dynamic_partitions_requests=[documents_partitions().build_add_request(added)]
        if added
        else [],
        asset_events=[
            event
            for key, found in due.items()
            for event in arrival(key, found.doc_id, found.original)
        ],
    )


def _intake_under_way(deployment: Deployment) -> bool:
    """True while a command copies files to raw/: it registers them at its end, and runs them."""
    try:
        with file_lock(deployment.state / "intake.lock", shared=True, timeout=0):
            return False
    except TimeoutError:
        return True


def _requests(
    due: dict[str, FoundDocument], order: Sequence[str], batch_size: int
) -> Iterator[dg.RunRequest]:
    """Neighbours become range runs; scattered documents share runs over a list of keys."""
    scattered: list[str] = []
    for group in contiguous(due, order):
        if len(group) == 1:
            scattered += group
            continue
        for keys in batches(group, batch_size):
            yield _request(keys, due, is_range=True)
    for keys in batches(scattered, batch_size):
        yield _request(keys, due, is_range=False)


def _request(
    keys: Sequence[str], due: dict[str, FoundDocument], *, is_range: bool
) -> dg.RunRequest:
    digest = hashlib.sha256()
    for key in keys:
        found = due[key]
        digest.update(f"{key}\0{found.original.version}\0{found.since}\0".encode())
    run_key = f"{keys[0]}..{keys[-1]}:{digest.hexdigest()[:16]}"
    if len(keys) == 1:
        return dg.RunRequest(run_key=run_key, partition_key=keys[0])
    if is_range:
        tags = {
            "dagster/asset_partition_range_start": keys[0],
            "dagster/asset_partition_range_end": keys[-1],
        }
        return dg.RunRequest(run_key=run_key, tags=tags)
    return dg.RunRequest(
        run_key=run_key,
        partition_key=keys[0],
        run_config=sparse_config(keys),
        tags={COUNT_TAG: str(len(keys))},
    )


def _idle(listing: Listing, busy: int) -> str:
    """Why a tick asks for nothing, for the people who read the sensor's page."""
    counts = [
        (len(listing.of(Change.UNCHANGED)), "unchanged"),
        (busy + len(listing.of(Change.PENDING)), "on their way"),
        (len(listing.of(Change.UNSETTLED)), "still being written"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in counts if count) or "raw/ is empty"
    ignored = [f"{key}: {reason}" for key, reason in listing.ignored[:_SAID]]
    more = len(listing.ignored) - len(ignored)
    if more:
        ignored.append(f"and {more} more")
    return f"{said}. Left aside: {'; '.join(ignored)}" if ignored else said
