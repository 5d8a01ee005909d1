"""The catalog in one SQLite file: short write transactions, readers never wait."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from resources.catalog import (
    NANO,
    DocumentRecord,
    DocumentStatus,
    Holding,
    Paid,
    Spent,
    StageRecord,
    is_named,
    leases,
)
from resources.sqlite import Database, in_chunks, marks

# Columns hold what is looked up; the record is the truth.
_MIGRATIONS = (
    (
        """CREATE TABLE documents (
            doc_id TEXT PRIMARY KEY, partition_key TEXT NOT NULL, status TEXT NOT NULL,
            record TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX documents_by_partition_key ON documents (partition_key)",
        "CREATE INDEX documents_by_status ON documents (status, doc_id)",
        """CREATE TABLE stages (
            doc_id TEXT NOT NULL, stage TEXT NOT NULL, record TEXT NOT NULL,
            PRIMARY KEY (doc_id, stage))""",
        """CREATE TABLE leases (
            doc_id TEXT PRIMARY KEY, owner TEXT NOT NULL, started REAL, expires REAL NOT NULL)""",
    ),
    (
        "CREATE UNIQUE INDEX documents_by_folder ON documents (doc_id || '/')",
        # An expression, so that rows of before have it too.
        "CREATE INDEX documents_by_content ON documents (json_extract(record, '$.raw_sha256'))",
        """CREATE TABLE holdings (
            generation TEXT NOT NULL, doc_id TEXT NOT NULL, text_version TEXT NOT NULL,
            chunks INTEGER NOT NULL, PRIMARY KEY (generation, doc_id)) WITHOUT ROWID""",
        "CREATE INDEX holdings_by_document ON holdings (doc_id)",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    (
        # Rows did not say this of themselves; what was found out then is in their first stage.
        """UPDATE documents SET record = json_patch(record, (
            SELECT json_object(
                'media_type', coalesce(json_extract(stages.record, '$.metadata.media_type'), ''),
                'title', coalesce(json_extract(stages.record, '$.metadata.title'), ''))
            FROM stages WHERE stages.doc_id = documents.doc_id AND stage = 'documents'))
            WHERE status != 'deleted' AND EXISTS (
                SELECT 1 FROM stages WHERE doc_id = documents.doc_id AND stage = 'documents')""",
        *(
            f"ALTER TABLE documents ADD COLUMN {name} TEXT"
            f" GENERATED ALWAYS AS (json_extract(record, '$.{name}')) VIRTUAL"
            for name in ("media_type", "tier", "created_at")
        ),
        # All that `select` looks at, so that it need not read the records.
        """CREATE INDEX documents_by_kind
            ON documents (media_type, tier, created_at, status, doc_id)""",
    ),
    (
        "CREATE INDEX documents_by_source ON documents (json_extract(record, '$.source'), doc_id)",
        """CREATE TABLE accounts (
            name TEXT PRIMARY KEY, nano_usd INTEGER NOT NULL, calls INTEGER NOT NULL)
            WITHOUT ROWID""",
    ),
    ("CREATE INDEX documents_by_change ON documents (json_extract(record, '$.updated_at'))",),
)
# A list shows a hundred; who reads on reads all.
_FIRST_PAGE, _PAGE = 128, 500
# SQLite knows the case of ASCII alone: rows with other letters are left to `is_named`.
_MAY_BE_NAMED = """(length(record) < length(CAST(record AS BLOB)) OR instr(lower(
    doc_id || char(10) || json_extract(record, '$.filename')
    || char(10) || coalesce(json_extract(record, '$.title'), '')), ?))"""


