"""Writes documents with their lookups, their stages and what is held of them, in transactions."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord
from resources.catalog.dynamodb_items import (
    LONGEST_VALUE,
    PART,
    TOMBSTONE_SECONDS,
    content_key,
    document_key,
    document_of,
    holding_key,
    packed,
    partition_key,
    source_key,
    stages_key,
    status_key,
    unpacked,
)
from resources.catalog.dynamodb_recent import Recent
from resources.catalog.dynamodb_table import (
    Change,
    ConditionFailed,
    Item,
    Key,
    Table,
    Value,
    chunked,
    key_of,
    pause,
)
from resources.failure import FailureKind, SparknetError

_ATTEMPTS = 40
_STAGE = "stage."
_SPILLED = "spilled."


class Records:
    """Each document goes with its lookups and stages into one transaction, many share one.

    A transaction asks that documents are what they were when it was planned, maybe with what was
    read within the last minute; if not, it is planned anew with what is there. Each write leaves
    its own mark on a document, so that one whose answer got lost is known to have been made.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._recent = Recent()

    def documents(self, doc_ids: Collection[str]) -> dict[str, DocumentRecord]:
        """Records of the documents that are known."""
        items = self._table.get([document_key(doc_id) for doc_id in doc_ids if doc_id])
        self._recent.note(items)
        return {record.doc_id: record for record in map(document_of, items.values())}

    def write(
        self,
        documents: Sequence[DocumentRecord],
        stages: Sequence[StageRecord] = (),
        *,
        bury_in: Collection[str] | None = None,
    ) -> None:
        """Inserts or replaces documents and stage records.

        Args:
            bury_in: Generations; then the documents' stages and holdings are forgotten with it.

        Raises:
            SparknetError: A partition key belongs to another document.
        """
        wanted = {record.doc_id: record for record in documents}
        values = self._stage_values(stages)
        outdated: list[Key] | None = None
        mark = uuid.uuid4().hex
        order = list(dict.fromkeys([*wanted, *values]))
        for attempt in range(_ATTEMPTS):
            keys = [document_key(doc_id) for doc_id in order if doc_id in wanted]
            keys += [stages_key(doc_id) for doc_id in order if doc_id in values]
            before = {} if attempt else self._recent.take(keys)
            before |= self._table.get([key for key in keys if key not in before])
            if outdated is None:  # later, parts in place may be those of this write
                outdated = _parts_in_place(before, stages)
            left, changes = self._planned(wanted, before, mark, bury_in, order)
            for doc_id in left:
                if doc_id in values:
                    change = _set_all(stages_key(doc_id), values[doc_id])
                    changes.setdefault(doc_id, []).append(change)
            try:
                for doc_ids, some in _transactions(changes):
                    self._table.transact(some)
                    order = [doc_id for doc_id in order if doc_id not in doc_ids]
                break
            except ConditionFailed:
                pause(attempt)
        else:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"Documents in the table {self._table.name} were changed by others each time they"
                " were to be written: try again.",
            )
        written = {stages_key(doc_id): values[doc_id] for doc_id in values}
        self._recent.note({k: _spills(k, before.get(k, {}), written[k]) for k in written})
        gone = outdated or []
        gone += [] if bury_in is None else self._parts_of(wanted)
        self._table.write([], gone)

    def delete(self, doc_id: str, generations: Collection[str], lease: Key) -> bool:
        """Forgets all that is known of a document; True if there was one."""
        existed = False
        for attempt in range(_ATTEMPTS):
            key = document_key(doc_id)
            item = self._table.get([key]).get(key)
            changes = [Change("Delete", stages_key(doc_id)), Change("Delete", lease)]
            changes += [Change("Delete", holding_key(g, doc_id)) for g in generations]
            if item:
                existed = True
                record = document_of(item)
                changes.append(_of_mark("Delete", key, item))
                changes += [_unless_others(k, doc_id) for k in _lookups(record, item)]
            try:
                self._table.transact(changes)
                break
            except ConditionFailed:
                pause(attempt)
        self._table.write([], self._parts_of([doc_id]))
        return existed

    def stages(self, doc_ids: Collection[str], only: str) -> dict[str, dict[str, StageRecord]]:
        """doc_id -> stage -> record, of one stage when that is named."""
        found: dict[str, dict[str, StageRecord]] = {doc_id: {} for doc_id in doc_ids}
        pending = set(found)
        for attempt in range(_ATTEMPTS):
            again: set[str] = set()
            items = self._table.get([stages_key(doc_id) for doc_id in pending])
            keys = map(stages_key, pending)
            self._recent.note({key: _spills(key, items.get(key, {})) for key in keys})
            parts = self._parts(items.values(), only)
            for key, item in items.items():
                doc_id = key[0].removeprefix("S#")
                records = _stage_records(item, only, parts)
                if records is None:  # replaced between the two reads
                    again.add(doc_id)
                else:
                    found[doc_id] = records
            pending = again
            if not pending:
                break
            pause(attempt)
        return found

    def _planned(
        self,
        wanted: Mapping[str, DocumentRecord],
        before: Mapping[Key, Item],
        mark: str,
        bury_in: Collection[str] | None,
        order: Sequence[str],
    ) -> tuple[list[str], dict[str, list[Change]]]:
        """Documents yet to be written, and the changes of each."""
        mine = [wanted[doc_id] for doc_id in order if doc_id in wanted]
        owners = self._owners(mine, before)
        self._check_owners(mine, before, owners)
        kept = {partition_key(record.partition_key) for record in mine}
        left, changes = [], {}
        made = {doc_id for doc_id in order if _mark_of(before.get(document_key(doc_id))) == mark}
        for number, doc_id in enumerate(order):
            if doc_id in made:
                continue
            left.append(doc_id)
            if doc_id in wanted:
                changes[doc_id] = _document_changes(
                    wanted[doc_id], before.get(document_key(doc_id)), owners, kept, mark, number
                )
                if bury_in is not None:
                    changes[doc_id].append(Change("Delete", stages_key(doc_id)))
                    changes[doc_id] += [Change("Delete", holding_key(g, doc_id)) for g in bury_in]
        return left, changes

    def _owners(
        self, records: Sequence[DocumentRecord], before: Mapping[Key, Item]
    ) -> dict[Key, str]:
        """Partition keys that these documents are to have -> who has them now."""
        owners, asked = {}, []
        for record in records:
            key, item = partition_key(record.partition_key), before.get(document_key(record.doc_id))
            if item and document_of(item).partition_key == record.partition_key:
                owners[key] = record.doc_id
            else:
                asked.append(key)
        found = self._table.get(asked)
        return owners | {key: str(item["doc_id"]) for key, item in found.items()}

    def _check_owners(
        self,
        records: Sequence[DocumentRecord],
        before: Mapping[Key, Item],
        owners: Mapping[Key, str],
    ) -> None:
        """Raises if a document would take the partition key of another, one after the other."""
        owner_of = {key[0]: owner for key, owner in owners.items()}
        for record in records:
            wanted = partition_key(record.partition_key)[0]
            if owner_of.get(wanted, record.doc_id) != record.doc_id:
                raise SparknetError(
                    FailureKind.INTERNAL,
                    f"The partition key {record.partition_key} belongs to another document than"
                    f" {record.doc_id}.",
                    retryable=False,
                )
            if item := before.get(document_key(record.doc_id)):
                owner_of.pop(partition_key(document_of(item).partition_key)[0], None)
            owner_of[wanted] = record.doc_id

    def _stage_values(self, records: Sequence[StageRecord]) -> dict[str, dict[str, Value]]:
        """doc_id -> attributes that its stages are to have.

        The parts of long records are written here, before anything refers to them.
        """
        by_document: dict[str, dict[str, str]] = {}
        for record in records:
            by_document.setdefault(record.doc_id, {})[record.stage] = record.model_dump_json()
        found: dict[str, dict[str, Value]] = {}
        parts: list[tuple[Key, Item]] = []
        for doc_id, texts in by_document.items():
            values = found.setdefault(doc_id, {})
            for stage, text in texts.items():
                value = packed(text)
                spilled = ""
                if len(value if isinstance(value, bytes) else value.encode()) > LONGEST_VALUE:  # type: ignore[union-attr]
                    cut = _parts(doc_id, value)
                    parts += cut
                    spilled = f"{cut[0][0][1].rsplit('#', 1)[0]}#{len(cut)}"
                    value = ""
                values |= {_STAGE + stage: value, _SPILLED + stage: spilled}
        self._table.write(parts)
        return found

    def _parts(self, items: Iterable[Item], only: str) -> dict[Key, Item]:
        keys = [
            key
            for item in items
            for name, value in item.items()
            if name.startswith(_SPILLED) and (not only or name == _SPILLED + only)
            for key in _part_keys(str(item["pk"]), str(value))
        ]
        return self._table.get(keys)

    def _parts_of(self, doc_ids: Iterable[str]) -> list[Key]:
        values: Item = {":parts": "part#"}
        pks = [f"S#{doc_id}" for doc_id in doc_ids]
        pages = self._table.queries(pks, "begins_with(sk, :parts)", values)
        return [key_of(item) for items in pages for item in items]


