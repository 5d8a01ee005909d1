"""Documents that are alike but for their name, title or period: the one asked for comes first."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.vector_store import Chunk, SearchHit
from sparknet_assets.records import new_document
from sparknet_assets.retrieval import search
from sparknet_assets.retrieval.naming import Named, compared, favoured, named_in, naming
from sparknet_assets.retrieval.periods import Period
from tests.doubles.embedder import WordEmbedder

COVER = "Nordby Ferries AS\nInterim report for the quarterly period ended {ended}."
SALES = "Net sales of tickets were {sales} million crowns."
FILLER = "The fleet has nine ferries and the crew is trained each spring."


def _chunk(doc_id: str, ordinal: int, text: str) -> Chunk:
    return Chunk(
        chunk_id=f"{doc_id}-{ordinal}",
        doc_id=doc_id,
        ordinal=ordinal,
        text=text,
        text_sha256="",
        tokens=5,
        pages=(1,),
        boxes=(),
    )


def _add(deployment: Deployment, doc_id: str, filename: str, title: str, *texts: str) -> None:
    chunks = [_chunk(doc_id, n, text) for n, text in enumerate(texts)]
    deployment.vector_store.add_chunks(chunks, deployment.embedder.embed(texts))
    record = new_document(doc_id, doc_id, f"raw/{doc_id}/{filename}")
    deployment.catalog.put([record.model_copy(update={"title": title, "chunks": len(chunks)})])


def _reports(deployment: Deployment, names: Mapping[str, tuple[str, str]]) -> Deployment:
    """Three quarters of the same report; the months that they ended in differ on their covers."""
    deployment.__dict__["embedder"] = WordEmbedder(dimension=128)
    for key, ended in (("a", "June 25, 2022"), ("b", "July 1, 2023"), ("c", "April 1, 2023")):
        sales = SALES.format(sales=ord(key))
        _add(deployment, key, *names[key], COVER.format(ended=ended), sales, FILLER)
    return deployment


@pytest.fixture
def by_name(deployment: Deployment) -> Deployment:
    names = {"a": "2022_Q3_nordby.pdf", "b": "2023_Q3_nordby.pdf", "c": "2023_Q2_nordby.pdf"}
    return _reports(deployment, {key: (name, "") for key, name in names.items()})


@pytest.fixture
def by_cover(deployment: Deployment) -> Deployment:
    return _reports(deployment, dict.fromkeys("abc", ("report.pdf", "")))


def _first(deployment: Deployment, question: str) -> str:
    return search(deployment, question).hits[0].doc_id


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Net sales of tickets in Q3 2022", "a"),
        ("Net sales of tickets in the second quarter of 2023", "c"),
        ("Net sales of tickets, latest report", "b"),
        ("Net sales of tickets, latest report of 2023", "b"),
        ("Net sales of tickets im dritten Quartal 2023", "b"),
        ("Net sales of tickets in the quarter ended April 1, 2023", "c"),
    ],
)
def test_the_period_in_the_name(by_name: Deployment, question: str, wanted: str) -> None:
    assert _first(by_name, question) == wanted


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Net sales of tickets in the quarter ended June 25, 2022", "a"),
        ("Net sales of tickets in April 2023", "c"),
        ("Net sales of tickets, most recent quarter", "b"),
    ],
)
def test_the_period_on_the_cover(by_cover: Deployment, question: str, wanted: str) -> None:
    assert _first(by_cover, question) == wanted


def test_companies_and_versions_in_names_and_titles(deployment: Deployment) -> None:
    deployment.__dict__["embedder"] = WordEmbedder(dimension=128)
    text = "Backups are kept for {} days."
    _add(deployment, "a", "manual-v1.pdf", "", text.format(10), FILLER)
    _add(deployment, "b", "manual-v2.pdf", "", text.format(20), FILLER)
    _add(deployment, "c", "f00.pdf", "Manual for Nordby", text.format(30), FILLER)
    asked = "How long are backups kept"
    assert _first(deployment, f"{asked} in version 2?") == "b"
    assert _first(deployment, f"{asked} by Nordby?") == "c"


def test_the_latest_is_sought_among_versions_of_the_same_thing(deployment: Deployment) -> None:
    deployment.__dict__["embedder"] = WordEmbedder(dimension=128)
    for key, name in (("a", "2021 nordby"), ("b", "2022 nordby"), ("c", "2023 southby")):
        _add(deployment, key, f"{name}.pdf", "", SALES.format(sales=ord(key)), FILLER)
    hits = search(deployment, "net sales of tickets, latest report", explain=True).hits
    factors = {h.doc_id: h.explanation.document for h in hits if h.explanation}
    assert [key for key, part in sorted(factors.items()) if part] == ["b"]


def test_the_explanation_adds_up(by_name: Deployment) -> None:
    for hit in search(by_name, "Net sales of tickets in Q3 2022", explain=True).hits:
        assert hit.explanation
        reason = hit.explanation
        points = sum(part.points for part in (reason.vector, reason.keyword) if part)
        factor = reason.document.factor if reason.document else 1
        assert hit.score == pytest.approx(points * factor, abs=1e-5)
        assert bool(reason.document and reason.document.period == "2022 Q3") == (hit.doc_id == "a")


@pytest.mark.parametrize("mode", ["vector", "keyword"])
def test_single_rankings_stay_as_they_are(by_name: Deployment, mode: str) -> None:
    found = search(by_name, "Net sales Q3 2023", mode=mode, explain=True)  # type: ignore[arg-type]
    assert all(hit.explanation and not hit.explanation.document for hit in found.hits)


def test_what_is_compared() -> None:
    known = {
        f"q{year}{quarter}": Named(period=(Period(year, quarter=quarter),), family="acme")
        for year, quarter in [(2023, 1), (2022, 3), (2022, 2), (2022, 4), (2023, 2)]
    }
    known["other"] = Named(period=(Period(2023, quarter=1),), family="southby")
    last = ["q20223", "q20224", "q20231", "q20232"]
    assert compared("How did sales change over the reported quarters?", known) == last
    assert compared("How did sales change?", known) == []
    named = {
        key: each._replace(by_period=float(key in ("q20222", "q20231")))
        for key, each in known.items()
    }
    assert compared("Sales in Q2 2022 and Q1 2023?", named) == ["q20222", "q20231"]
    named["q20222"] = known["q20222"]
    assert compared("Sales in Q1 2023 compared to previous quarters?", named) == [
        "q20222",
        *last[:3],
    ]
    assert compared("Latest sales against Q1 2023?", named) == last[2:]
    assert compared("Sales over time?", {"other": known["other"]}) == []


def test_only_words_that_tell_documents_apart_name_one() -> None:
    names = {"a": ["Acme lease"], "b": ["Acme report"], "c": ["Acme report draft"]}
    named = named_in("What does the report of Acme say of the draft?", names)
    assert named["c"] == (("draft", "report"), 1.0)
    assert named["b"][0] == ("report",)
    assert 0 < named["b"][1] < 0.5
    assert "a" not in named
    assert named_in("What does Acme sell?", names) == {}
    assert named_in("Anything?", {}) == {}


_NAMES = st.sampled_from(["report", "report 2022", "Q3 2022 acme", "lease", "the of and"])


class _Unread:
    """An index that nobody may read."""

    def passages(self, places: object) -> list[Chunk]:
        raise AssertionError(f"read {places}")


def _found(names: Mapping[str, str]) -> tuple[list[SearchHit], dict[str, DocumentRecord]]:
    hits = [SearchHit(_chunk(key, 1, "text"), 1 / (61 + n)) for n, key in enumerate(names)]
    records = {key: new_document(key, key, f"raw/{key}/{name}.pdf") for key, name in names.items()}
    return hits, records


@given(st.integers(1, 9), _NAMES, st.text(max_size=40))
def test_nothing_changes_where_names_are_alike(count: int, name: str, question: str) -> None:
    hits, records = _found({f"d{n}": name for n in range(count)})
    named = naming(f"{question} {name}", hits, records, _Unread())  # type: ignore[arg-type]
    assert [hit.chunk for hit in favoured(hits, named)] == [hit.chunk for hit in hits]


@given(st.lists(_NAMES, min_size=1, max_size=9))
def test_nothing_changes_where_the_question_has_no_word_of_them(names: list[str]) -> None:
    hits, records = _found({f"d{n}": name for n, name in enumerate(names)})
    named = naming("Which dogs may live where?", hits, records, _Unread())  # type: ignore[arg-type]
    assert named == {}
    assert favoured(hits, named) == hits
