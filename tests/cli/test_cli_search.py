"""search: the JSON shape that others rely on, and passages for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cli_fakes import Cli, Runs
from hypothesis import given
from hypothesis import strategies as st

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from sparknet_assets import retrieval
from sparknet_assets.cli.output import clean
from sparknet_assets.cli.search import snippet
from sparknet_assets.retrieval import (
    Context,
    Explanation,
    Filters,
    Hit,
    HitBox,
    PageSpan,
    Part,
    SearchMode,
    SearchResponse,
)

HIT = Hit(
    rank=1, score=0.25, doc_id="lease-pdf", filename="Lease.pdf", page=3, chunk_id="lease-pdf-7",
    text="The tenant gives notice\x1b[2J of three months.",
    boxes=[HitBox(page=3, x0=0.1, y0=0.2, x1=0.3, y1=0.4)],
)  # fmt: skip


class Searches:
    def __init__(self, hits: list[Hit]) -> None:
        self.hits = hits
        self.calls: list[tuple[str, int, str, Filters | None]] = []
        self.options: dict[str, Any] = {}

    def __call__(
        self,
        deployment: Deployment,
        query: str,
        *,
        top_k: int = 10,
        mode: SearchMode = "hybrid",
        filters: Filters | None = None,
        **options: Any,
    ) -> SearchResponse:
        self.calls.append((query, top_k, mode, filters))
        self.options = options
        return SearchResponse(query=query, mode=mode, hits=self.hits)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    fake = Searches([HIT])
    monkeypatch.setattr(retrieval, "search", fake)
    return fake


def test_json_shape(cli: Cli, searches: Searches) -> None:
    found = cli.json("search", "notice period")
    assert found == {
        "query": "notice period",
        "mode": "hybrid",
        "hits": [
            {
                "rank": 1,
                "score": 0.25,
                "doc_id": "lease-pdf",
                "filename": "Lease.pdf",
                "title": None,
                "page": 3,
                "chunk_id": "lease-pdf-7",
                "text": HIT.text,
                "stale": None,
                "boxes": [{"page": 3, "x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}],
            }
        ],
    }


def test_a_passage_names_document_and_page_and_can_not_steer_the_terminal(
    cli: Cli, searches: Searches
) -> None:
    shown = cli("search", "notice").stdout
    assert "Lease.pdf (lease-pdf)  page 3" in shown
    assert "notice" in shown
    assert "\x1b" not in shown


def test_a_title_is_shown_on_one_line_and_an_id_alone_where_nothing_else_is_known(
    cli: Cli, searches: Searches
) -> None:
    title = "Lease of the\x1b[2J office\n" + "and of all that is in it " * 5
    searches.hits = [
        HIT.model_copy(update={"title": title}),
        HIT.model_copy(update={"doc_id": "kept", "filename": ""}),
    ]
    shown = cli("search", "notice").stdout
    assert "Lease of the [2J office and of all" in shown
    assert "\N{HORIZONTAL ELLIPSIS}" in shown
    assert "kept  page 3" in shown
    assert "\x1b" not in shown


def test_options_reach_the_search(cli: Cli, searches: Searches) -> None:
    now = datetime.now(UTC)
    cli.deployment.catalog.put(
        [
            DocumentRecord(
                doc_id="a", partition_key="a", raw_key="raw/a/a", filename="a",
                created_at=now, updated_at=now,
            )
        ]
    )  # fmt: skip
    assert cli("search", "x", "-k", "3", "--mode", "keyword", "--doc", "a").exit_code == 0
    assert searches.calls == [("x", 3, "keyword", Filters(doc_ids=("a",)))]
    assert searches.options == {
        "diversity": False, "rerank": False, "context": 0, "explain": False,
    }  # fmt: skip
    assert cli("search", "x", "--doc", "b").exit_code == 1


def test_filters_reach_the_search(cli: Cli, searches: Searches) -> None:
    options = ["--type", "PDF", "--type", "image/png", "--tier", "basic", "--pages", "3-9"]
    days = ["--from", "2026-01-02", "--to", "2026-01-31"]
    more = ["--context", "2", "--diverse", "--rerank", "--explain"]
    assert cli("search", "x", *options, *days, *more).exit_code == 0
    assert searches.calls[0][3] == Filters(
        media_types=("application/pdf", "image/png"),
        tiers=("basic",),
        created_from=date(2026, 1, 2),
        created_to=date(2026, 1, 31),
        pages=PageSpan(first=3, last=9),
    )
    assert searches.options == {
        "diversity": True, "rerank": True, "context": 2, "explain": True,
    }  # fmt: skip
    assert cli("search", "x").exit_code == 0
    assert searches.calls[1][3] is None


@pytest.mark.parametrize(
    ("given", "span"),
    [("4", PageSpan(first=4, last=4)), ("3-", PageSpan(first=3)), (" 1-2 ", PageSpan(last=2))],
)
def test_ranges_of_pages(cli: Cli, searches: Searches, given: str, span: PageSpan) -> None:
    assert cli("search", "x", "--pages", given).exit_code == 0
    assert searches.calls[0][3] == Filters(pages=span)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (["--pages", "0"], "counted from 1"),
        (["--pages", "9-3"], "the first comes first"),
        (["--pages", "all"], "3-9"),
        (["--type", "spreadsheet"], "xlsx"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "--from is after --to"),
        (["--from", "soon"], "%Y-%m-%d"),
    ],
)
def test_what_can_not_be_meant_is_refused(cli: Cli, options: list[str], remedy: str) -> None:
    result = cli("search", "x", *options)
    assert result.exit_code == 2
    assert remedy in " ".join(result.stderr.replace("│", " ").split())


def test_context_and_reasons_are_shown(cli: Cli, searches: Searches) -> None:
    part = Part(rank=2, score=0.5, points=1 / 62)
    reason = Explanation(
        vector=part, keyword=None, words=["notice"], rank_by_score=1, passed={"pages": [3]}
    )
    around = Context(text="Before. Within.\x1b[2J After.", pages=[3], boxes=[], chunk_ids=["c"])
    searches.hits = [HIT.model_copy(update={"explanation": reason, "context": around})]
    shown = " ".join(cli("search", "notice", "--explain", "--context", "1").stdout.split())
    assert "Before. Within." in shown
    assert "meaning rank 2 (cosine 0.500): 0.016129" in shown
    assert "matched: notice; pages: [3]" in shown
    assert "\x1b" not in shown


def test_nothing_found_is_no_error(cli: Cli, searches: Searches) -> None:
    searches.hits = []
    result = cli("search", "x")
    assert result.exit_code == 0
    assert "Nothing is indexed yet" in result.stdout


def test_a_lost_index_is_told_from_an_unlucky_query(
    cli: Cli, searches: Searches, runs: Runs, inbox: Path
) -> None:
    searches.hits = []
    cli("ingest", inbox)
    result = cli("search", "x")
    assert "sparknet materialize" in result.stdout


def test_an_empty_query_is_refused_in_a_sentence(cli: Cli) -> None:
    result = cli("search", "  ")
    assert result.exit_code == 1
    assert "query is empty" in result.stderr


def test_a_long_passage_is_cut_around_its_matches() -> None:
    text = "early words " * 60 + "the notice period is three months " + "late words " * 60
    shown = snippet(text, "notice period", length=120)
    assert "notice period" in shown.plain
    assert len(shown.plain) < 140
    lit = {shown.plain[span.start : span.end] for span in shown.spans}
    assert lit == {"notice", "period"}


@given(st.text(), st.text(), st.integers(20, 400))
def test_any_text_and_any_query_give_a_snippet(text: str, query: str, length: int) -> None:
    shown = snippet(text, query, length=length).plain
    assert len(shown) <= length + 4
    middle = shown.removeprefix("… ").removesuffix(" …")
    assert middle in " ".join(clean(text).split())
