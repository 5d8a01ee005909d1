"""Which version of its corrections each document has: what plans and fingerprints go by."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from resources.catalog import Catalog

_FACTS = "field_corrections/"


def corrections_noted(catalog: Catalog, doc_id: str = "") -> dict[str, str]:
    """doc_id -> data version of its corrections, for the documents that have some: all, or one."""
    facts = catalog.facts(_FACTS + doc_id)
    return {name.removeprefix(_FACTS): version for name, version in facts.items()}


def note_corrections(catalog: Catalog, versions: Mapping[str, str]) -> None:
    """Notes the versions of corrections that are durable already."""
    catalog.put_facts({_FACTS + doc_id: version for doc_id, version in versions.items()})


def forget_corrections(catalog: Catalog, doc_ids: Collection[str]) -> None:
    """Forgets that these documents had corrections."""
    catalog.delete_facts([_FACTS + doc_id for doc_id in doc_ids])
