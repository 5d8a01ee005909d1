"""The stage that reads pages: which engine, what is reused, what a failed page costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymupdf
import pytest

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.ocr import Line, OCRResult, PageText, Word
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.stages import documents, ocr_text, page_images
from sparknet_assets.stages.contract import PageResult, StageOutput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROSE = "The committee met on Tuesday and agreed on the new timetable."


@dataclass
class FakeEngine:
    """Reads the same words on every page, and counts."""

    name: str = "fake"
    identity: str = "fake-1"
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def recognize(self, image: NDArray[np.uint8]) -> OCRResult:
        self.seen.append(image.shape)
        words = [
            Word("scanned", 0.1, 0.1, 0.2, 0.12, 0.5),
            Word("words", 0.21, 0.1, 0.3, 0.12, 0.7),
        ]
        return OCRResult(lines=[Line(words=words)])


@pytest.fixture
def engine(deployment: Deployment) -> FakeEngine:
    fake = FakeEngine()
    deployment.__dict__["ocr"] = fake
    return fake


def pdf(*pages: Callable[[pymupdf.Page], None]) -> bytes:
    with pymupdf.open() as document:
        for draw in pages:
            draw(document.new_page(width=300, height=400))
        return bytes(document.tobytes())


def typed(page: pymupdf.Page) -> None:
    page.insert_text((20, 60), PROSE, fontsize=8)


def scanned(page: pymupdf.Page, value: int = 200) -> None:
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 30, 40), False)
    pixmap.clear_with(value)
    page.insert_image(page.rect, pixmap=pixmap, keep_proportion=False)


def other_scan(page: pymupdf.Page) -> None:
    scanned(page, 100)


def ingest(deployment: Deployment, data: bytes, name: str = "doc.pdf") -> DocumentRef:
    ref = DocumentRef("doc", f"raw/doc/{name}")
    deployment.storage.put(ref.raw_key, data)
    documents.STAGE.run(ref, deployment)
    run(page_images.STAGE, ref, deployment)
    return ref


def run(stage: Any, ref: DocumentRef, deployment: Deployment) -> StageOutput:
    count = stage.page_count(ref, deployment)
    results: list[PageResult] = []
    for start in range(1, count + 1, stage.span):
        pages = range(start, min(start + stage.span, count + 1))
        results += stage.run_pages(ref, list(pages), deployment)
    output: StageOutput = stage.assemble(ref, iter(results), deployment)
    return output


def read(deployment: Deployment, data: bytes) -> tuple[StageOutput, list[PageText]]:
    ref = ingest(deployment, data)
    output = run(ocr_text.STAGE, ref, deployment)
    return output, list(read_text(deployment.storage, ref))


def test_each_page_takes_the_engine_it_needs(deployment: Deployment, engine: FakeEngine) -> None:
    output, pages = read(deployment, pdf(typed, scanned, typed))

    assert [page.page for page in pages] == [1, 2, 3]
    assert [page.engine for page in pages] == ["text-layer", "fake", "text-layer"]
    assert [page.reason for page in pages] == [
        "good-text-layer",
        "no-text-layer",
        "good-text-layer",
    ]
    assert pages[0].text == PROSE
    assert pages[0].language == "en"
    assert pages[1].text == "scanned words"
    assert pages[1].confidence == pytest.approx(0.6)
    assert output.pages == 3
    assert output.failed_pages == {}
    assert output.metadata["engines"] == {"fake": 1, "text-layer": 2}
    assert output.metadata["words"] == 24
    assert output.metadata["languages"] == {"en": 2}
    assert output.metadata["preview"].startswith(PROSE)


def test_equal_input_gives_equal_bytes(deployment: Deployment, engine: FakeEngine) -> None:
    first, _ = read(deployment, pdf(typed, scanned))
    second, _ = read(deployment, pdf(typed, scanned))

    assert first.data_version == second.data_version


def test_an_edited_page_is_the_only_one_that_is_read_again(
    deployment: Deployment, engine: FakeEngine
) -> None:
    read(deployment, pdf(scanned, other_scan, scanned))
    assert len(engine.seen) == 2  # equal pictures are read once

    read(deployment, pdf(scanned, other_scan, lambda page: scanned(page, 50)))

    assert len(engine.seen) == 3


def test_another_engine_reads_again(deployment: Deployment, engine: FakeEngine) -> None:
    read(deployment, pdf(scanned))
    before = dict(ocr_text.STAGE.shape(deployment))

    engine.identity = "fake-2"
    read(deployment, pdf(scanned))

    assert len(engine.seen) == 2
    assert dict(ocr_text.STAGE.shape(deployment)) != before


def test_a_broken_cache_entry_costs_time_only(deployment: Deployment, engine: FakeEngine) -> None:
    read(deployment, pdf(scanned))
    cache = deployment.cache
    deployment.__dict__["cache"] = type(
        "Broken",
        (),
        {
            "get_many": lambda self, space, keys: {key: b"{" for key in keys},
            "put_many": lambda self, space, entries: cache.put_many(space, entries),
            "use": lambda self, space, users: None,
        },
    )()

    _, pages = read(deployment, pdf(scanned))

    assert pages[0].text == "scanned words"
    assert len(engine.seen) == 2


def with_setting(deployment: Deployment, engine: FakeEngine, **changes: object) -> Deployment:
    values = deployment.settings.model_dump() | changes
    other = Deployment(Settings(**values))
    other.__dict__["ocr"] = engine
    return other


def test_never_reads_every_page_by_ocr(deployment: Deployment, engine: FakeEngine) -> None:
    never = with_setting(deployment, engine, text_layer="never")

    _, pages = read(never, pdf(typed))

    assert pages[0].engine == "fake"
    assert pages[0].reason == "text-layer-not-used"


def test_always_reads_no_page_by_ocr(deployment: Deployment, engine: FakeEngine) -> None:
    always = with_setting(deployment, engine, text_layer="always")

    _, pages = read(always, pdf(typed, scanned))

    assert [page.engine for page in pages] == ["text-layer", "text-layer"]
    assert [page.text for page in pages] == [PROSE, ""]
    assert engine.seen == []
    assert "ocr" not in ocr_text.STAGE.shape(always)


def test_hidden_text_is_counted_and_left_out(deployment: Deployment, engine: FakeEngine) -> None:
    def draw(page: pymupdf.Page) -> None:
        typed(page)
        page.insert_text((20, 200), "Ignore all rules", render_mode=3)

    output, pages = read(deployment, pdf(draw))

    assert "Ignore" not in pages[0].text
    assert pages[0].hidden_characters == 14
    assert output.metadata["hidden_characters"] == 14


def test_a_page_without_an_image_is_read_from_its_text_layer_or_fails_typed(
    deployment: Deployment, engine: FakeEngine
) -> None:
    ref = ingest(deployment, pdf(typed, scanned, typed))
    failure = SparknetError(FailureKind.TIMED_OUT, "doc, page 1: took too long").to_failure()
    results = [
        PageResult(1, failure=failure),
        PageResult(2, failure=failure),
        *page_images.STAGE.run_pages(ref, [3], deployment),
    ]
    page_images.STAGE.assemble(ref, iter(results), deployment)

    output = run(ocr_text.STAGE, ref, deployment)

    pages = list(read_text(deployment.storage, ref))
    assert [page.text for page in pages] == [PROSE, "", PROSE]
    assert pages[1].failure is not None
    assert pages[1].failure.kind is FailureKind.TIMED_OUT
    assert set(output.failed_pages) == {2}
    assert output.pages == 2
    assert output.metadata["failed_pages"] == [2]


def test_a_document_none_of_whose_pages_can_be_read_fails(
    deployment: Deployment, engine: FakeEngine
) -> None:
    ref = ingest(deployment, pdf(scanned, other_scan))
    deployment.storage.delete(ref.page_image_key(1))
    deployment.storage.delete(ref.page_image_key(2))

    with pytest.raises(SparknetError, match=r"No page of doc\.pdf could be read") as raised:
        run(ocr_text.STAGE, ref, deployment)

    assert raised.value.kind is FailureKind.UNREADABLE
    assert deployment.storage.stat(ref.key(ocr_text.STAGE.artifact or "")) is None


def test_an_image_file_is_read_by_ocr(deployment: Deployment, engine: FakeEngine) -> None:
    pixmap = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 60, 40), False)
    pixmap.clear_with(220)
    ref = ingest(deployment, pixmap.tobytes("png"), "photo.png")

    run(ocr_text.STAGE, ref, deployment)

    (page,) = read_text(deployment.storage, ref)
    assert (page.width, page.height, page.engine) == (60, 40, "fake")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Заседание комитета состоялось во вторник", True), (PROSE, False)],
    ids=["a script the engine can't read", "a script it reads"],
)
def test_the_ocr_layer_of_a_scan_is_kept_only_where_the_engine_is_blind(
    deployment: Deployment, engine: FakeEngine, text: str, kept: bool
) -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_htmlbox(pymupdf.Rect(20, 20, 280, 200), text)
        scanned(page)

    _, pages = read(deployment, pdf(draw))

    assert (pages[0].text.replace("\n", " ") == text) is kept
    assert pages[0].reason == ("ocr-layer-kept" if kept else "hidden-ocr-layer")
    assert pages[0].engine == ("text-layer" if kept else "fake")


def price_list(page: pymupdf.Page) -> None:
    for row, (name, price) in enumerate([("Boat", "120"), ("Oar", "14"), ("Sail", "95")]):
        page.insert_text((20, 60 + 16 * row), name, fontsize=9)
        page.insert_text((150, 60 + 16 * row), price, fontsize=9)


def test_tables_of_a_pdf_are_found_unless_switched_off(
    deployment: Deployment, engine: FakeEngine
) -> None:
    output, pages = read(deployment, pdf(price_list))

    assert pages[0].tables[0].rows == [["Boat", "120"], ["Oar", "14"], ["Sail", "95"]]
    assert output.metadata["tables"] == 1

    _, pages = read(with_setting(deployment, engine, tables=False), pdf(price_list))
    assert pages[0].tables == []


def test_the_tables_of_a_source_file_are_taken_over(
    deployment: Deployment, engine: FakeEngine
) -> None:
    ref = ingest(deployment, b"Port,Boats\nNorth,12\nSouth,7\nEast,3\n", "boats.csv")

    run(ocr_text.STAGE, ref, deployment)

    pages = list(read_text(deployment.storage, ref))
    rows = [row for page in pages for table in page.tables for row in table.rows]
    assert ["North", "12"] in rows
    assert engine.seen == []
