"""A generation answers once it has passed its gates; the one before can be gone back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from resources.catalog import StageStatus
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.vector_store.chroma import ChromaVectorStore
from schedules.reconciliation import gather
from sparknet_assets.generations import holdings
from sparknet_assets.generations import switching as generations
from sparknet_assets.generations.gates import GateResult, check_switch, samples
from sparknet_assets.generations.switching import progress, retire, rollback, switch
from tests.doubles.embedder import WordEmbedder
from tests.generations.home import GRAPH, Home

SUBJECTS = ("rent", "deposit", "garden", "parking", "heating", "lease", "notice", "repair")


@pytest.fixture
def letters(home: Home) -> Home:
    """Eight documents, in the live generation and in the one that the settings name."""
    home.put(
        **{
            f"letter-{n}": f"the tenant writes about {word} number {n} and about {word}s of old"
            for n, word in enumerate(SUBJECTS)
        }
    )
    ids = [f"letter-{n}" for n in range(len(SUBJECTS))]
    home.run(*ids)
    home.precision = "fp32"
    home.run(*ids)
    return home


def gates(home: Home) -> dict[str, GateResult]:
    deployment = home.deployment
    return {gate.name: gate for gate in check_switch(deployment, deployment.target)}


def roles(home: Home) -> dict[str, list[str]]:
    return {row.name: row.roles for row in progress(home.deployment)}


def planned(home: Home) -> dict[str, tuple[str, ...]]:
    """doc_id -> stages that the plan would redo, once the files are settled."""
    later = datetime.now(UTC) + timedelta(minutes=1)
    plan = gather(home.deployment, later, graph=GRAPH).plan
    return {document.doc_id: document.stages for document in plan.documents}


def test_there_and_back_and_the_old_one_retired(letters: Home) -> None:
    assert roles(letters) == {letters.old: ["live"], letters.new: ["target"]}
    made = switch(letters.deployment)
    assert (made.switched, made.live, made.before) == (True, letters.new, letters.old)
    assert made.behind == 0
    assert roles(letters) == {letters.old: ["previous"], letters.new: ["live", "target"]}
    assert not switch(letters.deployment).switched, "it answers already"

    back = rollback(letters.deployment)
    assert (back.live, back.before) == (letters.old, letters.new)
    assert letters.found("garden") == ["letter-2"]
    again = rollback(letters.deployment)
    assert again.live == letters.new

    folder = letters.deployment.state / "index" / letters.old
    gone = retire(letters.deployment, letters.old)
    assert gone.freed > 0 and not gone.switched
    assert not folder.exists()
    assert letters.deployment.catalog.holdings(letters.old) == {}
    assert roles(letters) == {letters.new: ["live", "target"]}
    assert letters.found("garden") == ["letter-2"]
    with pytest.raises(SparknetError, match="no earlier generation"):
        rollback(letters.deployment)


def test_figures_of_a_build(built: Home) -> None:
    built.run("lease")
    rows = {row.name: row for row in progress(built.deployment)}
    old, new = rows[built.old], rows[built.new]
    assert (old.documents, old.of_documents, old.chunks, old.vectors) == (2, 2, 2, 2)
    assert (new.documents, new.of_documents, new.chunks, new.keyword_rows) == (1, 2, 1, 1)
    assert (old.retirable, new.retirable) == (False, True)
    assert new.size > 0


def test_looking_makes_no_files(home: Home) -> None:
    (row,) = progress(home.deployment)
    assert (row.roles, row.vectors, row.size) == (["live", "target"], 0, 0)
    assert not (home.deployment.state / "index").exists()


def test_one_that_is_not_complete_is_refused(built: Home) -> None:
    with pytest.raises(SparknetError, match=f"Nothing is in the index {built.new} yet"):
        switch(built.deployment)
    built.run("lease")
    made = switch(built.deployment)
    assert not made.switched and made.live == built.old
    complete = next(gate for gate in made.gates if gate.name == "complete")
    assert complete.detail == (
        "1 of 2 documents are in it; run `sparknet materialize` to add the rest."
    )
    assert switch(built.deployment, force=True).behind == 1
    assert built.found("rent") == ["lease"]


def test_a_document_that_failed_in_the_build_is_named(built: Home) -> None:
    def refuse(texts: object) -> None:
        raise SparknetError(FailureKind.REFUSED, "not this one", retryable=False)

    built.run("lease")
    built.models["fp32"].refuses = refuse
    built.failures("report")
    built.models["fp32"].refuses = None
    complete = gates(built)["complete"]
    assert not complete.passed
    assert "1 failed and would be found no more: report" in complete.detail
    assert built.found("revenue") == ["report"]


def test_a_document_whose_newest_version_failed_is_not_lost_by_a_switch(built: Home) -> None:
    """Its old version answers in the live generation, and nothing can put it into the new one."""
    built.run("lease")
    deployment = built.deployment
    records = deployment.catalog.stages(["report"])["report"]
    broken = records["ocr_text"].model_copy(
        update={"status": StageStatus.FAILED, "fingerprint": ""}
    )
    deployment.catalog.put_stages([broken])
    complete = gates(built)["complete"]
    assert not complete.passed
    assert complete.figures["of_documents"] == 2


def test_one_that_is_behind_is_refused(letters: Home) -> None:
    """An index of other settings does not follow; it says which settings would bring it up."""
    switch(letters.deployment)
    letters.put(**{"letter-3": "the tenant writes about a bicycle and where to put it"})
    letters.run("letter-3")
    made = switch(letters.deployment, letters.old)
    assert not made.switched
    assert "7 of 8 documents" in made.gates[0].detail
    assert "SPARKNET_EMBEDDER_PRECISION=int8" in made.gates[0].detail
    back = rollback(letters.deployment)
    assert back.behind == 1
    assert "`sparknet materialize` adds it" in back.said
    letters.run(*(f"letter-{n}" for n in range(8)))
    assert letters.found("bicycle") == ["letter-3"]
    assert {row.documents for row in progress(letters.deployment)} == {8}


def test_vectors_that_are_lost_are_counted(letters: Home) -> None:
    store = letters.deployment.vector_store
    store.delete(store.chunk_ids(["letter-3"])["letter-3"])
    counts = gates(letters)["counts"]
    assert not counts.passed
    assert counts.figures == {"chunks": 8, "vectors": 7, "keyword_rows": 7}


class Blurred(WordEmbedder):
    """Gives one text the vector of another, as a model that does not fit the language may."""

    def embed(self, texts):  # type: ignore[no-untyped-def]
        return super().embed([str(len(text) % 2) for text in texts])


def test_one_that_finds_less_is_refused(home: Home) -> None:
    home.models["fp32"] = Blurred(384)
    home.put(**{f"d{n}": f"house number {n} has color {n * n} and code {n * 7}" for n in range(40)})
    ids = [f"d{n}" for n in range(40)]
    home.run(*ids)
    home.precision = "fp32"
    home.run(*ids)
    recall = gates(home)["recall"]
    assert not recall.passed
    assert recall.figures["live_recall"] == 1.0
    assert recall.figures["recall"] < 0.9
    assert gates(home)["complete"].passed
    assert not switch(home.deployment).switched
    assert switch(home.deployment, force=True).switched


def test_a_recall_that_cannot_be_compared_is_no_recall(letters: Home) -> None:
    def down(texts: object) -> None:
        raise SparknetError(FailureKind.UNAVAILABLE, "no server answers")

    letters.models["int8"].refuses = down
    recall = gates(letters)["recall"]
    assert not recall.passed
    assert "no server answers" in recall.detail


def test_samples_are_the_same_each_time_and_stand_where_they_say(letters: Home) -> None:
    ids = [f"letter-{n}" for n in range(8)]
    chosen = list(samples(letters.deployment, ids))
    assert chosen == list(samples(letters.deployment, ids[::-1]))
    assert {sample.doc_id for sample in chosen} == set(ids)
    for sample in chosen:
        raw = letters.deployment.storage.get(f"raw/{sample.doc_id}/a.txt").decode()
        assert sample.query in raw.splitlines()[sample.page - 1]


def test_the_one_that_answers_and_unknown_ones_are_not_retired(letters: Home) -> None:
    with pytest.raises(SparknetError, match="is the index that answers"):
        retire(letters.deployment, letters.old)
    with pytest.raises(SparknetError, match="There is no generation nix"):
        retire(letters.deployment, "nix")
    assert len(roles(letters)) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_retirement_that_was_cut_off_is_finished(
    letters: Home, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        pass

    drop = ChromaVectorStore.drop

    def killed(store: ChromaVectorStore) -> None:
        if moment == "after":
            drop(store)
        raise Killed

    switch(letters.deployment)
    monkeypatch.setattr(ChromaVectorStore, "drop", killed)
    with pytest.raises(Killed):
        retire(letters.deployment, letters.old)
    monkeypatch.setattr(ChromaVectorStore, "drop", drop)
    assert roles(letters)[letters.old] == ["previous", "retiring"]
    assert letters.found("garden") == ["letter-2"]
    with pytest.raises(SparknetError, match="no earlier generation"):
        rollback(letters.deployment)
    assert roles(letters) == {letters.new: ["live", "target"]}
    assert not (letters.deployment.state / "index" / letters.old).exists()


def test_a_switch_that_is_cut_off_has_happened_or_not(
    letters: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*arguments: object) -> None:
        raise Killed

    monkeypatch.setattr(generations, "make_live", killed)
    with pytest.raises(Killed):
        switch(letters.deployment)
    assert roles(letters) == {letters.old: ["live"], letters.new: ["target"]}
    assert letters.found("garden") == ["letter-2"]


def test_retiring_what_the_settings_name_builds_it_anew_without_embedding(letters: Home) -> None:
    retire(letters.deployment, letters.new)
    before = letters.embedded()
    ids = [f"letter-{n}" for n in range(8)]
    assert letters.made(*ids) == {("vector_index", doc_id) for doc_id in ids}
    assert letters.embedded() == before
    assert letters.in_store(letters.new) == set(ids)


def test_a_generation_built_anew_is_planned_and_complete_with_documents_that_have_no_text(
    letters: Home,
) -> None:
    letters.put(blank="")
    ids = [*(f"letter-{n}" for n in range(8)), "blank"]
    letters.run(*ids)
    assert planned(letters) == {}
    retire(letters.deployment, letters.new)
    assert planned(letters) == dict.fromkeys(ids, ("vector_index",))
    letters.run(*ids)
    assert planned(letters) == {}
    assert gates(letters)["complete"].passed


def test_changes_wait_for_each_other(letters: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is retired while its gates are asked does not answer afterwards."""
    asked = generations.check_switch

    def slow(deployment: Deployment, generation: object) -> list[GateResult]:
        found = asked(deployment, generation)  # type: ignore[arg-type]
        retire(letters.deployment, letters.new)
        return found

    monkeypatch.setattr(generations, "check_switch", slow)
    with pytest.raises(SparknetError):
        switch(letters.deployment)
    assert letters.found("garden") == ["letter-2"]


def test_establishing_is_cheap_once_done(letters: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(deployment: Deployment) -> None:
        raise AssertionError("no lock is needed")

    monkeypatch.setattr(holdings, "changing_generations", locked)
    assert holdings.establish(letters.deployment).name == letters.old
