"""What must be true after a reconciliation, worked out from contents, settings and troubles alone.

After a kill nobody knows which steps were taken: where that matters the model holds every
possibility, and what is found next must be one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache

from resources.failure import FailureKind
from resources.vector_store import Chunk
from sparknet_assets.chunking import make_chunks
from tests.doubles.embedder import WordEmbedder
from tests.model.small_stages import (
    AWKWARD,
    CORRUPT,
    NAMES,
    POISON,
    page_failure,
    page_text,
    pages_of,
)
from tests.model.world import Trouble

Pages = tuple[str | FailureKind, ...]
"""Text of each page; for a page that is missing, why."""
Shown = frozenset[str]
"""Ids of the chunks that the index holds of a document."""


@dataclass(frozen=True)
class Made:
    """An output of a stage: from what, and whether a missing page may still come."""

    key: Hashable
    output: Hashable
    again: bool = False


@dataclass(frozen=True)
class Refused:
    """A stage that fails; `lasting` when it always will with this input."""

    lasting: bool


@dataclass
class Surroundings:
    """All but the documents that decides what is made."""

    chunk_tokens: int
    chunk_overlap: int
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 1))
    trouble: Trouble = field(default_factory=Trouble)


@cache
def chunks_of(doc_id: str, pages: Pages, size: int, overlap: int) -> tuple[Chunk, ...]:
    """The chunks of a text, by the chunker itself: what it does is tested elsewhere."""
    texts = [
        page_text(number, text)
        for number, text in enumerate(pages, start=1)
        if not isinstance(text, FailureKind)
    ]
    return tuple(make_chunks(doc_id, texts, WordEmbedder(), size=size, overlap=overlap))


class ExpectedDocument:
    """One document: what is in raw/, and what may have been made of it.

    Attributes:
        data: Bytes in raw/; None when its folder is gone.
        made: Stage -> the outputs that may be recorded; None among them: perhaps none is.
        refused: Stage -> inputs for which it may be recorded as hopeless; None: perhaps none is.
        shown: What the index may hold.
        touched: Its file was written since the last reconciliation.
        doomed: Its removal was begun, and is to be finished.
        back: Its file was written while a removal was unfinished, which leaves it: it is new.
        markers: Words by which its text is known, of all versions since it was added.
    """

    def __init__(self, doc_id: str) -> None:
        self.doc_id = doc_id
        self.data: bytes | None = None
        self.filename = ""
        self.touched = False
        self.doomed = False
        self.back = False
        self.forget()

    @property
    def raw_key(self) -> str:
        return f"raw/{self.doc_id}/{self.filename}"

    @property
    def current_markers(self) -> set[str]:
        """Markers in raw/."""
        text = self.data.decode() if self.data is not None else ""
        return {word for word in text.split() if word.startswith("marker")}

    def forget(self) -> None:
        """Nothing of it is left anywhere."""
        self.made: dict[str, set[Made | None]] = {name: {None} for name in NAMES}
        self.refused: dict[str, set[Hashable]] = {name: {None} for name in NAMES}
        self.shown: set[Shown] = {frozenset()}
        self.markers = self.current_markers

    @property
    def read(self) -> bytes | None:
        """The bytes that its outputs are of; None where that can't be told."""
        (made, *others) = self.made["documents"]
        if others or made is None:
            return None
        data, _ = made.output  # type: ignore[misc]
        return data

    def key(self, stage: str, outputs: Mapping[str, Hashable], around: Surroundings) -> Hashable:
        """All that decides the output of a stage."""
        version = around.versions[stage]
        match stage:
            case "documents":
                return version, self.data, self.filename
            case "ocr_text":
                return version, outputs["documents"]
            case "chunks":
                size = around.chunk_tokens, around.chunk_overlap
                return version, outputs["ocr_text"], size
            case "embeddings":
                return version, outputs["chunks"]
            case _:
                return version, outputs["chunks"], outputs["embeddings"]

    def outcome(
        self,
        stage: str,
        key: Hashable,
        outputs: Mapping[str, Hashable],
        around: Surroundings,
        cached: Collection[str],
    ) -> Made | Refused | None:
        """What comes of a stage that is run; None when that can't be told."""
        match stage:
            case "documents":
                return self._documents(key, around)
            case "ocr_text":
                return self._ocr_text(key, around)
            case "chunks":
                pages = outputs["ocr_text"]
                size = around.chunk_tokens, around.chunk_overlap
                return Made(key, chunks_of(self.doc_id, pages, *size))
            case "embeddings":
                return _embeddings(key, outputs["chunks"], around, cached)  # type: ignore[arg-type]
            case _:
                return Made(key, outputs["chunks"])

    def _documents(self, key: Hashable, around: Surroundings) -> Made | Refused:
        assert self.data is not None
        text = self.data.decode()
        if CORRUPT in text:
            return Refused(lasting=True)
        if AWKWARD in text and around.trouble.reader:
            return Refused(lasting=False)
        return Made(key, (self.data, self.filename))

    def _ocr_text(self, key: Hashable, around: Surroundings) -> Made | Refused:
        assert self.data is not None
        texts = pages_of(self.data)
        failures = [page_failure(text, around.trouble.pages) for text in texts]
        passing = any(failure and failure.retryable for failure in failures)
        if all(failures):
            return Refused(lasting=not passing)
        pairs = zip(texts, failures, strict=True)
        return Made(key, tuple(f.kind if f else text for text, f in pairs), again=passing)

    def status(self) -> str:
        """Of a document that is through."""
        (text,) = self.made["ocr_text"]
        assert text is not None
        pages: Pages = text.output  # type: ignore[assignment]
        missing = any(isinstance(page, FailureKind) for page in pages)
        return "partial" if missing else "indexed"

    def may_be_half_done(self, around: Surroundings) -> None:
        """A run that had this document to do was killed at an unknown place."""
        outputs: dict[str, Hashable] = {}
        worked = self.touched
        for stage in NAMES:
            key = self.key(stage, outputs, around)
            made = self.made[stage]
            current = {m for m in made if m and m.key == key and not m.again}
            if made == current:
                (only,) = current
                outputs[stage] = only.output
                continue
            if self.refused[stage] == {key} and not worked:
                return  # hopeless, and not tried again
            worked = True
            result = self.outcome(stage, key, outputs, around, ())
            made.add(None)
            if not isinstance(result, Made):
                self.refused[stage] |= {None, key}
                if result is not None or stage != "embeddings":
                    return
                result = Made(key, outputs["chunks"])
            made.add(result)
            self.refused[stage].add(None)
            outputs[stage] = result.output
        ids = ids_of(outputs["chunks"])
        self.shown |= {old | ids for old in self.shown} | {ids}

    def may_be_half_removed(self) -> None:
        """A run that had this document to remove was killed at an unknown place."""
        for stage in NAMES:
            self.made[stage].add(None)
            self.refused[stage].add(None)
        self.shown.add(frozenset())


