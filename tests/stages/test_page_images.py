"""Stage `page_images`: an image of every page, and only of those that are."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from benchmarks.real_documents import BROKEN_CONTENT
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.artifacts import PAGES, DocumentRef, PageIndex
from sparknet_assets.source.pages import close_source
from sparknet_assets.source.thumbnail import LARGEST_URI, thumbnail
from sparknet_assets.stages import documents
from sparknet_assets.stages.contract import PageResult, StageOutput
from sparknet_assets.stages.page_images import STAGE

REF = DocumentRef("doc", "raw/doc/report.pdf")
HUNG = Failure(kind=FailureKind.TIMED_OUT, message="Page 2 took too long.", retryable=True)


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    close_source()


def store(deployment: Deployment, document: pymupdf.Document) -> None:
    deployment.storage.put(REF.raw_key, document.tobytes())
    documents.STAGE.run(REF, deployment)


def text_document(*texts: str) -> pymupdf.Document:
    document = pymupdf.open()
    for text in texts:
        document.new_page(width=300, height=200).insert_text((20, 40), text)
    return document


def damage(document: pymupdf.Document, page: int) -> None:
    """Makes the page a cycle in the page tree."""
    xref = document.page_xref(page - 1)
    for key, value in (("Type", "/Pages"), ("Count", "1"), ("Kids", f"[{xref} 0 R]")):
        document.xref_set_key(xref, key, value)


def results(deployment: Deployment, span: int = 2) -> Iterator[PageResult]:
    count = STAGE.page_count(REF, deployment)
    for start in range(1, count + 1, span):
        pages = range(start, min(count, start + span - 1) + 1)
        yield from STAGE.run_pages(REF, pages, deployment)


def run(deployment: Deployment) -> StageOutput:
    return STAGE.assemble(REF, results(deployment), deployment)


def index(deployment: Deployment) -> PageIndex:
    return PageIndex.model_validate_json(deployment.storage.get(REF.key(PAGES)))


def images(deployment: Deployment) -> list[str]:
    prefix = REF.key("pages/")
    stored = (info.key.removeprefix(prefix) for info in deployment.storage.list(prefix))
    return [name for name in stored if name.endswith(".png")]


def test_every_page_has_an_image_that_the_index_describes(deployment: Deployment) -> None:
    store(deployment, text_document("One", "Two", "Three"))
    output = run(deployment)
    assert output.pages == output.metadata["pages"] == 3
    assert not output.failed_pages
    pages = index(deployment).pages
    assert [page.page for page in pages] == [1, 2, 3]
    for page in pages:
        data = deployment.storage.get(REF.page_image_key(page.page))
        assert (page.sha256, page.size) == (hashlib.sha256(data).hexdigest(), len(data))
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (page.width, page.height) == (625, 417)
            assert image.mode == "L"
        assert page.dpi == 150


def test_the_output_depends_on_the_document_only(tmp_path: Path) -> None:
    outputs = []
    for home, span in ((tmp_path / "one", 1), (tmp_path / "two", 3)):
        deployment = Deployment(Settings(home=home))
        store(deployment, text_document("One", "Two", "Three"))
        output = STAGE.assemble(REF, results(deployment, span), deployment)
        outputs.append((output, deployment.storage.get(REF.key(PAGES))))
    assert outputs[0] == outputs[1]
    deployment = Deployment(Settings(home=tmp_path / "three"))
    store(deployment, text_document("One", "Two", "Four"))
    assert run(deployment).data_version != outputs[0][0].data_version


def test_a_damaged_page_costs_that_page_only(deployment: Deployment) -> None:
    document = text_document("One", "Two", "Three")
    damage(document, 2)
    store(deployment, document)
    output = run(deployment)
    assert (output.pages, list(output.failed_pages)) == (2, [2])
    failure = output.failed_pages[2]
    assert failure.kind is FailureKind.CORRUPT
    assert "Page 2 of report.pdf" in failure.message
    missing = index(deployment).pages[1]
    assert (missing.width, missing.sha256, missing.failure) == (0, "", failure)
    assert images(deployment) == ["page_0.png", "page_2.png"]


def test_pages_that_break_off_are_shown_and_named(deployment: Deployment) -> None:
    document = text_document("One", "Two", "Three", "Four")
    for page in (2, 4):
        content = document[page - 1].get_contents()[0]
        document.update_stream(content, document.xref_stream(content) + b"BT (cu", compress=False)
    store(deployment, document)
    output = run(deployment)
    assert (output.pages, output.failed_pages) == (4, {})
    assert output.metadata["incomplete_pages"] == [2, 4]
    assert output.failure is not None
    assert output.failure.kind is FailureKind.CORRUPT
    assert output.failure.message.startswith("Pages 2, 4 of report.pdf break off part-way")
    assert [bool(page.lost) for page in index(deployment).pages] == [False, True, False, True]
    assert deployment.storage.get(REF.key(PAGES)).count(b'"lost"') == 2
    known = list(STAGE.known(REF, [REF], deployment)) if STAGE.known else []
    again = STAGE.assemble(REF, iter([page for page in known if page]), deployment)
    assert (again.data_version, again.failure) == (output.data_version, output.failure)


def test_a_page_that_the_batch_gave_up_is_recorded_without_its_attempts(
    deployment: Deployment,
) -> None:
    store(deployment, text_document("One", "Two"))
    first, _ = results(deployment)
    versions = set()
    for attempts in (1, 3):
        tried = PageResult(2, failure=HUNG.model_copy(update={"attempts": attempts}))
        output = STAGE.assemble(REF, iter([first, tried]), deployment)
        assert output.failed_pages[2].attempts == attempts
        versions.add(output.data_version)
    assert len(versions) == 1
    assert images(deployment) == ["page_0.png"]


@pytest.mark.parametrize(
    ("failures", "kind", "retryable"),
    [([HUNG, HUNG], FailureKind.TIMED_OUT, True), (["damaged", HUNG], FailureKind.CORRUPT, True)],
)
def test_no_page_at_all_is_an_error(
    deployment: Deployment, failures: list[Failure | str], kind: FailureKind, retryable: bool
) -> None:
    damaged = SparknetError(FailureKind.CORRUPT, "Page 1 is damaged.").to_failure()
    pages = [
        PageResult(number, failure=failure if isinstance(failure, Failure) else damaged)
        for number, failure in enumerate(failures, start=1)
    ]
    with pytest.raises(SparknetError, match=r"No page of report\.pdf") as caught:
        STAGE.assemble(REF, iter(pages), deployment)
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert deployment.storage.stat(REF.key(PAGES)) is None


def test_images_of_an_earlier_version_are_removed(deployment: Deployment) -> None:
    store(deployment, text_document(*"abcde"))
    run(deployment)
    assert len(images(deployment)) == 5
    store(deployment, text_document(*"ab"))
    run(deployment)
    assert images(deployment) == ["page_0.png", "page_1.png"]


def test_a_document_that_can_not_be_opened_raises(deployment: Deployment) -> None:
    store(deployment, text_document("One"))
    deployment.storage.put(REF.raw_key, b"%PDF-1.7 replaced meanwhile")
    with pytest.raises(SparknetError) as caught:
        STAGE.run_pages(REF, [1], deployment)
    assert caught.value.kind is FailureKind.CORRUPT


def test_the_thumbnail_is_a_small_picture_of_page_one(deployment: Deployment) -> None:
    document = text_document("Two")
    document.new_page(pno=0, width=300, height=200).draw_rect((0, 0, 300, 200), fill=(1, 0, 0))
    store(deployment, document)
    metadata = run(deployment).metadata
    json.dumps(metadata)
    kind, _, data = metadata["thumbnail"].partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (240, 160)
        assert image.getpixel((120, 80))[0] > 200 > 50 > image.getpixel((120, 80))[1]


@pytest.mark.parametrize("shape", [(3000, 2000, 3), (2000, 3000), (1, 5000), (1, 1, 3)])
def test_thumbnails_stay_small_whatever_the_page(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert len(thumbnail(noise)) <= LARGEST_URI


@pytest.mark.parametrize(
    "setting",
    [{"render_dpi": 72}, {"ocr_dpi": 300}, {"max_page_pixels": 9}, {"text_layer": "never"}],
)
def test_settings_that_shape_the_images_are_part_of_the_fingerprint(
    tmp_path: Path, setting: dict[str, object]
) -> None:
    usual, other = (
        STAGE.shape(Deployment(Settings(home=tmp_path, **chosen))) for chosen in ({}, setting)
    )
    assert usual != other


@pytest.mark.corpus
def test_real_documents_fail_on_the_pages_that_can_not_be_rendered(
    tmp_path: Path, corpus: Path
) -> None:
    with (corpus / "MANIFEST.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("pdf/")]
    wrong = {}
    for row in rows:
        if row["kind"] != "pdf" or not row["pages"].strip("0") or int(row["pages"]) > 100:
            continue
        deployment = Deployment(
            Settings(home=tmp_path, pdf_passwords=[row["password"]] if row["password"] else [])
        )
        deployment.storage.put_file(REF.raw_key, corpus / row["path"])
        documents.STAGE.run(REF, deployment)
        pages = int(row["pages"])
        broken = int(row["page_load_errors"]) + BROKEN_CONTENT.get(row["path"], 0)
        try:
            output = run(deployment)
        except SparknetError as error:
            if broken != pages or error.kind is not FailureKind.CORRUPT:
                wrong[row["path"]] = str(error)
            continue
        if (output.pages, len(output.failed_pages)) != (pages - broken, broken):
            wrong[row["path"]] = f"{output.pages} pages, {len(output.failed_pages)} failed"
    assert not wrong
