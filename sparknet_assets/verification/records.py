"""Checks of the catalog against the originals and against itself."""

from __future__ import annotations

from collections.abc import Iterator

from resources.catalog import DocumentStatus, StageStatus
from resources.failure import SparknetError
from resources.storage import InvalidKeyError, ObjectNotFoundError
from sparknet_assets.digests import stored_sha256
from sparknet_assets.fingerprint import difference
from sparknet_assets.raw_names import is_temporary
from sparknet_assets.records import settle
from sparknet_assets.source.text.page_text import TEXT_LAYER
from sparknet_assets.stages.contract import FIELD_CORRECTIONS, RAW_DOCUMENTS, Stage
from sparknet_assets.verification.contract import Check, Disagreement, Severity
from sparknet_assets.verification.subject import Folder, Subject


def _originals(subject: Subject) -> Iterator[Disagreement]:
    document, raw = subject.document, subject.folder.raw
    if subject.refused:
        return
    try:
        yield from _original(subject)
    except ObjectNotFoundError:
        yield subject.problem("missing_raw", f"{document.raw_key} is not there")
    except (SparknetError, InvalidKeyError) as error:
        yield subject.problem("unreadable_raw", str(error))
    except OSError as error:
        reason = error.strerror or error
        yield subject.problem("unreadable_raw", f"{document.raw_key} can't be read: {reason}")
    for key in raw:
        if key != document.raw_key and not is_temporary(key):
            yield subject.problem("extra_raw", f"{key} stands beside {document.raw_key}")


def _original(subject: Subject) -> Iterator[Disagreement]:
    """Raises OSError, SparknetError or InvalidKeyError when the original can't be looked at."""
    document, storage = subject.document, subject.corpus.deployment.storage
    # A folder that can't be listed seems to be empty; asked for by its name, the file says why.
    stored = subject.folder.raw.get(document.raw_key) or storage.stat(document.raw_key)
    if stored is None:
        yield subject.problem("missing_raw", f"{document.raw_key} is not there")
    elif document.raw_version and document.status is not DocumentStatus.PENDING:
        doubtful = document.raw_version != stored.version or subject.corpus.deep
        if doubtful and stored_sha256(storage, document.raw_key) != document.raw_sha256:
            yield subject.problem("changed_raw", f"{document.raw_key} changed after it was read")


def _unregistered(folder: Folder) -> Iterator[Disagreement]:
    for key in [key for key in folder.raw if not is_temporary(key)][:1]:
        yield Disagreement(folder.doc_id, "unregistered_raw", f"{key} is in no record")


def _status(subject: Subject) -> Iterator[Disagreement]:
    document, stages = subject.document, subject.stages
    if subject.refused:
        return
    interrupted = _interrupted(subject)
    if document.status is DocumentStatus.PENDING:
        yield subject.problem("pending", "was never finished")
    elif interrupted:
        yield subject.problem("interrupted", f"{', '.join(interrupted)} was interrupted")
    else:
        ordered = {s.name: stages[s.name] for s in subject.corpus.graph if s.name in stages}
        expected = settle(document, ordered, document.run_id).status
        if stages and expected != document.status:
            yield subject.problem("status", f"is {document.status}, but its stages say {expected}")


def _interrupted(subject: Subject) -> list[str]:
    """Stages that were left half done; not those that wait for one that failed."""
    found = []
    blocked: set[str] = set()
    for stage in subject.corpus.graph:
        record = subject.stages.get(stage.name)
        failed = record is not None and record.status is StageStatus.FAILED
        if failed or blocked.intersection(stage.inputs):
            blocked.add(stage.name)
        elif record is not None and not record.fingerprint:
            found.append(stage.name)
    return found


def _failed(subject: Subject) -> Iterator[Disagreement]:
    failure = subject.document.failure
    if failure is not None:
        yield subject.problem(subject.document.status.value, f"{failure.kind}: {failure.message}")


