"""A few documents that are asked about, indexed with the real model."""

from __future__ import annotations

import pymupdf
import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch.running import run_batch
from tests.doubles.inline_pool import inline_workers

LEASE = [
    "Lease between Mara Olsen and the Halden Ferry Company.",
    "The tenant pays a rent of 840 euros on the first day of each month.",
    "The lease ends on 31 October 2027. Either party may end it earlier with notice of 3 months.",
    "Dogs are allowed in the office. The key is kept by the harbour master.",
]
REPORT = (
    "The ferry carried 214,000 passengers in 2025, 4 percent more than the year before.\n\n"
    "Captain Ida Brandt retired in May after thirty years at the company. "
    "Her place was taken by Jonas Reel.\n"
)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(Settings(home=tmp_path_factory.mktemp("answers"), workers=1))
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 90), "A title page")
        page = document.new_page()
        for row, line in enumerate(LEASE):
            page.insert_text((72, 120 + 40 * row), line, fontsize=9)
        deployment.storage.put("raw/lease/lease.pdf", document.tobytes())
    deployment.storage.put("raw/report/report.txt", REPORT.encode())
    with inline_workers():
        list(run_batch(["lease", "report"], deployment))
    return deployment
