"""Files on disk become raw objects and pending records, once, whatever the folder looks like."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.intake.found_files import SourceFile, find_files
from sparknet_assets.intake.naming import derive_doc_id
from sparknet_assets.intake.taking_in import take_in, take_in_files
from tests.doubles import processes


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def write(path: Path, data: bytes = b"text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def record_of(deployment: Deployment, doc_id: str) -> DocumentRecord:
    record = deployment.catalog.get(doc_id)
    assert record is not None
    return record


def raw_keys(deployment: Deployment) -> list[str]:
    return [info.key for info in deployment.storage.list("raw/")]


def test_a_folder_becomes_documents(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "b.txt", b"bee")
    write(inbox / "sub" / "a.txt", b"ay")
    write(inbox / ".hidden" / "c.txt")
    write(inbox / ".c.txt")
    write(inbox / "~$draft.docx")
    write(inbox / "Thumbs.db")
    intake = take_in(deployment, [inbox])
    assert intake.doc_ids == ["b-txt", "sub-a-txt"]
    assert not intake.problems
    assert raw_keys(deployment) == ["raw/b-txt/b.txt", "raw/sub-a-txt/a.txt"]
    record = record_of(deployment, "sub-a-txt")
    assert record.status is DocumentStatus.PENDING
    assert record.source == str(inbox / "sub" / "a.txt")
    assert record.partition_key == "sub-a-txt"
    assert deployment.storage.get(record.raw_key) == b"ay"


def test_a_second_time_changes_nothing(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "a.txt")
    take_in(deployment, [inbox])
    before = record_of(deployment, "a-txt")
    stored = deployment.storage.stat(before.raw_key)
    assert take_in(deployment, [inbox]).doc_ids == ["a-txt"]
    assert record_of(deployment, "a-txt") == before
    assert deployment.storage.stat(before.raw_key) == stored


def test_a_source_keeps_its_doc_id_however_it_is_named(deployment: Deployment, inbox: Path) -> None:
    file = write(inbox / "sub" / "a.txt")
    take_in(deployment, [inbox])
    assert take_in(deployment, [file]).doc_ids == ["sub-a-txt"]
    assert take_in(deployment, [inbox, file, inbox / "sub"]).doc_ids == ["sub-a-txt"]


def test_changed_bytes_of_the_same_size_are_copied(deployment: Deployment, inbox: Path) -> None:
    file = write(inbox / "a.txt", b"one")
    take_in(deployment, [inbox])
    old = record_of(deployment, "a-txt")
    deployment.catalog.put([old.model_copy(update={"status": DocumentStatus.INDEXED})])
    file.write_bytes(b"two")
    take_in(deployment, [inbox])
    new = record_of(deployment, "a-txt")
    assert deployment.storage.get(new.raw_key) == b"two"
    assert new.raw_version == old.raw_version, "the mark of what the stages have read"
    assert new.status is DocumentStatus.PENDING
    assert new.created_at == old.created_at


def test_names_with_one_slug_stay_two_documents(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "a b.txt", b"same")
    write(inbox / "a-b.txt", b"same")
    first = take_in(deployment, [inbox]).doc_ids
    assert len(set(first)) == 2
    assert first[0] == "a-b-txt"
    assert first[1].startswith("a-b-txt-")
    assert take_in(deployment, [inbox]).doc_ids == first
    assert len(raw_keys(deployment)) == 2


def test_the_same_name_from_two_folders(deployment: Deployment, tmp_path: Path) -> None:
    write(tmp_path / "x" / "a.txt", b"x")
    write(tmp_path / "y" / "a.txt", b"y")
    ids = [take_in(deployment, [tmp_path / name]).doc_ids[0] for name in ("x", "y")]
    assert len(set(ids)) == 2
    stored = [deployment.storage.get(record_of(deployment, i).raw_key) for i in ids]
    assert stored == [b"x", b"y"]


def test_doc_id_makes_a_new_version_under_a_new_name(deployment: Deployment, inbox: Path) -> None:
    take_in(deployment, [write(inbox / "draft.txt", b"one")], doc_id="contract")
    take_in(deployment, [write(inbox / "final.txt", b"two")], doc_id="contract")
    assert raw_keys(deployment) == ["raw/contract/final.txt"]
    record = record_of(deployment, "contract")
    assert record.filename == "final.txt"
    assert record.source == str(inbox / "final.txt")


@pytest.mark.parametrize("bad", ["../up", "Caps", "", "a b"])
def test_an_unsafe_doc_id_is_refused(deployment: Deployment, inbox: Path, bad: str) -> None:
    file = write(inbox / "a.txt")
    with pytest.raises(SparknetError, match="can't be a doc_id"):
        take_in(deployment, [file], doc_id=bad)


def test_a_doc_id_for_many_files_is_refused(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "a.txt")
    write(inbox / "b.txt")
    with pytest.raises(SparknetError, match="holds 2"):
        take_in(deployment, [inbox], doc_id="one")


def test_bad_paths_do_not_stop_the_others(deployment: Deployment, inbox: Path) -> None:
    (inbox / "empty").mkdir()
    file = write(inbox / "a.txt")
    os.mkfifo(inbox / "pipe")
    (inbox / "broken").symlink_to(inbox / "nowhere")
    paths = [inbox / "missing", inbox / "empty", inbox / "pipe", inbox, file]
    intake = take_in(deployment, paths)
    assert intake.doc_ids == ["a-txt"]
    found = {Path(problem.path).name: problem.kind for problem in intake.problems}
    assert found == {
        "missing": FailureKind.UNREADABLE,
        "empty": FailureKind.EMPTY,
        "pipe": FailureKind.UNSUPPORTED,
        "broken": FailureKind.UNREADABLE,
    }


def test_a_file_that_goes_away_while_it_is_taken_in(
    deployment: Deployment, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(inbox / "a.txt")
    write(inbox / "b.txt").chmod(0)
    if os.geteuid() == 0:  # Root reads everything: take the file away between finding and reading.
        from sparknet_assets.intake import taking_in as module

        def find_then_lose(*args: object) -> object:
            found = list(find(*args))  # type: ignore[arg-type]
            (inbox / "b.txt").unlink()
            return found

        find = module.find_files
        monkeypatch.setattr(module, "find_files", find_then_lose)
    intake = take_in(deployment, [inbox])
    assert intake.doc_ids == ["a-txt"]
    assert [problem.kind for problem in intake.problems] == [FailureKind.UNREADABLE]
    assert raw_keys(deployment) == ["raw/a-txt/a.txt"]


@pytest.mark.parametrize("before", ["", "an older version"])
def test_a_file_that_is_written_to_while_it_is_taken_in(
    deployment: Deployment, inbox: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """What was copied may be the start of one version and the end of another."""
    path = write(inbox / "a.txt", (before or "the first half").encode())
    if before:
        take_in(deployment, [inbox])
        path.write_text("the first half")

    def read_and_append(file: BinaryIO) -> Iterator[bytes]:
        yield file.read()
        with path.open("a") as more:
            more.write(" and the second")

    monkeypatch.setattr("sparknet_assets.intake.found_files.read_blocks", read_and_append)
    intake = take_in(deployment, [inbox])
    (problem,) = intake.problems
    assert problem.kind is FailureKind.UNAVAILABLE
    assert problem.message.endswith("ingest it again when that is done.")
    assert not intake.doc_ids
    kept = [deployment.storage.get(key).decode() for key in raw_keys(deployment)]
    assert kept == ([before] if before else [])
    monkeypatch.undo()
    assert take_in(deployment, [inbox]).doc_ids == ["a-txt"]
    assert deployment.storage.get("raw/a-txt/a.txt") == b"the first half and the second"


def test_a_file_that_became_a_pipe_is_not_waited_for(deployment: Deployment, inbox: Path) -> None:
    path = write(inbox / "a.txt")
    (file,) = find_files([path], deployment.home)
    assert isinstance(file, SourceFile)
    path.unlink()
    os.mkfifo(path)
    intake = take_in_files(deployment, [file])
    assert [problem.kind for problem in intake.problems] == [FailureKind.UNSUPPORTED]
    assert raw_keys(deployment) == []


def test_link_loops_end(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "sub" / "a.txt")
    (inbox / "sub" / "up").symlink_to(inbox)
    (inbox / "self").symlink_to(inbox / "self")
    intake = take_in(deployment, [inbox])
    assert intake.doc_ids == ["sub-a-txt"]
    assert [Path(problem.path).name for problem in intake.problems] == ["self"]


def test_our_own_folders_are_never_taken_in(deployment: Deployment, tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    write(deployment.home / "processed" / "x" / "text.json")
    write(deployment.home / "inbox" / "b.txt")
    write(tmp_path / "demo" / "state" / "catalog.db")
    write(tmp_path / "demo" / "processed" / "x" / "text.json")
    assert take_in(deployment, [tmp_path]).doc_ids == ["a-txt", "data-inbox-b-txt"]
    refused = take_in(deployment, [deployment.home / "raw" / "a-txt"])
    assert [problem.kind for problem in refused.problems] == [FailureKind.REFUSED]


def test_a_file_over_the_limit_is_recorded_and_not_copied(tmp_path: Path, inbox: Path) -> None:
    deployment = Deployment(Settings(home=tmp_path / "data", max_bytes=10))
    write(inbox / "big.txt", b"x" * 11)
    write(inbox / "small.txt", b"x")
    intake = take_in(deployment, [inbox])
    assert intake.doc_ids == ["small-txt"]
    assert intake.refused == ["big-txt"]
    assert raw_keys(deployment) == ["raw/small-txt/small.txt"]
    record = record_of(deployment, "big-txt")
    assert record.status is DocumentStatus.FAILED
    assert record.failure is not None
    assert record.failure.kind is FailureKind.TOO_LARGE
    assert not record.failure.retryable
    roomy = Deployment(Settings(home=tmp_path / "data"))
    assert take_in(roomy, [inbox]).doc_ids == ["big-txt", "small-txt"]
    assert record_of(roomy, "big-txt").status is DocumentStatus.PENDING


def test_a_new_version_over_the_limit_is_not_forgotten(
    deployment: Deployment, tmp_path: Path, inbox: Path
) -> None:
    file = write(inbox / "a.txt", b"small")
    [doc_id] = take_in(deployment, [file]).doc_ids
    write(file, b"0123456789")
    strict = Deployment(Settings(home=deployment.home, max_bytes=8))
    assert take_in(strict, [file]).refused == [doc_id]
    assert record_of(deployment, doc_id).raw_version == ""
    assert take_in(deployment, [file]).doc_ids == [doc_id]
    record = record_of(deployment, doc_id)
    assert record.raw_sha256 == hashlib.sha256(b"0123456789").hexdigest()
    assert deployment.storage.get(record.raw_key) == b"0123456789"


def test_what_a_crash_left_behind_is_adopted(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "a.txt", b"same")
    write(inbox / "b.txt", b"mine")
    deployment.storage.put("raw/a-txt/a.txt", b"same")
    deployment.storage.put("raw/b-txt/b.txt", b"other")
    ids = take_in(deployment, [inbox]).doc_ids
    assert ids[0] == "a-txt"
    assert ids[1].startswith("b-txt-")
    assert deployment.storage.get("raw/b-txt/b.txt") == b"other"


def test_names_that_no_store_would_take(deployment: Deployment, inbox: Path) -> None:
    (Path(os.fsdecode(os.fsencode(inbox) + b"/caf\xe9.txt"))).write_bytes(b"latin")
    write(inbox / "line\nbreak.txt", b"n")
    write(inbox / ("long" * 60 + ".txt"), b"l")
    write(inbox / "报告.txt", b"zh")
    write(inbox / "back.sl\\ash", b"b")
    intake = take_in(deployment, [inbox])
    assert len(set(intake.doc_ids)) == 5
    for doc_id in intake.doc_ids:
        record = record_of(deployment, doc_id)
        assert deployment.storage.stat(record.raw_key) is not None
        assert record.filename.isprintable()
        record.model_dump_json().encode()
    assert take_in(deployment, [inbox]).doc_ids == intake.doc_ids


def test_a_full_disk_says_so_and_keeps_what_is_there(
    deployment: Deployment, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(inbox / "a.txt")
    write(inbox / "b.txt")
    real = deployment.storage.writer

    def full(key: str) -> object:
        if "b-txt" in key:
            raise SparknetError(FailureKind.UNAVAILABLE, "The disk is full.")
        return real(key)

    monkeypatch.setattr(deployment.storage, "writer", full)
    with pytest.raises(SparknetError, match="is full"):
        take_in(deployment, [inbox])
    assert record_of(deployment, "a-txt").status is DocumentStatus.PENDING
    assert deployment.catalog.get("b-txt") is None


def _take_in_elsewhere(home: Path, folder: Path) -> None:
    take_in(Deployment(Settings(home=home)), [folder])


def test_two_processes_at_once_lose_nothing(deployment: Deployment, tmp_path: Path) -> None:
    for side in ("x", "y"):
        for number in range(20):
            write(tmp_path / side / f"{number}.txt", f"{side}{number}".encode())
    runs = [
        processes.process(_take_in_elsewhere, deployment.home, tmp_path / side) for side in "xy"
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    records = list(deployment.catalog.documents())
    stored = sorted(deployment.storage.get(record.raw_key).decode() for record in records)
    assert stored == sorted(f"{side}{number}" for side in ("x", "y") for number in range(20))


def test_progress_tells_each_document(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "a.txt")
    write(inbox / "b.txt")
    told: list[str] = []
    take_in(deployment, [inbox], progress=told.append)
    assert told == ["a-txt", "b-txt"]


def test_derived_ids_match_the_folder(deployment: Deployment, inbox: Path) -> None:
    write(inbox / "Q3 Report.txt")
    assert take_in(deployment, [inbox]).doc_ids == [derive_doc_id("Q3 Report.txt")]
