"""What generations of the index hold of the documents; how a generation begins and ends."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from resources.catalog import DocumentStatus, Holding, StageRecord
from resources.deployment import Deployment
from resources.generations import Generation, register, unregister
from sparknet_assets.reports import in_pages

TEXT_STAGE = "ocr_text"
INDEX_STAGE = "vector_index"


@contextmanager
def changing_generations(deployment: Deployment) -> Iterator[None]:
    """Keeps processes apart that register, switch or retire generations."""
    with deployment.locks.hold("generations"):
        yield


def establish(deployment: Deployment) -> Generation:
    """Registers the target, which is about to be written to. Cheap when that was done before.

    Returns:
        The live generation: the target itself in a home that had none.

    Raises:
        SparknetError: The target's embedder can't be asked what it is.
    """
    target = deployment.target
    registry = deployment.generations
    known = registry.generations.get(target.name)
    if registry.live and known and known == target.model_copy(update=_kept(known)):
        return registry.live
    with changing_generations(deployment):
        live = deployment.live
        if live is None:
            live = deployment.answering
            _adopt(deployment, live)
            register(deployment.catalog, live, live=True)
        known = deployment.generations.generations.get(target.name)
        if known and known.retiring:
            discard(deployment, known)
            known = None
        if known:
            target = target.model_copy(update=_kept(known))
        register(deployment.catalog, target)
    return live


def _kept(known: Generation) -> dict[str, object]:
    return {"created_at": known.created_at}


def discard(deployment: Deployment, generation: Generation) -> None:
    """Removes a generation from disk and catalog. Cut off anywhere, it can be called again."""
    catalog = deployment.catalog
    register(catalog, generation.model_copy(update={"retiring": True}))
    deployment.store_of(generation).drop()
    catalog.drop_holdings(generation.name)
    unregister(catalog, generation.name)


def another_answers(deployment: Deployment, live: Generation | None) -> str:
    """What people should know while the index that answers is not the one that the settings name.

    Asks no embedder; empty when they are the same.
    """
    if live is None or live.is_named_by(deployment.settings):
        return ""
    return (
        f"The index {live.name} answers; the settings name another: `sparknet generations` shows"
        " how far that is."
    )


def text_version(records: Mapping[str, StageRecord]) -> str:
    """Data version of a document's text, by its stage records; empty when it has none."""
    record = records.get(TEXT_STAGE)
    return record.data_version if record else ""


def behind(
    deployment: Deployment,
    generation: Generation,
    texts: Mapping[str, str],
    there: Collection[str] | None = None,
) -> dict[str, bool]:
    """Documents of which a generation does not hold the text that is current, or holds no more.

    Args:
        texts: doc_id -> data version of its text.
        there: Documents in the files of the generation, for who asks more than once.

    Returns:
        Their ids, each with whether the catalog knows of something that is held.
    """
    held = deployment.catalog.holdings(generation.name, texts)
    lost = _lost(deployment, generation, held, there)
    return {
        doc_id: doc_id in held
        for doc_id, text in texts.items()
        if doc_id not in held or doc_id in lost or held[doc_id].text_version != text
    }


def absent(
    deployment: Deployment,
    generation: Generation,
    doc_ids: Collection[str],
    there: Collection[str] | None = None,
) -> set[str]:
    """Those of these documents of which a generation holds no version, or no more.

    Args:
        there: As for `behind`.
    """
    held = deployment.catalog.holdings(generation.name, doc_ids)
    return {*doc_ids} - held.keys() | _lost(deployment, generation, held, there)


def _lost(
    deployment: Deployment,
    generation: Generation,
    held: Mapping[str, Holding],
    there: Collection[str] | None,
) -> set[str]:
    """Documents that the catalog knows of, and whose files are gone."""
    if not held:
        return set()
    if there is None:
        there = deployment.store_of(generation).document_ids()
    return {doc_id for doc_id, holding in held.items() if holding.chunks and doc_id not in there}


def _adopt(deployment: Deployment, generation: Generation) -> None:
    """Notes what an index holds that was made before holdings were noted."""
    in_store = deployment.store_of(generation).document_ids()
    if not in_store:
        return
    catalog = deployment.catalog
    for documents in in_pages(catalog.documents()):
        # Of one that failed, the text may be newer than the chunks.
        whole = [d.doc_id for d in documents if d.status in _WHOLE]
        found = {}
        for doc_id, records in catalog.stages(whole).items():
            holding = _indexed(records, generation.name)
            if holding and (doc_id in in_store or not holding.chunks):
                found[doc_id] = holding
        catalog.put_holdings(generation.name, found)


_WHOLE: Collection[DocumentStatus] = {DocumentStatus.INDEXED, DocumentStatus.PARTIAL}


def _indexed(records: Mapping[str, StageRecord], generation: str) -> Holding | None:
    record = records.get(INDEX_STAGE)
    if record and record.fingerprint and record.metadata.get("generation") == generation:
        return Holding(text_version(records), int(record.metadata.get("chunks", 0)))
    return None
