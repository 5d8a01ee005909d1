"""Run requests for documents: as few runs as their number allows, each with a telling key."""

# Dagster is imported by the sensors that use this, so it costs nothing more here.

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import dagster as dg

from schedules.planning import FoundDocument, batches
from sparknet_assets.jobs import INGEST
from sparknet_assets.partitions import contiguous
from sparknet_assets.runs.companions import RANGE_END, RANGE_START, KeyOrder, keys_of
from sparknet_assets.runs.config import COUNT_TAG, listed_keys, sparse_config


def state_of(found: FoundDocument) -> str:
    """What a request is about: the same bytes at the same state make the same request."""
    version = found.object.version if found.object else ""
    return f"{version}\0{found.since}"


def ingest_requests(
    states: Mapping[str, str], order: Sequence[str], batch_size: int
) -> list[dg.RunRequest]:
    """Runs of the job `ingest` over these documents.

    Neighbours that fill a run become a range; all others share runs over lists of keys. So there
    are never more runs than the documents need.

    Args:
        states: Partition key -> what is to be run of it; equal states make equal run keys.
        order: All partition keys in the order of their registration.
    """
    requests = []
    left: list[list[str]] = []
    for group in contiguous(states, order):
        for keys in batches(group, batch_size):
            if len(keys) == batch_size:
                requests.append(_request(keys, states, is_range=True))
            else:
                left.append(list(keys))
    scattered = [key for keys in left for key in keys]
    for keys in batches(scattered, batch_size):
        requests.append(_request(keys, states, is_range=len(left) == 1))
    return requests


def requested_keys(request: dg.RunRequest, order: Sequence[str]) -> Sequence[str]:
    """The partition keys that a request of `ingest_requests` is for."""
    if request.partition_key and not request.run_config:
        return [request.partition_key]
    return listed_keys(request.run_config) or keys_of(request.tags, KeyOrder(order))


def _request(keys: Sequence[str], states: Mapping[str, str], *, is_range: bool) -> dg.RunRequest:
    run_key = f"{keys[0]}..{keys[-1]}:{digest_of({key: states[key] for key in keys})}"
    if len(keys) == 1:
        return dg.RunRequest(run_key=run_key, job_name=INGEST, partition_key=keys[0])
    if is_range:
        tags = {RANGE_START: keys[0], RANGE_END: keys[-1]}
        return dg.RunRequest(run_key=run_key, job_name=INGEST, tags=tags)
    return dg.RunRequest(
        run_key=run_key,
        job_name=INGEST,
        partition_key=keys[0],
        run_config=sparse_config(keys),
        tags={COUNT_TAG: str(len(keys))},
    )


def digest_of(states: Mapping[str, str]) -> str:
    """A short hash of what is requested."""
    digest = hashlib.sha256()
    for key, state in states.items():
        digest.update(f"{key}\0{state}\0".encode())
    return digest.hexdigest()[:16]
