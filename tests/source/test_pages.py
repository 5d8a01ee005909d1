"""Documents as pages: resolution, size limits, rotation, damage, and what stays open."""

from __future__ import annotations

import io
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.artifacts import RENDITION, DocumentMetadata, DocumentRef
from sparknet_assets.source.pages import close_source, open_source

REF = DocumentRef("report", "raw/report/report.pdf")


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> object:
    yield
    close_source()


def store(
    deployment: Deployment, document: pymupdf.Document, kind: str = "pdf"
) -> DocumentMetadata:
    key = REF.raw_key if kind == "pdf" else REF.key(RENDITION)
    deployment.storage.put(key, document.tobytes())
    return described(kind, document.page_count)


def described(kind: str, page_count: int, media_type: str = "application/pdf") -> DocumentMetadata:
    return DocumentMetadata(
        doc_id=REF.doc_id,
        filename=REF.filename,
        sha256="",
        size=0,
        media_type=media_type,
        kind=kind,
        page_count=page_count,
    )


def text_page(width: float = 612, height: float = 792, rotation: int = 0) -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page(width=width, height=height)
    page.insert_text((0.1 * width, 0.1 * height), "Total")
    page.set_rotation(rotation)
    return document


def scan(pixels: tuple[int, int], width: float, height: float) -> pymupdf.Document:
    document = pymupdf.open()
    file = io.BytesIO()
    Image.new("L", pixels, 230).save(file, "PNG")
    page = document.new_page(width=width, height=height)
    page.insert_image(page.rect, stream=file.getvalue())
    return document


def rendered(deployment: Deployment, document: pymupdf.Document) -> tuple[Any, float | None]:
    with open_source(REF, store(deployment, document), deployment) as source:
        raster = source.render(1)
    assert not raster.lost
    return raster.pixels, raster.dpi


def test_a_page_with_text_has_the_render_resolution(deployment: Deployment) -> None:
    pixels, dpi = rendered(deployment, text_page())
    assert (pixels.shape, dpi) == ((1650, 1275), 150)
    assert pixels.min() < 100 < 250 < pixels.max()


def test_a_page_for_ocr_has_the_ocr_resolution(deployment: Deployment) -> None:
    pixels, dpi = rendered(deployment, scan((2600, 3400), 612, 792))
    assert (pixels.shape, dpi) == ((2200, 1700), 200)


@pytest.mark.parametrize(("text_layer", "dpi"), [("never", 200), ("always", 150), ("auto", 150)])
def test_the_text_layer_setting_decides_the_resolution(
    tmp_path: Path, text_layer: str, dpi: int
) -> None:
    deployment = Deployment(Settings(home=tmp_path, text_layer=text_layer))
    assert rendered(deployment, text_page())[1] == dpi


def test_a_coarse_scan_is_not_blown_up(deployment: Deployment) -> None:
    pixels, dpi = rendered(deployment, scan((612, 792), 612, 792))
    assert dpi == 108
    assert pixels.shape[1] < 1.6 * 612


def test_a_fine_scan_on_a_page_too_small_keeps_its_detail(deployment: Deployment) -> None:
    pixels, dpi = rendered(deployment, scan((1500, 2000), 108, 144))
    assert dpi == pytest.approx(1000)
    assert pixels.shape == (2000, 1500)


@pytest.mark.parametrize(
    ("width", "height"), [(36000, 18000), (14400, 3), (1, 1), (3, 14400), (0.5, 0.5)]
)
def test_no_page_is_too_large_or_too_small(
    deployment: Deployment, width: float, height: float
) -> None:
    pixels, dpi = rendered(deployment, text_page(width, height))
    assert 0 < pixels.size <= 1.01 * deployment.settings.max_page_pixels
    assert max(pixels.shape) <= 20_001
    assert dpi is not None
    assert 0 < dpi <= 200


