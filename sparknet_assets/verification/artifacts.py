"""Checks of artifacts: each is what was recorded, and none holds more or less than its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparknet_assets.stages.contract import Stage
from sparknet_assets.verification.contract import Check, Disagreement
from sparknet_assets.verification.reading import (
    ChunksContents,
    Contents,
    MetadataContents,
    PagesContents,
)
from sparknet_assets.verification.subject import Subject

_NAMED = 3


def artifact_check(stage: Stage) -> Check:
    """What a finished stage wrote is there, can be read, and has the recorded data version."""

    def find(subject: Subject) -> Iterator[Disagreement]:
        if not stage.artifact or not subject.whole(stage.name):
            return
        key = subject.ref.key(stage.artifact)
        if key not in subject.folder.processed:
            yield subject.problem("missing_artifact", f"{key} is not there", stage.name)
            return
        damage = subject.damage(stage.name)
        if damage:
            yield damage
            return
        contents = subject.contents(stage.name, Contents)
        recorded = subject.stages[stage.name].data_version
        if contents and contents.version and contents.version != recorded:
            rendition = isinstance(contents, MetadataContents) and contents.kind == "rendition"
            what = f"{key} or its rendition" if rendition else key
            detail = f"{what} is not what {stage.name} wrote"
            yield subject.problem("altered_artifact", detail, stage.name)

    return Check(
        name="artifacts_are_as_recorded",
        asset=stage.name,
        description=f"What {stage.name} wrote is there, whole and unchanged.",
        kinds=("missing_artifact", "unreadable_artifact", "altered_artifact"),
        of_document=find,
    )


def _images(subject: Subject) -> Iterator[Disagreement]:
    pages = subject.contents("page_images", PagesContents)
    if pages is None:
        return
    yield from _unequal(subject, "page_images", "page images", pages.entries)
    stored = subject.folder.processed
    missing, cut = [], []
    for name, image in pages.images.items():
        key = subject.ref.key(name)
        if key not in stored:
            missing.append(key)
        elif stored[key].size != image.size:
            cut.append(key)
    if missing:
        yield subject.problem("missing_artifact", f"{some(missing)} not there", "page_images")
    if cut:
        detail = f"{some(cut)} not of the size that was written"
        yield subject.problem("altered_artifact", detail, "page_images")


def _texts(subject: Subject) -> Iterator[Disagreement]:
    text = subject.contents("ocr_text", Contents)
    if text is not None:
        yield from _unequal(subject, "ocr_text", "pages of text", text.entries)


def _unequal(subject: Subject, stage: str, what: str, found: int) -> Iterator[Disagreement]:
    expected = subject.contents("documents", MetadataContents)
    if expected is None or subject.outrun(stage):
        return
    if found != expected.entries:
        detail = f"{found} {what}, but the document has {expected.entries}"
        yield subject.problem("page_count", detail, stage)


def _embeddings(subject: Subject) -> Iterator[Disagreement]:
    chunks = subject.contents("chunks", ChunksContents)
    if chunks is None:
        return
    twice = len(chunks.chunk_ids) - len(set(chunks.chunk_ids))
    if twice:
        yield subject.problem("chunk_count", f"{twice} chunk ids appear twice", "chunks")
    rows = subject.contents("embeddings", Contents)
    if rows is None or subject.outrun("embeddings"):
        return
    if rows.entries != chunks.entries:
        detail = f"{rows.entries} embeddings for {chunks.entries} chunks"
        yield subject.problem("chunk_count", detail, "embeddings")


def some(names: Sequence[str]) -> str:
    """The first few of many names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "are" if len(names) > 1 else "is"
    return f"{', '.join(names[:_NAMED])}{more} {verb}"


IMAGES = Check(
    name="pages_in_are_pages_out",
    asset="page_images",
    description="Each page of each document has its image, or the reason why there is none.",
    kinds=("page_count", "missing_artifact", "altered_artifact"),
    blocking=True,
    of_document=_images,
)
TEXTS = Check(
    name="pages_in_are_pages_out",
    asset="ocr_text",
    description="Each page of each document has its text, or the reason why there is none.",
    kinds=("page_count",),
    blocking=True,
    of_document=_texts,
)
EMBEDDINGS = Check(
    name="chunks_are_embeddings",
    asset="embeddings",
    description="Each chunk has one embedding, and there are no others.",
    kinds=("chunk_count",),
    blocking=True,
    of_document=_embeddings,
)