def ids_of(chunks: Hashable) -> Shown:
    return frozenset(chunk.chunk_id for chunk in chunks)  # type: ignore[attr-defined]


def _embeddings(
    key: Hashable, chunks: tuple[Chunk, ...], around: Surroundings, cached: Collection[str]
) -> Made | Refused | None:
    texts = {chunk.text for chunk in chunks}
    result = Made(key, chunks)
    if texts <= set(cached):
        return result
    poisoned = any(POISON in text for text in texts)
    if around.trouble.embedder:
        # The vectors may be in the cache all the same, but for those that there never were.
        return Refused(lasting=False) if poisoned else None
    return Refused(lasting=True) if poisoned else result


class Texts:
    """The texts whose vectors are in the cache for certain, and the documents that use them."""

    def __init__(self) -> None:
        self._users: dict[str, set[str]] = {}

    @property
    def known(self) -> Collection[str]:
        return self._users.keys()

    def add(self, doc_id: str, texts: Collection[str]) -> None:
        for text in texts:
            self._users.setdefault(text, set()).add(doc_id)

    def forget(self, doc_id: str) -> None:
        for text, users in list(self._users.items()):
            users.discard(doc_id)
            if not users:
                del self._users[text]


@dataclass(frozen=True)
class Observed:
    """What a reconciliation did, and what it left.

    Attributes:
        calls: (doc_id, stage) -> how often its work was done.
        embedded: Text -> how often it was embedded.
        status: doc_id -> status in the catalog.
        shown: doc_id -> ids of its chunks in the index.
    """

    calls: Counter[tuple[str, str]]
    embedded: Counter[str]
    status: Mapping[str, str]
    shown: Mapping[str, Shown]


def follow(document: ExpectedDocument, seen: Observed, around: Surroundings, texts: Texts) -> None:
    """Takes a document through a reconciliation that ended, checking each stage on the way."""
    doc_id = document.doc_id
    outputs: dict[str, Hashable] = {}
    cached = set(texts.known)
    worked = False
    for stage in NAMES:
        calls = seen.calls[doc_id, stage]
        key = document.key(stage, outputs, around)
        made = document.made[stage]
        current = {m for m in made if m and m.key == key and not m.again}
        hopeless = document.refused[stage] == {key}
        assert calls <= 1, f"{doc_id}: {stage} was done {calls} times"
        assert not (calls and made == current), f"{doc_id}: {stage} for nothing"
        if hopeless and not document.touched:
            assert not calls or worked, f"{doc_id}: {stage} can't succeed, and was tried again"
        worked = worked or bool(calls)
        if not calls:
            if not current:
                assert key in document.refused[stage], f"{doc_id}: {stage} was not done"
                document.refused[stage] = {key}
                _failed(document, stage, seen)
                return
            (result,) = current
        else:
            outcome = document.outcome(stage, key, outputs, around, cached)
            if outcome is None:
                failed = seen.status[doc_id] == "failed"
                outcome = Refused(lasting=False) if failed else Made(key, outputs["chunks"])
            if isinstance(outcome, Refused):
                made.add(None)
                document.refused[stage] = {key if outcome.lasting else None}
                _failed(document, stage, seen)
                return
            result = outcome
        document.made[stage] = {result}
        document.refused[stage] = {None}
        outputs[stage] = result.output
    chunks: tuple[Chunk, ...] = outputs["chunks"]  # type: ignore[assignment]
    texts.add(doc_id, {chunk.text for chunk in chunks})
    document.shown = {ids_of(chunks)}
    assert seen.shown[doc_id] in document.shown, f"{doc_id}: other chunks in the index"
    assert seen.status[doc_id] == document.status()


def _failed(document: ExpectedDocument, stage: str, seen: Observed) -> None:
    doc_id = document.doc_id
    assert seen.status[doc_id] == "failed", f"{doc_id}: {stage} failed, not the document"
    for later in NAMES[NAMES.index(stage) + 1 :]:
        assert not seen.calls[doc_id, later], f"{doc_id}: {later} after {stage} failed"
    assert seen.shown[doc_id] in document.shown, f"{doc_id}: other chunks in the index"
    document.shown = {seen.shown[doc_id]}