class SQLiteCatalog:
    """Catalog in a SQLite file, for any number of processes on one machine.

    A process kill loses no commit. A power cut may lose the last ones, which costs a repeated look
    at documents whose artifacts are already there.

    Args:
        path: The file; made at first use, with its folder. One that can't be written to can be
            read all the same.
    """

    def __init__(self, path: str | Path) -> None:
        self._database = Database(Path(path), _MIGRATIONS)

    def __reduce__(self) -> tuple[Callable[[Path], SQLiteCatalog], tuple[Path]]:
        return SQLiteCatalog, (self._database.path,)

    def get(self, doc_id: str) -> DocumentRecord | None:
        """The document's record, or None."""
        return self.get_many([doc_id]).get(doc_id)

    def get_many(self, doc_ids: Collection[str]) -> dict[str, DocumentRecord]:
        """Records of the documents that are known."""
        return {record.doc_id: record for record in self._select("doc_id", doc_ids)}

    def put(self, records: Sequence[DocumentRecord]) -> None:
        """Inserts or replaces documents, all or none.

        Raises:
            sqlite3.IntegrityError: A partition key belongs to another document.
        """
        self.put_stages((), records)

    def by_partition_key(self, keys: Collection[str]) -> dict[str, DocumentRecord]:
        """Partition key -> document, for the keys that are known."""
        return {record.partition_key: record for record in self._select("partition_key", keys)}

    def documents(
        self, *, status: DocumentStatus | None = None, after: str = "", named: str = ""
    ) -> Iterator[DocumentRecord]:
        """Documents in `doc_id` order; reads a page at a time, so no reader holds up a writer."""
        query, asked = "SELECT doc_id, record FROM documents WHERE doc_id > ?", list[str]()
        if status:
            query, asked = f"{query} AND status = ?", [status]
        if named:
            query, asked = f"{query} AND {_MAY_BE_NAMED}", [*asked, named.casefold()]
        page = _FIRST_PAGE
        while True:
            rows = self._database.connection.execute(
                f"{query} ORDER BY doc_id LIMIT {page}", (after, *asked)
            ).fetchall()
            for after, text in rows:  # noqa: B007 - the last one starts the next page
                record = DocumentRecord.model_validate_json(text)
                if not named or is_named(record, named):
                    yield record
            if len(rows) < page:
                return
            page = _PAGE

    def changed_since(self, moment: datetime) -> list[DocumentRecord]:
        """Documents whose row was written after that moment; reads no others."""
        # As text, a whole second sorts behind its own fractions.
        text = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
        rows = self._database.connection.execute(
            "SELECT record FROM documents WHERE json_extract(record, '$.updated_at') >= ?", (text,)
        )
        found = (DocumentRecord.model_validate_json(record) for (record,) in rows)
        return [record for record in found if record.updated_at > moment]

    def documents_between(
        self, after: str = "", upto: str | None = None
    ) -> Iterator[DocumentRecord]:
        """Documents in the order of their folders' names, a page at a time."""
        query = "SELECT doc_id, record FROM documents WHERE doc_id || '/' > ?"
        query += " AND doc_id || '/' <= ?" if upto is not None else ""
        while True:
            values = (after,) if upto is None else (after, upto)
            rows = self._database.connection.execute(
                f"{query} ORDER BY doc_id || '/' LIMIT {_PAGE}", values
            ).fetchall()
            for doc_id, record in rows:
                after = f"{doc_id}/"
                yield DocumentRecord.model_validate_json(record)
            if len(rows) < _PAGE:
                return

    def with_content(self, sha256: str, *, limit: int | None = None) -> list[DocumentRecord]:
        """Documents that are not deleted and whose original has this hash."""
        if not sha256:
            return []
        # In the order of the index, or each of many copies would sort all the others.
        rows = self._database.connection.execute(
            "SELECT record FROM documents WHERE json_extract(record, '$.raw_sha256') = ?"
            " AND status != ? ORDER BY rowid LIMIT ?",
            (sha256, DocumentStatus.DELETED, -1 if limit is None else limit),
        )
        found = [DocumentRecord.model_validate_json(record) for (record,) in rows]
        return sorted(found, key=lambda record: record.doc_id)

    def by_source(self, sources: Collection[str]) -> dict[str, str]:
        """Source -> `doc_id` of the document that came from there, deleted ones included."""
        return {
            source: doc_id
            for chunk in in_chunks({source for source in sources if source})
            for source, doc_id in self._database.connection.execute(
                "SELECT json_extract(record, '$.source') AS source, max(doc_id) FROM documents"
                f" WHERE json_extract(record, '$.source') IN ({marks(len(chunk))}) GROUP BY source",
                chunk,
            )
        }

    def select(
        self,
        *,
        media_types: Collection[str] | None = None,
        tiers: Collection[str] | None = None,
        created_from: date | None = None,
        created_to: date | None = None,
    ) -> set[str]:
        """Ids of the documents that are not deleted and have all that is asked for."""
        asked: list[tuple[str, object]] = [("status != ?", DocumentStatus.DELETED)]
        for column, values in (("media_type", media_types), ("tier", tiers)):
            if values is not None:
                among = f"{column} IN (SELECT value FROM json_each(?))"
                asked.append((among, json.dumps(list(values))))
        # As JSON has them, times begin with their day.
        if created_from is not None:
            asked.append(("created_at >= ?", created_from.isoformat()))
        if created_to is not None:
            asked.append(("substr(created_at, 1, 10) <= ?", created_to.isoformat()))
        rows = self._database.connection.execute(
            f"SELECT doc_id FROM documents WHERE {' AND '.join(part for part, _ in asked)}",
            [value for _, value in asked],
        )
        return {doc_id for (doc_id,) in rows}

    def totals(self) -> dict[str, int]:
        """Status -> number of documents."""
        return dict(
            self._database.connection.execute("SELECT status, count(*) FROM documents GROUP BY 1")
        )

    def stages(
        self, doc_ids: Collection[str], *, stage: str = ""
    ) -> dict[str, dict[str, StageRecord]]:
        """doc_id -> stage -> record; of one stage only, when that is named."""
        found: dict[str, dict[str, StageRecord]] = {doc_id: {} for doc_id in doc_ids}
        only = " AND stage = ?" if stage else ""
        for chunk in in_chunks(found):
            rows = self._database.connection.execute(
                "SELECT doc_id, stage, record FROM stages"
                f" WHERE doc_id IN ({marks(len(chunk))}){only}",
                (*chunk, stage) if stage else chunk,
            )
            for doc_id, name, record in rows:
                found[doc_id][name] = StageRecord.model_validate_json(record)
        return found

    def paid(self, doc_ids: Collection[str]) -> dict[str, list[Paid]]:
        """doc_id -> what each of its stages cost; reads nothing else of them."""
        # One row for each document: each row is another turn with the interpreter's lock.
        return {
            doc_id: [Paid(*each) for each in json.loads(paid)]
            for chunk in in_chunks(set(doc_ids))
            for doc_id, paid in self._database.connection.execute(
                "SELECT doc_id, json_group_array(json_array(stage,"
                " substr(json_extract(record, '$.updated_at'), 1, 10),"
                " json_extract(record, '$.cost_usd')))"
                f" FROM stages WHERE doc_id IN ({marks(len(chunk))}) GROUP BY doc_id",
                chunk,
            )
        }

    def put_stages(
        self, records: Sequence[StageRecord], documents: Sequence[DocumentRecord] = ()
    ) -> None:
        """Inserts or replaces stage records, and documents with them, all or none."""
        stage_rows = [(r.doc_id, r.stage, r.model_dump_json()) for r in records]
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO stages (doc_id, stage, record) VALUES (?, ?, ?)"
                " ON CONFLICT (doc_id, stage) DO UPDATE SET record = excluded.record",
                stage_rows,
            )
            _put_documents(connection, documents)

    def claim(self, doc_ids: Collection[str], owner: str, seconds: float) -> set[str]:
        """Leases documents to `owner` (`{host}:{pid}:{token}`) for `seconds`."""
        with self._database.transaction() as connection:
            return leases.claim(connection, doc_ids, owner, seconds)

    def release(self, doc_ids: Collection[str], owner: str) -> None:
        """Gives up leases held by `owner`."""
        with self._database.transaction() as connection:
            leases.release(connection, doc_ids, owner)

    def owners(self, doc_ids: Collection[str]) -> dict[str, str]:
        """doc_id -> owner, for the documents that someone has leased."""
        return leases.owners(self._database.connection, doc_ids)

    def delete(self, doc_id: str) -> bool:
        """Forgets a document, its stages, its holdings and its lease; True if there was one."""
        with self._database.transaction() as connection:
            for table in ("stages", "holdings", "leases"):
                connection.execute(f"DELETE FROM {table} WHERE doc_id = ?", (doc_id,))
            gone = connection.execute("DELETE FROM documents WHERE doc_id = ?", (doc_id,))
            return gone.rowcount > 0

    def bury(self, tombstones: Sequence[DocumentRecord]) -> None:
        """Replaces documents by these records and forgets their stages and holdings."""
        ids = [(record.doc_id,) for record in tombstones]
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM stages WHERE doc_id = ?", ids)
            connection.executemany("DELETE FROM holdings WHERE doc_id = ?", ids)
            _put_documents(connection, tombstones)

    def scrub(self) -> bool:
        """Takes what was removed out of the file and its log; False while a reader holds it."""
        return self._database.scrub()

    def holdings(
        self, generation: str, doc_ids: Collection[str] | None = None
    ) -> dict[str, Holding]:
        """doc_id -> what the generation holds of it; of all documents unless some are named."""
        sql = "SELECT doc_id, text_version, chunks FROM holdings WHERE generation = ?"
        connection = self._database.connection
        if doc_ids is None:
            rows = connection.execute(sql, (generation,)).fetchall()
        else:
            rows = [
                row
                for chunk in in_chunks(set(doc_ids))
                for row in connection.execute(
                    f"{sql} AND doc_id IN ({marks(len(chunk))})", (generation, *chunk)
                )
            ]
        return {doc_id: Holding(version, chunks) for doc_id, version, chunks in rows}

    def put_holdings(self, generation: str, holdings: Mapping[str, Holding]) -> None:
        """Notes what a generation holds of these documents, all or none."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO holdings (generation, doc_id, text_version, chunks)"
                " VALUES (?, ?, ?, ?)",
                [(generation, doc_id, *holding) for doc_id, holding in holdings.items()],
            )

    def drop_holdings(self, generation: str, doc_ids: Collection[str] | None = None) -> None:
        """Forgets what a generation holds, of all documents unless some are named."""
        with self._database.transaction() as connection:
            if doc_ids is None:
                connection.execute("DELETE FROM holdings WHERE generation = ?", (generation,))
            else:
                connection.executemany(
                    "DELETE FROM holdings WHERE generation = ? AND doc_id = ?",
                    [(generation, doc_id) for doc_id in doc_ids],
                )

    def facts(self, prefix: str = "") -> dict[str, str]:
        """Name -> value of the facts whose name begins so."""
        return dict(
            self._database.connection.execute(
                "SELECT name, value FROM facts WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
            )
        )

    def put_facts(self, facts: Mapping[str, str]) -> None:
        """Sets facts, all or none."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", list(facts.items())
            )

    def delete_facts(self, names: Collection[str]) -> None:
        """Forgets facts."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM facts WHERE name = ?", [(n,) for n in names])

    def spend(
        self, account: str, usd: float, *, calls: int = 0, limit: float | None = None
    ) -> bool:
        """Adds to an account, unless that would exceed the limit; says whether it did."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT nano_usd FROM accounts WHERE name = ?", (account,)
            ).fetchone()
            after = (row[0] if row else 0) + round(usd * NANO)
            if limit is not None and after > round(limit * NANO):
                return False
            connection.execute(
                "INSERT INTO accounts (name, nano_usd, calls) VALUES (?, ?, ?) ON CONFLICT (name)"
                " DO UPDATE SET nano_usd = excluded.nano_usd, calls = calls + excluded.calls",
                (account, after, calls),
            )
            return True

    def spent(self, prefix: str = "") -> dict[str, Spent]:
        """Account -> what it has come to, for those whose name begins so."""
        rows = self._database.connection.execute(
            "SELECT name, nano_usd, calls FROM accounts WHERE substr(name, 1, ?) = ?",
            (len(prefix), prefix),
        )
        return {name: Spent(nano / NANO, calls) for name, nano, calls in rows}

    def _select(self, column: str, values: Collection[str]) -> Iterator[DocumentRecord]:
        for chunk in in_chunks(set(values)):
            rows = self._database.connection.execute(
                f"SELECT record FROM documents WHERE {column} IN ({marks(len(chunk))})", chunk
            ).fetchall()
            for (record,) in rows:
                yield DocumentRecord.model_validate_json(record)


def _put_documents(connection: sqlite3.Connection, documents: Sequence[DocumentRecord]) -> None:
    # Not INSERT OR REPLACE: a partition key taken by another document must fail.
    connection.executemany(
        "INSERT INTO documents (doc_id, partition_key, status, record)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (doc_id) DO UPDATE SET partition_key ="
        " excluded.partition_key, status = excluded.status, record = excluded.record",
        [(r.doc_id, r.partition_key, r.status.value, r.model_dump_json()) for r in documents],
    )
