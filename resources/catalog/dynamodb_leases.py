"""Who may work on a document now: leases in DynamoDB that end with the process that holds them."""

from __future__ import annotations

import os
import time
from collections.abc import Collection

from resources.catalog.dynamodb_items import lease_key
from resources.catalog.dynamodb_table import Change, ConditionFailed, Item, Table, pause
from resources.processes import is_running, start_of, this_host
from resources.sqlite import in_chunks

_SOME = 100


class Leases:
    """Leases end by the clocks of the machines, which are to agree within a few seconds."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, doc_ids: Collection[str], owner: str, seconds: float) -> set[str]:
        """Leases what is free, expired, dead or one's own."""
        granted: set[str] = set()
        for some in in_chunks(set(doc_ids), _SOME):
            granted |= self._claim_some(set(some), owner, seconds)
        return granted

    def _claim_some(self, wanted: set[str], owner: str, seconds: float) -> set[str]:
        attempt = 0
        while wanted:
            leases = self._of(wanted)
            wanted = {d for d in wanted if d not in leases or _is_free(leases[d], owner)}
            now = time.time()
            item: Item = {"owner": owner, "expires": now + seconds, **_start_of(owner)}
            changes = []
            for doc_id in sorted(wanted):
                before = leases.get(doc_id)
                # Its own again also where a claim was made and its answer got lost.
                condition, values = "attribute_not_exists(pk) OR #owner = :owner", {":owner": owner}
                if before and before["owner"] != owner:
                    condition = "#owner = :before AND #expires = :expires"
                    values = {":before": before["owner"], ":expires": before["expires"]}  # type: ignore[dict-item]
                    condition += " OR #owner = :owner"
                    values[":owner"] = owner
                names = {"#owner": "owner"} | ({"#expires": "expires"} if len(values) > 1 else {})
                changes.append(
                    Change(
                        "Put",
                        lease_key(doc_id),
                        item={**item, "doc_id": doc_id},
                        condition=condition,
                        names=names,
                        values=values,  # type: ignore[arg-type]
                    )
                )
            try:
                self._table.transact(changes)
                return wanted
            except ConditionFailed:
                pause(attempt)
                attempt += 1
        return set()

    def release(self, doc_ids: Collection[str], owner: str) -> None:
        """Gives up the leases of `owner`."""
        for some in in_chunks(set(doc_ids), _SOME):
            mine = {doc_id for doc_id, i in self._of(some).items() if i["owner"] == owner}
            while mine:
                changes = [
                    Change(
                        "Delete",
                        lease_key(doc_id),
                        condition="attribute_not_exists(pk) OR #owner = :owner",
                        names={"#owner": "owner"},
                        values={":owner": owner},
                    )
                    for doc_id in sorted(mine)
                ]
                try:
                    self._table.transact(changes)
                    break
                except ConditionFailed as failed:
                    mine = {doc_id for doc_id in mine if lease_key(doc_id) not in failed.keys}

    def owners(self, doc_ids: Collection[str]) -> dict[str, str]:
        """doc_id -> owner of each lease that holds."""
        return {
            doc_id: str(item["owner"])
            for doc_id, item in self._of(doc_ids).items()
            if not _is_free(item, "")
        }

    def _of(self, doc_ids: Collection[str]) -> dict[str, Item]:
        found = self._table.get([lease_key(doc_id) for doc_id in doc_ids])
        return {str(item["doc_id"]): item for item in found.values()}


def _is_free(item: Item, owner: str) -> bool:
    return item["owner"] == owner or float(item["expires"]) <= time.time() or process_is_gone(item)


def process_is_gone(item: Item) -> bool:
    """Whether the process that wrote its owner and start is known to be gone from this host."""
    pid = _local_pid(str(item["owner"]))
    return pid is not None and "started" in item and not is_running(pid, float(item["started"]))


def _start_of(owner: str) -> Item:
    pid = _local_pid(owner)
    started = None if pid is None else start_of(pid)
    return {} if started is None else {"started": started}


def this_process(token: str) -> Item:
    """Owner and start of this process, as leases and locks note them."""
    owner = f"{this_host()}:{os.getpid()}:{token}"
    return {"owner": owner, **_start_of(owner)}


def _local_pid(owner: str) -> int | None:
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    return int(pid) if host == this_host() and pid.isascii() and pid.isdigit() else None