def _parts_in_place(items: Mapping[Key, Item], stages: Sequence[StageRecord]) -> list[Key]:
    """Keys of the parts that are referred to now by these stages."""
    return [
        key
        for record in stages
        if (item := items.get(stages_key(record.doc_id)))
        for key in _part_keys(str(item["pk"]), str(item.get(_SPILLED + record.stage, "")))
    ]


def _spills(key: Key, *items: Mapping[str, Value]) -> Item:
    """What of an item of stages refers to parts, as it is after the later of these changes."""
    merged = {name: value for item in items for name, value in item.items()}
    return {"pk": key[0]} | {n: v for n, v in merged.items() if n.startswith(_SPILLED)}


def _document_changes(
    record: DocumentRecord,
    before: Item | None,
    owners: Mapping[Key, str],
    kept: Collection[Key],
    mark: str,
    number: int,
) -> list[Change]:
    registered = str(before["registered"]) if before else f"{time.time_ns():020}{number:05}"
    item: Item = {"record": packed(record.model_dump_json()), "mark": mark}
    item["registered"] = registered
    expiry: Item = {}
    if record.status is DocumentStatus.DELETED and record.receipt:
        expiry["expires_at"] = int(time.time()) + TOMBSTONE_SECONDS
    changes = [_of_mark("Put", document_key(record.doc_id), before, {**item, **expiry})]
    old = _lookups(document_of(before), before) if before else {}
    new = _lookups(record, {"registered": registered})
    own = partition_key(record.partition_key)
    expiring = bool(expiry) or bool(before and "expires_at" in before)
    for key, lookup in new.items():
        if key in old and not expiring and (key != own or owners.get(own) == record.doc_id):
            continue
        condition, values = "", None
        if key == own:
            condition = "attribute_not_exists(pk) OR doc_id = :me OR doc_id = :before"
            values = {":me": record.doc_id, ":before": owners.get(own, record.doc_id)}
        changes.append(
            Change("Put", key, item={**lookup, **expiry}, condition=condition, values=values)  # type: ignore[arg-type]
        )
    for key in old.keys() - new.keys() - set(kept):
        changes.append(_unless_others(key, record.doc_id))
    return changes


