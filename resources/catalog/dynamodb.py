"""The catalog in one DynamoDB table, for processes on any number of machines."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain, islice

from resources.aws.clients import AwsClients
from resources.catalog import (
    NANO,
    DocumentRecord,
    DocumentStatus,
    Holding,
    Paid,
    Spent,
    StageRecord,
    is_named,
)
from resources.catalog.dynamodb_items import (
    ACCOUNTS,
    ALL_SHARDS,
    FACTS,
    FACTS_WRITTEN,
    GENERATIONS,
    STATUS_OF,
    account_key,
    beginnings,
    by_folder,
    document_of,
    fact_key,
    holding_key,
    lease_key,
    packed,
    partition_key,
    source_key,
    source_partition,
    status_prefix,
    unpacked,
)
from resources.catalog.dynamodb_leases import Leases
from resources.catalog.dynamodb_records import Records
from resources.catalog.dynamodb_table import (
    Change,
    ConditionFailed,
    Item,
    Table,
    chunked,
    key_of,
    pause,
)
from resources.sqlite import in_chunks

_PAGE = 500
_FIRST_PAGE = 64
_FACT_ATTEMPTS = 100
_SOURCES_NOTED = "catalog/sources_noted"


class DynamoDBCatalog:
    """Catalog in a DynamoDB table, made by `create_table` or as docs/aws/dynamodb.md says.

    All reads are strongly consistent. A write of more than a transaction takes (100 items: about
    20 new documents) is cut between documents; one that fails half way leaves the first of them
    written, and can be made again.

    Args:
        table: Its name.
    """

    def __init__(self, table: str, clients: AwsClients) -> None:
        self._table = Table(table, clients)
        self._records = Records(self._table)
        self._leases = Leases(self._table)
        self._sources_noted = False

    def __reduce__(self) -> tuple[Callable[..., DynamoDBCatalog], tuple[str, AwsClients]]:
        return DynamoDBCatalog, (self._table.name, self._table.clients)

    def get(self, doc_id: str) -> DocumentRecord | None:
        """The document's record, or None."""
        return self.get_many([doc_id]).get(doc_id)

    def get_many(self, doc_ids: Collection[str]) -> dict[str, DocumentRecord]:
        """Records of the documents that are known."""
        return self._records.documents(doc_ids)

    def put(self, records: Sequence[DocumentRecord]) -> None:
        """Inserts or replaces documents.

        Raises:
            SparknetError: A partition key belongs to another document.
        """
        self._records.write(records)

    def by_partition_key(self, keys: Collection[str]) -> dict[str, DocumentRecord]:
        """Partition key -> document, for the keys that are known."""
        wanted = set(keys)
        items = self._table.get([partition_key(key) for key in wanted])
        records = self.get_many([str(item["doc_id"]) for item in items.values()])
        found = {record.partition_key: record for record in records.values()}
        return {key: record for key, record in found.items() if key in wanted}

    def documents(
        self, *, status: DocumentStatus | None = None, after: str = "", named: str = ""
    ) -> Iterator[DocumentRecord]:
        """Documents in `doc_id` order, read a page at a time, whatever they are named."""
        if named:
            found = self.documents(status=status, after=after)
            yield from (record for record in found if is_named(record, named))
            return
        if status is None:
            yield from self._in_order("sk > :after", {":after": after} if after else {})
            return
        prefix = status_prefix(status)
        condition, values = "begins_with(sk, :status)", {":status": prefix}
        if after:
            condition = "sk BETWEEN :after AND :end"
            values = {":after": prefix + after, ":end": prefix + "\U0010ffff"}
        pks = [f"T#{shard}" for shard in ALL_SHARDS]
        listed = self._table.queries(pks, condition, dict(values), first=_FIRST_PAGE)
        ids = (str(item["doc_id"]) for item in heapq.merge(*listed, key=lambda i: str(i["sk"])))
        for some in in_chunks((doc_id for doc_id in ids if doc_id > after), _PAGE):
            records = self.get_many(some)
            for doc_id in some:
                if doc_id in records and records[doc_id].status is status:
                    yield records[doc_id]

    def changed_since(self, moment: datetime) -> list[DocumentRecord]:
        """Documents whose row was written after that moment.

        Every record is read: an item for the latest change of each would be a second write with
        each result of a stage.
        """
        return [record for record in self.documents() if record.updated_at > moment]

    def documents_between(
        self, after: str = "", upto: str | None = None
    ) -> Iterator[DocumentRecord]:
        """Documents in the order of their folders' names, a page at a time."""
        bounds: list[str] = []
        values: Item = {}
        if after:
            bounds, values = ["sk >= :after"], {":after": after}
        if upto is not None:
            if not upto or after > upto:
                return
            bounds, values = ["sk <= :upto"], {":upto": upto}
            if after:
                bounds, values = ["sk BETWEEN :after AND :upto"], {":after": after, ":upto": upto}
        before = self.get_many(beginnings(after)) if after else {}
        first = [before[doc_id] for doc_id in sorted(before)]
        for record in by_folder(chain(first, self._in_order("".join(bounds), values))):
            folder = f"{record.doc_id}/"
            if folder > after and (upto is None or folder <= upto):
                yield record

    def _in_order(self, condition: str, values: Item) -> Iterator[DocumentRecord]:
        pks = [f"D#{shard}" for shard in ALL_SHARDS]
        shards = self._table.queries(
            pks, condition if values else "", values or None, first=_FIRST_PAGE
        )
        yield from map(document_of, heapq.merge(*shards, key=lambda item: str(item["sk"])))

    def with_content(self, sha256: str, *, limit: int | None = None) -> list[DocumentRecord]:
        """Documents that are not deleted and whose original has this hash."""
        if not sha256:
            return []
        pages = self._table.query(f"C#{sha256}", first=limit or 0)
        ids = [str(item["doc_id"]) for item in islice(chain.from_iterable(pages), limit)]
        return sorted(
            (
                record
                for record in self.get_many(ids).values()
                if record.raw_sha256 == sha256 and record.status is not DocumentStatus.DELETED
            ),
            key=lambda record: record.doc_id,
        )

    def by_source(self, sources: Collection[str]) -> dict[str, str]:
        """Source -> `doc_id` of the document that came from there; a query for each source."""
        self._note_sources()
        pks = [source_partition(source) for source in sources if source]
        items = chain.from_iterable(self._table.queries(pks))
        records = self.get_many({str(item["doc_id"]) for item in items})
        return {records[doc_id].source: doc_id for doc_id in sorted(records)}

    def _note_sources(self) -> None:
        """Of the documents of an earlier version, which did not; once for a table."""
        if self._sources_noted:
            return
        if not self.facts(_SOURCES_NOTED):
            for records in in_chunks(self.documents(), _PAGE):
                self._table.write(
                    [(key, {"doc_id": r.doc_id}) for r in records if (key := source_key(r))]
                )
            self.put_facts({_SOURCES_NOTED: "1"})
        self._sources_noted = True

    def select(
        self,
        *,
        media_types: Collection[str] | None = None,
        tiers: Collection[str] | None = None,
        created_from: date | None = None,
        created_to: date | None = None,
    ) -> set[str]:
        """Ids of the documents that are not deleted and have all that is asked for.

        Every record is read: about as long as `documents` takes.
        """
        found = {
            record.doc_id: record.media_type
            for record in self.documents()
            if record.status is not DocumentStatus.DELETED
            and (tiers is None or record.tier in tiers)
            and (created_from is None or record.created_at.astimezone(UTC).date() >= created_from)
            and (created_to is None or record.created_at.astimezone(UTC).date() <= created_to)
        }
        if media_types is None:
            return set(found)
        # Records of an earlier version did not say it of themselves.
        silent = [doc_id for doc_id, media_type in found.items() if not media_type]
        for doc_id, stages in self.stages(silent, stage="documents").items():
            if "documents" in stages:
                found[doc_id] = str(stages["documents"].metadata.get("media_type", ""))
        return {doc_id for doc_id, media_type in found.items() if media_type in media_types}

    def totals(self) -> dict[str, int]:
        """Status -> number of documents, counted: a counter would be every writer's to change."""
        shards = self._table.queries([f"T#{shard}" for shard in ALL_SHARDS])
        counts = Counter(str(item["sk"])[0] for items in shards for item in items)
        return {STATUS_OF[letter].value: count for letter, count in counts.items()}

    def stages(
        self, doc_ids: Collection[str], *, stage: str = ""
    ) -> dict[str, dict[str, StageRecord]]:
        """doc_id -> stage -> record; of one stage only, when that is named."""
        return self._records.stages(doc_ids, stage)

    def paid(self, doc_ids: Collection[str]) -> dict[str, list[Paid]]:
        """doc_id -> what each of its stages cost."""
        return {
            doc_id: [
                Paid(name, stage.updated_at.date().isoformat(), stage.cost_usd)
                for name, stage in stages.items()
            ]
            for doc_id, stages in self.stages(doc_ids).items()
            if stages
        }

    def put_stages(
        self, records: Sequence[StageRecord], documents: Sequence[DocumentRecord] = ()
    ) -> None:
        """Inserts or replaces stage records and documents; a document's together."""
        self._records.write(documents, records)

    def claim(self, doc_ids: Collection[str], owner: str, seconds: float) -> set[str]:
        """Leases documents to `owner` (`{host}:{pid}:{token}`) for `seconds`."""
        return self._leases.claim(doc_ids, owner, seconds)

    def release(self, doc_ids: Collection[str], owner: str) -> None:
        """Gives up leases held by `owner`."""
        self._leases.release(doc_ids, owner)

    def owners(self, doc_ids: Collection[str]) -> dict[str, str]:
        """doc_id -> owner, for the documents that someone has leased."""
        return self._leases.owners(doc_ids)

    def delete(self, doc_id: str) -> bool:
        """Forgets a document, its stages, its holdings and its lease; True if there was one."""
        return self._records.delete(doc_id, self._generations(), lease_key(doc_id))

    def bury(self, tombstones: Sequence[DocumentRecord]) -> None:
        """Replaces documents by these records and forgets their stages and holdings."""
        self._records.write(tombstones, bury_in=self._generations())

    def scrub(self) -> bool:
        """True: what is deleted is in no table any more. Backups keep it for up to 35 days."""
        return True

    def holdings(
        self, generation: str, doc_ids: Collection[str] | None = None
    ) -> dict[str, Holding]:
        """doc_id -> what the generation holds of it; of all documents unless some are named."""
        if doc_ids is None:
            items: Iterator[Item] = chain.from_iterable(self._held(generation))
        else:
            keys = [holding_key(generation, doc_id) for doc_id in doc_ids]
            items = iter(self._table.get(keys).values())
        return {str(i["sk"]): Holding(str(i["text_version"]), int(i["chunks"])) for i in items}

    def put_holdings(self, generation: str, holdings: Mapping[str, Holding]) -> None:
        """Notes what a generation holds of these documents, 100 in a transaction."""
        if not holdings:
            return
        known = (GENERATIONS, generation)
        if not self._table.get([known]):
            self._table.write([(known, {})])
        changes = [
            Change(
                "Put",
                holding_key(generation, doc_id),
                item={"text_version": holding.text_version, "chunks": holding.chunks},
            )
            for doc_id, holding in holdings.items()
        ]
        self._transact(changes)

    def drop_holdings(self, generation: str, doc_ids: Collection[str] | None = None) -> None:
        """Forgets what a generation holds, of all documents unless some are named."""
        if doc_ids is not None:
            self._table.write([], [holding_key(generation, doc_id) for doc_id in doc_ids])
            return
        for items in self._held(generation):
            for some in in_chunks(map(key_of, items), _PAGE):
                self._table.write([], some)
        self._table.write([], [(GENERATIONS, generation)])

    def _held(self, generation: str) -> list[Iterator[Item]]:
        return self._table.queries([f"H#{generation}#{shard}" for shard in ALL_SHARDS])

    def _generations(self) -> list[str]:
        return [str(i["sk"]) for page in self._table.query(GENERATIONS) for i in page]

    def facts(self, prefix: str = "") -> dict[str, str]:
        """Name -> value of the facts whose name begins so.

        Reads again when several facts were set meanwhile: a query may see half of a transaction.
        """
        for attempt in range(_FACT_ATTEMPTS):
            before = self._facts_written()
            pages = self._table.query(FACTS, "begins_with(sk, :prefix)", {":prefix": f"={prefix}"})
            found = {str(i["sk"])[1:]: unpacked(i["fact"]) for page in pages for i in page}
            if self._facts_written() == before:
                break
            pause(attempt)
        return found

    def _facts_written(self) -> Item:
        return self._table.get([FACTS_WRITTEN]).get(FACTS_WRITTEN, {})

    def put_facts(self, facts: Mapping[str, str]) -> None:
        """Sets facts; of up to 99 a reader sees all or none, more are set in several steps."""
        for some in in_chunks(facts.items(), 99):
            changes = [Change("Put", fact_key(n), item={"fact": packed(v)}) for n, v in some]
            if len(some) > 1:
                count = Change(
                    "Update",
                    FACTS_WRITTEN,
                    expression="ADD #times :one",
                    names={"#times": "times"},
                    values={":one": 1},
                )
                changes.append(count)
            self._table.transact(changes)

    def delete_facts(self, names: Collection[str]) -> None:
        """Forgets facts."""
        self._table.write([], map(fact_key, names))

    def spend(
        self, account: str, usd: float, *, calls: int = 0, limit: float | None = None
    ) -> bool:
        """Adds to an account, unless that would exceed the limit; says whether it did."""
        more = round(usd * NANO)
        condition = ""
        values: Item = {":more": more, ":calls": calls}
        if limit is not None:
            room = round(limit * NANO) - more
            condition = "nano_usd <= :room"
            if room >= 0:
                condition = f"attribute_not_exists(nano_usd) OR {condition}"
            values[":room"] = room
        change = Change(
            "Update",
            account_key(account),
            expression="ADD nano_usd :more, calls :calls",
            condition=condition,
            values=values,
        )
        try:
            self._table.transact([change])
        except ConditionFailed:
            return False
        return True

    def spent(self, prefix: str = "") -> dict[str, Spent]:
        """Account -> what it has come to, for those whose name begins so."""
        pages = self._table.query(ACCOUNTS, "begins_with(sk, :prefix)", {":prefix": f"={prefix}"})
        items = chain.from_iterable(pages)
        return {str(i["sk"])[1:]: Spent(int(i["nano_usd"]) / NANO, int(i["calls"])) for i in items}

    def _transact(self, changes: Sequence[Change]) -> None:
        for some in chunked([change] for change in changes):
            self._table.transact(some)
