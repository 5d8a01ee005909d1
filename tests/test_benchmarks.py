"""What the benchmarks measure with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pymupdf
import pytest

from benchmarks import real_documents
from benchmarks.bare_embedding import pad
from benchmarks.edited_page import cached, edit
from benchmarks.ingest import documents
from benchmarks.subject import IngestError, Sampler, fresh_home, ingest, model_folder
from benchmarks.verdict import Verdict
from examples.large import write_large_pdf
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.source.pdf_digest import page_digests

CHILD_MB = 120
# The memory is held by a grandchild, as by a worker of the pipeline, until its input is closed.
PARENT = f"""
import subprocess, sys
code = "data = bytearray({CHILD_MB} * 10**6); print('ready', flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
input()
child.communicate(b"\\n")
"""


def test_the_sampler_counts_descendants() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout and process.stdin
    with Sampler(process.pid) as sampler:
        assert process.stdout.readline() == b"ready\n"
        while sampler.largest < CHILD_MB * 10**6:
            assert process.poll() is None
        process.communicate(b"\n")
    assert CHILD_MB * 10**6 <= sampler.largest < sampler.peak


def test_a_figure_on_the_budget_is_kept() -> None:
    assert Verdict("memory", 1500, 1500, "MB").kept
    assert not Verdict("memory", 1500.1, 1500, "MB").kept
    assert "OVER BUDGET" in str(Verdict("ratio", 1.3, 1.2, "x"))


def test_padding_is_as_long_as_the_longest_row() -> None:
    assert pad([[101, 7, 102], [101, 102]]).tolist() == [[101, 7, 102], [101, 102, 0]]


def test_a_fresh_home_holds_the_model_and_nothing_else(tmp_path: Path) -> None:
    warm, home = tmp_path / "warm", tmp_path / "home"
    model_folder(warm).mkdir(parents=True)
    (model_folder(warm) / "model.onnx").write_bytes(b"model")
    (home / "raw").mkdir(parents=True)
    fresh_home(home, model_folder(warm))
    assert [p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file()] == [
        "state/models/model.onnx"
    ]


def test_given_documents_are_taken(tmp_path: Path) -> None:
    assert documents([tmp_path / "a.pdf"], tmp_path) == [tmp_path / "a.pdf"]


def test_a_failed_ingestion_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(IngestError):
        ingest([tmp_path / "missing.pdf"], tmp_path / "home", "command")


READABLE = {
    "bytes": "9", "needs_password": "no", "note": "", "opens": "yes",
    "pages": "2", "page_load_errors": "0", "text_chars": "900",
}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "document", "objection"),
    [
        ({}, {"status": "indexed", "pages": 2, "chunks": 1, "failure": None}, ""),
        ({}, {"status": "indexed", "pages": 1, "chunks": 1, "failure": None}, "has 2 pages"),
        (
            {},
            {"status": "indexed", "pages": 2, "chunks": 0, "failure": None},
            "has 900 characters of text",
        ),
        (
            {"page_load_errors": "1"},
            {"status": "indexed", "pages": 2, "chunks": 1, "failure": None},
            "has 1 pages that can't be loaded",
        ),
        (
            {"needs_password": "yes"},
            {"status": "failed", "pages": 0, "chunks": 0, "failure": {"kind": "corrupt"}},
            "needs a password",
        ),
        (
            {"bytes": "0"},
            {"status": "failed", "pages": 0, "chunks": 0, "failure": {"kind": "empty"}},
            "",
        ),
    ],
)
def test_the_manifest_objects_to_what_is_wrong(
    row: dict[str, str], document: dict[str, object], objection: str
) -> None:
    assert real_documents.objection({**READABLE, **row}, document) == objection


def test_an_edited_scan_is_written_anew_and_keeps_its_other_pages(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    write_large_pdf(path, 3)
    found = []
    for _ in range(2):
        with pymupdf.open(path) as document:
            found.append(list(page_digests(document, document.page_count)))
        edit(path, lambda document: document.delete_page(1))
    assert found[1] == [found[0][0], found[0][2]]
    assert [p.name for p in tmp_path.iterdir()] == ["scan.pdf"]


def test_what_is_not_cached_counts_nothing(tmp_path: Path) -> None:
    assert cached(tmp_path, "ocr") == 0
    deployment = Deployment(Settings(home=tmp_path))
    deployment.cache.put_many("ocr", {"a": b"1", "b": b"2"})
    deployment.cache.put_many("embeddings/model", {"a": b"3"})
    assert (cached(tmp_path, "ocr"), cached(tmp_path, "embeddings/")) == (2, 1)
