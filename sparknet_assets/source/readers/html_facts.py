"""What HTML elements are, and which of them a reader does not see."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

DROPPED = frozenset({
    "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math",
    "canvas", "audio", "video", "select", "datalist", "applet", "frameset", "map", "dialog"
})  # fmt: skip
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
    "track", "wbr"
})  # fmt: skip
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html",
    "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "ul", "h1", "h2",
    "h3", "h4", "h5", "h6", "table", "caption", "tr", "td", "th", "thead", "tbody", "tfoot",
    "head", "title"
})  # fmt: skip
STYLES = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "cite": "i", "var": "i", "sub": "u", "sup": "p",
    "th": "b", "dt": "b", "summary": "b",
}  # fmt: skip
# An element that begins ends these open ones, unless a table or list between them says otherwise.
ENDS = {
    "p": ("p",), "li": ("li", "p"), "dt": ("dt", "dd", "p"), "dd": ("dt", "dd", "p"),
    "tr": ("tr", "td", "th", "p"), "td": ("td", "th", "p"), "th": ("td", "th", "p"),
    "tbody": ("tr", "td", "th", "thead"), "tfoot": ("tr", "td", "th", "tbody"),
    "option": ("option",), "ul": ("p",), "ol": ("p",), "table": ("p",), "div": ("p",),
    "body": ("head",), **{f"h{n}": ("p",) for n in range(1, 7)},
}  # fmt: skip
WALLS = frozenset({"table", "ul", "ol", "dl", "td", "th", "body"})
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|font-size\s*:\s*0(\.0*)?\s*(px|pt|em|"
    r"rem|%)?\s*(;|!|$)|opacity\s*:\s*0(\.0*)?\s*(;|!|$)|mso-hide\s*:\s*all"
)
_COLOUR_WHITE = r"(#fff(fff)?\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255)"
_WHITE = re.compile(rf"(?<![-\w])color\s*:\s*{_COLOUR_WHITE}")
_GROUND = re.compile(r"(?<![-\w])background(?:-color|-image)?\s*:\s*([^;]+)")
_NO_GROUND = re.compile(r"(transparent|none|inherit|initial|unset)\b")
_WHITE_GROUND = re.compile(rf"{_COLOUR_WHITE}(?!.*(url|gradient)\()")


def on_ground(named: dict[str, str], around: bool) -> bool:
    """Whether an element's text stands on a ground that may not be white.

    Args:
        around: The same of the element that it stands in, for one that states no ground.
    """
    if named.get("background"):
        return True
    stated = _GROUND.findall(named.get("style", "").lower()) or [named.get("bgcolor", "").lower()]
    ground = next((g for g in reversed(stated) if not _NO_GROUND.match(g)), "").strip()
    return not _WHITE_GROUND.match(ground) if ground else around


def is_hidden(tag: str, named: dict[str, str], grounded: bool = False) -> bool:
    """Whether a reader of the page would not see what the element holds.

    Args:
        grounded: Whether it stands `on_ground`, where white letters are seen.
    """
    if tag in DROPPED or "hidden" in named:
        return True
    if tag == "input" and named.get("type", "").lower() == "hidden":
        return True
    style = named.get("style", "").lower()
    if style and (_HIDDEN.search(style) or (_WHITE.search(style) and not grounded)):
        return True
    white = named.get("color", "").lower() in ("#fff", "#ffffff", "white")
    return tag == "font" and white and not grounded


def data_url(source: str) -> bytes | None:
    """The image that a data: URL holds; None when it holds none."""
    head, _, payload = source.partition(",")
    if not head.lower().startswith("data:image/"):
        return None
    try:
        data = unquote_to_bytes(payload)
        return base64.b64decode(data) if head.lower().endswith(";base64") else data
    except (binascii.Error, ValueError):
        return None
