"""What a search gives beside its hits: explanations, context, diversity; filters; the cache."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.settings import Settings
from resources.vector_store import Chunk, PageBox, Scope, SearchHit
from sparknet_assets.records import new_document
from sparknet_assets.retrieval import Filters, PageSpan, SearchMode, scope_of, search
from sparknet_assets.retrieval.candidates import NAMESPACE, PLACES
from sparknet_assets.retrieval.context import joined
from sparknet_assets.retrieval.diversity import diversified
from tests.doubles.embedder import WordEmbedder

MODES: list[SearchMode] = ["hybrid", "vector", "keyword"]
SENTENCES = [
    "The tenant pays rent on the first day of each month.",
    "A deposit of two months is held by the landlord.",
    "Repairs of the roof are paid by the landlord alone.",
    "Notice is given three months before the end of a quarter.",
]


def chunk(doc_id: str, ordinal: int, text: str, **values: Any) -> Chunk:
    page = ordinal + 1
    return Chunk(
        **{
            "chunk_id": f"{doc_id}-{ordinal}",
            "doc_id": doc_id,
            "ordinal": ordinal,
            "text": text,
            "text_sha256": "",
            "tokens": 5,
            "pages": (page,),
            "boxes": (PageBox(page, 0.1, 0.2, 0.3, 0.4),),
            **values,
        }
    )


def write(deployment: Deployment, *chunks: Chunk) -> None:
    texts = [each.text for each in chunks]
    deployment.vector_store.add_chunks(chunks, deployment.embedder.embed(texts))


def record(deployment: Deployment, doc_id: str, **values: object) -> None:
    document = new_document(doc_id, doc_id, f"raw/{doc_id}/file.txt")
    deployment.catalog.put([document.model_copy(update=values)])


@pytest.fixture
def home(deployment: Deployment) -> Deployment:
    """Two documents of four passages each; the embedder needs no model."""
    deployment.__dict__["embedder"] = WordEmbedder(dimension=128)
    write(deployment, *(chunk(d, n, t) for d in ("a", "b") for n, t in enumerate(SENTENCES)))
    record(deployment, "a", media_type="application/pdf", tier="basic", created_at=_day(3))
    record(deployment, "b", media_type="image/png", tier="premium", created_at=_day(9))
    return deployment


def _day(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def found(deployment: Deployment, query: str = "tenant rent landlord", **options: Any) -> list[str]:
    return [hit.chunk_id for hit in search(deployment, query, **options).hits]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), {"a", "b"}),
        (Filters(doc_ids=("b", "c")), {"b"}),
        (Filters(media_types=("application/pdf",)), {"a"}),
        (Filters(tiers=("premium", "standard")), {"b"}),
        (Filters(created_to=date(2026, 1, 3)), {"a"}),
        (Filters(created_from=date(2026, 1, 4), created_to=date(2026, 1, 9)), {"b"}),
        (Filters(doc_ids=("a",), tiers=("premium",)), set()),
        (Filters(media_types=()), set()),
    ],
)
def test_filters_of_documents(
    home: Deployment, mode: SearchMode, filters: Filters, wanted: set[str]
) -> None:
    hits = search(home, "tenant rent landlord", mode=mode, filters=filters).hits
    assert {hit.doc_id for hit in hits} == wanted


@pytest.mark.parametrize("mode", MODES)
def test_filters_of_pages(home: Deployment, mode: SearchMode) -> None:
    filters = Filters(pages=PageSpan(first=2, last=3), doc_ids=("a",))
    assert set(found(home, mode=mode, filters=filters)) == {"a-1", "a-2"}
    assert set(found(home, "notice", mode="keyword", filters=Filters(pages=PageSpan(first=4)))) == {
        "a-3",
        "b-3",
    }


def test_a_change_of_tier_counts_at_once(home: Deployment) -> None:
    basic = Filters(tiers=("basic",))
    assert {i[0] for i in found(home, filters=basic)} == {"a"}
    record(home, "b", tier="basic")
    assert {i[0] for i in found(home, filters=basic)} == {"a", "b"}


@pytest.mark.parametrize(
    "values",
    [
        {"doc_id": ["a"]},
        {"pages": {"first": 0}},
        {"pages": {"first": 3, "last": 2}},
        {"created_from": "2026-02-01", "created_to": "2026-01-01"},
        {"created_from": "yesterday"},
    ],
)
def test_filters_that_can_not_be_meant_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Filters.model_validate(values)


def test_a_filter_by_id_alone_asks_no_catalog(deployment: Deployment) -> None:
    deployment.__dict__["catalog"] = None
    assert scope_of(deployment, Filters(doc_ids=("a",))) == Scope(("a",))
    assert scope_of(deployment, None) == Scope()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("diversity", [False, True])
def test_the_parts_add_up_to_the_score(home: Deployment, mode: SearchMode, diversity: bool) -> None:
    filters = Filters(doc_ids=("a",), tiers=("basic",), pages=PageSpan())
    options: dict[str, Any] = {"mode": mode, "diversity": diversity, "filters": filters}
    hits = search(home, "tenants RENT of the roof", explain=True, **options).hits
    assert hits
    for hit in hits:
        reason = hit.explanation
        assert reason is not None
        parts = [part for part in (reason.vector, reason.keyword) if part]
        assert sum(part.points for part in parts) == pytest.approx(hit.score, abs=1e-6)
        assert reason.passed == {"doc_ids": "a", "pages": [hit.page], "tiers": "basic"}
        in_text = {"a-0": ["tenants", "RENT"], "a-2": ["roof"]}
        assert reason.words == in_text.get(hit.chunk_id, [])
    if mode == "hybrid" and not diversity:
        best = hits[0].explanation
        assert best is not None and best.vector is not None and best.keyword is not None
        assert best.keyword.rank == 1
        assert best.vector.points == pytest.approx(1 / (60 + best.vector.rank))
        assert best.rank_by_score == 1


def test_nothing_that_was_not_asked_for_is_in_the_json(home: Deployment) -> None:
    plain = search(home, "tenant").as_json()["hits"][0]
    assert "context" not in plain
    assert "explanation" not in plain
    full = search(home, "tenant", context=1, explain=True).as_json()["hits"][0]
    assert {*full} - {*plain} == {"context", "explanation"}


def test_context_is_the_passages_around(home: Deployment) -> None:
    hits = search(home, "deposit", mode="keyword", filters=Filters(doc_ids=("a",)), context=1).hits
    (around,) = [hit.context for hit in hits]
    assert around is not None
    assert around.chunk_ids == ["a-0", "a-1", "a-2"]
    assert around.text == "\n".join(SENTENCES[:3])
    assert around.pages == [1, 2, 3]
    assert [box.page for box in around.boxes] == [1, 2, 3]
    at_edge = search(home, "notice quarter", mode="keyword", top_k=1, context=5).hits[0].context
    assert at_edge is not None
    assert len(at_edge.chunk_ids) == 4


def test_context_leaves_repeated_words_out() -> None:
    words = [f"word{n}" for n in range(60)]
    texts = [" ".join(words[n : n + 25]) for n in range(0, 60, 20)]
    assert joined(texts).split() == words
    assert (
        joined(["so it ends.", "so it ends. And goes on"]) == "so it ends.\nso it ends. And goes on"
    )
    assert joined(["It ends with these\nlast words.", "these last words.\n\nThen others"]) == (
        "It ends with these\nlast words.\n\nThen others"
    )
    assert joined([]) == ""


@given(
    st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), min_size=1, max_size=30),
    st.data(),
)
def test_joined_windows_lose_no_word(words: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(words)))
    assert joined([" ".join(words[:cut]), " ".join(words[cut:])]).split()[-1] == words[-1]


def test_copies_do_not_fill_the_list(home: Deployment) -> None:
    write(home, *(chunk(f"copy{n}", 0, SENTENCES[0]) for n in range(8)))
    query = "when does the tenant pay rent to the landlord"
    same = [hit.text for hit in search(home, query, top_k=4).hits]
    other = [hit.text for hit in search(home, query, top_k=4, diversity=True).hits]
    assert len(set(same)) == 1
    assert len(set(other)) == 3, "a fourth has little to do with the question"
    assert other[0] == same[0]


@pytest.mark.parametrize("mode", MODES)
def test_the_best_ten_are_ordered_by_their_best_sentence(
    home: Deployment, mode: SearchMode
) -> None:
    """A short answer among many words loses by its passage, and wins by its sentence."""
    padding = " ".join(f"Clause {n} speaks of matters such as number {n}." for n in range(30))
    answer = "The deposit of the tenant is three months of rent."
    write(home, chunk("long", 0, f"{padding} {answer}"))
    short = [f"The tenant {'pays ' * n}and rent, and a deposit." for n in range(12)]
    write(home, *(chunk("short", n, text) for n, text in enumerate(short)))
    query = "how many months of rent is the deposit of the tenant"
    options: dict[str, Any] = {"mode": mode, "top_k": 12, "explain": True}
    plain = search(home, query, **options).hits
    again = search(home, query, rerank=True, **options).hits
    supports = [hit.explanation.support for hit in again if hit.explanation]
    looked_at = [support for support in supports if support is not None]
    assert looked_at
    assert looked_at == sorted(looked_at, reverse=True)
    assert supports[10:] == [None, None]
    assert {hit.chunk_id for hit in again[:10]} == {hit.chunk_id for hit in plain[:10]}
    assert [hit.chunk_id for hit in again[10:]] == [hit.chunk_id for hit in plain[10:]]
    for hit in again:
        assert hit.explanation is not None
        before = plain[hit.explanation.rank_by_score - 1]
        assert (before.chunk_id, before.score) == (hit.chunk_id, hit.score)


texts = st.lists(st.sampled_from(["a b c d", "a b c e", "x y z", "a b", ""]), max_size=12)


@given(texts, st.integers(1, 15))
def test_diversity_chooses_among_the_hits_and_keeps_the_best(said: list[str], top_k: int) -> None:
    ranking = [SearchHit(chunk("d", n, text), 1 / (n + 1)) for n, text in enumerate(said)]
    chosen = diversified(ranking, top_k)
    assert len(chosen) == min(top_k, len(ranking))
    assert {*chosen} <= {*ranking}
    assert chosen[:1] == ranking[:1]
    unlike = [SearchHit(chunk("d", n, f"{n}a {n}b {n}c"), 1 / (n + 1)) for n in range(len(said))]
    assert diversified(unlike, top_k) == unlike[:top_k]


# The cache.


def _searches(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts how often the index is really searched by words."""
    calls = []
    real = type(deployment.vector_store).search_text

    def counted(*args: Any, **options: Any) -> list[SearchHit]:
        calls.append(args)
        return real(*args, **options)

    monkeypatch.setattr(type(deployment.vector_store), "search_text", counted)
    return lambda: len(calls)


