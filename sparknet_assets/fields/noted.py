"""Which version of its corrections each document has: what plans and fingerprints go by."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from resources.catalog import Catalog
from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.fields.correction_log import CorrectionLog, correcting, read_log, write_log

_FACTS = "field_corrections/"

UNCERTAIN = "uncertain"
"""Noted in place of a version while the corrections are written: a kill leaves it behind."""


def corrections_noted(catalog: Catalog, doc_id: str = "") -> dict[str, str]:
    """doc_id -> data version of its corrections, for the documents that have some: all, or one."""
    facts = catalog.facts(_FACTS + doc_id)
    return {name.removeprefix(_FACTS): version for name, version in facts.items()}


def corrections_settled(deployment: Deployment, doc_ids: Collection[str]) -> dict[str, str]:
    """`corrections_noted`, with what a kill left uncertain of these documents looked up and noted.

    It stays uncertain where the corrections can't be read: their document's fields fail by them.
    """
    noted = corrections_noted(deployment.catalog)
    for doc_id in doc_ids:
        if noted.get(doc_id) == UNCERTAIN:
            try:
                with correcting(deployment):
                    log = read_log(deployment.storage, doc_id)
                    _note(deployment.catalog, log)
            except SparknetError:
                continue
            noted[doc_id] = log.version
    return noted


def store_corrections(deployment: Deployment, log: CorrectionLog) -> None:
    """Makes corrections durable, and then their version known. For who is `correcting`."""
    note_corrections(deployment.catalog, {log.doc_id: UNCERTAIN})
    write_log(deployment.storage, log)
    _note(deployment.catalog, log)


def note_corrections(catalog: Catalog, versions: Mapping[str, str]) -> None:
    """Notes the versions of corrections that are durable already."""
    catalog.put_facts({_FACTS + doc_id: version for doc_id, version in versions.items()})


def forget_corrections(catalog: Catalog, doc_ids: Collection[str]) -> None:
    """Forgets that these documents had corrections."""
    catalog.delete_facts([_FACTS + doc_id for doc_id in doc_ids])


def _note(catalog: Catalog, log: CorrectionLog) -> None:
    if log.version:
        note_corrections(catalog, {log.doc_id: log.version})
    else:
        forget_corrections(catalog, [log.doc_id])
