"""What a job left of a document is removed with it."""

from __future__ import annotations

from sparknet_assets.originals import registered
from sparknet_assets.removal.removing import remove
from tests.textract.conftest import Service, scans
from tests.textract.reading import DOCUMENT, ingest, read


def test_nothing_of_a_job_is_left_after_a_removal(service: Service) -> None:
    deployment = service.deployment
    ref = ingest(deployment, scans(11, 22))
    registered([ref.doc_id], deployment)
    read(deployment, ref)
    assert list(deployment.storage.list(DOCUMENT.key("ocr_job/")))

    (receipt,) = remove(deployment, [ref.doc_id], reason="asked for", requested_by="test")

    assert not any(receipt.remaining.values())
    assert not list(deployment.storage.list(f"processed/{ref.doc_id}/"))
    assert deployment.cache.used(ref.doc_id) == 0