@given(
    width=st.floats(0.1, 60_000),
    height=st.floats(0.1, 60_000),
    limit=st.integers(100, 10**6),
    rotation=st.sampled_from([0, 90, 180, 270]),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pixels_stay_within_the_limit(
    tmp_path: Path, width: float, height: float, limit: int, rotation: int
) -> None:
    deployment = Deployment(Settings(home=tmp_path, max_page_pixels=limit))
    pixels, _ = rendered(deployment, text_page(width, height, rotation))
    rows, columns = pixels.shape[:2]
    assert rows * columns <= limit + rows + columns + 1


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_honoured(deployment: Deployment, rotation: int) -> None:
    document = pymupdf.open()
    page = document.new_page(width=400, height=200)
    page.draw_rect(pymupdf.Rect(0, 0, 100, 50), fill=(0, 0, 0))  # upper left, as stored
    page.set_rotation(rotation)
    pixels, _ = rendered(deployment, document)
    turned = np.rot90(pixels, rotation // 90)
    assert turned.shape[1] > turned.shape[0]
    assert turned[:120, :250].max() < 50
    assert turned[150:].min() > 200
    assert turned[:, 300:].min() > 200


def test_only_coloured_pages_are_rgb(deployment: Deployment) -> None:
    document = text_page()
    document.new_page().draw_rect(pymupdf.Rect(9, 9, 12, 12), fill=(1, 0, 0), color=(1, 0, 0))
    with open_source(REF, store(deployment, document), deployment) as source:
        assert source.render(1).pixels.ndim == 2
        assert source.render(2).pixels.shape[2] == 3
        assert source.render(2).pixels.flags["OWNDATA"]


def test_a_damaged_page_fails_alone(deployment: Deployment) -> None:
    document = text_page()
    document.new_page().insert_text((72, 72), "Second")
    document.xref_set_key(document.page_xref(1), "Kids", "[]")
    document.xref_set_key(document.page_xref(1), "Type", "/Pages")
    metadata = store(deployment, document)
    with open_source(REF, metadata, deployment) as source:
        with pytest.raises(SparknetError, match=r"Page 2 of report\.pdf is damaged") as caught:
            source.render(2)
        assert caught.value.kind is FailureKind.CORRUPT
        assert source.render(1).pixels.shape == (1650, 1275)


@pytest.mark.parametrize("broken", ["cut off", "not compressed", "of an unknown filter"])
def test_a_page_whose_content_can_not_be_read_is_not_taken_for_blank(
    deployment: Deployment, broken: str
) -> None:
    document = text_page()
    document.new_page()
    content = document[0].get_contents()[0]
    written = {
        "cut off": zlib.compress(document.xref_stream(content))[:20],
        "not compressed": b"\x99" * 200,
        "of an unknown filter": b"\x99" * 200,
    }
    document.update_stream(content, written[broken], compress=False)
    if broken == "of an unknown filter":
        document.xref_set_key(content, "Filter", "/Nope")
    else:
        document.xref_set_key(content, "Filter", "/FlateDecode")
    metadata = store(deployment, document)
    with (
        open_source(REF, metadata, deployment) as source,
        pytest.raises(SparknetError, match=r"Page 1 of .*nothing of it can be shown") as caught,
    ):
        source.render(1)
    assert caught.value.kind is FailureKind.CORRUPT
    with open_source(REF, metadata, deployment) as source:
        assert (source.render(2).pixels == 255).all()


def test_renditions_and_images_have_pages_too(deployment: Deployment) -> None:
    metadata = store(deployment, text_page(), kind="rendition")
    with open_source(REF, metadata, deployment) as source:
        assert source.page_count == 1
        assert source.pdf_page(1).get_text().strip() == "Total"
    file = io.BytesIO()
    frames = [Image.new("L", (50, 40), shade) for shade in (0, 200)]
    frames[0].save(file, "TIFF", save_all=True, append_images=frames[1:])
    deployment.storage.put(REF.raw_key, file.getvalue())
    with open_source(REF, described("image", 2, "image/tiff"), deployment) as source:
        assert source.page_count == 2
        assert source.pdf_page(2) is None
        assert source.render(2).pixels.mean() == 200


def test_the_source_stays_open_until_the_bytes_change(deployment: Deployment) -> None:
    metadata = store(deployment, text_page())
    with open_source(REF, metadata, deployment) as first:
        pass
    with open_source(REF, metadata, deployment) as second:
        assert second is first
    metadata = store(deployment, text_page(200, 300))
    with open_source(REF, metadata, deployment) as third:
        assert third is not first
        assert third.render(1).pixels.shape[1] == math.ceil(200 / 72 * 150)


def test_missing_bytes_are_named(deployment: Deployment) -> None:
    with (
        pytest.raises(SparknetError, match=r"raw/report/report\.pdf is gone"),
        open_source(REF, described("pdf", 1), deployment),
    ):
        pass


def test_memory_does_not_grow_with_the_pages(deployment: Deployment) -> None:
    document = pymupdf.open()
    for number in range(60):
        document.new_page(width=300, height=300).insert_text((10, 20), f"Page {number}")
        file = io.BytesIO()
        Image.new("L", (1400, 1400), number).save(file, "JPEG")
        scanned = document.new_page(width=300, height=300)
        scanned.insert_image(scanned.rect, stream=file.getvalue())
    metadata = store(deployment, document)
    document.close()
    process, sizes = psutil.Process(), []
    for start in range(1, 121, 8):
        with open_source(REF, metadata, deployment) as source:
            for page in range(start, start + 8):
                source.render(page)
        sizes.append(process.memory_info().rss)
    # kept, the pictures of the second half alone would take 59 MB
    assert max(sizes[7:]) - max(sizes[:7]) < 20 * 2**20
