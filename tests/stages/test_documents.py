"""Stage `documents`: what is written about an original, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pymupdf
import pytest
from docx import Document
from PIL import Image

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.artifacts import METADATA, RENDITION, RENDITION_TABLES, DocumentRef
from sparknet_assets.scratch import remove_scratch
from sparknet_assets.stages.documents import STAGE, read_metadata

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pdf_bytes(pages: int = 2, **saving: object) -> bytes:
    with pymupdf.open() as document:
        for number in range(pages):
            document.new_page().insert_text((72, 72), f"Page {number + 1}")
        document.set_metadata({"title": "Minutes", "author": "A. Clerk"})
        return bytes(document.tobytes(**saving))


def docx_bytes(*, table: bool = False) -> bytes:
    document, file = Document(), io.BytesIO()
    document.core_properties.title = "Offer"
    document.add_paragraph("Dear customer, thank you for your order.")
    if table:
        rows = document.add_table(2, 2).rows
        for row, texts in zip(rows, (("Article", "Pieces"), ("Chair", "4")), strict=True):
            row.cells[0].text, row.cells[1].text = texts
    document.save(file)
    return file.getvalue()


def store(deployment: Deployment, data: bytes, filename: str) -> DocumentRef:
    ref = DocumentRef("doc", f"raw/doc/{filename}")
    deployment.storage.put(ref.raw_key, data)
    return ref


def refusal(deployment: Deployment, data: bytes, filename: str) -> SparknetError:
    ref = store(deployment, data, filename)
    with pytest.raises(SparknetError) as caught:
        STAGE.run(ref, deployment)
    assert filename in caught.value.message
    assert deployment.storage.stat(ref.key(METADATA)) is None
    return caught.value


def test_metadata_of_a_pdf(deployment: Deployment) -> None:
    data = pdf_bytes()
    ref = store(deployment, data, "minutes.pdf")
    output = STAGE.run(ref, deployment)
    metadata = read_metadata(ref, deployment)
    assert metadata.model_dump(exclude={"created"}) == {
        "schema_version": 1,
        "doc_id": "doc",
        "filename": "minutes.pdf",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "media_type": "application/pdf",
        "kind": "pdf",
        "page_count": 2,
        "title": "Minutes",
        "author": "A. Clerk",
        "language": None,
        "tier": "standard",
        "flags": [],
    }
    assert output.pages == 2
    assert json.loads(json.dumps(output.metadata))["media_type"] == "application/pdf"


def test_equal_input_gives_equal_bytes_and_data_version(tmp_path: Path) -> None:
    results, data = [], docx_bytes(table=True)
    for home in (tmp_path / "one", tmp_path / "two"):
        deployment = Deployment(Settings(home=home))
        ref = store(deployment, data, "offer.docx")
        versions = {STAGE.run(ref, deployment).data_version for _ in range(2)}
        files = [deployment.storage.get(ref.key(name)) for name in (METADATA, RENDITION)]
        results.append((versions, files))
    assert results[0] == results[1]
    assert len(results[0][0]) == 1


def test_another_original_gives_another_data_version(deployment: Deployment) -> None:
    versions = {
        STAGE.run(store(deployment, pdf_bytes(pages), "a.pdf"), deployment).data_version
        for pages in (1, 2)
    }
    assert len(versions) == 2


def test_an_office_file_gets_a_rendition_with_its_tables(deployment: Deployment) -> None:
    ref = store(deployment, docx_bytes(table=True), "offer.docx")
    STAGE.run(ref, deployment)
    metadata = read_metadata(ref, deployment)
    assert (metadata.kind, metadata.media_type, metadata.title) == ("rendition", DOCX, "Offer")
    with pymupdf.open("pdf", deployment.storage.get(ref.key(RENDITION))) as rendition:
        assert rendition.page_count == metadata.page_count == 1
        assert "thank you for your order" in rendition[0].get_text()
    tables = json.loads(deployment.storage.get(ref.key(RENDITION_TABLES)))["tables"]
    assert tables[0]["rows"][1] == ["Chair", "4"]


def test_a_kill_leaves_half_a_rendition_where_a_removal_finds_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = []

    def killed(source: Path, media_type: str, name: str, target: Path, *_: object) -> None:
        target.write_text("half of it")
        drafts.append(target)
        raise KeyboardInterrupt

    monkeypatch.setattr("sparknet_assets.source.rendition.make_rendition", killed)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        STAGE.run(store(deployment, docx_bytes(), "offer.docx"), deployment)
    monkeypatch.undo()
    assert [draft.is_relative_to(deployment.home) for draft in drafts] == [True]
    assert drafts[0].exists()
    remove_scratch(deployment, "doc")
    assert not drafts[0].exists()


def test_what_an_earlier_version_left_is_removed(deployment: Deployment) -> None:
    ref = store(deployment, docx_bytes(table=True), "offer.docx")
    STAGE.run(ref, deployment)
    STAGE.run(store(deployment, docx_bytes(), "offer.docx"), deployment)
    assert deployment.storage.stat(ref.key(RENDITION_TABLES)) is None
    assert deployment.storage.stat(ref.key(RENDITION)) is not None
    STAGE.run(store(deployment, pdf_bytes(), "offer.docx"), deployment)
    assert deployment.storage.stat(ref.key(RENDITION)) is None
    assert read_metadata(ref, deployment).flags == ["wrong_extension"]


@pytest.mark.parametrize("filename", ["photo.pdf", "photo.docx", "photo"])
def test_the_content_decides_and_not_the_name(deployment: Deployment, filename: str) -> None:
    file = io.BytesIO()
    Image.new("L", (30, 20)).save(file, "PNG")
    ref = store(deployment, file.getvalue(), filename)
    STAGE.run(ref, deployment)
    metadata = read_metadata(ref, deployment)
    assert (metadata.kind, metadata.media_type) == ("image", "image/png")
    assert metadata.flags == (["wrong_extension"] if "." in filename else [])


def test_refusals_have_their_kind_and_a_remedy(deployment: Deployment) -> None:
    assert refusal(deployment, b"", "a.pdf").kind is FailureKind.EMPTY
    assert refusal(deployment, b" \r\n\t", "a.txt").kind is FailureKind.EMPTY
    assert refusal(deployment, b"%PDF-1.7\nnothing", "a.pdf").kind is FailureKind.CORRUPT
    unknown = refusal(deployment, bytes(range(256)), "a.bin")
    assert unknown.kind is FailureKind.UNSUPPORTED
    assert "DOCX" in unknown.message
    archive = refusal(deployment, b"Rar!\x1a\x07\x01\0", "a.pdf")
    assert archive.kind is FailureKind.UNSUPPORTED
    assert "application/vnd.rar" in archive.message
    encrypted = pdf_bytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="x")
    assert refusal(deployment, encrypted, "a.pdf").kind is FailureKind.ENCRYPTED
    assert refusal(deployment, docx_bytes()[:900], "a.docx").kind is FailureKind.CORRUPT


def test_an_original_that_is_gone_is_named(deployment: Deployment) -> None:
    with pytest.raises(SparknetError, match=r"raw/doc/a\.pdf") as caught:
        STAGE.run(DocumentRef("doc", "raw/doc/a.pdf"), deployment)
    assert caught.value.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize("data", [pdf_bytes(6), b"%PDF-", b"Zeile\f" * 9])
def test_limits_apply(tmp_path: Path, data: bytes) -> None:
    small = Deployment(Settings(home=tmp_path, max_bytes=4))
    assert refusal(small, data, "a.txt").kind is FailureKind.TOO_LARGE


def test_the_page_limit_applies_to_pdfs_and_images(tmp_path: Path) -> None:
    deployment = Deployment(Settings(home=tmp_path, max_pages=2))
    refused = refusal(deployment, pdf_bytes(3), "a.pdf")
    assert refused.kind is FailureKind.TOO_LARGE
    assert "SPARKNET_MAX_PAGES" in refused.message
    file = io.BytesIO()
    frames = [Image.new("L", (9, 9), shade) for shade in (1, 90, 200)]
    frames[0].save(file, "TIFF", save_all=True, append_images=frames[1:])
    assert refusal(deployment, file.getvalue(), "a.tif").kind is FailureKind.TOO_LARGE


def test_a_new_password_changes_the_fingerprint_without_showing_itself(tmp_path: Path) -> None:
    shapes = [
        STAGE.shape(Deployment(Settings(home=tmp_path, pdf_passwords=passwords)))
        for passwords in ([], ["hunter2"], ["hunter2", "swordfish"])
    ]
    assert len({json.dumps(shape) for shape in shapes}) == 3
    assert "hunter2" not in json.dumps(shapes)


def test_stages_load_no_heavy_library() -> None:
    program = (
        "import sys, sparknet_assets.stages.documents, sparknet_assets.stages.page_images\n"
        "print([n for n in ('pymupdf', 'PIL', 'kreuzberg', 'onnxruntime') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def corpus_rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "MANIFEST.csv").open(newline="") as file:
        return [
            row
            for row in csv.DictReader(file)
            if row["path"].startswith(("pdf/", "formats/")) and "/gt/" not in row["path"]
        ]


def expected_kinds(row: dict[str, str]) -> set[FailureKind]:
    """Kinds of failure that fit what the manifest says; empty when the file must be taken."""
    if row["bytes"] == "0":
        return {FailureKind.EMPTY}
    note = row["note"].lower()
    if ("password" in note and row["kind"] != "pdf") or "certificate" in note:
        return {FailureKind.ENCRYPTED}
    if "truncated" in note:
        return {FailureKind.CORRUPT}
    if row["kind"] == "pdf" and (row["opens"] == "no" or not row["pages"].strip("0")):
        return {FailureKind.CORRUPT, FailureKind.EMPTY}
    return set()


@pytest.mark.corpus
def test_every_real_document_is_taken_or_refused_as_the_manifest_says(
    tmp_path: Path, corpus: Path
) -> None:
    wrong = {}
    for row in corpus_rows(corpus):
        source = corpus / row["path"]
        passwords = [row["password"]] if row["password"] else []
        deployment = Deployment(Settings(home=tmp_path, pdf_passwords=passwords))
        ref = store(deployment, source.read_bytes(), source.name)
        try:
            STAGE.run(ref, deployment)
        except SparknetError as error:
            if error.kind not in expected_kinds(row):
                wrong[row["path"]] = str(error)
            continue
        metadata = read_metadata(ref, deployment)
        if row["opens"] == "yes" and not row["pages"] and "repaired" in metadata.flags:
            continue  # the manifest's reader gave up on a wrong page count
        if expected_kinds(row) or row["pages"] not in ("", str(metadata.page_count)):
            wrong[row["path"]] = metadata.model_dump_json()
        if row["encrypted"] == "yes" and "encrypted" not in metadata.flags:
            wrong[row["path"]] = "not flagged as encrypted"
    assert not wrong


@pytest.mark.corpus
def test_locked_real_documents_are_refused_without_their_password(
    deployment: Deployment, corpus: Path
) -> None:
    locked = [row["path"] for row in corpus_rows(corpus) if row["needs_password"] == "yes"]
    assert locked
    for path in locked:
        refused = refusal(deployment, (corpus / path).read_bytes(), Path(path).name)
        assert refused.kind is FailureKind.ENCRYPTED, path
