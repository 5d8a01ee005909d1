"""A document that is removed while a run works on it.

A run that slept for longer than its lease no longer has the document to itself.
"""

from __future__ import annotations

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment


class BuriedError(Exception):
    """The document was removed meanwhile: nothing more is made of it, and nothing recorded."""


def refuse_buried(current: DocumentRecord | None, deployment: Deployment) -> None:
    """Keeps a run from writing a removed document's row over its tombstone.

    A receipt that is there already says nothing of what the run wrote since: the removal is begun
    anew, and whatever finishes removals finishes it.

    Args:
        current: The document's row, as it stands in the catalog now.

    Raises:
        BuriedError: It is a tombstone.
    """
    if current is None or current.status is not DocumentStatus.DELETED:
        return
    if current.receipt:
        _begin_anew(current, deployment)
    raise BuriedError(current.doc_id)


def _begin_anew(tombstone: DocumentRecord, deployment: Deployment) -> None:
    from sparknet_assets.removal.intents import new_intent, put_intents
    from sparknet_assets.removal.remains import count_remains

    doc_id = tombstone.doc_id
    unsigned = tombstone.model_copy(update={"receipt": ""})
    intent = new_intent(
        deployment,
        doc_id,
        unsigned,
        count_remains(deployment, deployment.stores(), [doc_id])[doc_id],
        reason="a run wrote to it while it was removed",
        requested_by="the run",
        keep_raw=True,  # what is there was kept, or came later
    )
    put_intents(deployment.catalog, [intent])
    deployment.catalog.put([unsigned])
