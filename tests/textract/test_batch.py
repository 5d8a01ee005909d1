"""A batch reads by jobs: what is recorded as paid, and what force makes anew."""

from __future__ import annotations

import pytest

from resources.catalog import StageRecord
from sparknet_assets.batch import running as batch
from sparknet_assets.stages import STAGES
from tests.doubles.inline_pool import InlinePool
from tests.textract.conftest import Service, scans
from tests.textract.reading import PRICE

PAGED = ("documents", "page_images", "ocr_text")


def run(service: Service, *doc_ids: str, force: bool = False) -> dict[str, StageRecord]:
    graph = [stage for stage in STAGES if stage.name in PAGED]
    results = batch.run_batch(doc_ids, service.deployment, graph=graph, force=force)
    return {r.ref.doc_id: r.record for r in results if r.stage == "ocr_text"}


def test_a_job_is_paid_once_whatever_is_run_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "WorkerPool", InlinePool)
    data = scans(11, 22, 33)
    service.deployment.storage.put("raw/one/scan.pdf", data)
    service.deployment.storage.put("raw/two/copy.pdf", data)

    first = run(service, "one")["one"]
    second = run(service, "two", force=True)["two"]
    forced = run(service, "one", force=True)["one"]

    assert first.cost_usd == pytest.approx(3 * PRICE)
    assert (second.cost_usd, forced.cost_usd) == (0.0, 0.0)
    assert first.data_version == second.data_version == forced.data_version
    assert (service.paid_jobs, service.paid_images) == ([3], 0)
