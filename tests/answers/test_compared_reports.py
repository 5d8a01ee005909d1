"""Reports that are alike but for their period: the one asked for is quoted, or one line of each."""

from __future__ import annotations

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.answers.answer import ask
from sparknet_assets.answers.verification import verify_answer
from sparknet_assets.batch.running import run_batch
from tests.doubles.inline_pool import inline_workers

REPORT = (
    "Nordby Ferries AS, interim report.\n\n"
    "Net sales of tickets were {sales} million crowns in the quarter. "
    "The increase in net sales of tickets was mainly due to {cause}.\n\n"
    "The crew of the ferries had {crew} members at the end of the quarter.\n"
)
QUARTERS = {
    "2022_Q4": (41, "a mild winter", 310),
    "2023_Q1": (44, "the new pier", 312),
    "2023_Q2": (58, "early holidays", 340),
}


@pytest.fixture(scope="module")
def reports(home: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(Settings(home=tmp_path_factory.mktemp("quarters"), workers=1))
    # The model is exported once.
    deployment.__dict__["embedder"] = home.embedder
    for quarter, (sales, cause, crew) in QUARTERS.items():
        text = REPORT.format(sales=sales, cause=cause, crew=crew)
        deployment.storage.put(f"raw/{quarter}/{quarter}_Nordby.txt", text.encode())
    deployment.storage.put("raw/lease/lease.txt", b"The tenant pays 840 crowns for tickets.")
    with inline_workers():
        list(run_batch([*QUARTERS, "lease"], deployment))
    return deployment


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What were net sales of tickets in Q4 2022?", ["2022_Q4"]),
        ("What were net sales of tickets in the second quarter of 2023?", ["2023_Q2"]),
        ("What were net sales of tickets in the latest report?", ["2023_Q2"]),
        ("How have net sales of tickets changed over the reported quarters?", list(QUARTERS)),
        (
            "Compare net sales of tickets in Q1 2023 to the previous quarter.",
            ["2022_Q4", "2023_Q1"],
        ),
        ("What were net sales of tickets in Q4 2022 and Q2 2023?", ["2022_Q4", "2023_Q2"]),
    ],
)
def test_the_right_reports_are_quoted_in_their_order(
    reports: Deployment, question: str, wanted: list[str]
) -> None:
    answer = ask(reports, question)
    cited = [citation.doc_id for citation in answer.citations]
    # Others may follow the one that is asked for, never come before it.
    assert (cited if len(wanted) > 1 else cited[:1]) == wanted
    assert verify_answer(reports, answer) == []
    for citation in answer.citations[: len(wanted)]:
        assert "ales of tickets" in citation.quote
