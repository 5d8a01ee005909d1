"""Digests of image pages: those of a TIFF go with the page, others with the file."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sparknet_assets.source.image import ImageFile


def picture(seed: int, mode: str = "L") -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 60), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def save(path: Path, *seeds: int, mode: str = "L", **options: Any) -> Path:
    first, *rest = (picture(seed, mode) for seed in seeds)
    first.save(path, save_all=True, append_images=rest, **options)
    return path


def digests(path: Path, media_type: str = "image/tiff") -> list[str]:
    image = ImageFile(path, media_type, path.name)
    try:
        return list(image.digests(path, hashlib.sha256(path.read_bytes()).hexdigest()))
    finally:
        image.close()


@pytest.mark.parametrize(
    ("mode", "compression"),
    [("L", "raw"), ("L", "tiff_lzw"), ("L", "jpeg"), ("1", "group4"), ("RGB", "tiff_deflate")],
)
def test_pages_of_a_tiff_keep_their_digests_when_they_move(
    tmp_path: Path, mode: str, compression: str
) -> None:
    before = digests(save(tmp_path / "a.tif", 1, 2, 3, mode=mode, compression=compression))
    after = digests(save(tmp_path / "b.tif", 9, 1, 3, mode=mode, compression=compression))
    assert len(set(before)) == 3
    assert after[1:] == [before[0], before[2]]
    assert after[0] not in before


def test_tags_that_change_the_look_count(tmp_path: Path) -> None:
    usual, turned, coarse = (
        digests(save(tmp_path / f"{name}.tif", 1, **options))
        for name, options in (
            ("usual", {"dpi": (200, 200)}),
            ("turned", {"dpi": (200, 200), "tiffinfo": {274: 6}}),
            ("coarse", {"dpi": (200, 100)}),
        )
    )
    assert len({*usual, *turned, *coarse}) == 3


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_pages_of_other_images_go_with_the_file(tmp_path: Path, suffix: str) -> None:
    kind = f"image/{suffix}"
    first = digests(save(tmp_path / f"a.{suffix}", 1, 2), kind)
    again = digests(save(tmp_path / f"b.{suffix}", 1, 2), kind)
    other = digests(save(tmp_path / f"c.{suffix}", 1, 3), kind)
    assert first == again
    assert len(set(first)) == len(first)
    assert not set(first) & set(other)


def test_strips_that_claim_more_than_the_file_holds_are_not_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", 1, compression="raw")
    data = bytearray(path.read_bytes())
    assert data[:2] == b"II"
    entry = data.find(struct.pack("<HH", 279, 4))
    data[entry + 8 : entry + 12] = struct.pack("<I", 2**31)
    path.write_bytes(data)
    by_file = hashlib.sha256(f"{hashlib.sha256(data).hexdigest()}\n0".encode()).hexdigest()
    assert digests(path) == [by_file]


@pytest.mark.parametrize("stated", [0, 100])
def test_pixels_beyond_the_stated_size_count(tmp_path: Path, stated: int) -> None:
    """Some programs state none, or less than there is; libtiff reads on."""
    shown, found = [], []
    for seed in (1, 2):
        pixels = np.asarray(picture(1)).copy()
        pixels[30:] = seed
        path = tmp_path / f"{seed}.tif"
        Image.fromarray(pixels).save(path, compression="raw")
        data = bytearray(path.read_bytes())
        entry = data.find(struct.pack("<HH", 279, 4))
        data[entry + 8 : entry + 12] = struct.pack("<I", stated)
        path.write_bytes(data)
        image = ImageFile(path, "image/tiff", path.name)
        shown.append(image.render(1, 10**6)[0].tobytes())
        image.close()
        found += digests(path)
    assert shown[0] != shown[1]
    assert found[0] != found[1]


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_pages_in_several_strips_have_digests_of_their_own(tmp_path: Path, mode: str) -> None:
    options = {"compression": "raw", "strip_size": 512}
    one = digests(save(tmp_path / "a.tif", 1, 2, mode=mode, **options))
    other = digests(save(tmp_path / "b.tif", 2, mode=mode, **options))
    assert other == [one[1]]
