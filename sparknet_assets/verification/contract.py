"""What a check is: one thing that must hold, and where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sparknet_assets.verification.corpus import Corpus
    from sparknet_assets.verification.subject import Folder, Subject


class Severity(StrEnum):
    """A problem must be mended; a warning is for a person to know."""

    PROBLEM = "problem"
    WARNING = "warning"


class Disagreement(NamedTuple):
    """One thing that is not as it should be.

    Attributes:
        doc_id: Empty when it is about no single document.
        stage: Whose output it is about; empty when it is about none.
    """

    doc_id: str
    kind: str
    detail: str
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that must hold, of each document by itself or across all of them.

    Attributes:
        name: Unique for its asset.
        asset: Whose page in the UI shows it.
        description: One sentence: what holds when the check passes.
        kinds: Of the disagreements that it finds.
        blocking: What is made from an asset that fails it is not to be trusted.
        of_document: Finds what is wrong with a document.
        of_removed: `of_document` is about removed documents, not about all others.
        of_folder: Finds what is wrong with stored files that belong to no document.
        of_corpus: Finds what is wrong across documents, once all of them were looked at.
    """

    name: str
    asset: str
    description: str
    kinds: tuple[str, ...]
    severity: Severity = Severity.PROBLEM
    blocking: bool = False
    of_document: Callable[[Subject], Iterator[Disagreement]] | None = None
    of_removed: bool = False
    of_folder: Callable[[Folder], Iterator[Disagreement]] | None = None
    of_corpus: Callable[[Corpus], Iterator[Disagreement]] | None = None


class Finding(NamedTuple):
    """A disagreement with the check that found it."""

    check: Check
    disagreement: Disagreement
