"""Documents read by jobs: what is paid, what is found again, what falls back to page images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymupdf
import pytest

from resources.failure import FailureKind, SparknetError
from resources.ocr import Box, PageText
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.stages import ocr_text
from tests.doubles.aws_shapes import LOST
from tests.textract.conftest import Service, scan, scans
from tests.textract.reading import PRICE, ingest, read

START, GET = "StartDocumentAnalysis", "GetDocumentAnalysis"
PROSE = "The committee met on Tuesday and agreed on the new timetable."


def words(pages: Sequence[PageText]) -> list[str]:
    return [page.text for page in pages]


def change(service: Service, **settings: Any) -> None:
    service.deployment.settings = service.deployment.settings.model_copy(update=settings)


def forget_text(service: Service, ref: DocumentRef) -> None:
    """As if the process had died before the text was written, and the cache was lost."""
    service.deployment.storage.delete(ref.key("text.json"))
    service.deployment.cache.forget(ref.doc_id)


def test_a_scan_is_read_by_one_job_whose_pages_are_paid_once(service: Service) -> None:
    ref = ingest(service.deployment, scans(11, 22, 33))

    output, pages = read(service.deployment, ref)

    assert words(pages) == ["page11", "page22", "page33"]
    assert (service.paid_jobs, service.paid_images) == ([3], 0)
    assert output.cost_usd == pytest.approx(3 * PRICE)
    assert {page.engine for page in pages} == {"textract"}

    again, _ = read(service.deployment, ref)
    assert again.cost_usd == 0.0
    assert again.data_version == output.data_version
    assert (service.paid_jobs, service.paid_images) == ([3], 0)


def test_a_lost_cache_and_text_cost_nothing(service: Service) -> None:
    ref = ingest(service.deployment, scans(11, 22, 33))
    first, _ = read(service.deployment, ref)
    forget_text(service, ref)
    calls = len(service.server.calls)

    second, _ = read(service.deployment, ref)

    assert second.data_version == first.data_version
    assert len(service.server.calls) == calls
    assert second.cost_usd == 0.0


def test_pages_with_a_good_text_layer_keep_it(service: Service) -> None:
    with pymupdf.open() as document:
        for number in (11, 22, 33, 44):
            scan(document.new_page(width=300, height=400), number)
        document.new_page(width=300, height=400).insert_text((20, 60), PROSE, fontsize=8)
        data = bytes(document.tobytes())

    _, pages = read(service.deployment, ingest(service.deployment, data))

    assert [page.engine for page in pages] == ["textract"] * 4 + ["text-layer"]
    assert pages[4].text == PROSE
    assert service.paid_jobs == [5]


def test_few_pages_to_read_are_read_one_by_one(service: Service) -> None:
    with pymupdf.open() as document:
        scan(document.new_page(width=300, height=400), 11)
        scan(document.new_page(width=300, height=400), 22)
        for _ in range(3):
            document.new_page(width=300, height=400).insert_text((20, 60), PROSE, fontsize=8)
        data = bytes(document.tobytes())

    output, pages = read(service.deployment, ingest(service.deployment, data))

    assert words(pages)[:2] == ["page11", "page22"]
    assert (service.paid_jobs, service.paid_images) == ([], 2)
    assert output.cost_usd == pytest.approx(2 * PRICE)


def test_an_edited_page_of_a_scan_is_paid_alone(service: Service) -> None:
    numbers = list(range(1, 31))
    ref = ingest(service.deployment, scans(*numbers))
    read(service.deployment, ref)
    numbers[14] = 150
    ref = ingest(service.deployment, scans(*numbers))

    output, pages = read(service.deployment, ref)

    assert pages[14].text == "page150"
    assert (service.paid_jobs, service.paid_images) == ([30], 1)
    assert output.cost_usd == pytest.approx(PRICE)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_boxes_of_a_rotated_page_fit_its_image(service: Service, rotation: int) -> None:
    data = scans(11, 22, rotation=rotation)
    ref = ingest(service.deployment, data)
    _, by_job = read(service.deployment, ref)

    other = ingest(service.deployment, data + b"\n%", "other")
    by_image = [ocr_text.run_pages(other, [page], service.deployment)[0].record for page in (1, 2)]

    for page, record in zip(by_job, by_image, strict=True):
        alone = PageText.model_validate_json(record.split(b"\n", 1)[1])
        assert page.lines[0].box == pytest.approx(alone.lines[0].box, abs=0.01)


def test_a_lost_answer_to_the_start_gives_the_same_job(service: Service) -> None:
    service.server.fail_next("textract", START, LOST)
    _, pages = read(service.deployment, ingest(service.deployment, scans(11, 22)))

    assert words(pages) == ["page11", "page22"]
    assert service.paid_jobs == [2]


def test_a_timeout_leaves_the_job_to_the_next_run(service: Service) -> None:
    service.textract.seconds = 3600
    ref = ingest(service.deployment, scans(11, 22))
    change(service, textract_job_timeout=1e-6)
    with pytest.raises(SparknetError) as late:
        read(service.deployment, ref)
    assert (late.value.kind, late.value.retryable) == (FailureKind.TIMED_OUT, True)

    service.textract.finish()
    output, pages = read(service.deployment, ref)

    assert words(pages) == ["page11", "page22"]
    assert service.paid_jobs == [2]
    assert output.cost_usd == pytest.approx(2 * PRICE)


def test_expired_results_are_followed_by_one_more_job(service: Service) -> None:
    ref = ingest(service.deployment, scans(11, 22))
    service.server.fail_next("textract", GET, "AccessDeniedException")
    with pytest.raises(SparknetError):
        read(service.deployment, ref)
    service.textract.expire()

    output, pages = read(service.deployment, ref)

    assert words(pages) == ["page11", "page22"]
    assert service.paid_jobs == [2, 2]
    assert output.cost_usd == pytest.approx(4 * PRICE)


def test_a_failed_job_is_followed_by_one_more_then_by_page_images(service: Service) -> None:
    service.textract.failing = 1
    _, pages = read(service.deployment, ingest(service.deployment, scans(11, 22)))
    assert words(pages) == ["page11", "page22"]
    assert service.paid_jobs == [0, 2]

    service.textract.failing = 2
    output, pages = read(service.deployment, ingest(service.deployment, scans(33, 44), "other"))
    assert words(pages) == ["page33", "page44"]
    assert service.paid_jobs == [0, 2, 0, 0]
    assert service.paid_images == 2
    assert output.cost_usd == pytest.approx(2 * PRICE)


def test_pages_that_a_job_left_out_are_read_alone_or_fail_alone(service: Service) -> None:
    service.textract.unreadable = frozenset({2, 3})
    ref = ingest(service.deployment, scans(11, 22, 33, 44))
    service.server.fail_next("textract", "AnalyzeDocument", "BadDocumentException")

    output, pages = read(service.deployment, ref)

    assert words(pages) == ["page11", "", "page33", "page44"]
    assert set(output.failed_pages) == {2}
    assert output.failed_pages[2].kind is FailureKind.CORRUPT
    assert (service.paid_jobs, service.paid_images) == ([2], 1)


@pytest.mark.parametrize(
    "code", ["UnsupportedDocumentException", "BadDocumentException", "DocumentTooLargeException"]
)
def test_what_textract_refuses_is_read_by_page_images(service: Service, code: str) -> None:
    ref = ingest(service.deployment, scans(11, 22))
    service.server.fail_next("textract", START, code)

    _, pages = read(service.deployment, ref)

    assert words(pages) == ["page11", "page22"]
    assert (service.paid_jobs, service.paid_images) == ([], 2)
    read(service.deployment, ref)
    assert service.server.count(START) == 0


def test_an_encrypted_pdf_is_read_by_page_images(service: Service) -> None:
    with pymupdf.open(stream=scans(11, 22)) as document:
        data = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner")

    _, pages = read(service.deployment, ingest(service.deployment, bytes(data)))

    assert words(pages) == ["page11", "page22"]
    assert (service.paid_jobs, service.paid_images) == ([], 2)


def test_more_pages_than_a_job_takes_are_read_by_page_images(service: Service) -> None:
    service.jobs.most_pages = 2
    _, pages = read(service.deployment, ingest(service.deployment, scans(11, 22, 33)))

    assert words(pages) == ["page11", "page22", "page33"]
    assert (service.paid_jobs, service.paid_images) == ([], 3)
    assert service.server.count(START) == 0


def test_results_of_many_pages_are_streamed(service: Service) -> None:
    with pymupdf.open() as document:
        for number in range(24):
            page = document.new_page(width=300, height=400)
            page.set_rotation(0)
            for line in range(20):
                page.insert_text((10, 15 + 18 * line), f"{number} " + "word " * 9, fontsize=6)
        data = bytes(document.tobytes())
    change(service, text_layer="never")

    _, pages = read(service.deployment, ingest(service.deployment, data))

    assert [page.text.split()[0] for page in pages] == [str(number) for number in range(24)]
    assert all(len(page.text.split()) == 200 for page in pages)
    assert service.server.count(GET) > 4
    assert service.paid_jobs == [24]


def test_documents_of_the_same_bytes_share_a_job(service: Service) -> None:
    data = scans(11, 22)
    one, two = (ingest(service.deployment, data, name) for name in ("one", "two"))
    first, _ = read(service.deployment, one)
    service.deployment.storage.delete(one.key("text.json"))
    service.deployment.cache.forget("one")

    second, pages = read(service.deployment, two, twins=[one])

    assert words(pages) == ["page11", "page22"]
    assert service.paid_jobs == [2]
    assert (first.cost_usd, second.cost_usd) == (pytest.approx(2 * PRICE), 0.0)


def test_the_token_of_a_document_that_is_gone_costs_a_job_and_no_more(service: Service) -> None:
    data = scans(11, 22)
    read(service.deployment, ingest(service.deployment, data, "one"))
    service.deployment.cache.forget("one")
    two = ingest(service.deployment, data, "two")

    _, pages = read(service.deployment, two)

    assert words(pages) == ["page11", "page22"]
    assert service.paid_jobs == [2, 2]
    errors = [call.error for call in service.server.calls if call.operation == START]
    assert errors == ["", "IdempotentParameterMismatchException", ""]


def test_an_original_that_is_replaced_meanwhile_is_not_believed(service: Service) -> None:
    ref = ingest(service.deployment, scans(11, 22))
    service.textract.seconds = 3600

    def replaced(seconds: float) -> None:
        service.deployment.storage.put(ref.raw_key, scans(55, 66))
        (job,) = service.textract.jobs.values()
        job.data, job.ready = service.deployment.storage.get(ref.raw_key), 0.0

    _, pages = read(service.deployment, ref, pause=replaced)

    assert words(pages) == ["page11", "page22"]  # by the images of the bytes that were taken in


def test_a_storm_of_throttling_and_too_many_jobs_end_in_one_paid_job(service: Service) -> None:
    server = service.server
    server.fail_next("textract", START, *["LimitExceededException"] * 4, "ThrottlingException")
    codes = ["ThrottlingException", "ProvisionedThroughputExceededException"]
    server.fail_share("textract", GET, 0.3, [*codes, "InternalServerError"], seed=3)

    output, pages = read(service.deployment, ingest(service.deployment, scans(11, 22, 33)))

    assert words(pages) == ["page11", "page22", "page33"]
    assert service.paid_jobs == [3]
    assert output.cost_usd == pytest.approx(3 * PRICE)


def test_what_a_job_left_goes_with_the_document(service: Service) -> None:
    ref = ingest(service.deployment, scans(11, 22))
    read(service.deployment, ref)

    keys = [info.key for info in service.deployment.storage.list("")]
    held = [key for key in keys if "ocr_job" in key]

    assert len(held) == 3
    assert all(key.startswith(f"processed/{ref.doc_id}/") for key in held)


def test_a_new_version_of_a_document_drops_what_was_read_of_the_old(service: Service) -> None:
    ref = ingest(service.deployment, scans(11, 22))
    read(service.deployment, ref)
    ref = ingest(service.deployment, scans(33, 44))

    _, pages = read(service.deployment, ref)

    assert words(pages) == ["page33", "page44"]
    held = [info.key for info in service.deployment.storage.list(ref.key("ocr_job/"))]
    assert len(held) == 3


def test_an_engine_without_jobs_has_none(service: Service) -> None:
    service.engine.documents = None
    _, pages = read(service.deployment, ingest(service.deployment, scans(11, 22)))

    assert words(pages) == ["page11", "page22"]
    assert service.paid_images == 2
    assert pages[0].lines[0].box != Box(0, 0, 0, 0)