def _current(subject: Subject) -> Iterator[Disagreement]:
    if subject.document.stale:
        yield subject.problem("stale", f"answers with an older version: {subject.document.stale}")
    corpus = subject.corpus
    for stage in corpus.graph:
        record = subject.stages.get(stage.name)
        if record is None or not subject.whole(stage.name) or not record.recipe:
            continue
        now = corpus.recipes.of_tier(subject.document.tier).of(stage)
        if record.recipe != now.id:
            what = difference(corpus.recorded_recipes.get(record.recipe, ""), now)
            yield subject.problem("outdated", f"{stage.name} was made before: {what}", stage.name)
            return


def _confidence(subject: Subject) -> Iterator[Disagreement]:
    record = subject.stages.get("ocr_text")
    if record is None or not subject.whole("ocr_text"):
        return
    facts = record.metadata
    confidence = facts.get("ocr_confidence")
    if confidence is None and TEXT_LAYER not in facts.get("engines", {}):
        confidence = facts.get("confidence")
    floor = subject.corpus.deployment.settings.ocr_confidence_floor
    if confidence is not None and confidence < floor:
        detail = f"OCR read it with a confidence of {confidence:.2f}, less than {floor:.2f}"
        yield subject.problem("low_confidence", detail, "ocr_text")


_NO_STAGES = (RAW_DOCUMENTS, FIELD_CORRECTIONS)


def inputs_check(stage: Stage) -> Check:
    """What a stage made is of the outputs that its inputs have now."""

    def find(subject: Subject) -> Iterator[Disagreement]:
        record = subject.stages.get(stage.name)
        if record is None or not subject.settled or not subject.whole(stage.name):
            return
        lost = [n for n in stage.inputs if n not in _NO_STAGES and n not in subject.stages]
        if lost:
            detail = f"{stage.name} was made from {', '.join(lost)}, which has no record"
            yield subject.problem("stale_artifact", detail, stage.name)
            return
        if subject.made_from_current(stage) is False:
            detail = f"{stage.name} was made from other versions of {', '.join(stage.inputs)}"
            yield subject.problem("stale_artifact", detail, stage.name)

    return Check(
        name="made_from_current_inputs",
        asset=stage.name,
        description=f"Nothing in {stage.name} is older than what it was made from.",
        kinds=("stale_artifact",),
        of_document=find,
    )


ORIGINALS = Check(
    name="originals_are_as_read",
    asset=RAW_DOCUMENTS,
    description="Each document's original is there, alone in its folder, and is what was read.",
    kinds=("missing_raw", "unreadable_raw", "changed_raw", "extra_raw"),
    of_document=_originals,
)
REGISTERED = Check(
    name="originals_are_registered",
    asset=RAW_DOCUMENTS,
    description="Each file in raw/ belongs to a document that the catalog knows.",
    kinds=("unregistered_raw",),
    of_folder=_unregistered,
)
STATUSES = Check(
    name="statuses_follow_from_stages",
    asset="documents",
    description="Each document's status is what its stages say, and none was left half done.",
    kinds=("pending", "interrupted", "status"),
    of_document=_status,
)
FAILED = Check(
    name="no_failed_documents",
    asset="documents",
    description="No document failed, and none misses pages.",
    kinds=("failed", "partial"),
    severity=Severity.WARNING,
    of_document=_failed,
)
CURRENT = Check(
    name="answers_are_current",
    asset="vector_index",
    description="What answers was made from the newest originals, by the code and settings in "
    "force.",
    kinds=("stale", "outdated"),
    severity=Severity.WARNING,
    of_document=_current,
)
CONFIDENCE = Check(
    name="ocr_confidence",
    asset="ocr_text",
    description="OCR was sure of what it read: each document is above SPARKNET_OCR_CONFIDENCE_"
    "FLOOR.",
    kinds=("low_confidence",),
    severity=Severity.WARNING,
    of_document=_confidence,
)
