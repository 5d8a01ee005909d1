"""Pages that are as they were need no work, wherever they stand; nobody can tell the difference."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.artifacts import PAGES, TEXT, DocumentRef
from sparknet_assets.source.pages import close_source
from tests.stages.paged import artifacts, deployment_with_pixels, draw, pdf, run

REF = DocumentRef("doc", "raw/doc/report.pdf")
TWIN = DocumentRef("twin", "raw/twin/copy.pdf")
PAGES_AS_DRAWN = [(1, True), (2, False), (3, True), (4, True), (5, False)]


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    close_source()


@pytest.fixture
def ours(deployment: Deployment) -> Deployment:
    return deployment_with_pixels(deployment)


def fresh(data: bytes, folder: Path, ref: DocumentRef = REF) -> dict[str, bytes]:
    """What the stages make of a document that they see for the first time."""
    deployment = deployment_with_pixels(Deployment(Settings(home=folder)))
    run(deployment, ref, data)
    return artifacts(deployment, ref)


def both(*pages: int) -> list[tuple[str, int]]:
    return [(stage, page) for stage in ("page_images", "ocr_text") for page in pages]


Model = list[tuple[int, int]]
"""For each page, what is drawn on it and how it is turned."""


class Editor:
    """A PDF that is edited, and what its pages should then be."""

    def __init__(self) -> None:
        self.document = pymupdf.open()
        self.model: Model = []
        self._drawn = 0

    def insert(self, at: int, scanned: bool) -> None:
        self._drawn += 1
        page = self.document.new_page(pno=at if at < len(self.model) else -1, width=300, height=200)
        draw(page, self._drawn, scanned)
        self.model.insert(at, (self._drawn, 0))

    def delete(self, at: int) -> None:
        self.document.delete_page(at)
        del self.model[at]

    def swap(self, at: int, other: int) -> None:
        order = list(range(len(self.model)))
        order[at], order[other] = order[other], order[at]
        self.document.select(order)
        self.model = [self.model[index] for index in order]

    def rotate(self, at: int, degrees: int) -> None:
        number, turned = self.model[at]
        self.document[at].set_rotation((turned + degrees) % 360)
        self.model[at] = number, (turned + degrees) % 360

    def edit(self, data: st.DataObject) -> None:
        """One edit, as drawn; the document keeps at least a page."""
        count = len(self.model)
        place = st.integers(0, count - 1)
        kind = data.draw(st.sampled_from(["insert", "replace", "delete", "swap", "rotate"]))
        at = data.draw(place)
        if kind == "insert":
            self.insert(at, data.draw(st.booleans()))
        elif kind == "replace":
            self.insert(at, data.draw(st.booleans()))
            self.delete(at + 1)
        elif kind == "delete" and count > 1:
            self.delete(at)
        elif kind == "swap":
            self.swap(at, data.draw(place))
        elif kind == "rotate":
            self.rotate(at, data.draw(st.sampled_from([90, 180, 270])))

    def saved(self, garbage: int, deflate: bool) -> bytes:
        # Of a copy: after a save with garbage=4 MuPDF writes pictures that it can't show itself.
        with pymupdf.open(stream=self.document.tobytes(), filetype="pdf") as copy:
            return bytes(copy.tobytes(garbage=garbage, deflate=deflate))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_edited_document_is_as_if_read_for_the_first_time(data: st.DataObject) -> None:
    editor = Editor()
    for scanned in data.draw(st.lists(st.booleans(), min_size=1, max_size=5)):
        editor.insert(len(editor.model), scanned)
    with tempfile.TemporaryDirectory() as folder:
        ours = deployment_with_pixels(Deployment(Settings(home=Path(folder) / "ours")))
        earlier: Model = []
        for turn in range(data.draw(st.integers(1, 4))):
            for _ in range(data.draw(st.integers(0, 3)) if turn else 0):
                editor.edit(data)
            saved = editor.saved(data.draw(st.sampled_from([1, 4])), data.draw(st.booleans()))
            _, pool = run(ours, REF, saved)
            assert artifacts(ours, REF) == fresh(saved, Path(folder) / f"fresh-{turn}")
            new = [n for n, page in enumerate(editor.model, 1) if page not in earlier]
            assert pool.worked == both(*new)
            earlier = list(editor.model)
    close_source()


def test_a_page_at_the_front_moves_the_others_without_work(
    ours: Deployment, tmp_path: Path
) -> None:
    run(ours, REF, pdf(*PAGES_AS_DRAWN))
    moved = pdf((9, True), *PAGES_AS_DRAWN)
    outputs, pool = run(ours, REF, moved)
    assert pool.worked == both(1)
    assert artifacts(ours, REF) == fresh(moved, tmp_path)
    assert outputs["page_images"].metadata["thumbnail"]


def test_a_touched_file_is_worked_on_nowhere(ours: Deployment) -> None:
    first, _ = run(ours, REF, pdf(*PAGES_AS_DRAWN))
    again, pool = run(ours, REF)
    assert pool.worked == []
    assert again == first


def test_equal_bytes_under_another_name_are_copied(ours: Deployment, tmp_path: Path) -> None:
    data = pdf(*PAGES_AS_DRAWN)
    run(ours, REF, data)
    _, pool = run(ours, TWIN, data, twins=[REF])
    assert pool.worked == []
    assert artifacts(ours, TWIN) == fresh(data, tmp_path, TWIN)


def test_a_twin_that_is_at_work_gives_no_torn_pages(ours: Deployment, tmp_path: Path) -> None:
    """Its index and text are still those of the same bytes, one image already is not."""
    data = pdf(*PAGES_AS_DRAWN)
    run(ours, REF, data)
    ours.storage.put(REF.page_image_key(2), b"of the next version")
    ours.storage.delete(REF.page_image_key(4))
    _, pool = run(ours, TWIN, data, twins=[REF])
    assert pool.worked == [("page_images", 2), ("page_images", 4)]
    assert artifacts(ours, TWIN) == fresh(data, tmp_path, TWIN)


def test_a_killed_run_leaves_images_that_the_index_does_not_vouch_for(
    ours: Deployment, tmp_path: Path
) -> None:
    """Killed while it moved pages: images of the new version beside the index of the old one."""
    run(ours, REF, pdf(*PAGES_AS_DRAWN))
    index = ours.storage.get(REF.key(PAGES))
    moved = pdf((9, True), *PAGES_AS_DRAWN)
    run(ours, REF, moved)
    new = [ours.storage.get(REF.page_image_key(page)) for page in range(1, 7)]
    ours.storage.put(REF.key(PAGES), index)
    for page in (4, 5):  # not reached yet
        ours.storage.put(REF.page_image_key(page), new[page])
    ours.storage.delete(REF.page_image_key(6))
    _, pool = run(ours, REF)
    assert artifacts(ours, REF) == fresh(moved, tmp_path)
    # The new page has no source yet, and the old page 3 is overwritten, with nothing of it left.
    assert pool.worked == [("page_images", 1), ("page_images", 4)]


def test_what_a_version_without_sources_wrote_is_redone_once(ours: Deployment) -> None:
    first, _ = run(ours, REF, pdf(*PAGES_AS_DRAWN))
    for name in (PAGES, TEXT):
        lines = ours.storage.get(REF.key(name)).splitlines(keepends=True)
        stripped = [line.split(b',"source":')[0] + b"}" + line[-2:] for line in lines[1:-1]]
        stripped = [line.replace(b'"\n', b"\n") for line in stripped]
        ours.storage.put(REF.key(name), b"".join([lines[0], *stripped, lines[-1]]))
    again, pool = run(ours, REF)
    assert pool.worked == both(1, 2, 3, 4, 5)
    assert again == first  # data versions do not depend on sources
    assert run(ours, REF)[1].worked == []


def test_another_setting_makes_all_pages_unknown(ours: Deployment) -> None:
    run(ours, REF, pdf(*PAGES_AS_DRAWN))
    other = Deployment(ours.settings.model_copy(update={"render_dpi": 80, "tables": False}))
    _, pool = run(deployment_with_pixels(other), REF)
    assert pool.worked == both(1, 2, 3, 4, 5)


def test_pages_that_failed_are_tried_again(ours: Deployment) -> None:
    with pymupdf.open(stream=pdf(*PAGES_AS_DRAWN)) as document:
        xref = document.page_xref(1)
        for key, value in (("Type", "/Pages"), ("Count", "1"), ("Kids", f"[{xref} 0 R]")):
            document.xref_set_key(xref, key, value)
        damaged = document.tobytes()
    first, _ = run(ours, REF, damaged)
    assert list(first["ocr_text"].failed_pages) == [2]
    again, pool = run(ours, REF)
    assert pool.worked == both(2)
    assert again == first


def test_nothing_is_known_where_a_spoilt_artifact_is_found(ours: Deployment) -> None:
    first, _ = run(ours, REF, pdf(*PAGES_AS_DRAWN))
    ours.storage.put(REF.key(PAGES), b'{"page":1,"page":\n\xff')
    text = ours.storage.get(REF.key(TEXT))
    ours.storage.put(REF.key(TEXT), text.replace(b'"words"', b'"swords"'))
    again, pool = run(ours, REF)
    assert pool.worked == both(1, 2, 3, 4, 5)
    assert again == first
