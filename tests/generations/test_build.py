"""A second generation is built beside the live one, which goes on answering what is current."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest

from resources.catalog import Holding
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.generations import make_live, register
from sparknet_assets.generations.holdings import discard
from sparknet_assets.stages import vector_index
from tests.generations.home import Home

STAGES = ("chunks", "embeddings", "vector_index")


def text_versions(home: Home, generation: str) -> dict[str, str]:
    held = home.deployment.catalog.holdings(generation)
    return {doc_id: holding.text_version for doc_id, holding in held.items()}


def test_the_first_write_makes_the_target_live(home: Home) -> None:
    home.put(lease="rent is due\ndeposit of two months", empty="")
    home.run("lease", "empty")
    deployment = home.deployment
    assert deployment.live is not None and deployment.live.name == home.old
    version = deployment.catalog.stages(["lease"])["lease"]["ocr_text"].data_version
    held = deployment.catalog.holdings(home.old)
    assert held["lease"] == Holding(version, 1)
    assert held["empty"].chunks == 0
    assert home.made("lease", "empty") == set()


def test_documents_are_found_throughout_a_build(built: Home) -> None:
    """One is built, one not yet; a new and a changed one arrive."""
    assert built.made("lease") == {(stage, "lease") for stage in STAGES}
    before = len(built.models["int8"].calls)
    assert built.found("rent") == ["lease"]
    assert built.found("revenue") == ["report"]

    built.put(memo="parking is free", report="revenue fell")
    assert built.made("memo", "report") == {
        (stage, doc_id) for doc_id in ("memo", "report") for stage in ("ocr_text", *STAGES)
    }
    assert built.found("parking") == ["memo"]
    assert built.found("fell") == ["report"]
    assert built.found("grew") == []
    assert built.in_store(built.old) == built.in_store(built.new) == {"lease", "report", "memo"}
    assert text_versions(built, built.old) == text_versions(built, built.new)
    by_live = [t for texts in built.models["int8"].calls[before:] for t in texts]
    assert not any("rent is due" in text for text in by_live), "unchanged: not touched there"
    assert built.made("memo", "report", "lease") == set()


def test_an_emptied_document_is_gone_from_both(built: Home) -> None:
    built.run("lease", "report")
    built.put(lease="")
    built.made("lease")
    assert built.found("rent") == []
    assert built.in_store(built.old) == built.in_store(built.new) == {"report"}
    assert built.made("lease") == set()


def test_the_record_says_where_else_a_document_was_written(built: Home) -> None:
    built.put(memo="parking is free")
    built.run("memo", "lease")
    stages = built.deployment.catalog.stages(["memo", "lease"])
    index = {doc_id: records["vector_index"].metadata for doc_id, records in stages.items()}
    assert index["memo"]["generation"] == index["lease"]["generation"] == built.new
    assert index["memo"]["also_in"] == built.old
    assert "also_in" not in index["lease"]


def test_removing_from_all_stores_leaves_nothing(built: Home) -> None:
    built.run("lease")
    for store in built.deployment.stores():
        store.delete(store.chunk_ids(["lease"])["lease"])
    assert built.in_store(built.old) == {"report"}
    assert built.in_store(built.new) == set()
    assert built.found("rent") == []


def test_an_interrupted_build_goes_on_where_it_was(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    built.put(**{f"d{n}": f"text number {n}" for n in range(5)})
    built.precision = "int8"
    built.run(*(f"d{n}" for n in range(5)))
    built.precision = "fp32"
    monkeypatch.setattr(vector_index, "WINDOW", 2)
    written = vector_index._note

    def note(deployment: Deployment, *arguments: object) -> None:
        written(deployment, *arguments)  # type: ignore[arg-type]
        raise Killed

    monkeypatch.setattr(vector_index, "_note", note)
    with pytest.raises(Killed):
        built.run(*(f"d{n}" for n in range(5)))
    monkeypatch.setattr(vector_index, "_note", written)
    embedded = built.embedded()
    assert len(text_versions(built, built.new)) == 2
    made = built.made(*(f"d{n}" for n in range(5)))
    assert {stage for stage, _ in made} == {"vector_index"}
    assert built.embedded() == embedded
    assert text_versions(built, built.new).keys() == {f"d{n}" for n in range(5)}


def test_a_kill_between_the_two_indexes_is_made_good(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one has it, the live one has some of its chunks beside those of its old text."""
    built.run("lease", "report")
    built.put(lease="rent was waived\ndeposit of two months")

    class Killed(BaseException):
        pass

    def killed(self: object, written: object) -> None:
        raise Killed

    kept = vector_index._Follower.write
    monkeypatch.setattr(vector_index._Follower, "write", killed)
    with pytest.raises(Killed):
        built.run("lease")
    monkeypatch.setattr(vector_index._Follower, "write", kept)
    assert built.found("rent due") == ["lease"], "the old text answers until the new one is there"
    assert built.made("lease") == {("vector_index", "lease")}
    assert built.found("waived") == ["lease"]
    assert built.found("due") == []


