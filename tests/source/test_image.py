"""Image files: every frame a page, upright, on white, within the limits."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.image import LARGEST_FRAME, ImageFile
from sparknet_assets.source.media_type import detect

NO_LIMIT = 10**9


def render(path: Path, page: int = 1, max_pixels: int = NO_LIMIT) -> np.ndarray:
    image = ImageFile(path, detect(path).media_type, path.name)
    try:
        return image.render(page, max_pixels)[0]
    finally:
        image.close()


def upper_left_dark(width: int = 60, height: int = 40) -> np.ndarray:
    """White, but for a black patch in the upper left corner."""
    pixels = np.full((height, width), 255, np.uint8)
    pixels[: height // 4, : width // 4] = 0
    return pixels


@pytest.mark.parametrize("suffix", ["tif", "gif", "webp", "heic", "avif"])
def test_every_frame_is_a_page(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan.{suffix}"
    frames = [Image.new("RGB", (64, 48), (shade, shade, shade)) for shade in (10, 120, 240)]
    if suffix == "heic":
        pillow_heif.register_heif_opener()
    kind = "HEIF" if suffix == "heic" else None
    frames[0].save(path, kind, save_all=True, append_images=frames[1:])
    image = ImageFile(path, detect(path).media_type, path.name)
    assert image.page_count == 3
    for page in (3, 1, 2, 2):
        pixels, _ = image.render(page, NO_LIMIT)
        assert pixels.shape[:2] == (48, 64)
        assert abs(int(pixels.mean()) - (10, 120, 240)[page - 1]) < 6
    image.close()


def test_a_tiff_that_breaks_off_keeps_the_pages_before_that(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    frames = [Image.fromarray(upper_left_dark()) for _ in range(4)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    file = ImageFile(path, "image/tiff", path.name)
    assert [file.render(page, NO_LIMIT)[0].shape for page in (1, 2)] == [(40, 60)] * 2
    assert file.page_count > 2
    for lost in range(3, file.page_count + 1):
        with pytest.raises(SparknetError, match=f"Page {lost} of scan.tif") as caught:
            file.render(lost, NO_LIMIT)
        assert caught.value.kind is FailureKind.CORRUPT
    assert len(list(file.digests(path, "0"))) == file.page_count
    file.close()


def test_reduced_copies_in_a_tiff_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    page, preview = Image.new("L", (80, 80), 200), Image.new("L", (8, 8), 50)
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    page.save(path, save_all=True, append_images=[preview, page])
    image = ImageFile(path, "image/tiff", "a.tif")
    assert image.page_count == 2
    assert image.render(2, NO_LIMIT)[0].shape == (80, 80)
    image.close()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp"])
def test_orientation_is_honoured(tmp_path: Path, suffix: str, orientation: int) -> None:
    undo = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }
    upright = upper_left_dark()
    stored = Image.fromarray(np.ascontiguousarray(undo.get(orientation, lambda a: a)(upright)))
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"photo.{suffix}"
    if suffix == "tif":
        stored.save(path, tiffinfo={274: orientation})
    else:
        stored.save(path, exif=exif)
    pixels = render(path)
    assert pixels.shape[:2] == upright.shape
    grey = pixels if pixels.ndim == 2 else pixels[..., 0]
    np.testing.assert_allclose(grey.astype(int), upright.astype(int), atol=40)


def test_a_heic_photo_comes_upright(tmp_path: Path) -> None:
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "photo.heic"
    Image.fromarray(np.ascontiguousarray(np.rot90(upper_left_dark()))).convert("RGB").save(
        path, "HEIF", exif=exif.tobytes()
    )
    pixels = render(path)
    assert pixels.shape[:2] == (40, 60)
    assert pixels[:8, :12].mean() < 40 < 200 < pixels[20:, 30:].mean()


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "I;16", "I", "F", "RGBA", "LA"])
def test_any_mode_becomes_grey_or_rgb_that_looks_the_same(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(upper_left_dark())
    path = tmp_path / "a.tif"
    if mode == "I;16":
        image = Image.fromarray(upper_left_dark().astype(np.uint16) * 257)
    elif mode in ("1", "LA", "I", "F"):
        image = source.convert(mode)
    else:
        image = source.convert("RGB").convert(mode)
    image.save(path)
    pixels = render(path)
    assert pixels.dtype == np.uint8
    grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    np.testing.assert_allclose(grey, upper_left_dark(), atol=3)


def test_sixteen_bits_that_hold_twelve_are_not_black(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(upper_left_dark().astype(np.uint16) * 16).save(path)
    np.testing.assert_allclose(render(path), upper_left_dark(), atol=1)


@pytest.mark.parametrize("suffix", ["png", "gif", "webp"])
def test_transparency_stands_on_white(tmp_path: Path, suffix: str) -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 10, 10))
    path = tmp_path / f"a.{suffix}"
    image.save(path)
    pixels = render(path)
    assert pixels[:8, :8].max() < 10
    assert pixels[20:, 20:].min() > 245


@pytest.mark.parametrize(("ink", "ground"), [(255, 0), (200, 255), (0, 255)])
def test_light_ink_on_nothing_stands_on_black(tmp_path: Path, ink: int, ground: int) -> None:
    image = Image.new("RGBA", (400, 400), (255, 255, 255, 0))
    image.paste((ink, ink, ink, 255), (40, 40, 60, 300))
    image.save(tmp_path / "a.png")
    pixels = render(tmp_path / "a.png")
    assert (int(pixels[100, 50]), int(pixels[100, 200])) == (ink, ground)


def test_a_white_sheet_with_a_transparent_edge_stands_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (40, 40, 360, 360))
    image.save(tmp_path / "a.png")
    assert render(tmp_path / "a.png").min() == 255


def test_colour_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (20, 20), (200, 30, 30)).save(path)
    assert render(path).shape == (20, 20, 3)


@pytest.mark.parametrize(("suffix", "size"), [("jpg", (4000, 3000)), ("tif", (700, 500))])
def test_large_frames_are_scaled_to_the_limit(
    tmp_path: Path, suffix: str, size: tuple[int, int]
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(upper_left_dark(*size)).save(path, dpi=(300, 300))
    image = ImageFile(path, detect(path).media_type, path.name)
    pixels, dpi = image.render(1, 60_000)
    image.close()
    assert 0.95 * 60_000 < pixels.size <= 60_000
    assert dpi == pytest.approx(300 * pixels.shape[1] / size[0], rel=0.01)
    assert pixels[:20, :20].max() < 30 < 225 < pixels[-20:, -20:].min()


def test_fax_lines_are_stretched_to_square_pixels(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    Image.new("1", (1728, 1078), 1).save(path, dpi=(204, 98))
    image = ImageFile(path, "image/tiff", "fax.tif")
    pixels, dpi = image.render(1, NO_LIMIT)
    image.close()
    assert pixels.shape == (2244, 1728)
    assert dpi == 204


@pytest.mark.parametrize(
    ("stated", "expected"), [(None, None), (72, None), (300, 300), (9999, None)]
)
def test_only_a_credible_resolution_counts(
    tmp_path: Path, stated: int | None, expected: int | None
) -> None:
    path = tmp_path / "a.jpg"
    Image.new("L", (50, 50)).save(path, **({"dpi": (stated, stated)} if stated else {}))
    image = ImageFile(path, "image/jpeg", "a.jpg")
    assert image.render(1, NO_LIMIT)[1] == expected
    image.close()


def test_facts_come_from_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[270], exif[315], exif[306] = "Receipt 17", "A. Clerk", "2024:02:29 12:30:00"
    path = tmp_path / "a.jpg"
    Image.new("L", (9, 9)).save(path, exif=exif)
    image = ImageFile(path, "image/jpeg", "a.jpg")
    assert image.facts == ("Receipt 17", "A. Clerk", "2024-02-29T12:30:00")
    image.close()


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(LARGEST_FRAME // 10_000, 10_001))
    with pytest.raises(SparknetError, match=r"bomb.png.*million pixels") as caught:
        ImageFile(path, "image/png", "bomb.png")
    assert caught.value.kind is FailureKind.TOO_LARGE


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "gif", "bmp"])
def test_a_cut_file_is_corrupt_and_not_half_a_page(tmp_path: Path, suffix: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (200, 200, 3), np.uint8)
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SparknetError, match=r"cut\.") as caught:
        render(path)
    assert caught.value.kind is FailureKind.CORRUPT


@st.composite
def broken_images(draw: st.DrawFn, folder: Path) -> tuple[Path, str]:
    suffix = draw(st.sampled_from(["png", "jpg", "tif", "webp", "gif", "bmp"]))
    path = folder / f"broken.{suffix}"
    Image.fromarray(upper_left_dark()).save(path)
    media_type = detect(path).media_type
    data = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    path.write_bytes(data[: draw(st.integers(1, len(data)))])
    return path, media_type


@given(st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_gives_pages_or_a_typed_error(tmp_path: Path, data: st.DataObject) -> None:
    path, media_type = data.draw(broken_images(tmp_path))
    try:
        image = ImageFile(path, media_type, path.name)
    except SparknetError as error:
        assert error.kind in (FailureKind.CORRUPT, FailureKind.TOO_LARGE)
        return
    try:
        _ = image.facts
        for page in range(1, min(image.page_count, 3) + 1):
            pixels, _ = image.render(page, 10**6)
            assert pixels.size <= 3 * 10**6
    except SparknetError as error:
        assert error.kind in (FailureKind.CORRUPT, FailureKind.TOO_LARGE)
    finally:
        image.close()
