"""Checks of fields: they add up, and what people set right is where the catalog says."""

from __future__ import annotations

from collections.abc import Iterator

from resources.failure import SparknetError
from sparknet_assets.fields.correction_log import log_key, read_log
from sparknet_assets.fields.noted import UNCERTAIN
from sparknet_assets.verification.contract import Check, Disagreement, Severity
from sparknet_assets.verification.reading import FieldsContents
from sparknet_assets.verification.subject import Subject

STAGE = "extracted_fields"


def _add_up(subject: Subject) -> Iterator[Disagreement]:
    fields = subject.contents(STAGE, FieldsContents)
    if fields is None or not fields.problems:
        return
    count = len(fields.problems)
    detail = "one thing is wrong with its fields" if count == 1 else f"{count} are"
    # The sentences tell amounts, and events may be read by others.
    if subject.corpus.deployment.settings.event_previews:
        detail = "; ".join(fields.problems[:3])
    yield subject.problem("fields_differ", detail, STAGE)


def _corrections(subject: Subject) -> Iterator[Disagreement]:
    doc_id = subject.document.doc_id
    noted = subject.corpus.corrections.get(doc_id)
    if noted in (None, UNCERTAIN):  # of the latter, fields are not of their current inputs
        return
    try:
        stored = read_log(subject.corpus.deployment.storage, doc_id).version
    except SparknetError as error:
        yield subject.problem("lost_corrections", error.message)
        return
    if not stored:
        yield subject.problem("lost_corrections", f"{log_key(doc_id)} is not there")


ADD_UP = Check(
    name="fields_add_up",
    asset=STAGE,
    description="No field that a schema requires is missing, and totals are what they are made of.",
    kinds=("fields_differ",),
    severity=Severity.WARNING,
    of_document=_add_up,
)
CORRECTIONS = Check(
    name="corrections_are_kept",
    asset="field_corrections",
    description="What people set right is stored, and can be read.",
    kinds=("lost_corrections",),
    of_document=_corrections,
)
