"""Tiers of documents: who decides, and how a person changes one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.storage import ObjectNotFoundError
from resources.tiers import STANDARD, TIERS, TierPolicy, TierRule, policy_of
from sparknet_assets.claims import Claims

__all__ = ["TIERS", "Decision", "TierPolicy", "decide", "policy_of", "set_tier", "source_of"]

logger = logging.getLogger(__name__)

LABEL = "sparknet-tier"
"""Name of the metadata or tag of an object in raw/ that says its tier."""
EXPLICIT, OBJECT, RULE, DEFAULT = "explicit", "object", "rule", "default"
_WAIT_SECONDS = 5.0


class Decision(NamedTuple):
    """A tier and who decided it: `explicit`, `object`, `rule`, `default`."""

    tier: str
    source: str


def decide(
    deployment: Deployment,
    doc_id: str,
    filename: str,
    *,
    explicit: str | None = None,
    known: DocumentRecord | None = None,
    raw_key: str = "",
    media_type: Callable[[], str] | None = None,
) -> Decision:
    """The tier of a document that arrives, or whose original was replaced.

    In this order: what a person says now or has said before, the object's metadata or tag, the
    first rule that fits, the default.

    Args:
        explicit: Said now.
        known: The document's row, if it has one.
        raw_key: The object under raw/; empty for a file that is about to be copied there.
        media_type: Finds out the kind of the file; asked only for a rule that needs it.
    """
    if explicit:
        return Decision(explicit, EXPLICIT)
    if known is not None and source_of(known) == EXPLICIT:
        return Decision(known.tier, EXPLICIT)
    if raw_key and (labelled := _labelled(deployment, raw_key)):
        return Decision(labelled, OBJECT)
    for rule in deployment.settings.tier_rules:
        if _fits(rule, doc_id, filename, media_type):
            return Decision(rule.tier, RULE)
    return Decision(deployment.settings.default_tier, DEFAULT)


def source_of(record: DocumentRecord) -> str:
    """Who decided the tier of a document; rows of before this was noted had it from people only."""
    if record.tier_source:
        return record.tier_source
    return DEFAULT if record.tier == STANDARD else EXPLICIT


def with_tier(
    record: DocumentRecord,
    deployment: Deployment,
    *,
    explicit: str | None = None,
    known: DocumentRecord | None = None,
    stored: bool = True,
) -> DocumentRecord:
    """The row with the tier that is decided for it.

    Args:
        stored: It was put under raw/ by others, who may have labelled it.
    """
    tier, source = decide(
        deployment,
        record.doc_id,
        record.filename,
        explicit=explicit,
        known=known,
        raw_key=record.raw_key if stored else "",
        media_type=_kind_of_object(deployment, record.raw_key),
    )
    return record.model_copy(update={"tier": tier, "tier_source": source})


def set_tier(deployment: Deployment, doc_ids: Sequence[str], tier: str) -> list[DocumentRecord]:
    """Gives documents a tier, as a person's decision. Redoes nothing: `plan` says what follows.

    Returns:
        Their rows, in the order given.

    Raises:
        SparknetError: There is no such tier or document, or a run is at work on one. None of the
            documents was changed then.
    """
    if tier not in TIERS:
        raise SparknetError(
            FailureKind.REFUSED, f"{tier} is not a tier; there are {', '.join(TIERS)}."
        )
    wanted = list(dict.fromkeys(doc_ids))
    with Claims(deployment) as claims:
        mine, _ = claims.wait_for(wanted, _WAIT_SECONDS)
        if busy := [doc_id for doc_id in wanted if doc_id not in mine]:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"{', '.join(busy)}: a run is at work on it; set the tier when that is through.",
                retryable=True,
            )
        known = deployment.catalog.get_many(wanted)
        for doc_id in wanted:
            if doc_id not in known or known[doc_id].status is DocumentStatus.DELETED:
                raise SparknetError(FailureKind.REFUSED, f"There is no document {doc_id}.")
        decided = {"tier": tier, "tier_source": EXPLICIT, "updated_at": datetime.now(UTC)}
        rows = [known[doc_id].model_copy(update=decided) for doc_id in wanted]
        deployment.catalog.put(rows)
    return rows


def _labelled(deployment: Deployment, raw_key: str) -> str:
    """The tier that the object's metadata or tag names; empty where none does."""
    try:
        label = deployment.storage.label(raw_key, LABEL).strip().lower()
    except ObjectNotFoundError:
        return ""
    if label and label not in TIERS:
        logger.warning("%s: %s is %r, which is no tier; it is left aside", raw_key, LABEL, label)
        return ""
    return label


def _fits(rule: TierRule, doc_id: str, filename: str, media_type: Callable[[], str] | None) -> bool:
    pattern = rule.match.lower()
    if not any(fnmatchcase(name.lower(), pattern) for name in (doc_id, filename)):
        return False
    if rule.media_type is None:
        return True
    found = media_type() if media_type else ""
    return fnmatchcase(found.lower(), rule.media_type.lower())


def _kind_of_object(deployment: Deployment, raw_key: str) -> Callable[[], str]:
    def find() -> str:
        from sparknet_assets.source.media_type import detect

        try:
            with deployment.storage.as_file(raw_key) as path:
                return detect(path, raw_key.rsplit("/", 1)[-1]).media_type
        except (ObjectNotFoundError, OSError):
            return ""

    return find