@pytest.mark.parametrize("mode", MODES)
def test_the_same_question_is_searched_once(
    home: Deployment, mode: SearchMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"mode": mode, "explain": True, "context": 1}
    first = search(home, "tenant rent", **options)
    monkeypatch.setattr(type(home.vector_store), "search", None)
    monkeypatch.setattr(type(home.vector_store), "search_text", None)
    assert search(home, "tenant rent", **options) == first
    with pytest.raises(TypeError):
        search(home, "tenant rents", **options)
    with pytest.raises(TypeError):
        search(home, "tenant rent", filters=Filters(doc_ids=("a",)), **options)


def test_what_is_kept_holds_no_text(home: Deployment) -> None:
    search(home, "tenant rent landlord")
    rows = home.cache._database.connection.execute(  # type: ignore[attr-defined]
        "SELECT value FROM entries WHERE namespace = ?", (NAMESPACE,)
    ).fetchall()
    assert len(rows) == 1
    assert not any(word in rows[0][0] for word in (b"tenant", b"rent", b"landlord", b"The"))


def test_a_removal_under_way_counts_after_the_cache(
    home: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found(home, top_k=4)
    assert {i[0] for i in before} == {"a", "b"}
    count = _searches(home, monkeypatch)
    record(home, "a", status=DocumentStatus.DELETED)
    after = found(home, top_k=4)
    assert count() == 0
    assert {i[0] for i in after} == {"b"}
    assert len(after) == 4, "others take the places of what may not be shown"


def test_another_generation_is_another_question(
    home: Deployment, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found(home)
    other = Deployment(settings.model_copy(update={"collection": "other"}))
    other.__dict__["embedder"] = home.embedder
    write(other, chunk("z", 0, SENTENCES[0]))
    assert found(other) == ["z-0"]
    assert found(home) == before


_steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "delete", "compact", "search", "tier"]),
        st.integers(0, 5),
    ),
    max_size=12,
)


@given(_steps)
@hypothesis_settings(max_examples=8, deadline=None)
def test_no_answer_is_ever_old(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """After any writes, deletions and compactions the cached answer is the one of a search anew."""
    cached = Deployment(Settings(home=tmp_path_factory.mktemp("cached")))
    cached.__dict__["embedder"] = WordEmbedder(dimension=128)
    for step, number in steps:
        doc_id = f"d{number % 3}"
        if step == "write":
            text = SENTENCES[number % 4]
            write(cached, chunk(doc_id, number % 2, text, chunk_id=f"{doc_id}-{number}"))
        elif step == "delete":
            cached.vector_store.delete([f"{doc_id}-{number}"])
        elif step == "compact":
            cached.vector_store.compact()
        elif step == "tier":
            record(cached, doc_id, tier=["basic", "premium"][number % 2])
        for filters in (None, Filters(tiers=("basic",))):
            options: dict[str, Any] = {"filters": filters, "explain": True}
            once = search(cached, "tenant landlord notice", **options)
            again = search(cached, "tenant landlord notice", **options)
            cached.cache.delete_many(NAMESPACE, [str(n) for n in range(PLACES)])
            anew = search(cached, "tenant landlord notice", **options)
            assert once == again == anew