def _unless_others(key: Key, doc_id: str) -> Change:
    """Removes a lookup, which may have passed on to another document meanwhile."""
    return Change(
        "Delete",
        key,
        condition="attribute_not_exists(pk) OR doc_id = :me",
        values={":me": doc_id},
    )


def _lookups(record: DocumentRecord, item: Item) -> dict[Key, Item]:
    keys = [partition_key(record.partition_key), status_key(record)]
    found = (content_key(record, str(item["registered"])), source_key(record))
    keys += [key for key in found if key]
    return {key: {"doc_id": record.doc_id} for key in keys}


def _of_mark(action: str, key: Key, before: Item | None, item: Item | None = None) -> Change:
    """A change of a document as it was read."""
    if before is None:
        return Change(action, key, item=item, condition="attribute_not_exists(pk)")
    return Change(
        action, key, item=item, condition="mark = :mark", values={":mark": before["mark"]}
    )


def _mark_of(item: Item | None) -> str:
    return str(item["mark"]) if item else ""


def _set_all(key: Key, values: Mapping[str, Value]) -> Change:
    names = {f"#{number}": name for number, name in enumerate(values)}
    return Change(
        "Update",
        key,
        expression="SET " + ", ".join(f"{name} = :{name[1:]}" for name in names),
        names=names,
        values={f":{number}": value for number, value in enumerate(values.values())},
    )


def _transactions(
    changes: Mapping[str, list[Change]],
) -> Iterator[tuple[set[str], list[Change]]]:
    """Transactions, each with the documents that are written in it."""
    whose = {id(change): doc_id for doc_id, some in changes.items() for change in some}
    for some in chunked(changes.values()):
        yield {whose[id(change)] for change in some}, some


def _parts(doc_id: str, value: Value) -> list[tuple[Key, Item]]:
    data = value if isinstance(value, bytes) else str(value).encode()
    name = uuid.uuid4().hex
    return [
        ((f"S#{doc_id}", f"part#{name}#{number:03}"), {"data": data[start : start + PART]})
        for number, start in enumerate(range(0, len(data), PART))
    ]


def _part_keys(pk: str, spilled: str) -> list[Key]:
    if not spilled:
        return []
    name, _, count = spilled.rpartition("#")
    return [(pk, f"{name}#{number:03}") for number in range(int(count))]


def _stage_records(
    item: Item, only: str, parts: Mapping[Key, Item]
) -> dict[str, StageRecord] | None:
    """The records in an item; None when parts of one are missing."""
    records = {}
    for name, value in item.items():
        stage = name.removeprefix(_STAGE)
        if not name.startswith(_STAGE) or (only and stage != only):
            continue
        keys = _part_keys(str(item["pk"]), str(item.get(_SPILLED + stage, "")))
        if not all(key in parts for key in keys):
            return None
        if keys:
            value = b"".join(bytes(parts[key]["data"]) for key in keys)  # type: ignore[arg-type]
        records[stage] = StageRecord.model_validate_json(unpacked(value))
    return records
