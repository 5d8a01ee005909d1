"""Images of any mode as plain grey or colour: what is transparent, deep or in a palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# Of a transparent image: the side at which it is judged, the alpha from which a pixel is drawn,
# and the share of drawn pixels and their mean level in light ink on nothing.
_SAMPLE_SIDE, _SEEN = 1000, 64
_MOST_INK, _LIGHT_INK = 0.5, 225


def flattened(image: Image.Image) -> Image.Image:
    """The frame in mode L or RGB: transparency on paper, deep pixels reduced to 8 bits."""
    from PIL import Image

    if image.mode in ("L", "RGB") and not image.has_transparency_data:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, _ground(layer))
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _ground(layer: Image.Image) -> str:
    """White; black for light ink on nothing, which would be lost on white."""
    from PIL import ImageStat

    small = layer.reduce(max(1, min(layer.size) // _SAMPLE_SIDE))
    alpha = small.getchannel("A")
    drawn = alpha.point([0] * _SEEN + [255] * (256 - _SEEN))
    share = ImageStat.Stat(drawn).mean[0] / 255
    if not 0 < share < _MOST_INK:
        return "white"
    light = ImageStat.Stat(small.convert("RGB").convert("L"), mask=drawn).mean[0]
    return "black" if light > _LIGHT_INK else "white"


def _eight_bit(image: Image.Image) -> Image.Image:
    """Deep grey as 8 bits, by the range in use: 10 and 12 bits come in 16-bit files too."""
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, np.float32), posinf=0, neginf=0)
    if image.mode == "F":
        values = values - values.min()
    most = max(1.0, float(values.max()))
    full = most if image.mode == "F" else 2.0 ** max(8, int(most).bit_length()) - 1
    return Image.fromarray((values.clip(0) * (255 / full)).astype(np.uint8))
