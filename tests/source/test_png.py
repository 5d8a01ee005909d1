"""Page images: what is encoded is what any reader decodes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sparknet_assets.source.png import drop_colour, encode_png


def decode(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        image.verify()
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return np.asarray(image)


@st.composite
def images(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 400)), draw(st.integers(1, 60))
    shape = (height, width) if draw(st.booleans()) else (height, width, 3)
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        return generator.integers(0, 256, shape, np.uint8)
    return np.where(generator.random(shape) < 0.95, 255, 0).astype(np.uint8)


@given(images())
@settings(max_examples=60, deadline=None)
def test_pillow_decodes_the_same_pixels(pixels: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(encode_png(pixels)), pixels)


def test_a_view_with_strides_is_encoded_as_it_looks() -> None:
    pixels = np.arange(60 * 50 * 3, dtype=np.uint8).reshape(60, 50, 3)[::2, ::-1]
    np.testing.assert_array_equal(decode(encode_png(pixels)), pixels)


def test_equal_images_give_equal_bytes_and_the_resolution_is_kept() -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (40, 30), np.uint8)
    assert encode_png(pixels, 200) == encode_png(pixels.copy(), 200)
    with Image.open(io.BytesIO(encode_png(pixels, 200))) as image:
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.02)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((5, 5), np.uint16),
        np.zeros(5, np.uint8),
    ],
)
def test_other_arrays_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="can't encode"):
        encode_png(pixels)


@given(images())
@settings(max_examples=40, deadline=None)
def test_colour_is_dropped_exactly_when_there_is_none(pixels: np.ndarray) -> None:
    kept = drop_colour(pixels)
    is_grey = pixels.ndim == 2 or (pixels == pixels[..., :1]).all()
    assert (kept.ndim == 2) == is_grey
    np.testing.assert_array_equal(
        kept if kept.ndim == 3 else kept[..., None],
        pixels.reshape(*pixels.shape[:2], -1)[..., : 3 if kept.ndim == 3 else 1],
    )


@pytest.mark.parametrize("place", [(0, 0), (37, 11), (150, 399), (299, 398), (299, 399)])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_one_coloured_pixel_keeps_the_colour(place: tuple[int, int], channel: int) -> None:
    pixels = np.full((300, 400, 3), 255, np.uint8)
    pixels[::3] = 90
    assert drop_colour(pixels).ndim == 2
    pixels[*place, channel] ^= 1
    assert drop_colour(pixels) is pixels