def test_documents_fail_that_the_live_index_cannot_take(built: Home) -> None:
    built.run("lease")

    def down(texts: Sequence[str]) -> None:
        raise SparknetError(FailureKind.UNAVAILABLE, "no server answers")

    built.put(memo="parking is free", note="lunch at noon", report="revenue fell")
    built.models["int8"].refuses = down
    calls = len(built.models["int8"].calls)
    failures = built.failures("memo", "note", "report", "lease")
    assert failures.keys() == {"memo", "note", "report"}
    assert all(failure.retryable for failure in failures.values())
    assert "no server answers" in failures["memo"].message
    assert built.old in failures["memo"].message
    assert len(built.models["int8"].calls) == calls + 1, "one that is away is asked once"
    built.models["int8"].refuses = None
    assert built.made("memo", "note", "report") == {
        ("vector_index", doc_id) for doc_id in ("memo", "note", "report")
    }
    assert built.found("lunch") == ["note"]


def test_after_a_switch_only_the_new_one_is_written(built: Home) -> None:
    built.run("lease", "report")
    make_live(built.deployment.catalog, built.new)
    built.put(memo="parking is free")
    built.run("memo")
    assert built.found("parking") == ["memo"]
    assert built.in_store(built.old) == {"lease", "report"}


def test_after_a_rollback_what_changed_is_caught_up_and_nothing_else(built: Home) -> None:
    built.run("lease", "report")
    make_live(built.deployment.catalog, built.new)
    built.put(memo="parking is free", report="revenue fell")
    built.run("memo", "report")
    make_live(built.deployment.catalog, built.old)
    assert built.found("fell") == []
    assert built.made("lease", "report", "memo") == {
        ("vector_index", "report"),
        ("vector_index", "memo"),
    }
    assert built.found("fell") == ["report"]
    assert built.found("parking") == ["memo"]
    assert built.made("lease", "report", "memo") == set()


def test_a_live_index_whose_files_are_lost_is_filled_again(built: Home) -> None:
    built.run("lease", "report")
    shutil.rmtree(built.deployment.state / "index" / built.old)
    before = built.embedded()
    assert built.made("lease", "report") == {
        ("vector_index", "lease"),
        ("vector_index", "report"),
    }
    assert built.embedded() == before
    assert built.found("rent") == ["lease"]
    assert built.made("lease", "report") == set()


def test_going_back_to_the_old_settings_embeds_nothing_again(built: Home) -> None:
    built.run("lease", "report")
    built.precision = "int8"
    before = built.embedded()
    built.made("lease", "report")
    assert built.embedded() == before
    assert built.deployment.vector_store.count() == (2, 2)


def test_a_home_of_an_earlier_version_is_taken_over_as_it_is(built: Home) -> None:
    """It has no facts and no holdings; upgrading must not index anything again."""
    built.put(empty="")
    built.precision = "int8"
    built.run("empty")
    catalog = built.deployment.catalog
    catalog.delete_facts(list(catalog.facts("generations/")))
    catalog.drop_holdings(built.old)
    assert built.made("lease", "report", "empty") == set()
    assert text_versions(built, built.old).keys() == {"lease", "report", "empty"}


def test_a_home_of_an_earlier_version_with_a_new_setting(built: Home) -> None:
    catalog = built.deployment.catalog
    catalog.delete_facts(list(catalog.facts("generations/")))
    catalog.drop_holdings(built.old)
    calls = len(built.models["int8"].calls)
    built.run("lease")
    assert len(built.models["int8"].calls) == calls
    live = built.deployment.live
    assert live is not None and live.name == built.old
    assert built.found("revenue") == ["report"]
    assert text_versions(built, built.old).keys() == {"lease", "report"}


def test_a_generation_that_was_half_retired_begins_afresh(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    built.run("lease")
    deployment = built.deployment
    half = deployment.generations.generations[built.new].model_copy(update={"retiring": True})
    register(deployment.catalog, half)
    built.run("report")
    after = built.deployment.generations.generations[built.new]
    assert not after.retiring
    assert text_versions(built, built.new).keys() == {"report"} == built.in_store(built.new)
    assert built.made("lease") == {("vector_index", "lease")}


def test_discarding_can_be_repeated(built: Home) -> None:
    built.run("lease")
    deployment = built.deployment
    generation = deployment.generations.generations[built.new]
    discard(deployment, generation)
    discard(built.deployment, generation)
    assert built.deployment.generations.generations.keys() == {built.old}
    assert text_versions(built, built.new) == {}
    assert built.found("rent") == ["lease"]
